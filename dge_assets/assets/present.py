"""What belongs to the present plan, among all that is stored: members, verdicts, and what is stored
and not in use.

A member is present when it was made by exactly the recipes that the declaration now gives, from the
present real table. What K, a family, a contract or a table of the past left behind stays stored; it
is listed, and neither shown nor counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from dge_assets.assets.line import Line
from dge_assets.core.errors import StorageError
from dge_assets.core.generators.effort import sizes_text
from dge_assets.core.lineage.provenance import Provenance
from dge_resources.lake import Address
from dge_resources.plans import StoredPlan
from dge_resources.problems import Problem
from dge_resources.storage import Storage
from dge_resources.verdicts import Verdict

Member = tuple[str, int]


def member_name(family: str, seed: int) -> str:
    """What verdicts and plans call a member: `ctgan/003`."""
    return f"{family}/{seed:03d}"


@dataclass(frozen=True)
class Present:
    """The records that the present declaration asks for and that are stored."""

    real: tuple[Provenance, ...]
    """Source, parts and encoding."""
    generators: dict[Member, Provenance]
    datasets: dict[Member, Provenance]

    @property
    def record_ids(self) -> set[str]:
        """All of them."""
        records = (*self.real, *self.generators.values(), *self.datasets.values())
        return {record.record_id for record in records}


def present_records(line: Line, storage: Storage) -> Present:
    """What is stored and wanted now; what is damaged counts as not stored."""
    real = {
        name: _in_lake(storage, Address(line.table, name))
        for name in ("source", "real_train", "real_test")
    }
    train = real["real_train"]
    encoder = None if train is None else _artifact(storage, Address(line.table, "encoder"))
    found = tuple(record for record in (*real.values(), encoder) if record is not None)
    if train is None or encoder is None or encoder.sha256 != line.encoder_recipe(train).sha256:
        return Present(found, {}, {})
    generators, datasets = {}, {}
    for family, seed in line.members:
        generator = _artifact(storage, Address(line.table, "generator", family, seed))
        if (
            generator is None
            or generator.sha256 != line.generator_recipe(family, seed, encoder).sha256
        ):
            continue
        generators[family, seed] = generator
        dataset = _in_lake(storage, Address(line.table, "synthetic", family, seed))
        if (
            dataset is not None
            and dataset.sha256 == line.synthetic_recipe(family, seed, generator).sha256
        ):
            datasets[family, seed] = dataset
    return Present(found, generators, datasets)


def keep_plan(line: Line, storage: Storage) -> Present:
    """Write down what is present, for the warehouse and for the UI's start; returns it."""
    present = present_records(line, storage)
    storage.plans.write(
        StoredPlan(
            table=line.table,
            profile=line.plan.profile,
            seeds=line.plan.members,
            efforts=line.plan.efforts,
            members={
                member_name(*member): record.record_id
                for member, record in present.datasets.items()
            },
        )
    )
    return present


def other_profile(line: Line, storage: Storage) -> str:
    """A warning where what is stored was made under another profile than the one in use; empty
    otherwise.
    """
    stored, plan = storage.plans.read(line.table), line.plan
    if (
        stored is None
        or stored.profile == plan.profile
        or (stored.seeds, stored.efforts) == (plan.members, plan.efforts)
    ):
        return ""
    return (
        f"{line.table}: what is stored was made under profile {stored.profile} ({sizes_text(stored.seeds, stored.efforts)}), "
        f"this is profile {plan.profile} ({sizes_text(plan.members, plan.efforts)}); DGE_PROFILE={stored.profile} goes on with "
        f"what is stored, a run under {plan.profile} makes members of other sizes in its place"
    )


class VerdictsInUse(NamedTuple):
    """A table's verdicts, by whether they are on what is present."""

    used: list[Verdict]
    unused: list[Verdict]
    problems: list[Problem]
    """Files that are no verdicts, and so count as not given."""


def verdicts_in_use(line: Line, storage: Storage, present: Present) -> VerdictsInUse:
    """The verdicts on what is present, and those on what is not in use any more."""
    members = {member_name(*member) for member in line.members}
    known, ids = {"", *line.families, *members}, present.record_ids
    checks = {(card.asset, card.name) for card in line.checks}
    used: list[Verdict] = []
    unused: list[Verdict] = []
    verdicts, problems = storage.verdicts.survey(line.table)
    for verdict in verdicts:
        is_asked = (verdict.asset, verdict.check) in checks and verdict.member in known
        fits = is_asked and not ids.isdisjoint(verdict.subjects)
        (used if fits else unused).append(verdict)
    return VerdictsInUse(used, unused, problems)


def unused_members(line: Line, storage: Storage, present: Present) -> list[Member]:
    """Members whose stored dataset the present plan does not ask for."""
    stored = storage.lake.addresses(line.table, "synthetic")
    return [
        (place.family, place.seed)
        for place in stored
        if place.family is not None
        and place.seed is not None
        and (place.family, place.seed) not in present.datasets
    ]


def _in_lake(storage: Storage, place: Address) -> Provenance | None:
    try:
        return storage.lake.record(place)
    except StorageError:
        return None


def _artifact(storage: Storage, place: Address) -> Provenance | None:
    try:
        return storage.artifacts.record(place)
    except StorageError:
        return None
