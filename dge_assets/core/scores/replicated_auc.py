"""The area under the ROC curve of many replicates of the same rows at once.

A replicate in which row i occurs w_i times has the area that `metrics` gives for the rows repeated
w_i times; the tests hold it to that. Not here: what the area means (`metrics`), the other metrics
of replicates (`scores.replicates`), drawing weights (`resampling`).

The area is the share of pairs (positive row, other row) in which the positive has the larger score,
ties counting half. Rows are put in at most `PLACES` places by their score. Between places, pairs
are counted for each replicate. Within a place they count as ties; what that leaves out is known for
the rows themselves, is a sum over pairs, and is carried to a replicate by its linear part: sum_i
w_i r_i over positives and sum_j w_j c_j over the others, with the r and c of the rows themselves.
What is left is of second order and within places alone: its standard deviation is about 0.5 /
sqrt(PLACES n1 n0), below a hundredth of the area's own. With at most `PLACES` distinct scores each
has its place, and nothing is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from dge_assets.core.arrays import Array
from dge_assets.core.intervals.resampling import Weights
from dge_assets.core.scores.metrics import Bools

PLACES = 256


@dataclass(frozen=True, eq=False)
class Ranks:
    """Rows of two sides by their score: `score` (rows,), and which rows are positive."""

    score: Array
    positive: Bools

    @cached_property
    def corrections(self) -> Array:
        """(2, rows): r of the positive rows and 0 elsewhere, c of the others and 0 elsewhere, as
        parts of the rows they meet.
        """
        ties, place = self._ties, self._place_of_ties
        found = []
        for own, sign in ((self.positive, 1), (~self.positive, -1)):
            exact, coarse = (_below(np.bincount(at, weights=~own)) for at in (ties, place[ties]))
            left_out = sign * (exact - coarse[place])
            found.append(np.where(own, left_out[ties], 0.0) / max(int((~own).sum()), 1))
        return np.stack(found)

    def shares(
        self, weights: Weights, corrections: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        """The area (replicates,) for weights (rows, replicates); NaN where a replicate has rows of
        one side only.

        corrections: sums over rows of weight times each of `self.corrections`, (2, replicates).
        """
        ones, others = np.split(self._counter @ weights, 2)
        totals = np.stack(
            [ones.sum(axis=0, dtype=np.float64), others.sum(axis=0, dtype=np.float64)]
        )
        pairs = totals.prod(axis=0)
        # Counts up to 2**23 and their halves are exact in single precision; their products are
        # summed in double.
        between = np.einsum("pr,pr->r", ones, _below_by_row(others), dtype=np.float64)
        # Both sides' sums hold what is left out for the rows themselves, which is one number.
        left_out = self.corrections[0].sum() / max(int(self.positive.sum()), 1)
        with np.errstate(invalid="ignore", divide="ignore"):
            shares = between / pairs + (corrections / totals).sum(axis=0) - left_out
        return np.where(pairs > 0, shares, np.nan)

    @cached_property
    def _ties(self) -> npt.NDArray[np.int64]:
        """(rows,): the number of each row's score, from the smallest up."""
        order = np.argsort(self.score)
        ordered = self.score[order]
        ties = np.empty(len(order), dtype=np.int64)
        ties[order] = np.cumsum(np.concatenate([[False], ordered[1:] != ordered[:-1]]))
        return ties

    @cached_property
    def _place_of_ties(self) -> npt.NDArray[np.int64]:
        """The place of each distinct score."""
        sizes = np.bincount(self._ties)
        if len(sizes) <= PLACES:
            return np.arange(len(sizes))
        return (np.cumsum(sizes) - sizes) * PLACES // len(self.score)

    @cached_property
    def _counter(self) -> Any:
        """(2 x places, rows): sums weights of positive rows by place, then those of the others."""
        rows, places = len(self.score), int(self._place_of_ties.max(initial=0)) + 1
        row_of = self._place_of_ties[self._ties] + np.where(self.positive, 0, places)
        return csr_array(
            (np.ones(rows, dtype=np.float32), (row_of, np.arange(rows))), shape=(2 * places, rows)
        )


def _below_by_row(counts: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """`_below` of (places, replicates), whole rows at a time: numpy's own running sum goes down one
    column after the other, which takes twice as long.
    """
    below, total = np.empty_like(counts), np.zeros_like(counts[0])
    for place, row in enumerate(counts):
        total = np.add(total, row, out=below[place])
    below -= counts / 2
    return below


def _below(counts: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """How much lies below each place, half of its own counted: along the first axis of (places,
    ...).
    """
    return np.cumsum(counts, axis=0) - counts / 2
