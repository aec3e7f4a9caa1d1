"""What holds for the columns of every source: names that can be kept, and one type per column.

Here: refusing names, `drop` and `rename`, settling types. Not here: kinds and ranges, which are the
contract's.
"""

from __future__ import annotations

import difflib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from dge_assets.core.contract.contract import RESERVED_NAMES
from dge_resources.sources.context import SourceContext

SHOWN_NAMES = 20
SHOWN_VALUES = 3
SHARED_ROWS = 10  # of a cell that may be quoted
DAYS_OF_A_MONTH = 30  # as DuckDB and PostgreSQL count when they compare intervals
MOSTLY_NUMBERS = 0.5  # share of distinct values from which a text column is noted as spoilt numbers


def refuse_duplicates(context: SourceContext[Any], names: Iterable[str], remedy: str) -> None:
    """Raise if a name comes twice."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise context.error(f"column names occur more than once: {twice}", remedy)


def refuse_unnamed(context: SourceContext[Any], frame: pd.DataFrame) -> None:
    """Raise if a name is not a text, or an empty one."""
    odd = [name for name in frame.columns if not isinstance(name, str) or not name]
    if odd:
        raise context.error(
            f"columns without a text as name: {odd[:SHOWN_NAMES]}",
            "Give names in the source; for a CSV file without a header write `options: {header: null, names: [...]}`",
        )


def refuse_empty(context: SourceContext[Any], frame: pd.DataFrame) -> None:
    """Raise if there is no row or no column."""
    rows, columns = frame.shape
    if not rows or not columns:
        raise context.error(
            f"the table is empty: {rows} rows, {columns} columns",
            "Check the source, its `query`, `options` and `drop`",
        )


def refuse_unkept_names(context: SourceContext[Any], names: Sequence[str]) -> None:
    """Raise on names that the warehouse cannot hold beside each other, or that lineage uses.

    DuckDB compares names without regard to the case of ASCII letters.
    """
    by_lower: dict[str, list[str]] = {}
    for name in names:
        by_lower.setdefault(_lower_ascii(name), []).append(name)
    alike = [group for group in by_lower.values() if len(group) > 1]
    if alike:
        raise context.error(
            f"column names are equal but for upper and lower case: {alike}",
            f"DuckDB cannot hold both: give one another name, `rename: {{{alike[0][1]}: {alike[0][1]}_2}}`",
        )
    reserved = [name for name in names if _lower_ascii(name) in RESERVED_NAMES]
    if reserved:
        raise context.error(
            f"column names {reserved} are reserved for lineage ({', '.join(RESERVED_NAMES)})",
            f"Give another name: `rename: {{{reserved[0]}: source_{reserved[0]}}}`",
        )


def _lower_ascii(name: str) -> str:
    return "".join(letter.lower() if letter.isascii() else letter for letter in name)


def drop_and_rename(context: SourceContext[Any], frame: pd.DataFrame) -> pd.DataFrame:
    """Apply the declaration's `drop` and `rename`, both in the names of the source."""
    source = context.source
    for key, names in (("drop", source.drop), ("rename", source.rename)):
        missing = [name for name in names if name not in frame.columns]
        if missing:
            raise context.error(
                f"`{key}` names columns that do not exist: {missing}",
                f"Columns, closest first: {_closest(missing[0], list(frame.columns))}",
            )
    changed = frame.drop(columns=list(source.drop)).rename(columns=source.rename)
    refuse_duplicates(context, changed.columns, "Choose other names in `rename`")
    return changed


def _closest(name: str, existing: list[str]) -> list[str]:
    def unlikeness(other: str) -> float:
        return -difflib.SequenceMatcher(None, name.lower(), other.lower()).ratio()

    return sorted(existing, key=unlikeness)[:SHOWN_NAMES]


# ----------------------------------------------------------------------------------------------
# types


