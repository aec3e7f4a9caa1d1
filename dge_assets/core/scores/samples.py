"""How the score of an approach varies: with the test rows that one has, and with the members that
one has.

Here: a score with its replicates over test rows and the influence of each member, the difference of
two, and the influences themselves. Not here: which approach has which (`scores.scored`), the
intervals that follow (`intervals.interval`), tables (`scores.intervals`).

The score of K members is a function of K exchangeable members. Leaving each out in turn gives its
jackknife variance (Efron and Tibshirani 1993, chapter 11), kept as one influence per member, whose
squares add up to it: then a difference of two approaches that share members is the difference of
their influences, and what a member does to both cancels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan, sqrt

import numpy as np

from dge_assets.core.arrays import Array, Replicates
from dge_assets.core.rounding import mean_of


@dataclass(frozen=True, eq=False)
class ScoreSample:
    """One score and how it varies.

    replicates (replicates,): on resampled test rows. influence (n,): of each of the n members there
    are, 0 for those that the score is not made of; the sum of its squares is the variance over
    members. alone: further variance, of one member that stands for all. members: how many it is
    made of; 0 for the oracle, and where what other members would give is not known.
    """

    value: float
    replicates: Replicates
    influence: Array
    members: int
    alone: float = 0.0

    @property
    def member_variance(self) -> float:
        """Over the members that one happens to have; NaN where a member has no score."""
        return float(np.sum(self.influence**2)) + self.alone

    def __sub__(self, other: ScoreSample) -> ScoreSample:
        """The difference of two scores on the same rows and of the same members."""
        counts = [item.members for item in (self, other) if item.members]
        return ScoreSample(
            self.value - other.value,
            self.replicates - other.replicates,
            self.influence - other.influence,
            min(counts, default=0),
            self.alone + other.alone,
        )


def mean_of_singles(
    values: Sequence[float], replicates: Sequence[Replicates]
) -> tuple[ScoreSample, float]:
    """From the score of each of n members and its replicates: the mean score of one member, and the
    variance of one about that mean.
    """
    n, scores = len(values), np.array(values)
    variance = float(np.var(scores, ddof=1)) if n > 1 else nan
    middle = float(mean_of([np.asarray(value) for value in scores]))
    # Centred on the mean as it is told, so that equal scores have no influence at all.
    own = (scores - middle) / sqrt(n * (n - 1)) if n > 1 else np.full(n, nan)
    return ScoreSample(middle, mean_of(replicates), own, n), variance * (1 - 1 / n)


def influence(without: Array, n: int) -> Array:
    """The influence (n,) of each of n members on the score of the first K of them, from that score
    without each of these in turn (K,).
    """
    K = len(without)
    found = np.zeros(n)
    found[:K] = sqrt((K - 1) / K) * (
        float(mean_of([np.asarray(value) for value in without])) - without
    )
    return found
