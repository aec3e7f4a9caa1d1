"""Rows from a member's trees: column by column, with numpy alone.

Each column takes its random numbers from streams of its own, one number a row, so that rows are the
same whether they are drawn at once or in chunks. Not here: growing the trees (`fitting.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from dge_assets.core.generators.families.cart.columns import VisitedColumn, predictor, uncoded
from dge_assets.core.generators.families.cart.fitting import ColumnModel, child_stream
from dge_assets.core.generators.families.cart.tree import with_scores

Array = np.ndarray[Any, Any]


class _ColumnDraws:
    """One column's model with its random numbers."""

    def __init__(
        self, model: ColumnModel, place: int, *, smoothing: bool, stream: np.random.SeedSequence
    ) -> None:
        self._model = model
        self._choices = child_stream(stream, place, 0)
        self._moves = child_stream(stream, place, 1) if smoothing else None

    def draw(self, known: Array) -> Array:
        """The column's cells (rows,), given its predictors (rows, p)."""
        model = self._model
        leaf = model.tree.leaf_of(with_scores(known, model.scores))
        places = model.pools.draw(leaf, self._choices.random(len(known)))
        if self._moves is None:
            return np.asarray(model.pools.values[places])
        return model.pools.smoothed(places, self._moves.random(len(known)))


def sampled_chunks(
    columns: Sequence[VisitedColumn],
    arrays: Mapping[str, Array],
    rows: int,
    *,
    most: int,
    smoothing: bool,
    stream: np.random.SeedSequence,
) -> Iterator[pd.DataFrame]:
    """`rows` rows as modelling frames of at most `most` rows; `most` is no part of the result.

    smoothing: whether numbers are spread between those of their leaf, or drawn as they are.
    """
    draws = [
        _ColumnDraws(
            ColumnModel.from_arrays(column.key, arrays),
            place,
            smoothing=smoothing and column.levels is None,
            stream=stream,
        )
        for place, column in enumerate(columns)
    ]
    for start in range(0, rows, most):
        yield _sampled(columns, draws, min(most, rows - start))


def _sampled(
    columns: Sequence[VisitedColumn], draws: Sequence[_ColumnDraws], rows: int
) -> pd.DataFrame:
    cells: dict[str, Array] = {}
    features = np.empty((rows, len(columns)), dtype=np.float32)
    for place, column in enumerate(columns):
        cells[column.key] = draws[place].draw(features[:, :place])
        features[:, place] = predictor(column, cells, columns[: place + 1])
    return uncoded(cells, columns)
