"""How far scores claimed from synthetic rows are from the score on real rows, and which way of
claiming is nearer.

Here: the errors of the naive claim and of DGE's, and the interval of what DGE's is nearer by. Not
here: the claims themselves (`scores.tables.score_evaluation`), intervals of a claim by itself,
which no real row is needed for (`scores.claim_intervals`).

The error of a claim is the mean over members of |claim - truth|, the truth being the score of that
member's model on real_test. Both errors are of the same models and the same truths, so what their
difference varies with is which members one has, as models and as datasets at once, and which test
rows. Members are left out in turn, row and column of the K x K scores together; the truths are
taken on resampled test rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import isfinite, nan

import numpy as np
import numpy.typing as npt
import pandas as pd

from dge_assets.core.arrays import Array
from dge_assets.core.contract.contract import Task
from dge_assets.core.intervals.interval import (
    INTERVAL_COLUMNS,
    MEMBERS_AND_ROWS,
    Interval,
    append_intervals,
    jackknife_variance,
    no_interval,
    over_both_variances,
)
from dge_assets.core.intervals.resampling import Resamples
from dge_assets.core.scores.approach import NAIVE, ORACLE
from dge_assets.core.scores.cards import CLAIM_ERRORS
from dge_assets.core.scores.metrics import HEADLINE_METRICS, metric_card
from dge_assets.core.scores.predictions import EvaluationTargets, MemberPredictions, combine
from dge_assets.core.scores.replicates import replicate_scores
from dge_assets.core.scores.tables import MemberScores

CLAIM_COLUMNS = CLAIM_ERRORS.made_columns
MOST_OF_A_SHARE, MOST_OF_AN_ERROR = 0.05, 0.1
"""Claims that are farther off are not to be believed: where more of a metric is better; where less
is, as a part of the truth.
"""
NO_INTERVAL = {str(NAIVE): "what the others are compared with"}
LARGEST_ALONE = "given for the largest DGE, of which every member's model and dataset are a part"


def claim_errors(
    claims: MemberScores, cross: Mapping[str, Array], truths: Mapping[str, Array], *, task: Task
) -> pd.DataFrame:
    """One row per approach but oracle, and metric: `approach, metric, truth, error, optimism,
    limit, gain`, and an interval.

    claims: `scoring.by_member` of n members. cross: metric -> (n, n), model i on dataset j, its own
    test part on the diagonal. truths: metric -> (n, replicates), the oracle's scores on resampled
    test rows; its metrics are those of the table. truth: mean over members. error: mean |claim -
    truth|. optimism: mean (claim - truth), signed so that above zero claims too much. limit: the
    error above which claims are not to be believed. gain: the naive claim's error minus this one's.
    low, high: of that gain with other members and test rows, for the largest DGE; else `reason`.
    """
    approaches = [name for name in claims if name != str(ORACLE)]
    rows, intervals = [], []
    for name in truths:
        truth, naive = claims[str(ORACLE)][name], claims[str(NAIVE)][name]
        limit = _limit(name, truth, task=task)
        for approach in approaches:
            off = claims[approach][name] - truth
            optimism = _sign(name, task=task) * float(np.mean(off))
            gain = (
                nan
                if approach == str(NAIVE)
                else float(nearer_by(naive, claims[approach][name], truth[:, None])[0])
            )
            rows.append(
                (
                    approach,
                    name,
                    float(np.mean(truth)),
                    float(np.mean(np.abs(off))),
                    optimism,
                    limit,
                    gain,
                )
            )
            intervals.append(
                no_interval(NO_INTERVAL.get(approach, LARGEST_ALONE), over=MEMBERS_AND_ROWS)
            )
        replicates = nearer_by(naive, claims[approaches[-1]][name], truths[name])
        intervals[-1] = _interval(
            rows[-1][-1], replicates, _member_variance(cross[name], truth), len(truth)
        )
    frame = pd.DataFrame(rows, columns=CLAIM_COLUMNS[: -len(INTERVAL_COLUMNS)])
    return append_intervals(frame, intervals)[CLAIM_COLUMNS]


def _interval(gain: float, replicates: Array, member_variance: float, members: int) -> Interval:
    """Over members and rows, and to each side by as much more as resamples are biased.

    A distance that is small beside the noise of the rows is larger on most resamples, since none is
    below zero.
    """
    undefined = int(np.isnan(replicates).sum())
    if undefined or not isfinite(gain):
        reason = f"not defined in {undefined} of {len(replicates)} resamples of the test rows"
        return no_interval(
            reason if isfinite(gain) else "the value is not defined", over=MEMBERS_AND_ROWS
        )
    bias, row_variance = float(np.mean(replicates)) - gain, float(np.var(replicates, ddof=1))
    if row_variance + member_variance == 0:
        return no_interval("the same whichever member is left out", over=MEMBERS_AND_ROWS)
    found = over_both_variances(gain, row_variance, member_variance, members)
    return replace(found, low=found.low - abs(bias), high=found.high + abs(bias))


def _sign(name: str, *, task: Task) -> int:
    return 1 if metric_card(name, task).goal == "higher" else -1


def _limit(name: str, truth: Array, *, task: Task) -> float:
    return (
        MOST_OF_A_SHARE if _sign(name, task=task) > 0 else MOST_OF_AN_ERROR * float(np.mean(truth))
    )


def nearer_by(naive: Array, chosen: Array, truth: Array) -> Array:
    """Mean over members of |naive - truth| - |chosen - truth|, by column of truth (n, columns)."""
    apart = np.abs(naive[:, None] - truth) - np.abs(chosen[:, None] - truth)
    return np.asarray(apart.mean(axis=0))


def own_and_others(scores: Array) -> tuple[Array, Array]:
    """Of scores (n, n), models downwards and datasets across: what each model claims on its own
    dataset, and on average on those of the others, (n,) both.
    """
    own = np.diag(scores)
    return own, (scores.sum(axis=1) - own) / (len(scores) - 1)


def _member_variance(scores: Array, truth: Array) -> float:
    """Jackknife variance of the gain, a member taken out as model and as dataset; claims are means
    over the other datasets.
    """
    n = len(truth)
    if n <= 2:
        return nan

    def gain(members: npt.NDArray[np.intp]) -> float:
        chosen = scores[np.ix_(members, members)]
        return float(nearer_by(*own_and_others(chosen), truth[members][:, None])[0])

    without = np.array([gain(np.delete(np.arange(n), member)) for member in range(n)])
    return jackknife_variance(without)


def cross_tables(cross: pd.DataFrame, metrics: tuple[str, ...]) -> dict[str, Array]:
    """Metric -> scores (n, n), models downwards and datasets across, of the frame that
    `scoring.cross_scores` gives.
    """
    return {
        name: cross[cross["metric"] == name]
        .pivot(index="train_seed", columns="test_seed", values="value")
        .to_numpy(dtype=np.float64)
        for name in metrics
    }


def true_replicates(
    predictions: list[MemberPredictions],
    targets: EvaluationTargets,
    resamples: Resamples,
    *,
    task: Task,
) -> dict[str, Array]:
    """Headline metric -> (n, replicates): the score of each part model on resampled rows of
    real_test.
    """
    names = HEADLINE_METRICS[task]
    each = [
        replicate_scores(
            names, targets.real_test, combine([item.real_test], task=task), resamples, task=task
        )
        for item in predictions
    ]
    return {name: np.stack([found[name] for found in each]) for name in names}
