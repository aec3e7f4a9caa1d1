"""The card of a check: what it looks at, by which rule, whether a release stands on it, what to try
when it fails.

Dagster's checks, the release's gate, the rules by which kept verdicts count and the page of checks
follow from it. Not here: which cards there are (`dge_assets.assets.check_cards`), the looking
itself (the function that a card names).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from dge_assets.core.declaration.table import TablePlan

Scope = Literal["table", "family", "member"]
"""What one verdict is about: the real table, all members of one family, or one member."""
Severity = Literal["ERROR", "WARN"]
Remedy = Callable[[TablePlan, str], str]
"""(plan, family, empty for the real table) -> what to try."""


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """A number that decides a verdict besides the rows.

    `value` reads it from (plan, family), the family being empty on the real table. `looser`: which
    way it lets more pass. `measured` names the number found that tells the verdict at any other
    value of it, where a verdict keeps one.
    """

    name: str
    value: Callable[[TablePlan, str], float]
    looser: Literal["higher", "lower"]
    measured: str = ""

    def lets_pass_no_more(self, one: float, other: float) -> bool:
        """Whether `one` lets pass no more than `other` does."""
        return one <= other if self.looser == "higher" else one >= other

    def passes(self, found: float, threshold: float) -> bool:
        """Whether what was measured passes at a threshold."""
        return found <= threshold if self.looser == "higher" else found > threshold


@dataclass(frozen=True, kw_only=True)
class CheckCard:
    """All that is declared of one check.

    `asset` is what it is on: an asset of the table, or one that each family has. `subjects` are the
    assets of the real table whose present records a verdict must have looked at; for a family or a
    member it is their datasets. `gates`: whether a release stands on it. `blocking`: whether what
    comes after it in the run waits for it. `version` is raised by hand when the check judges the
    same rows otherwise. `fails_when` completes "fails when ..." for the page of checks. `made_by`
    names the function of (line, card), for a family also its name, that gives Dagster's check.
    """

    name: str
    asset: str
    scope: Scope
    description: str
    fails_when: str
    gates: bool
    remedy: Remedy
    made_by: str
    subjects: tuple[str, ...] = ()
    severity: Severity = "ERROR"
    blocking: bool = False
    version: str = "1"
    thresholds: tuple[Threshold, ...] = ()

    def place(self, family: str = "") -> str:
        """The asset that it is on, as in keys of assets: `source`, `ctgan/synthetic`."""
        return f"{family}/{self.asset}" if family else self.asset
