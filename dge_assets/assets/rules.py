"""Rules: under which thresholds and by which code a check gives its verdict, and when a verdict
given before still counts.

A verdict is kept with its rule. Another rule than the present one is no reason to look again where
the answer is plain: what passed under a stricter threshold passes under a looser one, what failed
under a looser one fails under a stricter, and a p-value that was kept answers for every level.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dge_assets.assets.line import Line
from dge_assets.core.declaration.table import Thresholds
from dge_resources.verdicts import Verdict

CODE_VERSION = "code_version"
CHECK_VERSIONS: dict[str, str] = {}
"""By check, "1" where it is not named: raised by hand when a check judges the same rows otherwise.
"""

_STRICTER: dict[str, Callable[[float, float], bool]] = {
    "range_share": float.__le__,
    "constraint_share": float.__le__,
    "alpha": float.__ge__,
}
"""By threshold, whether the first value lets pass no more than the second."""


def shares_let_pass(thresholds: Thresholds, subject: str) -> dict[str, float]:
    """Shares of rows that the contract's check lets pass, by threshold.

    In a `source` only what somebody declared, since the defaults are meant for datasets.
    """
    shares = thresholds.model_dump(include={"range_share", "constraint_share"})
    if subject == "source":
        return {
            name: share if name in thresholds.model_fields_set else 0.0
            for name, share in shares.items()
        }
    return shares


def rule_of(line: Line, check: str, asset: str) -> dict[str, Any]:
    """What decides `check`'s verdict on `asset` besides the rows that it looks at, which its record
    ids stand for.
    """
    declared = line.plan.declaration.thresholds
    thresholds = {
        "contract": shares_let_pass(declared, asset),
        "no_copies": {"alpha": declared.copies_alpha / line.plan.seeds},
    }
    return {CODE_VERSION: CHECK_VERSIONS.get(check, "1"), **thresholds.get(check, {})}


def still_counts(verdict: Verdict, rule: Mapping[str, Any]) -> bool:
    """Whether `verdict` says what would be found under `rule` too."""
    given = verdict.rule
    if set(given) != set(rule) or given[CODE_VERSION] != rule[CODE_VERSION]:
        return False
    if "alpha" in rule and "p_value" in verdict.measured:
        return (verdict.measured["p_value"] > rule["alpha"]) == verdict.passed
    pairs = [(name, float(given[name]), float(rule[name])) for name in rule if name != CODE_VERSION]
    if verdict.passed:
        return all(_STRICTER[name](before, now) for name, before, now in pairs)
    return all(_STRICTER[name](now, before) for name, before, now in pairs)


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
