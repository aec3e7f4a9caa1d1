"""The claims, as differences that are above zero where the paper is right, each with its interval
and verdict.

Every quantity is a mean over model classes. Its variance is that over the members one happens to
have (jackknife: Efron and Tibshirani 1993, chapter 11) plus that over the test rows one happens to
have (bootstrap, ibid. chapter 6), as both are drawn independently; the interval is Student's at 95
% with K - 1 degrees of freedom. Rankings of models are no smooth function of scores: their interval
is of percentiles, members and rows drawn together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy.stats import kendalltau, t

from benchmarks.claims.measures import (
    Codes,
    metric,
    risk_area,
    row_weights,
    squared_error,
    total_uncertainty,
)
from benchmarks.claims.predictions import Mask, ModelPredictions, TestRows
from dge_assets.core.arrays import Array
from dge_assets.core.intervals.interval import jackknife_variance
from dge_assets.core.intervals.resampling import Weights
from dge_assets.core.randomness import generator, seed_sequence

Verdict = Literal["held", "not held", "not shown"]
Ends = tuple[float, float]
"""The low and the high end of an interval."""
FEWEST_GROUP_ROWS = 30
_ALL_ROWS = slice(None)


@dataclass(frozen=True)
class Found:
    """value: mean over model classes.

    held_in: of `models` classes, those whose own interval lies above zero.
    """

    value: float
    low: float
    high: float
    verdict: Verdict
    held_in: int
    refuted_in: int
    models: int

    @classmethod
    def of(cls, value: float, ends: Ends, models: Sequence[Ends] = ()) -> Found:
        """With verdicts by intervals: `ends` of the value, `models` of each class by itself where
        it has one.
        """
        verdicts = [_verdict(*each) for each in models]
        counts = (verdicts.count("held"), verdicts.count("not held"), len(verdicts))
        return cls(value, *ends, _verdict(*ends), *counts)

    def document(self) -> dict[str, Any]:
        """As it is kept."""
        return asdict(self)


def _verdict(low: float, high: float) -> Verdict:
    return "held" if low > 0 else "not held" if high < 0 else "not shown"


@dataclass(frozen=True)
class Sample:
    """A difference and how it varies: at the rows as they are, by replicate of rows, and without
    each member.
    """

    value: float
    replicates: Array
    without: Array

    @property
    def error(self) -> float:
        """Standard error over members and rows."""
        members = jackknife_variance(self.without) if len(self.without) else 0.0
        return float(np.sqrt(members + np.var(self.replicates, ddof=1)))

    def ends(self, reach: float) -> Ends:
        """Of the interval that lies `reach` standard errors to each side."""
        return self.value - reach * self.error, self.value + reach * self.error


def judged(samples: Mapping[str, Sample], degrees: int) -> Found | None:
    """The mean over model classes; None where no class has a value."""
    usable = [item for item in samples.values() if np.isfinite(item.value)]
    if not usable:
        return None
    mean = _mean_of(usable)
    reach = float(t.ppf(0.975, degrees))
    return Found.of(mean.value, mean.ends(reach), [item.ends(reach) for item in usable])


def _mean_of(samples: list[Sample]) -> Sample:
    return Sample(
        float(np.mean([item.value for item in samples])),
        np.mean([item.replicates for item in samples], axis=0),
        np.mean([item.without for item in samples], axis=0),
    )


Score = Callable[[Array, Weights], Array]
"""Members' probabilities (m, rows) and weights -> one value per weighting, of the ensemble of these
members.
"""


def _against_single(score: Score, full: Array, weights: Weights, sign: int) -> Sample:
    """Score of all members together minus the mean score of each alone, times `sign`."""
    singles = np.stack([score(full[index : index + 1], weights) for index in range(len(full))])
    together = score(full, weights)
    once = weights[:, :1]
    without = []
    for index in range(len(full)):
        rest = np.delete(np.arange(len(full)), index)
        without.append(score(full[rest], once)[0] - singles[rest, 0].mean())
    apart = sign * (together - singles.mean(axis=0))
    return Sample(float(apart[0]), apart[1:], sign * np.array(without))


def _against_ensemble(
    score: Score, naive: Score, full: Array, weights: Weights, sign: int
) -> Sample:
    """Score of all members together minus that of the naive ensemble, which is of dataset 0
    whatever the members.
    """
    apart = sign * (score(full, weights) - naive(full, weights))
    fixed = naive(full, weights[:, :1])[0]
    members = range(len(full))
    without = [
        score(np.delete(full, index, axis=0), weights[:, :1])[0] - fixed for index in members
    ]
    return Sample(float(apart[0]), apart[1:], sign * np.array(without))


def _evaluation_error(truth: Array, claimed: Array, *, optimism: bool) -> Sample:
    """Mean over models of |own claim - truth| minus |others' claim - truth|; with `optimism` of own
    claim - truth.

    truth (K, weightings): of part models. claimed (K, K): AUC of model i on dataset j.
    """
    K = len(claimed)

    def value(members: npt.NDArray[np.intp], true: Array) -> Array:
        own = np.diag(claimed)[members, None] - true[members]
        if optimism:
            return np.asarray(own.mean(axis=0))
        chosen = claimed[np.ix_(members, members)]
        others = (chosen.sum(axis=1) - np.diag(chosen)) / (len(members) - 1)
        return np.asarray((np.abs(own) - np.abs(others[:, None] - true[members])).mean(axis=0))

    everyone = np.arange(K)
    all_of = value(everyone, truth)
    without = [value(np.delete(everyone, index), truth[:, :1])[0] for index in range(K)]
    return Sample(float(all_of[0]), all_of[1:], np.array(without))


def _ranking(
    truths: Mapping[str, Array], predicted: Mapping[str, ModelPredictions], table: str
) -> Found | None:
    """Kendall's tau with the true ranking of model classes: that of the DGE evaluation minus that
    of the naive one.
    """
    models = list(predicted)
    if len(models) < 2:
        return None
    claimed = np.stack([predicted[model].claimed for model in models])
    truth = np.stack([truths[model] for model in models])
    K, weightings = truth.shape[1:]

    def apart(members: npt.NDArray[np.intp], replicate: int) -> float:
        true = truth[:, members, replicate].mean(axis=1)
        own = claimed[:, members, members].mean(axis=1)
        chosen = claimed[:, members[:, None], members[None, :]]
        is_other = members[:, None] != members[None, :]
        others = np.where(is_other, chosen, 0.0).sum(axis=(1, 2)) / is_other.sum()
        return float(kendalltau(others, true).statistic - kendalltau(own, true).statistic)

    rng = generator(seed_sequence(table=table, purpose="claims ranking"))
    drawn = [apart(rng.choice(np.arange(K), K), replicate) for replicate in range(1, weightings)]
    value = apart(np.arange(K), 0)
    if not np.isfinite([value, *drawn]).all():
        return None
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Found.of(value, (float(low), float(high)))


def _gain(y: Codes, full: Array, weights: Weights, chosen: Mask | slice = _ALL_ROWS) -> Sample:
    """Gain in squared error of all members over a single one, in the rows that are `chosen`."""

    def error(members: Array, weighting: Weights) -> Array:
        return squared_error(y[chosen], members.mean(axis=0)[chosen], weighting[chosen])

    return _against_single(error, full, weights, -1)


def _excess_gains(
    rows: TestRows, predicted: Mapping[str, ModelPredictions], weights: Weights
) -> dict[str, dict[str, Sample]]:
    """By claim and model class: the gain in groups of rows minus that over all rows, as the mean
    over the claim's groups.

    Groups of few rows are left out, and so is a claim that has no others.
    """
    groups = {"sparse": [rows.sparse], "minorities": list(rows.minorities.values())}
    large = {
        claim: [mask for mask in masks if mask.sum() >= FEWEST_GROUP_ROWS]
        for claim, masks in groups.items()
    }
    found: dict[str, dict[str, Sample]] = {claim: {} for claim, masks in large.items() if masks}
    if not found:
        return {}
    for model, item in predicted.items():
        overall = _gain(rows.y, item.full, weights)
        for claim, samples in found.items():
            gains = [_gain(rows.y, item.full, weights, mask) for mask in large[claim]]
            samples[model] = _mean_of([_minus(gain, overall) for gain in gains])
    return found


def _minus(one: Sample, other: Sample) -> Sample:
    return Sample(
        one.value - other.value, one.replicates - other.replicates, one.without - other.without
    )


def compare(
    table: str, rows: TestRows, predicted: Mapping[str, ModelPredictions]
) -> dict[str, Found]:
    """All claims for one table and family, by key; those that have no value there are left out (the
    page says why).
    """
    weights = row_weights(table, len(rows.y))
    y = rows.y
    members = len(next(iter(predicted.values())).full)

    def auc(chosen: Array, weighting: Weights) -> Array:
        return metric("auc", y, chosen.mean(axis=0), weighting)

    def calibration(chosen: Array, weighting: Weights) -> Array:
        return metric("ece", y, chosen.mean(axis=0), weighting)

    def risk(chosen: Array, weighting: Weights) -> Array:
        return risk_area(y, chosen.mean(axis=0), total_uncertainty(chosen), weighting)

    def over_models(sample: Callable[[ModelPredictions], Sample]) -> Found | None:
        return judged({model: sample(item) for model, item in predicted.items()}, members - 1)

    def naive(score: Score, item: ModelPredictions) -> Score:
        return lambda _full, weighting: score(item.naive_ensemble[None], weighting)

    truths = {
        model: np.stack([metric("auc", y, one, weights) for one in item.part])
        for model, item in predicted.items()
    }
    found: dict[str, Found | None] = {
        "training_single": over_models(lambda item: _against_single(auc, item.full, weights, +1)),
        "training_ensemble": over_models(
            lambda item: _against_ensemble(auc, naive(auc, item), item.full, weights, +1)
        ),
        "optimism": judged(
            {
                m: _evaluation_error(truths[m], item.claimed, optimism=True)
                for m, item in predicted.items()
            },
            members - 1,
        ),
        "evaluation": judged(
            {
                m: _evaluation_error(truths[m], item.claimed, optimism=False)
                for m, item in predicted.items()
            },
            members - 1,
        ),
        "selection": _ranking(truths, predicted, table),
        "risk_single": over_models(lambda item: _against_single(risk, item.full, weights, -1)),
        "risk_ensemble": over_models(
            lambda item: _against_ensemble(risk, naive(risk, item), item.full, weights, -1)
        ),
        "calibration": over_models(
            lambda item: _against_single(calibration, item.full, weights, -1)
        ),
    }
    for claim, samples in _excess_gains(rows, predicted, weights).items():
        found[claim] = judged(samples, members - 1)
    return {name: item for name, item in found.items() if item is not None}
