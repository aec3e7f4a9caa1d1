"""The columns of a modelling frame in the order in which they are visited, and their cells as
arrays.

Here: the order, codes for levels, and what a column is as a predictor of later ones. Not here:
trees (`tree.py`), what is drawn from their leaves (`leaves.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from dge_assets.core.generators.encoding.number_codec import ORDINARY

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class VisitedColumn:
    """One column of the modelling frame; plain JSON."""

    key: str
    levels: tuple[str, ...] | None
    """Its codes as the frame has them; None for numbers."""
    state: str | None = None
    """Key of the indicator that tells in which rows a number is a real one; None where all are."""
    centre: float = 0.0
    scale: float = 1.0
    """Of numbers: taken off and divided by before a tree sees them, which has single precision."""

    def to_document(self) -> dict[str, Any]:
        """Plain JSON from which `from_document` makes the same column."""
        return {**asdict(self), "levels": None if self.levels is None else list(self.levels)}

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> VisitedColumn:
        """The column that `to_document` wrote."""
        levels = document["levels"]
        return cls(**{**document, "levels": None if levels is None else tuple(levels)})

    def standardized(self, numbers: Array) -> Array:
        """Numbers (n,) about 0 with a spread of about 1."""
        return (numbers - self.centre) / self.scale


def visited_columns(
    modelled: pd.DataFrame,
    discrete: Sequence[str],
    indicators: Mapping[str, str],
    first: Sequence[str] = (),
) -> tuple[VisitedColumn, ...]:
    """The columns of `modelled` (n rows) in their order: `first`, then the others, those of fewest
    different values first.

    `indicators` is the key of each number's indicator, which is visited right before it. Columns of
    equally many values keep the frame's order.
    """
    levels = {key: _levels(modelled[key]) for key in discrete}
    values = {
        key: len(levels[key]) if key in levels else modelled[key].nunique() for key in modelled
    }
    followers = {indicator: number for number, indicator in indicators.items()}
    found = sorted((key for key in values if key not in followers), key=lambda key: values[key])
    places = [*first, *(key for key in found if key not in first)]
    keys = [key for place in places for key in (indicators.get(place), place) if key is not None]
    return tuple(_visited(modelled[key], levels.get(key), indicators.get(key)) for key in keys)


def _levels(codes: pd.Series) -> tuple[str, ...]:
    """The codes that occur (text, or categories of text), in the order of their numbers: `2` comes
    before `10`.
    """
    return tuple(sorted(map(str, codes.unique()), key=lambda code: (len(code), code)))


def _visited(values: pd.Series, levels: tuple[str, ...] | None, state: str | None) -> VisitedColumn:
    if levels is not None:
        return VisitedColumn(str(values.name), levels)
    numbers = values.to_numpy(dtype=float)
    centre = float(np.median(numbers))
    spread = float(np.sqrt(np.mean((numbers - centre) ** 2)))
    return VisitedColumn(str(values.name), None, state, centre, spread or 1.0)


def coded(modelled: pd.DataFrame, columns: Sequence[VisitedColumn]) -> dict[str, Array]:
    """The cells of each column (n,): float64 numbers, or int32 places in its levels."""
    return {
        column.key: modelled[column.key].to_numpy(dtype=float)
        if column.levels is None
        else pd.Categorical(modelled[column.key], categories=column.levels).codes.astype(np.int32)
        for column in columns
    }


def uncoded(cells: Mapping[str, Array], columns: Sequence[VisitedColumn]) -> pd.DataFrame:
    """The modelling frame whose cells are `cells`."""
    return pd.DataFrame(
        {
            column.key: cells[column.key]
            if column.levels is None
            else np.array(column.levels, dtype=object)[cells[column.key]]
            for column in columns
        }
    )


def is_real(
    column: VisitedColumn, cells: Mapping[str, Array], columns: Sequence[VisitedColumn]
) -> Array | None:
    """In which rows (n,) a number is one of its column's own, neither missing nor a frequent value;
    None where all are.
    """
    if column.state is None:
        return None
    (levels,) = (each.levels or () for each in columns if each.key == column.state)
    return np.array([level == str(ORDINARY) for level in levels])[cells[column.state]]


def predictor(
    column: VisitedColumn, cells: Mapping[str, Array], columns: Sequence[VisitedColumn]
) -> Array:
    """What trees of later columns see of a column (n,) float32: a standardized number, or a code.

    A number that is not real is 0 there: its indicator says so in a column of its own.
    """
    if column.levels is not None:
        return cells[column.key].astype(np.float32)
    numbers = column.standardized(cells[column.key])
    real = is_real(column, cells, columns)
    return (numbers if real is None else np.where(real, numbers, 0.0)).astype(np.float32)
