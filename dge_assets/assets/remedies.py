"""What to try when a check fails: the same words in the check, in the terminal and in a refused
release.

Here: one function of (plan, family) per remedy, the family being empty where a check is on the real
table. Not here: which check has which (`check_cards`), what was found (the checks), which members
it is about (`gate`).
"""

from __future__ import annotations

from dge_assets.core.declaration.table import TablePlan


def mend_rows_or_contract(_plan: TablePlan, _family: str) -> str:
    """Of the real table's contract."""
    return (
        "mend the rows, or what the declaration's `contract` says of them: the column's range, `categories`, `nullable` "
        "or kind, or the constraint; or `drop` the column in the source; a few rows may be let pass with `thresholds: "
        "{range_share: ..., constraint_share: ...}`, which hold for the real table where they are declared"
    )


def split_again(_plan: TablePlan, _family: str) -> str:
    """Of parts that share rows."""
    return "run the line again from `source`: both parts must come from one split"


def declare_bounds(_plan: TablePlan, _family: str) -> str:
    """Of columns that encoding loses."""
    return (
        "declare the column's `minimum` and `maximum`, so that single values far away do not count; or `drop` it in "
        "the source"
    )


def train_more_or_let_pass(plan: TablePlan, family: str) -> str:
    """Of datasets that break the contract."""
    thresholds = plan.declaration.thresholds
    return (
        f"{', '.join([*_effort(plan, family, 'more'), 'another family'])}, or more let pass under `thresholds` "
        f"(range_share {thresholds.range_share:g}, constraint_share {thresholds.constraint_share:g})"
    )


def train_less(plan: TablePlan, family: str) -> str:
    """Of datasets that repeat real rows."""
    alpha = plan.declaration.thresholds.copies_alpha
    return (
        f"{', '.join([*_effort(plan, family, 'fewer'), 'another family'])}, or more real rows; "
        f"`thresholds.copies_alpha` ({alpha:g}) is the share of false alarms"
    )


def train_more(plan: TablePlan, family: str) -> str:
    """Of members that are alike."""
    either = " or ".join([*_effort(plan, family, "more"), "another family"])
    return f"{either}: members that are alike count as one"


def _effort(plan: TablePlan, family: str, how_much: str) -> list[str]:
    """`more epochs (now 50)`; nothing for a family without a unit of effort."""
    effort = plan.effort(family)
    return [] if effort is None else [f"{how_much} {effort.unit} (now {effort.amount})"]
