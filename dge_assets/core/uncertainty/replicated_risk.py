"""Selective prediction of many replicates of the same rows at once: areas under risk against
coverage, and points of it.

A replicate in which row i occurs w_i times has the area and the risks that
`uncertainty.selective_prediction` gives for the rows repeated w_i times; the tests hold it to that.
Not here: what the curve means (`uncertainty.selective_prediction`), drawing weights (`resampling`).

With H(m) = 1 + 1/2 + ... + 1/m, the mean risk over all coverages is a sum over rows: the loss at
position j of the order counts in every risk from there on, so with (H(n) - H(j - 1)) / n. Rows of
equal uncertainty share their mean loss, and the sum of H over the positions of such a group has a
closed form. H is as good as flat over a few rows far from the first, so beyond the first `FINE`
positions neighbours within 1 / `FINE` of their position are taken as ties. What that changes is
known for the rows themselves, and taken off every replicate; what is left is far below the spread
of replicates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from dge_assets.core.arrays import Array, Replicates
from dge_assets.core.errors import EvaluationError
from dge_assets.core.intervals.resampling import Resamples, Weights
from dge_assets.core.rounding import unit_of
from dge_assets.core.uncertainty.selective_prediction import risks_by_position

FINE = 256
MOST_CELLS = 4_000_000
"""Places times replicates held at once, 32 MB an array."""


def risk_areas(losses: Array, uncertainty: Array, weights: Weights) -> Replicates:
    """The area `aurc` of `selective` for each column of `weights` (rows, replicates); NaN where no
    row has weight.

    losses: (rows,), at least 0. uncertainty: (rows,), any scale; copies of a row tie, as equal rows
    do.
    """
    return _risks_of(losses, uncertainty, weights, ())[0]


def replicate_risks(
    losses: Array,
    uncertainty: Array,
    resamples: Resamples,
    kept: Sequence[int] | npt.NDArray[np.int64],
) -> tuple[Replicates, npt.NDArray[np.float64]]:
    """Areas (replicates,), and the risks of the first `kept` rows of each replicate's order
    (len(kept), replicates).

    kept: numbers of rows, rising, from 1 to those that `resamples` draws.
    """
    if len(losses) != resamples.rows:
        raise EvaluationError(f"{len(losses)} losses for replicates of {resamples.rows} rows")
    parts = [_risks_of(losses, uncertainty, weights, kept) for weights in resamples.blocks()]
    return np.concatenate([areas for areas, _ in parts]), np.concatenate(
        [risks for _, risks in parts], axis=1
    )


def _risks_of(
    losses: Array, uncertainty: Array, weights: Weights, kept: Sequence[int] | npt.NDArray[np.int64]
) -> tuple[Replicates, npt.NDArray[np.float64]]:
    unit = unit_of(losses)  # sums are in single precision, which ends at 3e38
    losses = losses / unit
    places, counts = _Places.of(losses, uncertainty), np.asarray(kept, dtype=np.int64)
    (area,), risks = places.risks(np.ones((len(losses), 1), dtype=np.float32), counts)
    exact = risks_by_position(losses, uncertainty)
    area_off, risks_off = (
        exact.mean() - area if len(exact) else 0.0,
        exact[counts - 1][:, None] - risks,
    )
    step = max(1, MOST_CELLS // max(places.count, 1))
    parts = [
        places.risks(weights[:, at : at + step], counts) for at in range(0, weights.shape[1], step)
    ]
    areas = np.concatenate([found for found, _ in parts]) + area_off
    return areas * unit, (np.concatenate([found for _, found in parts], axis=1) + risks_off) * unit


@dataclass(frozen=True, eq=False)
class _Places:
    """Rows in places from sure to unsure, of which each is taken as a group of ties.

    counter, loser: (places, rows) matrices that sum weights, and weighted losses, over the rows of
    each place.
    """

    count: int
    counter: Any
    loser: Any

    @classmethod
    def of(cls, losses: Array, uncertainty: Array) -> _Places:
        _, group, sizes = np.unique(uncertainty, return_inverse=True, return_counts=True)
        ends = np.cumsum(sizes)
        first, last = _coarse(ends - sizes), _coarse(ends - 1)
        # Ties that reach beyond one coarse position stay by themselves.
        alone = first != last
        opens = np.ones(len(sizes), dtype=bool)
        opens[1:] = (first[1:] != first[:-1]) | alone[1:] | alone[:-1]
        place, count = (np.cumsum(opens) - 1)[group], int(opens.sum())
        rows, lossy = np.arange(len(losses)), np.flatnonzero(losses)
        shape = (count, len(losses))
        counter = csr_array((np.ones(len(losses), dtype=np.float32), (place, rows)), shape=shape)
        loser = csr_array((losses[lossy].astype(np.float32), (place[lossy], lossy)), shape=shape)
        return cls(count, counter, loser)

    def risks(
        self, weights: Weights, kept: npt.NDArray[np.int64]
    ) -> tuple[Replicates, npt.NDArray[np.float64]]:
        """Areas (replicates,) and risks of the first `kept` rows (len(kept), replicates)."""
        drawn = np.ascontiguousarray(weights)
        counts, lost = (
            np.asarray(self.counter @ drawn),
            np.asarray(self.loser @ drawn, dtype=np.float64),
        )
        ends = np.zeros((self.count + 1, drawn.shape[1]), dtype=np.int64)
        np.cumsum(counts, axis=0, out=ends[1:], dtype=np.int64)
        mean = np.divide(lost, counts, out=np.zeros_like(lost), where=counts > 0)
        total = ends[-1]
        harmonic, summed = _harmonic_sums(int(total.max(initial=0)))
        area = harmonic[total] * lost.sum(axis=0) - (mean * np.diff(summed[ends], axis=0)).sum(
            axis=0
        )
        areas = np.divide(area, total, out=np.full(len(total), np.nan), where=total > 0)
        return areas, _at(ends, lost, mean, kept)


def _coarse(position: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Each position (from 0) by itself up to `FINE`, beyond in steps of 1 / `FINE` of it."""
    steps = FINE * (1 + np.log(np.maximum(position, FINE) / FINE))
    return np.where(position < FINE, position, steps.astype(np.int64))


def _harmonic_sums(most: int) -> tuple[Array, Array]:
    """H(m), and H(0) + ... + H(m - 1) = m H(m) - m, for m = 0..most."""
    counts = np.arange(most + 1, dtype=np.float64)
    harmonic = np.concatenate([[0.0], np.cumsum(1 / counts[1:])])
    return harmonic, counts * harmonic - counts


def _at(
    ends: npt.NDArray[np.int64], lost: Array, mean: Array, kept: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Mean loss of the first `kept` rows in each replicate: (len(kept), replicates)."""
    risks = np.empty((len(kept), ends.shape[1]))
    if not len(kept):
        return risks
    before = np.concatenate([np.zeros((1, lost.shape[1])), np.cumsum(lost, axis=0)])
    by_replicate = np.ascontiguousarray(ends.T)
    for replicate, own in enumerate(by_replicate):
        place = np.searchsorted(own[1:], kept, "left")
        inside = mean[place, replicate] * (kept - own[place])
        risks[:, replicate] = (before[place, replicate] + inside) / kept
    return risks
