"""What an ensemble gains over one dataset, and how far claims are from the truth: frames in,
records out.

Not here: the sentences (`verdict`) and tables (`tables`) that are made of these records.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, nan

import pandas as pd

from dge_assets.core.reporting.frames import (
    approach_order,
    complete_models,
    largest_dge,
    mean_over,
    sign_of,
)
from dge_assets.core.reporting.texts import decimals_for
from dge_assets.core.scores.approach import SINGLE_MEAN


@dataclass(frozen=True)
class Gain:
    """What the largest DGE gains over single datasets for one family and metric, as a mean over
    models; positive is better.
    """

    family: str
    metric: str
    approach: str
    naive: float
    """Mean over all single datasets, or of dataset 0 where the differences are not known."""
    value: float
    gain: float
    low: float
    """The ends of the expected gain at 95 %, over members and test rows: means of the models' ends,
    as wide as the interval of their mean can be. NaN where it is not known."""
    high: float
    oracle: float
    best: str
    best_value: float
    remark: str = ""
    """Why the sign of this gain is no finding; empty where it is one."""

    @property
    def decimals(self) -> int:
        """Decimals with which all of this comparison is printed."""
        return decimals_for([self.naive, self.value, self.oracle])

    @property
    def verdict(self) -> str:
        """`better`, `worse` or `the same`, by the printed digits."""
        if round(self.gain, self.decimals) == 0:
            return "the same"
        return "better" if self.gain > 0 else "worse"


def training_gains(
    training_scores: pd.DataFrame,
    differences: pd.DataFrame,
    *,
    metrics: Sequence[str],
    model: str | None = None,
) -> list[Gain]:
    """Compare, per family and metric, the DGE of largest K with single datasets; families that lack
    one are left out.

    differences: the table `approach_differences`; an empty one gives gains over dataset 0, without
    intervals.
    """
    if training_scores.empty:
        return []
    scores = (
        training_scores if model is None else training_scores[training_scores["model"] == model]
    )
    gains = []
    for metric in metrics:
        models = complete_models(scores, metric)
        for family, of_family in scores.groupby("family", sort=False):
            means = {
                name: mean_over(rows, metric, models)
                for name, rows in of_family.groupby("approach")
            }
            largest = largest_dge(means)
            if largest is not None and isfinite(means.get("naive_single", nan)):
                apart = _expected_gain(differences, str(family), metric, largest, models)
                gains.append(_gain(str(family), metric, means, largest, apart))
    return gains


@dataclass(frozen=True)
class _Expected:
    gain: float
    low: float
    high: float
    remark: str


def _expected_gain(
    differences: pd.DataFrame, family: str, metric: str, approach: str, models: Sequence[str]
) -> _Expected | None:
    """Of the DGE over the mean of all single datasets, as a mean over models; None where it is not
    known for each of them.
    """
    if differences.empty:
        return None
    chosen = {"family": family, "metric": metric, "approach": approach, "against": str(SINGLE_MEAN)}
    rows = differences[
        (differences[list(chosen)] == pd.Series(chosen)).all(axis=1)
        & differences["model"].isin(models)
    ]
    if not len(rows):
        return None
    sign = sign_of(metric)
    low, high = sorted(
        sign * float(rows[f"expected_{end}"].mean(skipna=False)) for end in ("low", "high")
    )
    gain = sign * float(rows["difference"].mean(skipna=False))
    return _Expected(gain, low, high, str(rows["remark"].iloc[0]))


def _gain(
    family: str, metric: str, means: dict[str, float], largest: str, apart: _Expected | None
) -> Gain:
    sign, value = sign_of(metric), means[largest]
    found = apart or _Expected(sign * (value - means["naive_single"]), nan, nan, "")
    best = max(
        (name for name in approach_order(list(means)) if name != "oracle"),
        key=lambda name: sign * means[name],
    )
    return Gain(
        family=family,
        metric=metric,
        approach=largest,
        naive=value - sign * found.gain,
        value=value,
        gain=found.gain,
        low=found.low,
        high=found.high,
        oracle=means.get("oracle", nan),
        best=best,
        best_value=means[best],
        remark=found.remark,
    )


_AVERAGED = ("error", "optimism", "gain", "low", "high", "limit")


@dataclass(frozen=True)
class ClaimError:
    """How far claims made from synthetic rows are from the score on real rows, for one family,
    metric and approach.

    All are means over models of the columns of `claim_errors`; low and high of the models' ends, as
    wide as the interval of their mean can be. NaN where they are not known.
    """

    family: str
    metric: str
    approach: str
    error: float
    optimism: float
    gain: float
    low: float
    high: float
    limit: float

    @property
    def is_far_off(self) -> bool:
        """Whether such claims are not to be believed on this table."""
        return self.error > self.limit


def mean_claim_errors(
    claim_errors: pd.DataFrame, *, metrics: Sequence[str], model: str | None = None
) -> list[ClaimError]:
    """The errors of each way of claiming, over the models for which every one of them has a value."""
    if claim_errors.empty:
        return []
    chosen = claim_errors if model is None else claim_errors[claim_errors["model"] == model]
    found = []
    for metric in metrics:
        models = complete_models(chosen.assign(value=chosen["error"]), metric)
        rows = chosen[(chosen["metric"] == metric) & chosen["model"].isin(models)]
        for family, of_family in rows.groupby("family", sort=False):
            for approach in approach_order(list(of_family["approach"])):
                of_claim = of_family[of_family["approach"] == approach]
                numbers = {name: float(of_claim[name].mean(skipna=False)) for name in _AVERAGED}
                found.append(ClaimError(str(family), metric, approach, **numbers))
    return found
