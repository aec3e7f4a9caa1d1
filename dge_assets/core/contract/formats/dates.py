"""Dates that are not written as ISO 8601 says, and moments beyond what nanoseconds of 64 bits
reach.

Here: telling day first from month first, compact dates, month names, dates that stand for "never".
Not here: ISO text itself, which `contract.values.moments` reads.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from functools import partial

import pandas as pd

from dge_assets.core.contract.formats.reading import Doubt, Format, Texts

_TIME = r"(?:(?:[ T]|, )\s*(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d{1,9})?))?(?:\s*([AaPp])\.?[Mm]\.?)?)?"
_YEAR_LAST = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})" + _TIME)
_YEAR_FIRST = re.compile(r"(\d{4})([./-])(\d{1,2})\2(\d{1,2})" + _TIME)
_COMPACT = re.compile(r"((?:19|20)\d{2})(\d{2})(\d{2})(?:[T ]?(\d{2})(\d{2})(\d{2}))?(?:\.0)?")
_NAMED_MONTHS = (
    "%d %b %Y",
    "%d-%b-%Y",
    "%d %B %Y",
    "%d. %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%d-%b-%y",
)
_PIVOT = 69
"""Two-digit years from here on are of the last century, as in POSIX."""
FEWEST_COMPACT = 5
"""Of eight digits at random one in thirty is a date of these two centuries: five different ones are
no chance.
"""
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}.*)?")
_MARK = re.compile(r"(0001|2999|3000|9999)-\d{2}-\d{2}([ T].*)?")
"""Dates that databases write for "never" or "unknown"."""


def date_format(texts: Texts) -> Format | Doubt | None:
    """How all of `texts` write dates, a Doubt where day and month cannot be told apart, None where
    they are no dates.
    """
    if all(_YEAR_LAST.fullmatch(text) for text in texts):
        return _year_last(texts)
    if all(_YEAR_FIRST.fullmatch(text) for text in texts):
        return _checked(_FORMS["year_first"], texts)
    if all(_COMPACT.fullmatch(text) for text in texts):
        return _checked(_FORMS["compact_date"], texts) if len(texts) >= FEWEST_COMPACT else None
    return next(
        (_pattern(pattern) for pattern in _NAMED_MONTHS if _parses(_pattern(pattern), texts)), None
    )


def is_iso_date(text: str) -> bool:
    """Whether `text` is written as ISO 8601 writes a date or a moment."""
    return _ISO_DATE.fullmatch(text) is not None


def looks_like_date(text: str) -> bool:
    """Whether `text` by itself is written like a date, in one spelling or another."""
    return is_iso_date(text) or date_format([text]) is not None


def declared_date_format(name: str) -> Format:
    """The format called `name`: day_first, month_first, year_first, compact_date, or a pattern of
    strptime.
    """
    return _FORMS[name] if name in _FORMS else _pattern(name)


def _year_last(texts: Texts) -> Format | Doubt | None:
    found = [match.groups() for text in texts if (match := _YEAR_LAST.fullmatch(text))]
    first, second = (max(int(groups[part]) for groups in found) for part in (0, 2))
    if first <= 12 and second <= 12 and {groups[1] for groups in found} != {"."}:
        return Doubt(
            "holds dates whose day and month cannot be told apart",
            "declare `format: day_first` or `format: month_first`",
        )
    # Written with points a date has its day first wherever that is done.
    return _checked(_FORMS["month_first" if first <= 12 < second else "day_first"], texts)


def _checked(form: Format, texts: Texts) -> Format | Doubt:
    wrong = len(texts) - sum(_parses(form, [text]) for text in texts)
    if not wrong:
        return form
    return Doubt(
        f"looks like dates ({form.name}), but {wrong} of {len(texts)} different values are no date",
        "mend them, or declare the kind",
    )


def _parses(form: Format, texts: Texts) -> bool:
    try:
        for text in texts:
            form.parse(text)
    except ValueError:
        return False
    return True


# ----------------------------------------------------------------------------------------------
# reading one text


def _read_year_last(text: str, *, day: int, month: int) -> str:
    groups = _groups(_YEAR_LAST, text)
    year = int(groups[3])
    if len(groups[3]) == 2:
        year += 1900 if year >= _PIVOT else 2000
    return _iso(year, int(groups[month]), int(groups[day]), groups[4:])


def _read_year_first(text: str) -> str:
    groups = _groups(_YEAR_FIRST, text)
    return _iso(int(groups[0]), int(groups[2]), int(groups[3]), groups[4:])


def _read_compact(text: str) -> str:
    groups = _groups(_COMPACT, text)
    return _iso(int(groups[0]), int(groups[1]), int(groups[2]), (*groups[3:6], ""))


def _read_pattern(text: str, *, pattern: str) -> str:
    return datetime.strptime(text.strip(), pattern).isoformat(sep=" ")


def _groups(pattern: re.Pattern[str], text: str) -> tuple[str, ...]:
    match = pattern.fullmatch(text.strip())
    if match is None:
        raise ValueError("not a date of this form")
    return match.groups(default="")


def _iso(year: int, month: int, day: int, clock: tuple[str, ...]) -> str:
    """ISO text of a date and of hour, minute, second and half of the day as written; ValueError for
    31 February.
    """
    written = date(year, month, day).isoformat()
    hour, minute, second, half = clock
    if not hour:
        return written
    hours = int(hour) % 12 + 12 * (half.lower() == "p") if half else int(hour)
    if hours > 23 or int(minute) > 59 or float(second or 0) >= 60:
        raise ValueError("not a time of day")
    return f"{written} {hours:02d}:{minute}:{second or '00'}"


def _pattern(pattern: str) -> Format:
    return Format(
        pattern,
        f"dates written as {pattern}",
        partial(_read_pattern, pattern=pattern),
        is_date=True,
    )


def _form(name: str, meaning: str, parse: Callable[[str], str]) -> Format:
    return Format(name, meaning, parse, is_date=True)


_FORMS = {
    "day_first": _form(
        "day_first", "dates with the day first", partial(_read_year_last, day=0, month=2)
    ),
    "month_first": _form(
        "month_first", "dates with the month first", partial(_read_year_last, day=2, month=0)
    ),
    "year_first": _form("year_first", "dates with the year first", _read_year_first),
    "compact_date": _form("compact_date", "dates written without separators", _read_compact),
}


# ----------------------------------------------------------------------------------------------
# never and unknown


def without_marks(values: pd.Series) -> tuple[pd.Series, int]:
    """ISO texts with dates that stand for "never" (9999-12-31 and the like) as missing, and how
    many rows had one.

    A column of nothing else stays as it is.
    """
    marked = values.map(
        lambda value: isinstance(value, str) and _MARK.fullmatch(value) is not None
    ).astype(bool)
    count = int(marked.sum())
    if not count or count == int(values.notna().sum()):
        return values, 0
    return values.where(~marked), count
