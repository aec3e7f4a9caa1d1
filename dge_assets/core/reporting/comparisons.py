"""What an ensemble gains over one dataset, and how far claims are from the truth: frames in, records out.

Not here: the sentences (`verdict`) and tables (`tables`) that are made of these records.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, nan

import pandas as pd

from dge_assets.core.reporting.frames import approach_order, complete_models, largest_dge, mean_over, sign_of
from dge_assets.core.reporting.texts import decimals_for
from dge_assets.core.score_intervals import WHICH_DATASET


@dataclass(frozen=True)
class Gain:
    """What the largest DGE gains over naive_single for one family and metric; positive is better."""

    family: str
    metric: str
    approach: str
    naive: float
    value: float
    gain: float
    low: float
    """The ends of where the gain over another single dataset would lie at 95 %, the DGE being as it is; NaN where
    naive_single has no interval over datasets. Mean of the models' ends, as wide as the interval of their mean can be."""
    high: float
    oracle: float
    best: str
    best_value: float

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


def training_gains(training_scores: pd.DataFrame, *, metrics: Sequence[str], model: str | None = None) -> list[Gain]:
    """Compare, per family and metric, the DGE of largest K with naive_single; families that lack one are left out."""
    if training_scores.empty:
        return []
    scores = training_scores if model is None else training_scores[training_scores["model"] == model]
    gains = []
    for metric in metrics:
        models = complete_models(scores, metric)
        for family, of_family in scores.groupby("family", sort=False):
            means = {name: mean_over(rows, metric, models) for name, rows in of_family.groupby("approach")}
            singles = of_family[(of_family["approach"] == "naive_single") & of_family["model"].isin(models)]
            gains += _gain(str(family), metric, means, _ends(singles[singles["metric"] == metric]))
    return gains


def _ends(singles: pd.DataFrame) -> tuple[float, float]:
    """Where the score on another dataset would lie, over models; NaN where one has no interval over datasets."""
    if "over" not in singles or not (singles["over"] == WHICH_DATASET).all():
        return nan, nan
    return float(singles["low"].mean(skipna=False)), float(singles["high"].mean(skipna=False))


def _gain(family: str, metric: str, means: dict[str, float], single: tuple[float, float]) -> list[Gain]:
    largest = largest_dge(means)
    if largest is None or not isfinite(means.get("naive_single", nan)):
        return []
    naive, value = means["naive_single"], means[largest]
    sign = sign_of(metric)
    low, high = sorted(sign * (value - end) for end in single)
    best = max((name for name in approach_order(list(means)) if name != "oracle"), key=lambda name: sign * means[name])
    return [
        Gain(
            family=family,
            metric=metric,
            approach=largest,
            naive=naive,
            value=value,
            gain=sign * (value - naive),
            low=low,
            high=high,
            oracle=means.get("oracle", nan),
            best=best,
            best_value=means[best],
        )
    ]


@dataclass(frozen=True)
class ClaimError:
    """How far claims made from synthetic rows are from the score on real rows, for one family and metric."""

    family: str
    metric: str
    approach: str
    distance: float
    """Mean over models of |claim - oracle|."""
    optimism: float
    """Mean over models of (claim - oracle), signed so that positive claims too much."""


def evaluation_errors(evaluation_scores: pd.DataFrame, *, metrics: Sequence[str]) -> list[ClaimError]:
    """Measure each claim against the oracle, over the models for which every approach has a value."""
    if evaluation_scores.empty:
        return []
    errors = []
    for metric in metrics:
        models = complete_models(evaluation_scores, metric)
        rows = evaluation_scores[(evaluation_scores["metric"] == metric) & evaluation_scores["model"].isin(models)]
        for family, of_family in rows.groupby("family", sort=False):
            table = of_family.pivot(index="model", columns="approach", values="value")
            for approach in approach_order(list(table.columns)) if "oracle" in table else []:
                off = table[approach] - table["oracle"]
                if approach != "oracle":
                    far = ClaimError(str(family), metric, approach, off.abs().mean(), sign_of(metric) * off.mean())
                    errors.append(far)
    return errors