def settle_types(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Give each column of Python objects one type, and notes for people on the columns that had
    none.

    Integers become int64 (Int64 where values are missing), decimals float64, truth values bool or
    boolean, dates datetime64[ns] (ISO text where these cannot hold them), spans timedelta64, times
    of day text; text stays object; anything mixed or nested becomes text. Other columns stay as
    they are.
    """
    settled, notes = {}, []
    for name in frame.columns:
        values, note = _settle(frame[name])
        settled[name] = values
        if note:
            notes.append(f"column {name!r} {note}")
    return pd.DataFrame(settled, index=pd.RangeIndex(len(frame))), notes


def _settle(values: pd.Series) -> tuple[pd.Series, str]:
    values = values.reset_index(drop=True)
    if isinstance(values.dtype, pd.StringDtype):
        values = values.astype(object)
    if values.dtype != object and not pd.api.types.is_datetime64_any_dtype(values.dtype):
        return values, ""
    found = pd.api.types.infer_dtype(values, skipna=True)
    try:
        return _SETTLERS.get(found, _to_text)(values)
    except (
        OverflowError,
        ValueError,
        TypeError,
    ):  # too large for int64 or for nanoseconds, or mixed time zones
        return _to_text(values)


def _to_integer(values: pd.Series) -> tuple[pd.Series, str]:
    return values.astype("Int64" if values.isna().any() else "int64"), ""


def _to_float(values: pd.Series) -> tuple[pd.Series, str]:
    return values.where(values.notna(), np.nan).astype("float64"), ""


def _to_boolean(values: pd.Series) -> tuple[pd.Series, str]:
    return values.astype("boolean" if values.isna().any() else "bool"), ""


def _to_datetime(values: pd.Series) -> tuple[pd.Series, str]:
    try:
        return _as_moments(values).dt.as_unit("ns"), ""
    except (
        pd.errors.OutOfBoundsDatetime
    ):  # what becomes of them is the contract's matter, see `core.formats`
        return _with_nan(values.astype(object).map(_iso_text, na_action="ignore")), ""


def _as_moments(values: pd.Series) -> pd.Series:
    if values.dtype != object:
        return values
    zones = {getattr(value, "tzinfo", None) for value in values.dropna()}
    if zones == {None}:
        return pd.to_datetime(values)
    # One named zone is kept, so that it can be told; of many, or of fixed offsets, only UTC is
    # common.
    zone = next(iter(zones)) if len(zones) == 1 else None
    moments = pd.to_datetime(values, utc=True)
    return moments.dt.tz_convert(zone) if hasattr(zone, "key") or hasattr(zone, "zone") else moments


def _iso_text(value: Any) -> str:
    return str(value.isoformat(sep=" ") if isinstance(value, datetime) else value)


def _to_span(values: pd.Series) -> tuple[pd.Series, str]:
    return pd.to_timedelta(values), ""


def _to_clock(values: pd.Series) -> tuple[pd.Series, str]:
    return _with_nan(
        values.map(lambda value: value.replace(tzinfo=None).isoformat(), na_action="ignore")
    ), ""


def _mixed(values: pd.Series) -> tuple[pd.Series, str]:
    """Intervals of months, days and nanoseconds, as Arrow gives them, are spans; all else has no
    one type.
    """
    present = values.dropna()
    if not len(present) or not all(isinstance(value, pd.DateOffset) for value in present):
        return _to_text(values)
    months = sum(bool(value.kwds.get("months")) for value in present)
    note = (
        f"has months in {months} intervals: each is counted as {DAYS_OF_A_MONTH} days"
        if months
        else ""
    )
    return pd.to_timedelta(values.map(_span_of_interval, na_action="ignore")), note


def _span_of_interval(interval: pd.DateOffset) -> pd.Timedelta:
    parts = interval.kwds
    days = parts.get("months", 0) * DAYS_OF_A_MONTH + parts.get("days", 0)
    return pd.Timedelta(days=days) + pd.Timedelta(parts.get("nanoseconds", 0), unit="ns")


def _keep_text(values: pd.Series) -> tuple[pd.Series, str]:
    notes = [_note_on_spoilt_numbers(values), _note_on_blanks(values)]
    return _with_nan(values), "; it ".join(note for note in notes if note)


def _keep(values: pd.Series) -> tuple[pd.Series, str]:
    return _with_nan(values), ""


def _to_text(values: pd.Series) -> tuple[pd.Series, str]:
    kinds = sorted({type(value).__name__ for value in values.dropna()})
    return _with_nan(
        values.map(_as_text, na_action="ignore")
    ), f"holds {', '.join(kinds)}; all became text"


def _with_nan(values: pd.Series) -> pd.Series:
    """Mark missing text in one way, whether the source gave None, NA or NaN."""
    return values.where(values.notna(), np.nan)


def _as_text(value: Any) -> str:
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return value.hex() if isinstance(value, bytes | bytearray | memoryview) else str(value)


def _note_on_spoilt_numbers(values: pd.Series) -> str:
    distinct = pd.Series(values.dropna().unique(), dtype=object)
    not_numbers = distinct[pd.to_numeric(distinct, errors="coerce").isna()]
    share = 1 - len(not_numbers) / max(len(distinct), 1)
    if not MOSTLY_NUMBERS <= share < 1:
        return ""
    counts = values[values.isin(not_numbers)].value_counts()
    # A word of many rows is a mark that can be declared; one of few rows may tell of a person.
    shown = [str(word) for word in counts.index[counts >= SHARED_ROWS][:SHOWN_VALUES]]
    return (
        f"is text although most of its values are numbers; not numbers: {int(counts.sum())} cells"
        + (
            f", such as {shown}: `options: {{na_values: {shown}}}` reads those as missing"
            if shown
            else ""
        )
    )


def blank_cells(values: pd.Series) -> int:
    """How many texts have blanks around them."""
    return int(
        values.map(
            lambda value: isinstance(value, str) and value != value.strip(), na_action="ignore"
        ).sum()
    )


def _note_on_blanks(values: pd.Series) -> str:
    count = blank_cells(values)
    return (
        f"has blanks around the text in {count} of {len(values)} cells; `strip: true` removes them"
        if count
        else ""
    )


_SETTLERS: dict[str, Callable[[pd.Series], tuple[pd.Series, str]]] = {
    "string": _keep_text,
    "empty": _keep,
    "integer": _to_integer,
    "floating": _to_float,
    "mixed-integer-float": _to_float,
    "decimal": _to_float,
    "boolean": _to_boolean,
    "timedelta": _to_span,
    "timedelta64": _to_span,
    "time": _to_clock,
    "mixed": _mixed,
    "date": _to_datetime,
    "datetime": _to_datetime,
    "datetime64": _to_datetime,
}
