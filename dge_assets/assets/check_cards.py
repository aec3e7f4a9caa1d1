"""The cards of all checks of a table's line: what is not said here is said nowhere.

Not here: how a check looks (`dge_assets.checks`), how the gate asks for verdicts (`gate`).
"""

from __future__ import annotations

from collections.abc import Callable

from dge_assets.assets import remedies
from dge_assets.core.cards.check_card import CheckCard, Threshold
from dge_assets.core.declaration.table import TablePlan

CHECKS = "dge_assets.checks"
SHARES = ("range_share", "constraint_share")


def _share(name: str, *, by_default: bool) -> Callable[[TablePlan, str], float]:
    """The share of rows that the contract's check lets pass; without defaults only what somebody
    declared, since they are meant for datasets.
    """

    def value(plan: TablePlan, _family: str) -> float:
        thresholds = plan.declaration.thresholds
        counts = by_default or name in thresholds.model_fields_set
        return float(getattr(thresholds, name)) if counts else 0.0

    return value


def _shares(*, by_default: bool) -> tuple[Threshold, ...]:
    return tuple(
        Threshold(name=name, value=_share(name, by_default=by_default), looser="higher")
        for name in SHARES
    )


def _share_of_alpha(plan: TablePlan, family: str) -> float:
    """The level of one member, so that a family's together have the declared one (Bonferroni)."""
    return plan.declaration.thresholds.copies_alpha / plan.members[family]


SOURCE_CONTRACT = CheckCard(
    name="contract",
    asset="source",
    scope="table",
    subjects=("source",),
    description="The real table against its contract (Great Expectations): columns, types, ranges, categories, "
    "missing values, ids, classes of the target, constraints. Declared `thresholds` let a share of rows pass. Blocks "
    "everything after it.",
    fails_when="a row breaks the contract (Great Expectations)",
    gates=True,
    blocking=True,
    thresholds=_shares(by_default=False),
    remedy=remedies.mend_rows_or_contract,
    made_by=f"{CHECKS}:source_contract",
)
OVERLAP = CheckCard(
    name="overlap",
    asset="real_test",
    scope="table",
    subjects=("real_train",),
    description="No row of real_test is among the rows that trained: row ids are disjoint. Rows of equal content are counted as "
    "information, since real tables have natural duplicates.",
    fails_when="a row id is in both parts; rows of equal content are only counted",
    gates=True,
    remedy=remedies.split_again,
    made_by=f"{CHECKS}:split_overlap",
)
ROUND_TRIP = CheckCard(
    name="round_trip",
    asset="encoder",
    scope="table",
    description="Encoding and decoding alone give each column of numbers back: its quantiles, its mean, its spread and "
    "the shares of rows at its ends. A column that fails is lost to every generator, however good.",
    fails_when="encoding and decoding alone move a column of numbers: a quantile, its mean, its spread or the share at its "
    "ends by more than 5 % ([decision 23](decisions/0023-encodings-that-give-a-column-back.md))",
    gates=False,
    severity="WARN",
    remedy=remedies.declare_bounds,
    made_by=f"{CHECKS}:round_trip",
)
SYNTHETIC_CONTRACT = CheckCard(
    name="contract",
    asset="synthetic",
    scope="member",
    description="Each member's dataset against the table's contract (Great Expectations): types, ranges, categories, "
    "missing values, all classes of the target, constraints within the declared thresholds.",
    fails_when="types, ranges, categories, missing values, classes of the target or constraints are not kept within the "
    "declared `thresholds`",
    gates=True,
    thresholds=_shares(by_default=True),
    remedy=remedies.train_more_or_let_pass,
    made_by=f"{CHECKS}:synthetic_contract",
)
MEMBERS_DIFFER = CheckCard(
    name="members_differ",
    asset="synthetic",
    scope="family",
    description="No two members gave the same dataset, and no two generators have the same weights.",
    fails_when="two datasets are identical as a whole, or two generators have the same weights",
    gates=True,
    remedy=remedies.train_more,
    made_by=f"{CHECKS}:members_differ",
)
NO_COPIES = CheckCard(
    name="no_copies",
    asset="synthetic",
    scope="member",
    description="No member repeats rows of real_train beyond chance: distinct rows that match only real_train against "
    "those that match only real_test (exact one-sided test, Bonferroni over members).",
    fails_when="more rows of `real_train` are repeated than chance gives, at `copies_alpha` shared among the family's members",
    gates=True,
    thresholds=(
        Threshold(name="alpha", value=_share_of_alpha, looser="lower", measured="p_value"),
    ),
    remedy=remedies.train_less,
    made_by=f"{CHECKS}:no_copies",
)
CHECK_CARDS = (
    SOURCE_CONTRACT,
    OVERLAP,
    ROUND_TRIP,
    SYNTHETIC_CONTRACT,
    MEMBERS_DIFFER,
    NO_COPIES,
)
"""The checks of every line."""
