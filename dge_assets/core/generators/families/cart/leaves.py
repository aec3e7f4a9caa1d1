"""What is in the leaves of a tree, and draws from it: a Bayesian bootstrap of its rows' values, and
numbers spread over the gaps between them.

Here: pools of values by leaf, drawing and smoothing. Not here: which leaf a row is in (`tree.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Pools:
    """The different values of each leaf's rows, how many rows have each, and the weight that it is
    drawn by.
    """

    starts: Array
    """(leaves + 1,) int64: where the values of each leaf start, and the last one's end."""
    values: Array
    """(m,), ascending in each leaf: float64 numbers, or int32 codes."""
    counts: Array
    """Rows (m,) int32."""
    weights: Array
    """(m,) float32, positive."""

    @cached_property
    def _cumulated(self) -> Array:
        return np.concatenate([[0.0], np.cumsum(self.weights, dtype=np.float64)])

    @cached_property
    def _half_gaps(self) -> Array:
        """Half the distance (m + 1,) of each value from the one before it in its leaf; 0 before a
        leaf's first and after its last.
        """
        half = np.zeros(len(self.values) + 1)
        half[1:-1] = np.diff(self.values) / 2
        half[self.starts] = 0.0
        return half

    def draw(self, leaf: Array, uniform: Array) -> Array:
        """Places of values (n,), each drawn from its row's leaf by one of `uniform` (n,), in [0,
        1).
        """
        low, end = self.starts[leaf], self.starts[leaf + 1]
        before, all_of = self._cumulated[low], self._cumulated[end]
        wanted = before + uniform * (all_of - before)
        places = np.searchsorted(self._cumulated, wanted, side="right") - 1
        return np.asarray(np.clip(places, low, end - 1))  # sums are rounded

    def smoothed(self, places: Array, uniform: Array) -> Array:
        """Numbers (n,) beside the values at `places` (n,), each moved by one of `uniform` (n,).

        Each row of a leaf is spread evenly over its cell, from halfway to the row before it to
        halfway to the next one; the smallest and the largest only inwards. So a leaf keeps its mean
        and its range, and a value that stands alone is moved the farther the more alone it is. Of
        rows with the same value the first is spread downwards, the last upwards, and the others,
        between their like, stay.
        """
        values, counts = self.values[places], self.counts[places]
        below, above = self._half_gaps[places], self._half_gaps[places + 1]
        alone = uniform * (below + above) - below
        row = uniform * counts  # which of the rows with this value, and where in its cell
        first = np.where(row < 1, -below * (1 - row), 0.0)
        last = np.where(row >= counts - 1, above * (row - counts + 1), 0.0)
        return np.asarray(values + np.where(counts == 1, alone, first + last))


def pooled(leaf: Array, values: Array, weights: Array, leaves: int) -> Pools:
    """The pools of rows with a leaf, a value and a weight (n,) each."""
    order = np.lexsort((values, leaf))
    leaf, values, weights = leaf[order], values[order], weights[order]
    is_new = np.ones(len(leaf), dtype=bool)
    is_new[1:] = (leaf[1:] != leaf[:-1]) | (values[1:] != values[:-1])
    firsts = np.flatnonzero(is_new)
    starts = np.searchsorted(leaf[firsts], np.arange(leaves + 1))
    counts = np.diff(np.append(firsts, len(leaf))).astype(np.int32)
    tiny = np.finfo(np.float32).tiny
    summed = np.maximum(np.add.reduceat(weights, firsts), tiny).astype(np.float32)
    return Pools(starts, values[firsts], counts, summed)
