"""Whole numbers too long for a float, which pandas makes of them beside missing cells: read again,
with every digit.

Here: Parquet. Not here: CSV, whose cells are looked at anyway (`spelling`), and JSON, which is
never put into floats.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

import numpy as np
import pandas as pd

EXACT = 2.0**53
"""Up to here a float holds every whole number."""


def with_long_parquet_numbers(
    frame: pd.DataFrame, file: IO[bytes], options: Mapping[str, Any]
) -> pd.DataFrame:
    """`frame` (n rows) as read from Parquet, with the digits that stand in the file."""
    import pyarrow.parquet as pq

    names = [name for name in _rounded(frame) if name in frame.columns]
    if not names:
        return frame
    file.seek(0)
    table = pq.read_table(file, columns=names, filters=options.get("filters"))
    return frame.assign(
        **{name: _whole(table.column(name).to_pylist(), frame[name]) for name in names}
    )


def _rounded(frame: pd.DataFrame) -> list[str]:
    """The columns of floats that are all whole and may have lost digits."""
    floats = [name for name in frame.columns if frame[name].dtype == np.float64]
    return [name for name in floats if _is_long_and_whole(frame[name].dropna().to_numpy())]


def _is_long_and_whole(numbers: np.ndarray[Any, np.dtype[np.float64]]) -> bool:
    return bool(
        np.any(np.abs(numbers) >= EXACT)
        and np.all(np.isfinite(numbers))
        and np.all(numbers == np.round(numbers))
    )


def _whole(cells: list[Any], floats: pd.Series) -> pd.Series:
    """The cells as nullable integers; the floats where they are written as floats, or exceed 64
    bits.
    """
    if len(cells) != len(floats) or not all(cell is None or type(cell) is int for cell in cells):
        return floats
    try:
        return pd.Series(cells, index=floats.index, dtype=object).astype("Int64")
    except (OverflowError, TypeError, ValueError):
        return floats
