"""Calibration: does a class that is given 80 % come true in 80 % of the rows?

Here: reliability curves over bins of confidence, their expected calibration error, and accuracy
against a threshold of confidence. Not here: drawing; the metric `ece` (`metrics`), with which the
equal-width curve agrees. Classification only: a regression that predicts points states no
confidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from dge_assets.core.arrays import Array
from dge_assets.core.rounding import EQUAL, without_rounding
from dge_assets.core.scores.metrics import (
    CALIBRATION_BINS,
    calibration_bins,
    confidence_and_hits,
    predicted_class,
)

CALIBRATION_COLUMNS = ["curve", "bin", "confidence", "accuracy", "n"]
THRESHOLDS = 26
"""From no demand at all (1 / C) to certainty; for two classes in steps of 0.02."""


def reliability_curve(y: Any, probabilities: Array, *, equal_count: bool = False) -> pd.DataFrame:
    """One row per bin of confidence: `bin, confidence, accuracy, n`; a bin without rows has n = 0
    and NaN.

    As for the metric `ece`: binary, the confidence is the probability p of the positive class and
    "accuracy" the share of positive rows; multiclass, the probability of the predicted class, and
    accuracy. confidence and accuracy are means over the bin's rows. 15 bins of equal width over [0,
    1] (Guo et al. 2017), or of equal count: by rank, so that rows of equal confidence stay
    together, whatever their order, and bins are of equal count only where there are no ties. y:
    (n,) codes; probabilities: (n, C).
    """
    confidence, hit = confidence_and_hits(y, probabilities)
    position = (
        (rankdata(without_rounding(confidence)) - 0.5) / max(len(confidence), 1)
        if equal_count
        else confidence
    )
    bins = calibration_bins(position)
    rows = (bins == index for index in range(CALIBRATION_BINS))
    found = [(_mean(confidence[inside]), _mean(hit[inside]), int(inside.sum())) for inside in rows]
    return (
        pd.DataFrame(found, columns=["confidence", "accuracy", "n"])
        .rename_axis("bin")
        .reset_index()
    )


def expected_calibration_error(curve: pd.DataFrame) -> float:
    """ECE of a reliability curve: sum over bins b of (n_b / n) |confidence_b - accuracy_b|; NaN
    without rows.
    """
    filled = curve[curve["n"] > 0]
    if filled.empty:
        return float("nan")
    gaps = (filled["confidence"] - filled["accuracy"]).abs()
    return float((filled["n"] * gaps).sum() / filled["n"].sum())


def accuracy_above_threshold(y: Any, probabilities: Array) -> pd.DataFrame:
    """One row per threshold: `bin, confidence, accuracy, n`, over the n rows that are at least that
    confident.

    confidence is the threshold, from 1 / C to 1; the confidence of a row is the probability of its
    predicted class. Accuracy should rise with the threshold, and lie above it (Lakshminarayanan et
    al. 2017, figure 6; van Breugel et al. 2023). Where no row is so confident, accuracy is NaN.
    """
    sure = probabilities.max(axis=1)
    hit = predicted_class(probabilities) == y
    rows = []
    for index, threshold in enumerate(np.linspace(1 / probabilities.shape[1], 1, THRESHOLDS)):
        kept = sure >= threshold - EQUAL
        rows.append((index, float(threshold), _mean(hit[kept]), int(kept.sum())))
    return pd.DataFrame(rows, columns=["bin", "confidence", "accuracy", "n"])


def reliability_curves(y: Any, probabilities: Array) -> dict[str, pd.DataFrame]:
    """Both `reliability_curve`s, by `equal_width` and `equal_count`."""
    return {
        "equal_width": reliability_curve(y, probabilities),
        "equal_count": reliability_curve(y, probabilities, equal_count=True),
    }


def calibration_curves(
    y: Any, probabilities: Array, reliability: Mapping[str, pd.DataFrame] | None = None
) -> pd.DataFrame:
    """All three curves in one frame: `curve, bin, confidence, accuracy, n`.

    curve is `equal_width`, `equal_count` or `threshold`; only in the last one a row is counted at
    several thresholds. reliability: the `reliability_curves`, where they are known already.
    """
    curves = {
        **(reliability or reliability_curves(y, probabilities)),
        "threshold": accuracy_above_threshold(y, probabilities),
    }
    labelled = [frame.assign(curve=name) for name, frame in curves.items()]
    return pd.concat(labelled, ignore_index=True)[CALIBRATION_COLUMNS]


def _mean(values: Any) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
