"""Rules: under which thresholds and by which code a check gives its verdict, and when a verdict
given before still counts.

A verdict is kept with its rule. Another rule than the present one is no reason to look again where
the answer is plain: what passed under a stricter threshold passes under a looser one, what failed
under a looser one fails under a stricter, and a p-value that was kept answers for every level. Not
here: the thresholds themselves and which way they are looser (`check_cards`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dge_assets.core.cards.check_card import CheckCard, Threshold
from dge_assets.core.declaration.table import TablePlan
from dge_resources.verdicts import Verdict

CODE_VERSION = "code_version"


def thresholds_of(plan: TablePlan, card: CheckCard, family: str = "") -> dict[str, float]:
    """The check's thresholds under a plan, by name."""
    return {threshold.name: threshold.value(plan, family) for threshold in card.thresholds}


def rule_of(plan: TablePlan, card: CheckCard, family: str = "") -> dict[str, Any]:
    """What decides the check's verdict besides the rows that it looks at, which its record ids
    stand for.
    """
    return {CODE_VERSION: card.version, **thresholds_of(plan, card, family)}


def still_counts(verdict: Verdict, card: CheckCard, rule: Mapping[str, Any]) -> bool:
    """Whether `verdict` says what would be found under `rule`, which is one of the card's, too."""
    given = verdict.rule
    if set(given) != set(rule) or given[CODE_VERSION] != rule[CODE_VERSION]:
        return False
    return all(
        _answers(verdict, threshold, float(rule[threshold.name])) for threshold in card.thresholds
    )


def _answers(verdict: Verdict, threshold: Threshold, now: float) -> bool:
    """Whether the verdict would be the same if this threshold were what it is now."""
    if threshold.measured in verdict.measured:
        return threshold.passes(verdict.measured[threshold.measured], now) == verdict.passed
    before = float(verdict.rule[threshold.name])
    if verdict.passed:
        return threshold.lets_pass_no_more(before, now)
    return threshold.lets_pass_no_more(now, before)


def difference(given: Mapping[str, Any], rule: Mapping[str, Any]) -> str:
    """How the two differ, for people: `constraint_share 0.99, now 0`."""
    if not given:
        return "unknown, now " + ", ".join(
            f"{name} {_shown(value)}" for name, value in rule.items()
        )
    names = [name for name in sorted({*given, *rule}) if given.get(name) != rule.get(name)]
    return "; ".join(
        f"{name} {_shown(given.get(name))}, now {_shown(rule.get(name))}" for name in names
    )


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
