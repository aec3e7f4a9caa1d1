"""Which number of the score tables gets which interval, and how far approaches are apart on the
same test rows.

Readers ask two questions of a score: how these very members would do on other rows, and how other
members would. So there are two intervals, over test rows, and over members and test rows. In the K
curve an ensemble of which there are at least three that share no member has its interval over
those. Not here: how an interval is made (`intervals.interval`), how scores vary (`scores.samples`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product

import numpy as np
import pandas as pd

from dge_assets.core.contract.contract import Task
from dge_assets.core.intervals.interval import (
    FEWEST_SETS,
    INTERVAL_COLUMNS,
    MEMBERS_AND_ROWS,
    Interval,
    append_intervals,
    no_interval,
    over_members_and_rows,
    over_sets,
    over_test_rows,
    with_intervals,
)
from dge_assets.core.scores.approach import (
    NAIVE_CONCAT,
    NAIVE_ENSEMBLE,
    NAIVE_SINGLE,
    ORACLE,
    SINGLE_MEAN,
    Approach,
)
from dge_assets.core.scores.cards import APPROACH_DIFFERENCES
from dge_assets.core.scores.metrics import SQUARED_ERROR, UNLIKE, metric_card
from dge_assets.core.scores.predictions import spread
from dge_assets.core.scores.samples import ScoreSample
from dge_assets.core.scores.scored import Scored, ScoredPrediction
from dge_assets.core.scores.tables import score_training

WHICH_DATASET, WHICH_MEMBER = "which dataset one gets", "which member's model is scored"
EXPECTED_COLUMNS = [f"expected_{name}" for name in INTERVAL_COLUMNS]
DIFFERENCE_COLUMNS = APPROACH_DIFFERENCES.made_columns
NOT_REFITTED = {
    NAIVE_ENSEMBLE: "made from dataset 0 alone: what another dataset would give is not known",
    NAIVE_CONCAT: "one model of all datasets: what it would be without one of them is not known",
}
_AGAINST = (NAIVE_SINGLE, SINGLE_MEAN, NAIVE_ENSEMBLE, NAIVE_CONCAT, ORACLE)
IDENTITIES = ("brier", "mse")
CONVEX = (*IDENTITIES, "nll", "rmse", "mae")
"""Losses of which that of a mean prediction is never above the mean loss."""
MetricIntervals = dict[str, Interval]


def ensemble_intervals(scored: Scored, ks: Iterable[int]) -> dict[int, MetricIntervals]:
    """K -> metric -> interval of the score of the first K members, over disjoint sets of K or over
    test rows.

    Metrics: those of tables, and the task's squared error.
    """
    names = tuple(dict.fromkeys([*scored.rows.metrics, SQUARED_ERROR[scored.task]]))
    return {K: _of_ensemble(scored.sets_of(K), K, names, scored.task) for K in ks}


def _of_ensemble(
    sets: Sequence[ScoredPrediction], K: int, names: Sequence[str], task: Task
) -> MetricIntervals:
    scores = [one.values(names) for one in sets]
    if len(sets) < FEWEST_SETS:
        replicates = sets[0].replicates(names)
        return {
            name: over_test_rows(scores[0][name], replicates[name], metric=name) for name in names
        }
    return {
        name: _over_scores(name, [values[name] for values in scores], over_sets_of(K), task=task)
        for name in names
    }


def over_sets_of(K: int) -> str:
    """What an interval over disjoint sets of K members is over."""
    return WHICH_DATASET if K == 1 else f"disjoint sets of {K} members"


def _over_scores(name: str, values: Sequence[float], over: str, *, task: Task) -> Interval:
    mean, bounds = float(np.mean(values)), metric_card(name, task).range
    return over_sets(mean, spread(values), len(values), over=over, bounds=bounds)


def training_with_intervals(scored: Scored) -> pd.DataFrame:
    """The table of `score_training` with two intervals.

    `low, high, over, reason`: of these very members, over the test rows. `expected_low,
    expected_high, expected_over, expected_reason`: of the expected score, over members and test
    rows; for naive_single that of any single dataset.
    """
    rows, expected = {}, []
    for approach in scored.approaches:
        for name, sample in scored.samples(approach).items():
            these = over_test_rows(sample.value, sample.replicates, metric=name)
            rows[str(approach), name] = these
            expected.append(_expected(approach, name, sample, these, task=scored.task))
    return _with_expected(
        with_intervals(score_training(scored), rows, ["approach", "metric"]), expected
    )


def _expected(
    approach: Approach, name: str, sample: ScoreSample, these: Interval, *, task: Task
) -> Interval:
    """The interval of the expected score of one approach; `these`: that over test rows."""
    if approach == ORACLE:  # no generator is in it
        return these
    if not sample.members:
        return no_interval(NOT_REFITTED[approach], over=MEMBERS_AND_ROWS)
    return _over_both(sample, these, bounds=metric_card(name, task).range)


def _over_both(
    sample: ScoreSample,
    these: Interval,
    bounds: tuple[float, float] = (-np.inf, np.inf),
    *,
    is_one_signed: bool = False,
) -> Interval:
    return over_members_and_rows(
        sample.value,
        sample.replicates,
        sample.member_variance,
        sample.members,
        rows=these,
        bounds=bounds,
        is_one_signed=is_one_signed,
    )


def _with_expected(frame: pd.DataFrame, found: Sequence[Interval]) -> pd.DataFrame:
    plain = append_intervals(frame[[]], found).add_prefix("expected_")
    extended = pd.concat([frame, plain], axis=1)
    extended.attrs = dict(frame.attrs)
    return extended


def evaluation_with_intervals(scores: pd.DataFrame, members: int, *, task: Task) -> pd.DataFrame:
    """The table of `score_evaluation` with `low, high, over, reason`: over which of the `members`
    models is scored.
    """
    intervals = {
        (approach, name): over_sets(
            value, std, members, over=WHICH_MEMBER, bounds=metric_card(name, task).range
        )
        for approach, name, value, std in scores[["approach", "metric", "value", "std"]].itertuples(
            index=False
        )
    }
    return with_intervals(scores, intervals, ["approach", "metric"])


def curve_with_intervals(
    curve: pd.DataFrame, ensembles: dict[int, MetricIntervals]
) -> pd.DataFrame:
    """The table of `k_curve` with `low, high, over, reason` of `measured`; `ensembles` has every K
    of it.
    """
    intervals = {(K, name): found for K, of_k in ensembles.items() for name, found in of_k.items()}
    return with_intervals(curve, intervals, ["K", "metric"])


def approach_differences(scored: Scored) -> pd.DataFrame:
    """One row per approach, one it is compared with, and metric: `approach, against, metric,
    difference`, intervals, `remark`.

    difference: score of `approach` minus score of `against`, both on the rows of real_test; above
    zero is better only where more of the metric is. Both are scored on the same resampled rows, so
    what rows are hard for both cancels. `low, high`: these members' difference, over test rows.
    `expected_low, expected_high`: that of other members, over members and test rows; naive_ensemble
    and naive_concat count as they are. against: naive_single (dataset 0), naive_single_mean (the
    mean score over all single datasets) and oracle; for dge_K of several members also the naive
    approaches that cost as many models (naive_ensemble) or rows (naive_concat). remark: where the
    sign of a difference is no finding but an identity, or the metric scores an ensemble as
    something else than a single model.
    """
    found: list[tuple[object, ...]] = []
    rows, both = [], []
    for against, approach in product(_AGAINST, (*scored.approaches, SINGLE_MEAN)):
        if not _is_comparison(approach, against):
            continue
        others = scored.samples(against)
        for name, sample in scored.samples(approach).items():
            apart = sample - others[name]
            is_of_all = against == SINGLE_MEAN and sample.members == scored.size
            of_sign = _remark(approach, name, is_of_all=is_of_all)
            remark = of_sign or UNLIKE.get(name, "")
            found.append((str(approach), str(against), name, apart.value, remark))
            these = over_test_rows(apart.value, apart.replicates, metric=name)
            rows.append(these)
            both.append(
                _over_both(apart, these, is_one_signed=bool(of_sign))
                if apart.members
                else no_interval(NOT_REFITTED[approach], over=MEMBERS_AND_ROWS)
            )
    frame = pd.DataFrame(found, columns=["approach", "against", "metric", "difference", "remark"])
    return _with_expected(append_intervals(frame, rows), both)[DIFFERENCE_COLUMNS]


def _remark(approach: Approach, name: str, *, is_of_all: bool) -> str:
    """Why a gain over the mean of the very members that it is made of says nothing of the data.

    Averaging never raises a convex loss above the average loss (Jensen 1906).
    """
    if not (is_of_all and approach.is_dge and name in CONVEX):
        return ""
    return (
        "an identity: the variance between members"
        if name in IDENTITIES
        else "never a loss, by Jensen's inequality"
    )


def _is_comparison(approach: Approach, against: Approach) -> bool:
    """Everything with the oracle; what takes more than one dataset or model with a single one; DGE
    with its equals.
    """
    if against == ORACLE:
        return approach != ORACLE
    if against in (NAIVE_ENSEMBLE, NAIVE_CONCAT):
        return approach.is_ensemble
    return approach.is_ensemble or approach in (NAIVE_ENSEMBLE, NAIVE_CONCAT)
