"""Bringing a frame into the contract's types, and nothing more.

A value outside the contract (a level that is not declared, a number out of range) is kept as it is: telling
so is the checks' work. A value that cannot be of the column's kind at all is an error here.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from dge_assets.core.contract import Column, Contract, Kind
from dge_assets.core.errors import ContractError


def conform(frame: pd.DataFrame, contract: Contract, *, table: str) -> pd.DataFrame:
    """`frame` (n rows) with the contract's columns, in its order and its types.

    continuous: float64; integer: int64, or nullable Int64 where a value is missing; boolean: bool or nullable
    boolean; categorical: category; datetime: datetime64[ns]; id: as it comes.
    Raises ContractError naming table, column, the first values that do not fit and the remedy.
    """
    absent = [name for name in contract.names if name not in frame.columns]
    if absent:
        raise ContractError(f"table {table!r}: columns {absent} of the contract are not in the data")
    return pd.DataFrame(
        {column.name: _convert(frame[column.name], column, table) for column in contract.columns}
    ).reset_index(drop=True)


def _convert(values: pd.Series, column: Column, table: str) -> pd.Series:
    try:
        return _CONVERTERS[column.kind](values, column)
    except (ValueError, TypeError, pd.errors.ParserError) as error:
        offending = _offending(values, column)
        raise ContractError(
            f"table {table!r}, column {column.name!r}: declared {column.kind}, found {offending} ({error}); "
            f"mend the data, or declare another kind"
        ) from error


def _offending(values: pd.Series, column: Column) -> list[object]:
    """The first three values that do not convert by themselves."""
    bad: list[object] = []
    for value in values.dropna().unique():
        try:
            _CONVERTERS[column.kind](pd.Series([value]), column)
        except (ValueError, TypeError, pd.errors.ParserError):
            bad.append(value)
        if len(bad) == 3:
            break
    return bad


def _to_continuous(values: pd.Series, _: Column) -> pd.Series:
    return pd.to_numeric(values).astype("float64")


def _to_integer(values: pd.Series, _: Column) -> pd.Series:
    numbers = pd.to_numeric(values)
    nullable = numbers.astype("Int64")
    return nullable if nullable.isna().any() else nullable.astype("int64")


_WORDS = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}
"""Booleans as files spell them."""


def _to_boolean(values: pd.Series, _: Column) -> pd.Series:
    words = values.map(lambda value: _WORDS.get(str(value).strip().lower()), na_action="ignore")
    if words.isna().sum() > values.isna().sum():
        raise ValueError("neither true nor false")
    flags = words.astype("boolean")
    return flags if flags.isna().any() else flags.astype("bool")


def _to_categorical(values: pd.Series, column: Column) -> pd.Series:
    """Declared levels first, in their order; others follow, so that checks can point at them."""
    declared = list(column.categories or ())
    if declared and all(isinstance(level, str) for level in declared):
        # Only real text is kept as it is: a declared level '1' meets the number 1 of a file.
        values = values.map(lambda value: value if isinstance(value, str) else str(value), na_action="ignore")
    elif declared and not any(isinstance(level, str) for level in declared):
        values = pd.to_numeric(values)
        declared = [int(level) if float(level).is_integer() else level for level in declared]
        if all(isinstance(level, int) for level in declared):
            values = values.map(lambda value: int(value) if float(value).is_integer() else value, "ignore")
    known = set(declared)
    others = sorted((level for level in values.dropna().unique() if level not in known), key=str)
    return pd.Series(pd.Categorical(values, categories=[*declared, *others]), index=values.index)


def _to_datetime(values: pd.Series, _: Column) -> pd.Series:
    moments = pd.to_datetime(values)
    if getattr(moments.dt, "tz", None) is not None:
        moments = moments.dt.tz_convert("UTC").dt.tz_localize(None)
    return moments.astype("datetime64[ns]")


def _to_id(values: pd.Series, _: Column) -> pd.Series:
    return values


_CONVERTERS: dict[Kind, Callable[[pd.Series, Column], pd.Series]] = {
    "continuous": _to_continuous,
    "integer": _to_integer,
    "boolean": _to_boolean,
    "categorical": _to_categorical,
    "datetime": _to_datetime,
    "id": _to_id,
}
