"""How long a whole training would take, from what this run's members took."""

from __future__ import annotations

from typing import Any

from dge_assets.assets.generator import recorded_effort
from dge_assets.assets.line import Line
from dge_assets.core.declaration.table import TablePlan
from dge_assets.core.generators.effort import EPOCHS, members_text, sizes_text
from dge_assets.core.lineage.provenance import Provenance
from dge_resources.progress import duration

TIMED_EFFORT = 10
"""With less of its unit, a training's seconds are mostly those of its start."""


def full_profile_note(line: Line, members: list[Provenance]) -> str:
    """What the `full` profile would take here, from the measured seconds of this run's members.

    Empty where it asks for no more than this run.
    """
    full, default = (line.plan.declaration.plan(profile) for profile in ("full", "default"))
    if _sizes(full) == _sizes(line.plan):
        return ""
    whole = "What is declared" if _sizes(full) == _sizes(default) else "The full profile"
    opening = f"Profile {line.plan.profile}: {members_text(line.plan.members)}."
    size = sizes_text(full.members, full.efforts)
    seconds = [_training_seconds(full, family, members) for family in line.families]
    if not all(seconds):
        return f"{opening} {whole} has {size}; too few ran here to say how long that takes."
    return (
        f"{opening} {whole} ({size}) would take at most about {duration(sum(seconds))} of one core's training here, from "
        f"this run's seconds per {_unit(full)}; divide by the members that run side by side."
    )


def _unit(plan: TablePlan) -> str:
    """What seconds are told per: epoch where all families learn in epochs."""
    units = {effort.unit if effort else "" for effort in plan.efforts.values()}
    return "epoch" if units == {EPOCHS.name} else "member"


def _sizes(plan: TablePlan) -> tuple[dict[str, int], dict[str, Any]]:
    return plan.members, plan.families


def _training_seconds(plan: TablePlan, family: str, members: list[Provenance]) -> float:
    """One core's seconds for a family of `plan`; 0 where what was trained is mostly its start."""
    asked = plan.effort(family)
    measured = [
        seconds for record in members for seconds in _timed(plan, record) if record.family == family
    ]
    if not measured:
        return 0.0
    return sum(measured) / len(measured) * (asked.amount if asked else 1) * plan.members[family]


def _timed(plan: TablePlan, record: Provenance) -> list[float]:
    """Seconds per unit of effort of a member, of all of it for a family without one; empty where
    it was trained too short.
    """
    card = plan.card(str(record.family))
    if card.effort is None:
        return [record.seconds or 0.0]
    spent = recorded_effort(card, record)
    timed = spent is not None and spent.amount >= TIMED_EFFORT
    return [(record.seconds or 0.0) / spent.amount] if spent and timed else []
