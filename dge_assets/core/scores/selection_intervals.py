"""Intervals of how well a ranking of model classes agrees with the true one: over which members are
scored.

Here: members drawn with replacement, the same for all models and for the truth, and the quality of
each replicate's ranking. Not here: the quality itself (`selection_quality`), scores by member
(`scores.tables.score_members`).

Few members, so two things that hundreds of rows need not mind. Percentiles are taken further out,
at the normal probability of -t(n - 1) sqrt(n / (n - 1)), which for a mean gives Student's interval
instead of a narrower one (Hesterberg, "What teachers should know about the bootstrap", The American
Statistician 69(4), 2015, section 4.1). And below five members not even the least and the greatest
replicate reach far enough: of a mean of three they hold the truth in 75 of 100 cases. A rank
correlation cannot rise above 1, so replicates lie below it in the mean; they are not refused for
that, as percentiles of test rows are, since the end that faces the truth is the one that reaches 1.
The tests measure what they cover.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr
from scipy.stats import rankdata
from scipy.stats import t as student

from dge_assets.core.arrays import Array, Replicates
from dge_assets.core.intervals.interval import LEVEL, Interval, no_interval
from dge_assets.core.randomness import generator, seed_sequence
from dge_assets.core.rounding import without_rounding

MEMBERS = "which members are scored"
FEWEST_MEMBERS = 5
REPLICATES = 2000


def quality_intervals(
    values: Mapping[str, float], claimed: Array, true: Array
) -> dict[str, Interval]:
    """Intervals of kendall, spearman and regret, by name.

    claimed, true: (models, members), signed so that more is better.
    """
    members = claimed.shape[1]
    if members < FEWEST_MEMBERS:
        reason = (
            f"an interval over members needs at least {FEWEST_MEMBERS} of them, found {members}"
        )
        return dict.fromkeys(values, no_interval(reason, over=MEMBERS))
    drawn = _draws(members)
    means = (without_rounding(scores[:, drawn].mean(axis=2)) for scores in (claimed, true))
    replicates = ranking_quality(*means)
    return {name: _percentiles(value, replicates[name], members) for name, value in values.items()}


def _draws(members: int) -> npt.NDArray[np.int64]:
    """(replicates, members): the same for all tables, so that families and approaches differ by
    their scores alone.
    """
    rng = generator(seed_sequence(table="", purpose="members", seed=members))
    return rng.integers(members, size=(REPLICATES, members))


def ranking_quality(claimed: Array, true: Array) -> dict[str, Replicates]:
    """kendall (tau-b), spearman and regret of each column of (models, replicates), as
    `selection_quality` has them.
    """
    one, other = np.triu_indices(len(claimed), 1)
    signs = [np.sign(values[one] - values[other]) for values in (claimed, true)]
    ranks = [rankdata(values, axis=0) for values in (claimed, true)]
    centred = [rank - rank.mean(axis=0) for rank in ranks]
    first = claimed == claimed.max(axis=0)
    picked = np.where(first, true, 0.0).sum(axis=0) / first.sum(axis=0)
    return {
        "kendall": _cosine(*signs),
        "spearman": _cosine(*centred),
        "regret": true.max(axis=0) - picked,
    }


def _cosine(one: Array, other: Array) -> Replicates:
    """Sum of products over the root of both sums of squares, of each column; NaN where all models
    tie.
    """
    size = np.sqrt((one**2).sum(axis=0) * (other**2).sum(axis=0))
    return np.asarray(
        np.divide(
            (one * other).sum(axis=0), size, out=np.full(one.shape[1], np.nan), where=size > 0
        )
    )


def _percentiles(
    value: float, replicates: Replicates, members: int, *, level: float = LEVEL
) -> Interval:
    if np.isnan(value):
        return no_interval("the value is not defined", over=MEMBERS)
    undefined = np.isnan(replicates)
    if undefined.any():
        return no_interval(
            f"all models tie in {undefined.sum()} of {len(replicates)} resamples", over=MEMBERS
        )
    tail = float(ndtr(student.ppf((1 - level) / 2, members - 1) * sqrt(members / (members - 1))))
    low, high = np.quantile(replicates, [tail, 1 - tail], method="inverted_cdf")
    return Interval(float(min(low, value)), float(max(high, value)), MEMBERS)
