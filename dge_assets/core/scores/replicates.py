"""Metrics of many replicates of the same rows at once: weights in, one value per replicate out.

A replicate in which row i occurs w_i times has the value that `metrics` gives for the rows repeated
w_i times; the tests hold each metric to that. Here because intervals need hundreds of replicates of
every score, and sums over weights give them for the price of a few matrix products. Not here:
drawing weights (`resampling`), what a metric means (`metrics`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from dge_assets.core.arrays import Array, Codes, Replicates
from dge_assets.core.contract.contract import Task
from dge_assets.core.errors import EvaluationError
from dge_assets.core.intervals.resampling import PartOfResamples, Resamples, Weights
from dge_assets.core.rounding import unit_of
from dge_assets.core.scores.metrics import (
    CALIBRATION_BINS,
    SMALLEST_PROBABILITY,
    Bools,
    calibration_bins,
    class_views,
    confidence_and_hits,
    metric_card,
    predicted_class,
    squared_errors,
)
from dge_assets.core.scores.replicated_auc import Ranks


def replicate_scores(
    metrics: Sequence[str],
    y: Codes,
    predictions: Array,
    resamples: Resamples | PartOfResamples,
    *,
    task: Task,
) -> dict[str, Replicates]:
    """The metrics of each replicate, by name, as `score_encoded` would give them for the
    replicate's rows.

    y (rows,) and predictions (rows, classes) or (rows, m): of the rows that `resamples` draws from,
    or those of them that take part.
    """
    if len(y) != resamples.rows:
        raise EvaluationError(f"{len(y)} target values for replicates of {resamples.rows} rows")
    table = predictions[:, None] if predictions.ndim == 1 else predictions
    parts = [
        score_weighted(metrics, y, table, weights, task=task) for weights in resamples.blocks()
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in metrics}


def replicate_means(per_row: Sequence[Array], resamples: Resamples) -> npt.NDArray[np.float64]:
    """The mean of each quantity in each replicate: (quantities, replicates), from one value per row
    (rows,) of each.

    A quantity that is the same in all rows is so in all replicates, to the last bit.
    """
    values = np.stack(per_row)
    if values.shape[1] != resamples.rows:
        raise EvaluationError(f"{values.shape[1]} values for replicates of {resamples.rows} rows")
    # Sums are in single precision: of differences to a middle row, neither a large mean nor a far
    # row eats their digits.
    middle = np.partition(values, values.shape[1] // 2, axis=1)[:, values.shape[1] // 2, None]
    units = np.array([[unit_of(row)] for row in values - middle])
    apart = ((values - middle) / units).astype(np.float32)
    parts = [
        (apart @ weights).astype(np.float64) / weights.sum(axis=0) for weights in resamples.blocks()
    ]
    return np.asarray(middle + np.concatenate(parts, axis=1) * units)


def score_weighted(
    metrics: Sequence[str], y: Codes, table: Array, weights: Weights, *, task: Task
) -> dict[str, Replicates]:
    """The metrics of each column of `weights` (rows, replicates), by name: one value per replicate,
    (replicates,).
    """
    for name in metrics:
        metric_card(name, task)
    counted = _Counted(y, table, weights)
    return {name: np.asarray(_WEIGHTED[task][name](counted), dtype=np.float64) for name in metrics}


@dataclass(frozen=True, eq=False)
class _Counted:
    """Rows with their weights; what several metrics share is computed once."""

    y: Any
    table: Array
    weights: Weights

    @cached_property
    def total(self) -> Replicates:
        return np.asarray(self.weights.sum(axis=0, dtype=np.float64))

    @cached_property
    def views(self) -> list[tuple[str, Bools, Bools, Array]]:
        return list(class_views(self.y, self.table))

    @cached_property
    def ranks(self) -> list[Ranks]:
        return [Ranks(probability, actual) for _, actual, _, probability in self.views]

    @cached_property
    def sums(self) -> dict[str, npt.NDArray[np.float64]]:
        """Sums over rows for classification, (sums, replicates) by name, all from one product with
        the weights.

        Each product reads all weights, which takes longer than multiplying by them: apart they
        would take five times as long.
        """
        y, table, rows = self.y, self.table, np.arange(len(self.y))
        own = np.clip(table[rows, y], SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
        confidence, hits = confidence_and_hits(y, table)
        gaps = np.zeros((CALIBRATION_BINS, len(y)), dtype=np.float32)
        gaps[calibration_bins(confidence), rows] = confidence - hits
        views = [
            part for _, actual, named, _ in self.views for part in (actual, named, actual & named)
        ]
        parts: dict[str, Any] = {
            "total": [np.ones(len(y))],
            "right": [predicted_class(table) == y],
            "losses": [-np.log(own)],
            "squares": [squared_errors(y, table)],
            "classes": views,
            "gaps": gaps,
            "ranks": [part for ranks in self.ranks for part in ranks.corrections],
        }
        stacked = np.concatenate([np.asarray(part, dtype=np.float32) for part in parts.values()])
        ends = np.cumsum([len(part) for part in parts.values()])[:-1]
        product = (stacked @ self.weights).astype(np.float64)
        return dict(zip(parts, np.split(product, ends), strict=True))

    @property
    def counts(self) -> npt.NDArray[np.float64]:
        """(classes, 3, replicates): rows that have a class, are predicted to have it, and both."""
        found = self.sums["classes"]
        return found.reshape(-1, 3, found.shape[1])

    def mean(self, per_row: npt.NDArray[Any]) -> Replicates:
        """Weighted mean (replicates,) of one value per row (rows,)."""
        unit = unit_of(per_row)  # single precision ends at 3e38, which squares of 2e19 pass
        summed = (per_row / unit).astype(np.float32) @ self.weights
        return _ratio(np.asarray(summed, dtype=np.float64), self.total) * unit


def _ratio(top: Replicates, bottom: Replicates) -> Replicates:
    """top / bottom, NaN where bottom is 0."""
    return np.divide(top, bottom, out=np.full_like(top, np.nan), where=bottom != 0)


def _macro(values: Sequence[Replicates]) -> Replicates:
    return np.asarray(np.mean(values, axis=0))


def _auc(counted: _Counted) -> Replicates:
    weights, corrections = counted.weights, counted.sums["ranks"].reshape(len(counted.ranks), 2, -1)
    return _macro(
        [
            ranks.shares(weights, found)
            for ranks, found in zip(counted.ranks, corrections, strict=True)
        ]
    )


def _accuracy(counted: _Counted) -> Replicates:
    return _ratio(counted.sums["right"][0], counted.sums["total"][0])


def _precision(counted: _Counted) -> Replicates:
    return _macro([_ratio(both, said) for _, said, both in counted.counts])


def _recall(counted: _Counted) -> Replicates:
    return _macro([_ratio(both, actual) for actual, _, both in counted.counts])


def _f1(counted: _Counted) -> Replicates:
    return _macro([_ratio(2 * both, actual + said) for actual, said, both in counted.counts])


def _nll(counted: _Counted) -> Replicates:
    return _ratio(counted.sums["losses"][0], counted.sums["total"][0])


def _brier(counted: _Counted) -> Replicates:
    return _ratio(counted.sums["squares"][0], counted.sums["total"][0])


def _ece(counted: _Counted) -> Replicates:
    return _ratio(np.abs(counted.sums["gaps"]).sum(axis=0), counted.sums["total"][0])


def _mse(counted: _Counted) -> Replicates:
    with np.errstate(over="ignore"):
        return counted.mean((counted.table.mean(axis=1) - counted.y) ** 2)


def _rmse(counted: _Counted) -> Replicates:
    apart = counted.table.mean(axis=1) - counted.y
    unit = unit_of(apart)
    return np.asarray(np.sqrt(counted.mean((apart / unit) ** 2)) * unit)


def _mae(counted: _Counted) -> Replicates:
    return counted.mean(np.abs(counted.table.mean(axis=1) - counted.y))


def _r2(counted: _Counted) -> Replicates:
    # Moments about the rows' own mean, else a large offset would eat the digits of single
    # precision.
    centred = counted.y - np.mean(counted.y) if len(counted.y) else counted.y
    unit = unit_of(centred)
    centred = centred / unit
    variance = counted.mean(centred**2) - counted.mean(centred) ** 2
    scale = float(np.mean(centred**2)) if len(counted.y) else 0.0
    error = counted.mean(((counted.table.mean(axis=1) - counted.y) / unit) ** 2)
    return 1 - _ratio(error, np.where(variance > 1e-6 * scale, variance, 0.0))


def _crps(counted: _Counted) -> Replicates:
    count = counted.table.shape[1]
    factors = (2 * np.arange(count) - count + 1).astype(np.float64)
    spread = np.sort(counted.table, axis=1) @ factors / count**2
    return counted.mean(
        np.maximum(np.abs(counted.table - counted.y[:, None]).mean(axis=1) - spread, 0)
    )


_CLASSIFICATION: dict[str, Callable[[_Counted], Replicates]] = {
    "auc": _auc,
    "accuracy": _accuracy,
    "f1": _f1,
    "precision": _precision,
    "recall": _recall,
    "nll": _nll,
    "brier": _brier,
    "ece": _ece,
}
_WEIGHTED: dict[Task, dict[str, Callable[[_Counted], Replicates]]] = {
    "binary": _CLASSIFICATION,
    "multiclass": _CLASSIFICATION,
    "regression": {"rmse": _rmse, "mae": _mae, "r2": _r2, "crps": _crps, "mse": _mse},
}
