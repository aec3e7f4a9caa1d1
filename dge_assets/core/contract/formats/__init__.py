"""Recognising what a column's cells are before anybody asks for its kind: amounts and dates in
other spellings.

Here: going over a frame's columns, what the declaration says of each, and the words for people.
`numbers`, `dates` and `spans` know the spellings. Not here: kinds (`contract.completion`), how
files are opened, plain numbers and ISO dates.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from dge_assets.core.contract.contract import (
    NUMBER_FORMATS,
    SPAN_FORMATS,
    ColumnDeclaration,
    ContractDeclaration,
    Kind,
)
from dge_assets.core.contract.formats.dates import (
    FEWEST_COMPACT,
    date_format,
    declared_date_format,
    is_iso_date,
    looks_like_date,
    without_marks,
)
from dge_assets.core.contract.formats.numbers import declared_number_format, number_format
from dge_assets.core.contract.formats.reading import Doubt, Format, Texts, read_texts
from dge_assets.core.contract.formats.spans import SECONDS, declared_span_format, span_format
from dge_assets.core.contract.values import distinct, moments
from dge_assets.core.errors import ContractError

_Recogniser = Callable[[Texts], Format | Doubt | None]
_RECOGNISERS: dict[Kind | None, tuple[_Recogniser, ...]] = {
    None: (number_format, date_format, span_format),
    "continuous": (number_format, span_format),
    "integer": (number_format, span_format),
    "datetime": (date_format,),
}
"""What is looked for under each declared kind; kinds that are not here keep their texts."""
_COMPACT_RANGES = ((19_000_101, 20_991_231), (19_000_101_000_000, 20_991_231_235_959))
_OFFSET = re.compile(r"(Z|[+-]\d{2}:?\d{2})$")
_MOSTLY = 0.5
"""From this share of a column's different texts on, a spelling that the others lack is worth a
word.
"""
_MOST_LOOKED_AT = 1000


@dataclass(frozen=True)
class Recognised:
    """A frame whose amounts and dates are numbers and moments, and what was read how."""

    frame: pd.DataFrame
    units: dict[str, str] = field(default_factory=dict)
    """By column, what its numbers count, where the cells themselves no longer say so."""
    notes: list[str] = field(default_factory=list)
    doubts: dict[str, str] = field(default_factory=dict)
    """By column, what a person should decide."""


@dataclass(frozen=True)
class _Reading:
    """One column as it was read."""

    values: pd.Series
    unit: str = ""
    notes: tuple[str, ...] = ()
    doubt: str = ""


def recognise(frame: pd.DataFrame, declared: ContractDeclaration, *, table: str) -> Recognised:
    """`frame` (n rows) with texts that write numbers, dates and spans otherwise read as what they
    are.

    A declared kind that keeps texts (categorical, boolean, id) is obeyed, and so is a declared
    `format`. A target is not taken for a date. Raises ContractError where a declared kind or format
    cannot be followed, and for dates beyond 1677..2262.
    """
    found = {
        name: _read_column(
            frame[name],
            declared.columns.get(name, ColumnDeclaration()),
            is_target=name == declared.target,
            place=f"table {table!r}, column {name!r}",
        )
        for name in frame.columns
    }
    read = pd.DataFrame(
        {name: reading.values for name, reading in found.items()}, index=frame.index
    )
    return Recognised(
        read,
        units={name: reading.unit for name, reading in found.items() if reading.unit},
        notes=[
            f"column {name!r} {note}" for name, reading in found.items() for note in reading.notes
        ],
        doubts={name: reading.doubt for name, reading in found.items() if reading.doubt},
    )


def _read_column(
    values: pd.Series, stated: ColumnDeclaration, *, is_target: bool, place: str
) -> _Reading:
    if stated.format is not None:
        return _in_format(values, stated.format, place)
    if stated.kind not in _RECOGNISERS or stated.categories is not None:
        return _Reading(values)
    if isinstance(values.dtype, pd.DatetimeTZDtype) or pd.api.types.is_timedelta64_dtype(
        values.dtype
    ):
        return _read_times(values)
    if not (is_target and stated.kind is None) and _is_compact(values, stated.kind):
        return _in_format(values, "compact_date", place)
    return (
        _read_text_column(values, stated, is_target=is_target, place=place)
        if _is_text(values)
        else _Reading(values)
    )


def _read_times(values: pd.Series) -> _Reading:
    """Spans as seconds; moments of a zone as they are, with the zone told."""
    if not isinstance(values.dtype, pd.DatetimeTZDtype):
        return _Reading(
            values.dt.total_seconds(), SECONDS, ("holds spans of time: read as seconds",)
        )
    zone = str(values.dtype.tz)
    return _Reading(values, f"UTC, from {zone}", (f"holds moments of zone {zone}: kept in UTC",))


def _read_text_column(
    values: pd.Series, stated: ColumnDeclaration, *, is_target: bool, place: str
) -> _Reading:
    texts = [str(text) for text in distinct(values)]
    if all(is_iso_date(text) for text in texts):
        return _Reading(values) if is_target and stated.kind is None else _iso_dates(values, place)
    recognisers = [
        each for each in _RECOGNISERS[stated.kind] if not (is_target and each is date_format)
    ]
    found = next((form for each in recognisers if (form := each(texts)) is not None), None)
    if isinstance(found, Format):
        return _as_read(values, texts, found, place)
    doubt = found or (_spoilt(texts) if stated.kind is None else None)
    if doubt is None:
        return _Reading(values)
    if stated.kind is not None:
        raise ContractError(
            f"{place}: declared {stated.kind}, but it {doubt.reason}; {doubt.remedy}"
        )
    return _Reading(values, doubt=f"{doubt.reason}, and stays text; {doubt.remedy}")


def _in_format(values: pd.Series, name: str, place: str) -> _Reading:
    if not _is_text(values):
        values = _whole_as_text(values)
    texts = [str(text) for text in distinct(values)]
    if name in NUMBER_FORMATS:
        form = declared_number_format(name, texts)
    else:
        form = declared_span_format(name) if name in SPAN_FORMATS else declared_date_format(name)
    return _as_read(values, texts, form, place)


def _as_read(values: pd.Series, texts: Texts, form: Format, place: str) -> _Reading:
    try:
        read = read_texts(values, texts, form)
    except ValueError as error:
        wrong = sum(not _reads(form, text) for text in texts)
        raise ContractError(
            f"{place}: {wrong} of {len(texts)} different values are not written as `format: {form.name}` says; mend "
            f"them, or declare another format"
        ) from error
    note = f"holds {form.meaning}: read as {form.unit or ('dates' if form.is_date else 'numbers')}"
    if not form.is_date:
        return _Reading(read, form.unit, (note,))
    dates = _iso_dates(read, place)
    return _Reading(dates.values, dates.unit, (note, *dates.notes))


def _reads(form: Format, text: str) -> bool:
    try:
        form.parse(text)
    except ValueError:
        return False
    return True


def _iso_dates(values: pd.Series, place: str) -> _Reading:
    """ISO texts as moments, those that stand for "never" as missing; texts still where one is no
    date at all.
    """
    kept, marks = without_marks(values)
    notes = (
        [f"has {marks} dates that stand for none, such as 9999-12-31: read as missing"]
        if marks
        else []
    )
    try:
        read = moments(kept)
    except pd.errors.OutOfBoundsDatetime as error:
        raise ContractError(
            f"{place}: holds dates outside 1677-09-21..2262-04-11, which nanoseconds of 64 bits cannot hold; `drop` the "
            f"column in the source, mend the dates, or declare `kind: categorical` or `kind: id`"
        ) from error
    except ValueError:  # 30 February: a category with a note, see `inference`
        return _Reading(kept, notes=tuple(notes))
    if not any(_OFFSET.search(str(text)[10:]) for text in distinct(kept)):
        return _Reading(read, notes=tuple(notes))
    return _Reading(read, "UTC", (*notes, "holds moments with offsets from UTC: kept in UTC"))


def _spoilt(texts: Texts) -> Doubt | None:
    """Most texts are amounts or dates in some spelling, but not all, or not in the same."""
    looked_at = texts[:_MOST_LOOKED_AT]
    tests: dict[str, Callable[[str], bool]] = {
        "numbers": lambda text: number_format([text]) is not None,
        "dates": looks_like_date,
        "spans or times": lambda text: span_format([text]) is not None,
    }
    for what, test in tests.items():
        count = sum(test(text) for text in looked_at)
        if count > _MOSTLY * len(looked_at):
            return Doubt(
                f"holds {what} in {count} of {len(looked_at)} different values looked at, and others that are not "
                f"written alike",
                "mend those, or name marks of missing values in `options: {na_values: [...]}`",
            )
    return None


def _is_text(values: pd.Series) -> bool:
    return bool(
        values.dtype == object and pd.api.types.infer_dtype(values, skipna=True) == "string"
    )


def _is_compact(values: pd.Series, kind: Kind | None) -> bool:
    """Whether whole numbers are dates without separators, or are declared to be and lie where such
    dates do.
    """
    if kind not in (None, "datetime") or not pd.api.types.is_numeric_dtype(values.dtype):
        return False
    present = values.dropna()
    if not len(present) or pd.api.types.is_bool_dtype(values.dtype) or np.iscomplexobj(values):
        return False
    if kind is None and present.nunique() < FEWEST_COMPACT:
        return False
    smallest, largest = present.min().item(), present.max().item()
    within = any(low <= smallest and largest <= high for low, high in _COMPACT_RANGES)
    if not within or bool((present != present.round()).any()):
        return False
    return kind == "datetime" or isinstance(
        date_format([f"{int(value)}" for value in present.unique()]), Format
    )


def _whole_as_text(values: pd.Series) -> pd.Series:
    """Numbers as texts: whole ones without a point, which those beside missing cells have got."""
    return values.astype(object).map(
        lambda value: (
            str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
        ),
        na_action="ignore",
    )
