"""How the score of an approach varies: with the test rows that one has, and with the members that
one has.

Here: a score with its replicates over test rows and the influence of each member, for each approach
and metric, and their differences. Not here: the intervals that follow (`intervals.interval`),
tables (`scores.intervals`).

The score of K members is a function of K exchangeable members. Leaving each out in turn gives its
jackknife variance (Efron and Tibshirani 1993, chapter 11), kept as one influence per member, whose
squares add up to it: then a difference of two approaches that share members is the difference of
their influences, and what a member does to both cancels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan, sqrt

import numpy as np

from dge_assets.core.arrays import Array, Codes, Replicates
from dge_assets.core.contract.contract import Task
from dge_assets.core.intervals.resampling import Resamples
from dge_assets.core.rounding import mean_of
from dge_assets.core.scores.approach import SINGLE_MEAN, Approach
from dge_assets.core.scores.metrics import score_encoded
from dge_assets.core.scores.predictions import TrainingPredictions, combine
from dge_assets.core.scores.replicates import replicate_scores
from dge_assets.core.scores.tables import training_ensembles


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


Samples = Mapping[str, Mapping[str, ScoreSample]]
"""Approach -> metric -> sample."""


def score_samples(
    names: Sequence[str],
    y: Codes,
    predictions: TrainingPredictions,
    ks: Sequence[int],
    *,
    task: Task,
    resamples: Resamples,
) -> Samples:
    """The samples of all approaches that are scored on real_test (y encoded), and of `SINGLE_MEAN`.

    What naive_ensemble and naive_concat would be with other members is not known without fitting
    them anew: they count as they are, with no influence of members. naive_single and dge_1 stand
    for any single dataset: the mean over datasets varies as the members' scores do, and one of them
    as much again about that mean.
    """
    n = len(predictions.members)
    none = dict.fromkeys(names, (np.zeros(n), 0))
    singles = [
        _scored(names, y, [member], task=task, resamples=resamples)
        for member in predictions.members
    ]
    together, spread = _mean_of_singles(names, singles)
    samples: dict[str, dict[str, ScoreSample]] = {}
    for approach, arrays in training_ensembles(predictions, ks).items():
        count = Approach.read(approach).members
        if count == 1:
            samples[approach] = {
                name: ScoreSample(*singles[0][name], together[name].influence, n, spread[name])
                for name in names
            }
            continue
        found = _influences(names, y, arrays, n, task=task) if count else none
        scored = _scored(names, y, arrays, task=task, resamples=resamples)
        samples[approach] = {name: ScoreSample(*scored[name], *found[name]) for name in names}
    return {**samples, str(SINGLE_MEAN): together}


def _scored(
    names: Sequence[str], y: Codes, arrays: Sequence[Array], *, task: Task, resamples: Resamples
) -> dict[str, tuple[float, Replicates]]:
    """By metric: the score of these arrays as one prediction, and its replicates."""
    table = combine(arrays, task=task)
    values = score_encoded(names, y, table, task=task).values
    replicates = replicate_scores(names, y, table, resamples, task=task)
    return {name: (values[name], replicates[name]) for name in names}


def _mean_of_singles(
    names: Sequence[str], singles: Sequence[Mapping[str, tuple[float, Replicates]]]
) -> tuple[dict[str, ScoreSample], dict[str, float]]:
    """By metric: the mean score of one member, and the variance of one about that mean."""
    n = len(singles)
    samples, spread = {}, {}
    for name in names:
        values = np.array([found[name][0] for found in singles])
        variance = float(np.var(values, ddof=1)) if n > 1 else nan
        middle = float(mean_of([np.asarray(value) for value in values]))
        # Centred on the mean as it is told, so that equal scores have no influence at all.
        influence = (values - middle) / sqrt(n * (n - 1)) if n > 1 else np.full(n, nan)
        replicates = mean_of([found[name][1] for found in singles])
        samples[name] = ScoreSample(middle, replicates, influence, n)
        spread[name] = variance * (1 - 1 / n)
    return samples, spread


def _influences(
    names: Sequence[str], y: Codes, arrays: Sequence[Array], n: int, *, task: Task
) -> dict[str, tuple[Array, int]]:
    """By metric: the influence (n,) of each of the first K members on their ensemble's score, and
    K.
    """
    K = len(arrays)
    without = [
        score_encoded(
            names, y, combine([*arrays[:i], *arrays[i + 1 :]], task=task), task=task
        ).values
        for i in range(K)
    ]
    found = {}
    for name in names:
        values = np.array([scores[name] for scores in without])
        influence = np.zeros(n)
        influence[:K] = sqrt((K - 1) / K) * (
            float(mean_of([np.asarray(value) for value in values])) - values
        )
        found[name] = (influence, K)
    return found
