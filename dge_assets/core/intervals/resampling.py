"""Bootstrap replicates of test rows, as weights: how often each row is drawn into each replicate.

Here: drawing the replicates, once for all that is scored on the same rows, so that differences
between approaches are paired row by row. Not here: metrics of weighted rows (`scores.replicates`),
intervals (`intervals.interval`).

Source: Efron and Tibshirani, "An introduction to the bootstrap", 1993, chapters 6, 8 and 13.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from dge_assets.core.errors import EvaluationError

Weights = npt.NDArray[np.float32]
"""(rows, replicates): how often each row occurs in each replicate; whole numbers."""

REPLICATES = 500
MOST_CELLS = 40_000_000
"""Weights held at once, 160 MB: replicates of very large test sets are drawn in blocks."""


@dataclass(frozen=True, eq=False)
class Resamples:
    """Bootstrap replicates of `rows` test rows, the same each time they are asked for.

    Rows are drawn with replacement from all rows, not within classes: replicates of fixed class
    sizes leave out that another test set has another share of positives, and their intervals for
    the Brier score covered a known truth in about 60 instead of 95 of 100 test sets.
    """

    rows: int
    sequence: np.random.SeedSequence
    replicates: int = REPLICATES
    _kept: list[Weights] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        if self.replicates < 2:
            raise EvaluationError(f"replicates must be at least 2, found {self.replicates}")

    def blocks(self) -> Iterator[Weights]:
        """The weights (rows, replicates of the block), block by block; one block is kept for the
        next time.
        """
        if self._kept:
            yield self._kept[0]
            return
        size = max(1, min(self.replicates, MOST_CELLS // max(self.rows, 1)))
        counts = [min(size, self.replicates - start) for start in range(0, self.replicates, size)]
        for index, count in enumerate(counts):
            # Not `spawn`, which counts what was spawned before: the second reading would be of
            # other replicates.
            child = np.random.SeedSequence(
                self.sequence.entropy, spawn_key=(*self.sequence.spawn_key, index)
            )
            weights = _draw(self.rows, count, np.random.default_rng(child))
            if len(counts) == 1:
                self._kept.append(weights)
            yield weights


@dataclass(frozen=True, eq=False)
class PartOfResamples:
    """The same replicates, of which some rows take part: `chosen`, a mask over those that are drawn
    from.
    """

    of: Resamples
    chosen: npt.NDArray[np.bool_]
    _kept: list[Weights] = field(default_factory=list, repr=False)

    @property
    def rows(self) -> int:
        """How many rows take part."""
        return int(self.chosen.sum())

    @property
    def replicates(self) -> int:
        """How many replicates there are."""
        return self.of.replicates

    def blocks(self) -> Iterator[Weights]:
        """The weights (rows of the part, replicates of the block); kept as those of all rows are."""
        if self._kept:
            yield self._kept[0]
            return
        for weights in self.of.blocks():
            part = weights[self.chosen]
            if weights.shape[1] == self.replicates:
                self._kept.append(part)
            yield part


def _draw(rows: int, count: int, rng: np.random.Generator) -> Weights:
    drawn = [
        np.bincount(rng.integers(rows, size=rows), minlength=rows)
        for _ in range(count if rows else 0)
    ]
    return (
        np.asarray(drawn, dtype=np.float32).T.copy()
        if drawn
        else np.zeros((rows, count), dtype=np.float32)
    )
