"""What to try when a check fails: the same words in the check, in the terminal and in a refused
release.

Here: one sentence per check. Not here: what was found (the checks), which members it is about
(`gate`).
"""

from __future__ import annotations

from dge_assets.assets.line import Line


def remedy(line: Line, family: str, check: str) -> str:
    """What to change so that `check` passes on the members of `family`; on the real table where
    that is empty.
    """
    if not family:
        return _REAL_TABLE.get(check, "mend the rows and run the line again")
    thresholds = line.plan.declaration.thresholds
    epochs = line.plan.parameters(family).epochs
    if check == "contract":
        return (
            f"more epochs (now {epochs}), another family, or more let pass under `thresholds` (range_share "
            f"{thresholds.range_share:g}, constraint_share {thresholds.constraint_share:g})"
        )
    if check == "no_copies":
        return (
            f"fewer epochs (now {epochs}), another family, or more real rows; `thresholds.copies_alpha` "
            f"({thresholds.copies_alpha:g}) is the share of false alarms"
        )
    if check == "members_differ":
        return f"more epochs (now {epochs}) or another family: members that are alike count as one"
    return f"more epochs (now {epochs}) or another family"


_REAL_TABLE = {
    "contract": "mend the rows, or what the declaration's `contract` says of them: the column's range, `categories`, `nullable` "
    "or kind, or the constraint; or `drop` the column in the source; a few rows may be let pass with `thresholds: "
    "{range_share: ..., constraint_share: ...}`, which hold for the real table where they are declared",
    "round_trip": "declare the column's `minimum` and `maximum`, so that single values far away do not count; or `drop` it in "
    "the source",
    "overlap": "run the line again from `source`: both parts must come from one split",
}
