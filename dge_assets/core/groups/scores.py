"""Scores of groups of real rows: each approach in each group, and whether it fails there more than
elsewhere.

Groups are found on the features of real_train (`feature_groups`, `density`) and scored on
real_test, so their choice does not depend on the outcomes they are scored on. Not here: fitting,
drawing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.special import stdtr

from dge_assets.core.arrays import Codes, Replicates
from dge_assets.core.contract.contract import Task
from dge_assets.core.groups.cards import GROUP_GAPS, GROUP_SCORES
from dge_assets.core.groups.density import density_groups
from dge_assets.core.groups.feature_groups import (
    GroupKind,
    find_groups,
    find_intersections,
    rows_in,
)
from dge_assets.core.intervals.interval import TEST_ROWS, Interval, over_test_rows
from dge_assets.core.intervals.multiplicity import with_adjusted
from dge_assets.core.scores.approach import NAIVE_SINGLE, ORACLE, Approach, dge
from dge_assets.core.scores.metrics import Bools, metric_goal
from dge_assets.core.scores.predictions import spread
from dge_assets.core.scores.scored import Scored, ScoredPart

GROUP_COLUMNS = GROUP_SCORES.made_columns
GAP_COLUMNS = GROUP_GAPS.made_columns
_ABOUT = ("group", "kind", "share", "n", "positives")
_SCORE_ROW = (*_ABOUT, "approach", "metric", "value", "std", "low", "high", "over", "reason")
_GAP_ROW = tuple(name for name in GAP_COLUMNS if name not in ("p_adjusted", "groups"))
FEWEST_ROWS, FEWEST_RARER = 30, 10
"""Test rows of a group, and of its rarer class, below which it is shown and not tested: standard
errors are too small there.
"""


@dataclass(frozen=True, eq=False)
class TestGroup:
    """A group's rows (a mask over real_test's) and its share (0..1) of real_train."""

    __test__ = False  # not a case for pytest

    label: str
    kind: GroupKind
    share: float
    rows: Bools


@dataclass(frozen=True)
class GroupTables:
    """`scores` has one row per group, approach and metric; `gaps` one per group, approach but
    oracle, and metric.
    """

    scores: pd.DataFrame
    gaps: pd.DataFrame


def groups_of_test(
    real_train: pd.DataFrame, real_test: pd.DataFrame, target: str
) -> tuple[TestGroup, ...]:
    """All groups that a table is looked at for: single features, intersections of two and three,
    deciles of density.
    """
    told = (*find_groups(real_train, target), *find_intersections(real_train, real_test, target))
    by_features = [
        TestGroup(group.label, group.kind, group.share, rows_in(group, real_test, name="real_test"))
        for group in told
    ]
    by_density = [
        TestGroup(group.label, "density", group.share, group.rows)
        for group in density_groups(real_train, real_test, target)
    ]
    return (*by_features, *by_density)


def group_scores(
    groups: Sequence[TestGroup], scored: Scored, *, K: int | None = None
) -> GroupTables:
    """Each approach in each group, with its interval over test rows, and its gap to the oracle
    there.

    K: the ensemble to compare, all members when None. Approaches: oracle, naive_single (std over
    which dataset one gets), dge_K.

    Scores: `share` of real_train, `n` rows of real_test that are scored, of them `positives`
    (missing unless the task is binary). A metric without a value there (one class only, no rows) is
    NaN with its `reason`. Gaps: see `_gap_rows`; `p_adjusted` is Holm's over the groups of one
    approach and metric, `groups` how many these are.
    """
    compared = (ORACLE, NAIVE_SINGLE, dge(scored.size if K is None else K))
    overall = _Gaps(scored, compared)
    scores: list[tuple[object, ...]] = []
    gaps: list[tuple[object, ...]] = []
    for group in groups:
        part = scored.within(group.rows)
        about = _about(group, part)
        scores += [(*about, *row) for row in _score_rows(part, compared)]
        tested = _tested_rows(part.rows.y, task=scored.task)
        gaps += [(*about, *row) for row in _gap_rows(_Gaps(part, compared), overall, tested)]
    found = with_adjusted(_frame(gaps, _GAP_ROW), ["approach", "metric"], count="groups")
    return GroupTables(_frame(scores, _SCORE_ROW)[GROUP_COLUMNS], found[GAP_COLUMNS])


@dataclass(frozen=True)
class _Tested:
    """Rows of the rarer outcomes of a group; `reason`: why the group is too small to be tested,
    empty where it is not.
    """

    rarer: int
    reason: str = ""


@dataclass(frozen=True, eq=False)
class _Gaps:
    """How far approaches fall short of the oracle in some rows, each worked out once."""

    scored: Scored | ScoredPart
    compared: tuple[Approach, ...]
    _kept: dict[tuple[Approach, str], tuple[float, Replicates]] = field(default_factory=dict)

    def of(self, approach: Approach, metric: str) -> tuple[float, Replicates]:
        """Above zero is worse than the oracle: the gap, and its replicates."""
        if (approach, metric) not in self._kept:
            truth, other = self.scored.of(ORACLE), self.scored.of(approach)
            sign = 1 if metric_goal(metric) == "higher" else -1
            self._kept[approach, metric] = (
                sign * (truth.values()[metric] - other.values()[metric]),
                sign * (truth.replicates()[metric] - other.replicates()[metric]),
            )
        return self._kept[approach, metric]

    def reason(self, approach: Approach, metric: str) -> str | None:
        """Why there is no gap, where one of both scores has no value."""
        truth, other = self.scored.of(ORACLE).reasons(), self.scored.of(approach).reasons()
        return truth.get(metric) or other.get(metric)


def _about(group: TestGroup, part: ScoredPart) -> tuple[object, ...]:
    """`group, kind, share, n, positives`."""
    y = part.rows.y
    positives = int((y == 1).sum()) if part.rows.task == "binary" else pd.NA
    return group.label, group.kind, group.share, len(y), positives


def _score_rows(part: ScoredPart, compared: Sequence[Approach]) -> Iterator[tuple[object, ...]]:
    """`approach, metric, value, std, low, high, over, reason`."""
    singles = [single.values() for single in part.singles()]
    for approach in compared:
        found = part.of(approach)
        reasons, replicates = found.reasons(), found.replicates()
        for name, value in found.values().items():
            is_single = approach.members == 1
            std = spread([of[name] for of in singles]) if is_single else float("nan")
            ends = over_test_rows(value, replicates[name], metric=name)
            reason = reasons.get(name) or ends.reason
            yield str(approach), name, value, std, ends.low, ends.high, ends.over, reason


def _tested_rows(y: Codes, *, task: Task) -> _Tested:
    """Whether a group with these outcomes (n,) is tested, and by how many degrees of freedom.

    What is known of a group hangs on its rarer outcomes: of 200 rows with three positives, an AUC
    rests on three. So these are counted: all rows but those of the most frequent class, for a
    regression all rows.
    """
    counted = (
        len(y)
        if task == "regression"
        else len(y) - int(np.unique(y, return_counts=True)[1].max(initial=0))
    )
    if len(y) < FEWEST_ROWS:
        return _Tested(counted, f"not tested: {len(y)} test rows, and {FEWEST_ROWS} are the least")
    if counted < FEWEST_RARER:
        return _Tested(
            counted,
            f"not tested: {counted} test rows of the rarer class, and {FEWEST_RARER} are the least",
        )
    return _Tested(counted)


def _gap_rows(within: _Gaps, overall: _Gaps, tested: _Tested) -> Iterator[tuple[object, ...]]:
    """One row per approach but oracle and metric: how far it falls short of the oracle in the
    group, and more than overall.

    gap: score of the oracle minus that of the approach, its sign turned for metrics of which less
    is better, so above zero is worse than the oracle; low, high: its paired interval. excess: gap
    in the group minus gap over all rows, with its paired interval. p: of the hypothesis that the
    excess is not above zero, from the excess over its bootstrap standard error and Student's
    distribution; NaN where the excess has no interval, and in groups that are too small to be
    tested.
    """
    for approach in within.compared[1:]:
        for name in within.scored.rows.metrics:
            gap, gaps = within.of(approach, name)
            all_gap, all_gaps = overall.of(approach, name)
            excess, excesses = gap - all_gap, gaps - all_gaps
            found = over_test_rows(gap, gaps, metric=name)
            beyond = over_test_rows(excess, excesses, metric=name)
            reason = within.reason(approach, name) or found.reason or beyond.reason
            yield (
                *(str(approach), name, gap, found.low, found.high),
                *(excess, beyond.low, beyond.high),
                _p_above_zero(excess, excesses, beyond, tested),
                *(TEST_ROWS, reason or tested.reason),
            )


def _p_above_zero(
    excess: float, replicates: Replicates, interval: Interval, tested: _Tested
) -> float:
    if interval.reason or tested.reason:
        return float("nan")
    # Of Student's distribution: the part above a value is that below its negative.
    return float(stdtr(tested.rarer - 1, -excess / np.nanstd(replicates, ddof=1)))


def _frame(rows: Sequence[tuple[object, ...]], columns: Sequence[str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(columns))
    return frame.astype({"positives": "Int64"}) if len(frame) else frame
