"""Scores of groups of real rows: each approach in each group, and whether it fails there more than
elsewhere.

Groups are found on the features of real_train (`feature_groups`, `density`) and scored on
real_test, so their choice does not depend on the outcomes they are scored on. Not here: fitting,
drawing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import t as student

from dge_assets.core.arrays import Array, Codes, Replicates
from dge_assets.core.contract.contract import Task
from dge_assets.core.groups.density import density_groups
from dge_assets.core.groups.feature_groups import (
    GroupKind,
    find_groups,
    find_intersections,
    rows_in,
)
from dge_assets.core.intervals.interval import TEST_ROWS, Interval, over_test_rows, with_intervals
from dge_assets.core.intervals.multiplicity import with_adjusted
from dge_assets.core.intervals.resampling import Resamples
from dge_assets.core.scores.approach import NAIVE_SINGLE, ORACLE, dge
from dge_assets.core.scores.metrics import Bools, metric_goal, metric_names, score_encoded
from dge_assets.core.scores.predictions import TrainingPredictions, combine
from dge_assets.core.scores.replicates import replicate_scores
from dge_assets.core.scores.tables import score_training, training_ensembles

GROUP_COLUMNS = [
    *("group", "share", "n", "approach", "metric", "value", "std"),
    *("kind", "positives", "low", "high", "over", "reason"),
]
GAP_COLUMNS = [
    *("group", "kind", "share", "n", "positives", "approach", "metric", "gap", "low", "high"),
    *("excess", "excess_low", "excess_high", "p", "p_adjusted", "groups", "over", "reason"),
]
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
    groups: Sequence[TestGroup],
    y: Codes,
    predictions: TrainingPredictions,
    *,
    task: Task,
    resamples: Resamples,
    K: int | None = None,
    metrics: Sequence[str] | None = None,
) -> GroupTables:
    """Each approach in each group, with its interval over test rows, and its gap to the oracle
    there.

    y and predictions: of all rows of real_test, as for `score_training`, from which `resamples`
    draws. K: the ensemble to compare, all members when None. Approaches: oracle, naive_single (std
    over which dataset one gets), dge_K.

    Scores: `share` of real_train, `n` rows of real_test that are scored, of them `positives`
    (missing unless the task is binary). A metric without a value there (one class only, no rows) is
    NaN with its `reason`. Gaps: see `_gap_rows`; `p_adjusted` is Holm's over the groups of one
    approach and metric, `groups` how many these are.
    """
    names = tuple(metrics or metric_names(task))
    size = len(predictions.members) if K is None else K
    ensembles = training_ensembles(predictions, [size])
    compared = {
        name: combine(ensembles[name], task=task)
        for name in map(str, (ORACLE, NAIVE_SINGLE, dge(size)))
    }
    scored = _Scored(y, compared, names, task, resamples)
    overall = scored.within(None)
    score_frames, gap_frames = [], []
    for group in groups:
        within = scored.within(group.rows)
        table = _group_table(
            y[group.rows], _restricted(predictions, group.rows), size, within, names, task=task
        )
        about = _about(group, y, task=task)
        score_frames.append(table.assign(**about)[GROUP_COLUMNS])
        tested = _tested_rows(y[group.rows], task=task)
        gap_frames.append(_gap_rows(within, overall, names, tested).assign(**about))
    stacked = _stacked(
        gap_frames, [name for name in GAP_COLUMNS if name not in ("p_adjusted", "groups")]
    )
    gaps = with_adjusted(stacked, ["approach", "metric"], count="groups")
    return GroupTables(_stacked(score_frames, GROUP_COLUMNS), gaps[GAP_COLUMNS])


@dataclass(frozen=True)
class _Tested:
    """Rows of the rarer outcomes of a group; `reason`: why the group is too small to be tested,
    empty where it is not.
    """

    rarer: int
    reason: str = ""


@dataclass(frozen=True)
class _Within:
    """By approach and metric, in some rows: values, reasons of those that are NaN, and replicates."""

    values: dict[str, dict[str, float]]
    reasons: dict[str, dict[str, str]]
    replicates: dict[str, dict[str, Replicates]]


@dataclass(frozen=True)
class _Scored:
    """What is scored, so that any rows of it can be."""

    y: Codes
    tables: dict[str, Array]
    metrics: tuple[str, ...]
    task: Task
    resamples: Resamples

    def within(self, rows: Bools | None) -> _Within:
        chosen = slice(None) if rows is None else rows
        scores = {
            name: score_encoded(self.metrics, self.y[chosen], table[chosen], task=self.task)
            for name, table in self.tables.items()
        }
        return _Within(
            {name: found.values for name, found in scores.items()},
            {name: found.reasons for name, found in scores.items()},
            {
                name: replicate_scores(
                    self.metrics, self.y, table, self.resamples, task=self.task, rows=rows
                )
                for name, table in self.tables.items()
            },
        )


def _about(group: TestGroup, y: Codes, *, task: Task) -> dict[str, object]:
    positives = int((y[group.rows] == 1).sum()) if task == "binary" else pd.NA
    return {
        "group": group.label,
        "kind": group.kind,
        "share": group.share,
        "n": int(group.rows.sum()),
        "positives": positives,
    }


def _group_table(
    y: Codes,
    predictions: TrainingPredictions,
    size: int,
    within: _Within,
    names: Sequence[str],
    *,
    task: Task,
) -> pd.DataFrame:
    scores = score_training(y, predictions, [size], task=task, metrics=names)
    kept = scores[scores["approach"].isin(within.values)].reset_index(drop=True)
    intervals = {
        (approach, name): over_test_rows(
            values[name], within.replicates[approach][name], metric=name
        )
        for approach, values in within.values.items()
        for name in names
    }
    return with_intervals(kept, intervals, ["approach", "metric"])


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


def _gap_rows(
    within: _Within, overall: _Within, names: Sequence[str], tested: _Tested
) -> pd.DataFrame:
    """One row per approach but oracle and metric: how far it falls short of the oracle in the
    group, and more than overall.

    gap: score of the oracle minus that of the approach, its sign turned for metrics of which less
    is better, so above zero is worse than the oracle; low, high: its paired interval. excess: gap
    in the group minus gap over all rows, with its paired interval. p: of the hypothesis that the
    excess is not above zero, from the excess over its bootstrap standard error and Student's
    distribution; NaN where the excess has no interval, and in groups that are too small to be
    tested.
    """
    rows = []
    for approach in [name for name in within.values if name != str(ORACLE)]:
        for name in names:
            gap, gaps = _gap(within, approach, name)
            all_gap, all_gaps = _gap(overall, approach, name)
            found = over_test_rows(gap, gaps, metric=name)
            beyond = over_test_rows(gap - all_gap, gaps - all_gaps, metric=name)
            undefined = within.reasons[str(ORACLE)].get(name) or within.reasons[approach].get(name)
            rows.append(
                {
                    "approach": approach,
                    "metric": name,
                    "gap": gap,
                    "low": found.low,
                    "high": found.high,
                    "excess": gap - all_gap,
                    "excess_low": beyond.low,
                    "excess_high": beyond.high,
                    "p": _p_above_zero(gap - all_gap, gaps - all_gaps, beyond, tested),
                    "over": TEST_ROWS,
                    "reason": undefined or found.reason or beyond.reason or tested.reason,
                }
            )
    return pd.DataFrame(rows)


def _gap(within: _Within, approach: str, metric: str) -> tuple[float, Replicates]:
    sign = 1 if metric_goal(metric) == "higher" else -1
    value = within.values[str(ORACLE)][metric] - within.values[approach][metric]
    return sign * value, sign * (
        within.replicates[str(ORACLE)][metric] - within.replicates[approach][metric]
    )


def _p_above_zero(
    excess: float, replicates: Replicates, interval: Interval, tested: _Tested
) -> float:
    if interval.reason or tested.reason:
        return float("nan")
    return float(student.sf(excess / np.nanstd(replicates, ddof=1), tested.rarer - 1))


def _restricted(predictions: TrainingPredictions, rows: Bools) -> TrainingPredictions:
    def keep(arrays: Sequence[Array]) -> tuple[Array, ...]:
        return tuple(array[rows] for array in arrays)

    return TrainingPredictions(
        oracle=keep(predictions.oracle),
        naive_ensemble=keep(predictions.naive_ensemble),
        naive_concat=predictions.naive_concat[rows],
        members=keep(predictions.members),
    )


def _stacked(frames: Sequence[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    """Column by column: pandas warns about all-missing columns when it stacks whole frames."""
    if not frames:
        return pd.DataFrame(columns=list(columns))
    stacked = {
        name: pd.concat([frame[name] for frame in frames], ignore_index=True) for name in columns
    }
    return pd.DataFrame(stacked).astype({"positives": "Int64"})
