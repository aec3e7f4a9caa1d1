"""Single values as a contract knows them, in the one way that inferring and conforming share.

Here: levels as plain Python values, moments as UTC without a zone, the distinct values and codes of
a column, and refusing frames whose columns cannot be told apart or compared. Not here: which kind a
column has (`contract.completion`), whole columns brought into a kind (`conform.py`).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from dge_assets.core.contract.contract import Level
from dge_assets.core.contract.quoting import rows_text
from dge_assets.core.errors import ContractError

LARGEST_EXACT = 2.0**53
"""Up to here a float holds every whole number; beyond, being whole says nothing."""
INTEGER_END = 2.0**63
"""The first whole number that int64 cannot hold."""
_CLOCK_WORDS = ("now", "today")
"""Words that pandas reads as the time of reading, so that no two readings agree."""


class MisfitError(ValueError):
    """Why values cannot be of a kind, in words that quote none of them."""


def plain_level(level: object) -> Level:
    """A level as JSON knows it; whole floats (integers beside missing cells) become int."""
    value = level.item() if isinstance(level, np.generic) else level
    if isinstance(value, float) and value.is_integer() and abs(value) <= LARGEST_EXACT:
        return int(value)
    return value if isinstance(value, bool | int | float | str) else str(value)


def plain_levels(levels: Iterable[object]) -> list[Level]:
    """Levels as plain values, each once; all become text as soon as one is, since a column has one
    type.
    """
    plain = [plain_level(level) for level in levels]
    if any(isinstance(level, str) for level in plain):
        plain = [str(level) for level in plain]
    return list(dict.fromkeys(plain))


def distinct(values: pd.Series) -> list[Hashable]:
    """The present values, each once, in order of appearance.

    Not `Series.unique`: on texts it compares only what stands before a NUL character.
    """
    return list(dict.fromkeys(values.dropna().tolist()))


def coded(values: pd.Series) -> tuple[npt.NDArray[np.int64], list[Hashable]]:
    """A code for each row (rows,) and the value of each code, in order of appearance; missing cells
    share one, None.

    Not `pandas.factorize` on texts, which it compares only up to a NUL character (see `distinct`).
    """
    if isinstance(values.dtype, pd.CategoricalDtype) or values.dtype.kind != "O":
        codes, found = pd.factorize(values, use_na_sentinel=False)
        return np.asarray(codes, dtype=np.int64), [
            None if pd.isna(value) else value for value in found
        ]
    table: dict[Hashable, int] = {}
    plain = values.astype(object).where(values.notna(), None).tolist()
    numbers = [table.setdefault(value, len(table)) for value in plain]
    return np.asarray(numbers, dtype=np.int64), list(table)


def moments(values: pd.Series) -> pd.Series:
    """`values` as datetime64[ns] in UTC without a zone; text must be ISO 8601, with or without an
    offset.

    Raises ValueError for what is no date or lies outside 1677-09-21..2262-04-11.
    """
    if values.notna().any() and pd.api.types.is_numeric_dtype(values.dtype):
        raise MisfitError(
            "numbers give no moment in time; write dates as ISO 8601 text, such as 2020-12-31"
        )
    if any(
        isinstance(value, str) and value.strip().lower() in _CLOCK_WORDS
        for value in distinct(values)
    ):
        raise MisfitError(
            f"{' and '.join(_CLOCK_WORDS)} change with each reading; write dates as ISO 8601 text"
        )
    if not pd.api.types.is_datetime64_any_dtype(values.dtype):
        values = pd.to_datetime(values.astype(object), format="ISO8601", utc=True)
    if values.dt.tz is not None:
        values = values.dt.tz_convert("UTC").dt.tz_localize(None)
    return values.astype("datetime64[ns]")


def require_usable_columns(frame: pd.DataFrame, table: str) -> None:
    """Raise ContractError for names that are no text or cannot stand beside each other, and for
    nested cells.
    """
    names = list(frame.columns)
    unnamed = [name for name in names if not isinstance(name, str)]
    if unnamed:
        raise ContractError(
            f"table {table!r}: column names must be text, found {unnamed[:6]}; give names in the source"
        )
    alike = _names_alike(names)
    if alike:
        raise ContractError(
            f"table {table!r}: columns {alike} have the same name, upper and lower case aside, and DuckDB cannot hold "
            f"them side by side; give them other names with `rename` in the source"
        )
    for name in names:
        _require_single_values(frame[name], f"table {table!r}, column {name!r}")


def _names_alike(names: Sequence[str]) -> list[str]:
    """The first names that DuckDB takes for one: it ignores the case of ASCII letters, and only of
    those.
    """
    groups: dict[str, list[str]] = {}
    for name in names:
        lower = "".join(letter.lower() if letter.isascii() else letter for letter in name)
        groups.setdefault(lower, []).append(name)
    return next((group for group in groups.values() if len(group) > 1), [])


def _require_single_values(values: pd.Series, place: str) -> None:
    if values.dtype.kind not in "Oc":
        return
    for where, strange in enumerate(values):
        if _is_single(strange):
            continue
        raise ContractError(
            f"{place}: holds a {type(strange).__name__} in {rows_text([where])}; allowed are real numbers, text, truth values "
            f"and dates: give it one value a cell, or `drop` the column in the source"
        )


def _is_single(value: object) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return not isinstance(value, complex)
