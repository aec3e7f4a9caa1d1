"""Which number of the score tables gets which interval, and how far approaches are apart on the same test rows.

An ensemble of which there are at least three that share no member gets an interval over those ensembles; everything else
on real_test gets one over its rows. Not here: how an interval is made (`intervals`), values (`scoring`, `k_curve`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product

import numpy as np
import pandas as pd

from dge_assets.core.contract import Task
from dge_assets.core.intervals import FEWEST_SETS, Interval, over_sets, over_test_rows, with_intervals
from dge_assets.core.k_curve import SQUARED_ERROR
from dge_assets.core.metrics import metric_card, metric_names, score_encoded
from dge_assets.core.resampling import Resamples
from dge_assets.core.rounding import mean_of
from dge_assets.core.scoring import TrainingPredictions, combine, spread, training_ensembles
from dge_assets.core.targets import Array, Codes
from dge_assets.core.weighted import Replicates, replicate_scores

WHICH_DATASET, WHICH_MEMBER = "which dataset one gets", "which member's model is scored"
SINGLE_MEAN = "naive_single_mean"
"""As `against`: the mean score over all datasets, where `naive_single` is dataset 0 alone."""
DIFFERENCE_COLUMNS = ["approach", "against", "metric", "difference", "low", "high", "over", "reason"]
MetricIntervals = dict[str, Interval]


def ensemble_intervals(
    y: Codes, members: Sequence[Array], ks: Iterable[int], *, task: Task, resamples: Resamples
) -> dict[int, MetricIntervals]:
    """K -> metric -> interval of the score of the first K members, over disjoint sets of K or over test rows.

    y (rows,) and members, one array each in seed order: of real_test. Metrics: the task's, and its squared error.
    """
    return {K: _of_ensemble(y, members, K, task=task, resamples=resamples) for K in ks}


def _of_ensemble(y: Codes, members: Sequence[Array], K: int, *, task: Task, resamples: Resamples) -> MetricIntervals:
    names = tuple(dict.fromkeys([*metric_names(task), SQUARED_ERROR[task]]))
    sets = [members[start : start + K] for start in range(0, len(members) - K + 1, K)]
    if len(sets) < FEWEST_SETS:
        return _over_rows(names, y, combine(members[:K], task=task), task=task, resamples=resamples)
    scores = [score_encoded(names, y, combine(group, task=task), task=task).values for group in sets]
    over = over_sets_of(K)
    return {name: _over_scores(name, [values[name] for values in scores], over, task=task) for name in names}


def over_sets_of(K: int) -> str:
    """What an interval over disjoint sets of K members is over."""
    return WHICH_DATASET if K == 1 else f"disjoint sets of {K} members"


def _over_scores(name: str, values: Sequence[float], over: str, *, task: Task) -> Interval:
    mean, bounds = float(np.mean(values)), metric_card(name, task).range
    return over_sets(mean, spread(values), len(values), over=over, bounds=bounds)


def _over_rows(names: Sequence[str], y: Codes, table: Array, *, task: Task, resamples: Resamples) -> MetricIntervals:
    values = score_encoded(names, y, table, task=task).values
    replicates = replicate_scores(names, y, table, resamples, task=task)
    return {name: over_test_rows(values[name], replicates[name], metric=name) for name in names}


def training_with_intervals(
    scores: pd.DataFrame,
    y: Codes,
    predictions: TrainingPredictions,
    ensembles: dict[int, MetricIntervals],
    *,
    task: Task,
    resamples: Resamples,
) -> pd.DataFrame:
    """The table of `score_training` with `low, high, over, reason`; `ensembles` has K = 1 and all K of the table.

    naive_single is dataset 0, and its interval that of any single dataset.
    """
    intervals: dict[tuple[str, str], Interval] = {}
    of_approach = training_ensembles(predictions, [])
    for approach in scores["approach"].unique():
        if approach == "naive_single" or approach.startswith("dge_"):
            found = ensembles[1 if approach == "naive_single" else int(approach.removeprefix("dge_"))]
        else:
            table = combine(of_approach[approach], task=task)
            found = _over_rows(tuple(scores["metric"].unique()), y, table, task=task, resamples=resamples)
        intervals |= {(approach, name): interval for name, interval in found.items()}
    return with_intervals(scores, intervals, ["approach", "metric"])


def evaluation_with_intervals(scores: pd.DataFrame, members: int, *, task: Task) -> pd.DataFrame:
    """The table of `score_evaluation` with `low, high, over, reason`: over which of the `members` models is scored."""
    intervals = {
        (approach, name): over_sets(value, std, members, over=WHICH_MEMBER, bounds=metric_card(name, task).range)
        for approach, name, value, std in scores[["approach", "metric", "value", "std"]].itertuples(index=False)
    }
    return with_intervals(scores, intervals, ["approach", "metric"])


def curve_with_intervals(curve: pd.DataFrame, ensembles: dict[int, MetricIntervals]) -> pd.DataFrame:
    """The table of `k_curve` with `low, high, over, reason` of `measured`; `ensembles` has every K of it."""
    intervals = {(K, name): found for K, of_k in ensembles.items() for name, found in of_k.items()}
    return with_intervals(curve, intervals, ["K", "metric"])


def approach_differences(
    y: Codes,
    predictions: TrainingPredictions,
    ks: Sequence[int],
    *,
    task: Task,
    resamples: Resamples,
    metrics: Sequence[str] | None = None,
) -> pd.DataFrame:
    """One row per approach, one it is compared with, and metric: `approach, against, metric, difference, low, high, ...`.

    difference: score of `approach` minus score of `against`, both on the rows of real_test; above zero is better only
    where more of the metric is. The interval is over test rows, paired: both are scored on the same resampled rows, so
    what rows are hard for both cancels. against: naive_single (dataset 0), naive_single_mean (the mean score over all
    single datasets) and oracle; for dge_K of several members also the naive approaches that cost as many models
    (naive_ensemble) or rows (naive_concat).
    """
    names = tuple(metrics or metric_names(task))
    scores, replicates = _scores_and_replicates(names, y, predictions, ks, task=task, resamples=resamples)
    rows = []
    for against, approach in product(("naive_single", SINGLE_MEAN, "naive_ensemble", "naive_concat", "oracle"), scores):
        if _is_comparison(approach, against):
            for name in names:
                difference = scores[approach][name] - scores[against][name]
                apart = replicates[approach][name] - replicates[against][name]
                interval = over_test_rows(difference, apart, metric=name)
                shown = (interval.low, interval.high, interval.over, interval.reason)
                rows.append((approach, against, name, difference, *shown))
    return pd.DataFrame(rows, columns=DIFFERENCE_COLUMNS)


def _is_comparison(approach: str, against: str) -> bool:
    """Everything with the oracle; what takes more than one dataset or model with a single one; DGE with its equals."""
    if against == "oracle":
        return approach != "oracle"
    if against in ("naive_ensemble", "naive_concat"):
        return approach.startswith("dge_") and approach != "dge_1"
    return approach not in ("oracle", "naive_single", SINGLE_MEAN, "dge_1")


def _scores_and_replicates(
    names: Sequence[str],
    y: Codes,
    predictions: TrainingPredictions,
    ks: Sequence[int],
    *,
    task: Task,
    resamples: Resamples,
) -> tuple[dict[str, dict[str, float]], dict[str, dict[str, Replicates]]]:
    """By approach and metric: scores on the rows, and on each replicate of them."""

    def both(table: Array) -> tuple[dict[str, float], dict[str, Replicates]]:
        values = score_encoded(names, y, table, task=task).values
        return values, replicate_scores(names, y, table, resamples, task=task)

    scores, replicates = {}, {}
    for approach, arrays in training_ensembles(predictions, ks).items():
        scores[approach], replicates[approach] = both(combine(arrays, task=task))
    singles = [both(combine([member], task=task)) for member in predictions.members]
    scores[SINGLE_MEAN] = {name: float(mean_of([np.asarray(values[name]) for values, _ in singles])) for name in names}
    replicates[SINGLE_MEAN] = {name: mean_of([found[name] for _, found in singles]) for name in names}
    return scores, replicates
