"""Intervals of a DGE evaluation: how far the score that K datasets claim may be from the score that
they stand for.

Here: from the scores of each member's model on each other member's dataset to intervals. Not here:
those scores (`scores.tables.cross_scores`), the table of means (`scores.tables.score_evaluation`).

Why not value ± t std / sqrt(K) with the std of `evaluation_scores`: that std is over the models.
All models are scored on nearly the same datasets, so what a dataset happens to say is common to all
of them and no spread between models shows it. With S[i, j] the score of model i on dataset j,

    S[i, j] = mu + a[i] + b[j] + c[i, j],    i != j,

a is how good the models are, b how kind the datasets are, and a[i] and b[i] go together, as both
are made of member i. Two questions have two intervals, both around the mean of S over all pairs of
different members:

- `models`: the mean true score mu + mean(a) of the K models at hand, which the evaluation's
  `oracle` is for the real rows. Only b and c are error; the variance is that of the column effects
  (see `models_error`).
- `members`: the expected score mu of a model of one more member. a is error as well; the variance
  is the jackknife over members that takes out a member's model and dataset together, as the mean
  over pairs is a U-statistic of order 2 (Arvesen 1969, "Jackknifing U-statistics", Annals of
  Mathematical Statistics 40).

Both are about chance: which seeds and so which datasets one happened to get. "True" is what the
generators' common distribution says. An error that all generators share moves every S alike, and no
interval made from synthetic rows can show it. docs/perfect-generator.md measures that the intervals
hold where there is no such error.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import Literal

import numpy as np
import pandas as pd
from scipy.stats import t as student_t

from dge_assets.core.arrays import Array
from dge_assets.core.contract.contract import Task
from dge_assets.core.errors import EvaluationError
from dge_assets.core.intervals.interval import jackknife_variance
from dge_assets.core.rounding import EQUAL
from dge_assets.core.scores.approach import first
from dge_assets.core.scores.cards import EVALUATION_INTERVALS
from dge_assets.core.scores.metrics import metric_card
from dge_assets.core.scores.predictions import require_ks

Over = Literal["models", "members"]
CLAIM_INTERVAL_COLUMNS = EVALUATION_INTERVALS.made_columns
FEWEST_MEMBERS = 3
"""With two members, taking one out leaves no pair."""
SAME = "the scores of all pairs of members are the same, which says nothing about those of others"


def evaluation_intervals(
    cross: pd.DataFrame, ks: Sequence[int], *, task: Task, level: float = 0.95
) -> pd.DataFrame:
    """One row per K, metric and kind of interval: `approach, metric, over, value, standard_error,
    low, high, reason`.

    cross: `train_seed, test_seed, metric, value` of one family and model, as `cross_scores` gives
    it; the diagonal is not used. first_K is made from the first K seeds alone, models and datasets,
    as somebody who has K datasets would; so it is not the `dge_K` of `evaluation_scores`, which has
    the models of all members. Its `value` is the mean over the K (K - 1) pairs: where K is all
    members, datasets are of one size and the metric is a mean over rows, as accuracy or brier, that
    of `dge_K` there. low, high: value ± t * standard_error with K - 1 degrees of freedom, in units
    of the metric, cut at its range. A metric that has no value for some pair or the same for all,
    and K below 3, give NaN with its `reason`, which is empty elsewhere.
    """
    if not 0 < level < 1:
        raise EvaluationError(f"the level of an interval lies between 0 and 1, found {level}")
    seeds = sorted(cross["train_seed"].unique())
    rows: list[tuple[object, ...]] = []
    for K in require_ks(ks, len(seeds), fewest=2):
        for metric, of_metric in cross.groupby("metric", sort=False):
            table = of_metric.pivot(index="train_seed", columns="test_seed", values="value")
            scores = table.reindex(index=seeds[:K], columns=seeds[:K]).to_numpy(dtype=np.float64)
            reason = _reason_against(scores) or SAME
            bounds = metric_card(str(metric), task).range
            for over, value, error, *ends in _intervals(scores, level):
                low, high = (float(np.clip(end, *bounds)) for end in ends)
                rows.append(
                    (
                        str(first(K)),
                        metric,
                        over,
                        value,
                        error,
                        low,
                        high,
                        reason if isnan(error) else "",
                    )
                )
    return pd.DataFrame(rows, columns=CLAIM_INTERVAL_COLUMNS)


def _reason_against(scores: Array) -> str:
    if len(scores) < FEWEST_MEMBERS:
        return f"an interval needs at least {FEWEST_MEMBERS} members, found {len(scores)}"
    missing = int(np.isnan(scores[~np.eye(len(scores), dtype=bool)]).sum())
    return (
        f"{missing} of {len(scores) * (len(scores) - 1)} pairs of members have no value"
        if missing
        else ""
    )


def _intervals(scores: Array, level: float) -> list[tuple[Over, float, float, float, float]]:
    """(over, value, standard error, low, high) for both kinds; scores: (K, K), models downwards,
    datasets across.
    """
    value = mean_over_pairs(scores)
    reach = float(student_t.ppf((1 + level) / 2, max(len(scores) - 1, 1)))
    errors: dict[Over, float] = {"models": models_error(scores), "members": members_error(scores)}
    # Scores that do not differ have not shown that others would not: a recall of 0 for all pairs is
    # no certain 0.
    least = EQUAL * float(np.nanmax(np.abs(scores), initial=0.0))
    told = {over: error if error > least else float("nan") for over, error in errors.items()}
    return [
        (over, value, error, value - reach * error, value + reach * error)
        for over, error in told.items()
    ]


def mean_over_pairs(scores: Array) -> float:
    """Mean of scores (K, K) over i != j; NaN where one of them is."""
    return float(np.mean(scores[~np.eye(len(scores), dtype=bool)]))


def models_error(scores: Array) -> float:
    """Standard error of the mean over pairs as an estimate of these K models' mean true score; NaN
    for K < 3.

    With d[j] = mean over i of (S[i, j] - mean of row i), which is (b[j] - mean b) K (K - 2) / (K -
    1)^2 where c is none: sqrt(sum d^2 / (K (K - 1))) (K - 1)^2 / (K (K - 2)).
    """
    K = len(scores)
    if K < FEWEST_MEMBERS:
        return float("nan")
    off = _without_diagonal(scores)
    effects = (
        np.nanmean(off - np.nanmean(off, axis=1, keepdims=True), axis=0)
        if _is_complete(scores)
        else np.nan
    )
    scale = (K - 1) ** 2 / (K * (K - 2))
    return float(np.sqrt(np.sum(np.square(effects)) / (K * (K - 1))) * scale)


def members_error(scores: Array) -> float:
    """Jackknife standard error of the mean over pairs, members taken out as a whole; NaN for K < 3.

    sqrt((K - 1) / K sum_m (theta[-m] - mean theta[-.])^2), theta[-m] the mean over pairs without
    row and column m.
    """
    K = len(scores)
    if K < FEWEST_MEMBERS or not _is_complete(scores):
        return float("nan")
    off = np.nan_to_num(_without_diagonal(scores))
    without = (off.sum() - off.sum(axis=0) - off.sum(axis=1)) / ((K - 1) * (K - 2))
    return float(np.sqrt(jackknife_variance(without)))


def _without_diagonal(scores: Array) -> Array:
    return np.where(np.eye(len(scores), dtype=bool), np.nan, scores)


def _is_complete(scores: Array) -> bool:
    return not np.isnan(scores[~np.eye(len(scores), dtype=bool)]).any()
