"""Bringing a frame into the contract's types, and nothing more.

A value outside the contract (a level that is not declared, a number out of range) is kept as it is:
telling so is the checks' work. A value that cannot be of the column's kind at all is an error here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence

import numpy as np
import pandas as pd

from dge_assets.core.contract.closed_model import QUOTE_IT
from dge_assets.core.contract.contract import Contract, Kind, Level
from dge_assets.core.contract.quoting import rows_text
from dge_assets.core.contract.values import (
    INTEGER_END,
    MisfitError,
    distinct,
    moments,
    plain_level,
    require_usable_columns,
)
from dge_assets.core.errors import ContractError

Levels = Sequence[Level]
_REASONS: dict[Kind, str] = {
    "continuous": "no number",
    "integer": "no whole number",
    "datetime": "no date in ISO8601 format such as 2020-12-31, or outside 1677-09-21..2262-04-11",
}
_MISFITS = (ValueError, TypeError, OverflowError, pd.errors.ParserError)


def conform(frame: pd.DataFrame, contract: Contract, *, table: str) -> pd.DataFrame:
    """`frame` (n rows) with the contract's columns, in its order and its types.

    continuous: float64, finite; integer: int64, or nullable Int64 where a value is missing;
    boolean: bool or nullable boolean; categorical: category; datetime: datetime64[ns] in UTC; id
    and text: as they come. Raises ContractError naming table, column, the first rows that do not
    fit and the remedy.
    """
    absent = [name for name in contract.names if name not in frame.columns]
    if absent:
        raise ContractError(
            f"table {table!r}: columns {absent} of the contract are not in the data"
        )
    require_usable_columns(frame.loc[:, frame.columns.isin(contract.names)], table)
    return pd.DataFrame(
        {
            column.name: convert_column(
                frame[column.name],
                column.kind,
                column.categories or (),
                place=f"table {table!r}, column {column.name!r}",
            )
            for column in contract.columns
        }
    )


def convert_column(values: pd.Series, kind: Kind, levels: Levels = (), *, place: str) -> pd.Series:
    """`values` (n rows) in the type of `kind`, the index starting anew; `levels` are those of a
    category.

    Raises ContractError naming `place`, the first rows that do not fit and the remedy; it quotes no
    cell.
    """
    values = values.reset_index(drop=True)
    try:
        return _CONVERTERS[kind](values, levels)
    except MisfitError as error:
        reason = str(error)
    except _MISFITS:
        reason = _REASONS.get(
            kind, "of another type"
        )  # not the library's own words, which quote the cell
    positions = _offending(values, kind, levels)
    where = (
        f"{rows_text(positions)} {'does' if len(positions) == 1 else 'do'} not fit"
        if positions
        else "it does not fit"
    )
    raise ContractError(
        f"{place}: declared {kind}, but {where} ({reason}); mend the data, or declare another kind"
    )


def _offending(values: pd.Series, kind: Kind, levels: Levels) -> list[int]:
    """The first position of each of the first three values that do not convert by themselves."""
    bad: list[int] = []
    first: dict[Hashable, int] = {}
    present = values.dropna()
    for position, value in zip(present.index, present.tolist(), strict=True):
        first.setdefault(value, int(position))
    for value, position in first.items():
        try:
            _CONVERTERS[kind](pd.Series([value]), levels)
        except _MISFITS:
            bad.append(position)
        if len(bad) == 3:
            break
    return bad


def _to_continuous(values: pd.Series, _: Levels) -> pd.Series:
    numbers = pd.to_numeric(values).astype("float64")
    infinite = int(np.isinf(numbers).sum())
    if infinite:
        raise MisfitError(
            f"{infinite} of {len(numbers)} values are infinite, which no generator can learn"
        )
    return numbers


def _has_long_texts(values: pd.Series) -> bool:
    is_text = not pd.api.types.is_numeric_dtype(values.dtype)
    return is_text and any(
        isinstance(value, str) and len(value) > _SAFE_DIGITS for value in distinct(values)
    )


def _long_number(value: object) -> object:
    """A whole number written as text, exactly; others as they are."""
    if not isinstance(value, str):
        return int(value) if isinstance(value, float) and value.is_integer() else value
    return int(value) if re.fullmatch(r"\s*[+-]?[0-9]+\s*", value) else _long_number(float(value))


def _leaves_int64(present: pd.Series, *, exact: bool) -> bool:
    if not exact:
        return bool((present.astype("float64").abs() >= INTEGER_END).any())
    # As a float, the largest integer would be the first that is too large.
    return len(present) > 0 and max(int(present.max()), -int(present.min()) - 1) >= int(INTEGER_END)


def _to_integer(values: pd.Series, _: Levels) -> pd.Series:
    if _has_long_texts(values):
        # As objects: beside missing cells pandas would make floats of them.
        read = [value if pd.isna(value) else _long_number(value) for value in values.astype(object)]
        values = pd.Series(read, index=values.index, dtype=object, name=values.name)
    # Through floats, as `to_numeric` takes integers beside missing cells, large ones would lose
    # digits.
    exact = pd.api.types.infer_dtype(values, skipna=True) == "integer"
    numbers = values if exact else pd.to_numeric(values)
    if _leaves_int64(numbers.dropna(), exact=exact):
        raise MisfitError("beyond what an integer of 64 bits holds")
    nullable = numbers.astype("Int64")
    return nullable if nullable.isna().any() else nullable.astype("int64")


_SAFE_DIGITS = 15
"""Whole numbers of so many digits are exact as floats."""
_WORDS = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}
"""Booleans as files spell them."""


def _to_boolean(values: pd.Series, _: Levels) -> pd.Series:
    words = values.map(lambda value: _WORDS.get(str(value).strip().lower()), na_action="ignore")
    if words.isna().sum() > values.isna().sum():
        raise MisfitError(f"neither true nor false; {QUOTE_IT}")
    flags = words.astype("boolean")
    return flags if flags.isna().any() else flags.astype("bool")


def _to_categorical(values: pd.Series, levels: Levels) -> pd.Series:
    """Declared levels first, in their order; others follow, so that checks can point at them."""
    known = [plain_level(level) for level in levels]
    if known:
        values = _in_type_of(known)(values, known)
    values = values.astype(object).where(
        values.notna(), np.nan
    )  # one mark for what is missing; NaT is no level
    others = sorted(set(distinct(values)).difference(known), key=str)
    return pd.Series(pd.Categorical(values, categories=[*known, *others]))


def _in_type_of(known: Levels) -> Callable[[pd.Series, Levels], pd.Series]:
    if any(isinstance(level, str) for level in known):
        return _as_text
    return _to_boolean if all(isinstance(level, bool) for level in known) else _as_numbers


def _as_text(values: pd.Series, known: Levels) -> pd.Series:
    """Each value as text, in the spelling that a declared level has: the number 1.0 of a file meets
    '1'.
    """
    texts = {value: _spelling(value, known) for value in distinct(values)}
    return values.astype(object).map(texts.__getitem__, na_action="ignore")


def _spelling(value: object, known: Levels) -> str:
    if isinstance(value, str):
        bare = re.sub(r"\.0+$", "", value)  # a file's 1.0 meets the level '1'
        return bare if value not in known and bare in known else value
    spellings = [str(plain_level(value)), str(value), str(value).lower()]
    return next((spelling for spelling in spellings if spelling in known), spellings[0])


def _as_numbers(values: pd.Series, _: Levels) -> pd.Series:
    present = values.dropna().astype(object)
    numbers = [
        int(number) if isinstance(number, bool) else plain_level(number)
        for number in pd.to_numeric(present)
    ]
    return pd.Series(numbers, index=present.index, dtype=object).reindex(values.index)


def _to_datetime(values: pd.Series, _: Levels) -> pd.Series:
    return moments(values)


def _as_it_comes(values: pd.Series, _: Levels) -> pd.Series:
    return values


_CONVERTERS: dict[Kind, Callable[[pd.Series, Levels], pd.Series]] = {
    "continuous": _to_continuous,
    "integer": _to_integer,
    "boolean": _to_boolean,
    "categorical": _to_categorical,
    "datetime": _to_datetime,
    "id": _as_it_comes,
    "text": _as_it_comes,
}
