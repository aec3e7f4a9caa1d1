"""Scores of weighted test rows, for many weightings at once: column 0 of the weights is ones, the
rest are replicates.

Here: one array of probabilities and the weights in, one value per weighting out. Not here: what is
compared (`claims`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dge_assets.core.arrays import Array
from dge_assets.core.intervals.resampling import Resamples, Weights
from dge_assets.core.randomness import seed_sequence
from dge_assets.core.scores.replicates import score_weighted
from dge_assets.core.uncertainty.decomposition import uncertainty_of
from dge_assets.core.uncertainty.replicated_risk import risk_areas

Codes = npt.NDArray[np.int64]
REPLICATES = 200


def row_weights(table: str, rows: int) -> Weights:
    """(rows, 1 + REPLICATES): ones, then how often each row is drawn into each replicate."""
    resamples = Resamples(rows, seed_sequence(table=table, purpose="claims"), REPLICATES)
    return np.column_stack([np.ones(rows, dtype=np.float32), *resamples.blocks()])


def metric(name: str, y: Codes, probability: Array, weights: Weights) -> Array:
    """A metric of `dge_assets.core.scores.metrics` by weighting."""
    table = np.column_stack([1 - probability, probability])
    return score_weighted([name], y, table, weights, task="binary")[name]


def squared_error(y: Codes, probability: Array, weights: Weights) -> Array:
    """The Brier score by weighting; NaN where no row has weight."""
    total = weights.sum(axis=0, dtype=np.float64)
    summed = ((probability - y) ** 2).astype(np.float32) @ weights
    return np.asarray(np.divide(summed, total, out=np.full(len(total), np.nan), where=total > 0))


def total_uncertainty(members: Array) -> Array:
    """Entropy (nats) of the mean prediction of members (K, rows), by row: what rows are kept by."""
    tables = [np.column_stack([1 - row, row]) for row in members]
    return uncertainty_of(tables, task="binary", name="claims").total


def risk_area(y: Codes, probability: Array, unsure: Array, weights: Weights) -> Array:
    """Area under risk against coverage (Geifman, Uziel and El-Yaniv 2019) by weighting; ties share
    their mean error.
    """
    return risk_areas(((probability > 0.5) != y).astype(np.float64), unsure, weights)
