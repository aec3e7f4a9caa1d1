"""Spans of time and times of day as the numbers that they are: seconds.

Here: `1:23:45`, `13:45`, `1 days 02:03:04`, `P1DT2H`, `90 min`, and pandas' own spans. Not here:
dates (`dates.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from dge_assets.core.contract.formats.reading import Doubt, Format, Texts

SECONDS, SINCE_MIDNIGHT = "seconds", "seconds since midnight"
_FRACTION = r"(\d{2}(?:\.\d{1,9})?)"
_CLOCK = re.compile(rf"(\d{{1,2}}):(\d{{2}})(?::{_FRACTION})?(?:\s*([AaPp])\.?[Mm]\.?)?")
_LONG = re.compile(rf"([+-]?)(\d+):([0-5]\d):{_FRACTION}")
_SHORT = re.compile(r"([+-]?)(\d+):([0-5]\d)")
_DAYS = re.compile(rf"([+-]?\d+) days?,?(?: ([+-]?)(\d{{1,2}}):(\d{{2}}):{_FRACTION})?")
_ISO = re.compile(
    r"([+-]?)P(?=.)(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?"
)
_WORD_SECONDS = {
    "d": 86400, "day": 86400, "days": 86400, "h": 3600, "hr": 3600, "hrs": 3600, "hour": 3600, "hours": 3600,
    "min": 60, "mins": 60, "minute": 60, "minutes": 60, "s": 1, "sec": 1, "secs": 1, "second": 1, "seconds": 1,
    "ms": 0.001,
}  # fmt: skip
_WORDED = re.compile(
    r"(?:\d+(?:\.\d+)?\s*(?:" + "|".join(sorted(_WORD_SECONDS, key=len, reverse=True)) + r")\s*)+"
)
_WORD = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)")
FEWEST_WORDED = 20
"""`30 days`, `60 days` and `90 days` are the levels of a category; so many different spans are an
amount.
"""


def span_format(texts: Texts) -> Format | Doubt | None:
    """How all of `texts` write spans or times of day; None where they do not, a Doubt where the
    unit is open.
    """
    if all(_is_time_of_day(text) for text in texts):
        return _FORMS["time_of_day"]
    if all(_SHORT.fullmatch(text) for text in texts):
        return Doubt(
            "holds spans that may be hours and minutes or minutes and seconds",
            "declare `format: hours_minutes` or `format: minutes_seconds`",
        )
    if all(_WORDED.fullmatch(text) for text in texts) and len(texts) < FEWEST_WORDED:
        return None
    return _FORMS["duration"] if all(_is_duration(text) for text in texts) else None


def declared_span_format(name: str) -> Format:
    """The format called `name`: duration, time_of_day, hours_minutes or minutes_seconds."""
    return _FORMS[name]


def _is_time_of_day(text: str) -> bool:
    try:
        _read_clock(text)
    except ValueError:
        return False
    return True


def _is_duration(text: str) -> bool:
    return any(pattern.fullmatch(text.strip()) for pattern in _READERS)


def _read_clock(text: str) -> float:
    match = _CLOCK.fullmatch(text.strip())
    if match is None:
        raise ValueError("not a time of day")
    hour, minute, second, half = match.groups(default="")
    hours = int(hour) % 12 + 12 * (half.lower() == "p") if half else int(hour)
    if hours > 23 or int(minute) > 59 or float(second or 0) >= 60 or (half and int(hour) > 12):
        raise ValueError("not a time of day")
    return hours * 3600 + int(minute) * 60 + float(second or 0)


def _read_long(sign: str, hours: str, minutes: str, seconds: str) -> float:
    return _signed(sign, int(hours) * 3600 + int(minutes) * 60 + float(seconds))


def _read_days(days: str, sign: str, hours: str, minutes: str, seconds: str) -> float:
    # Python and pandas write a negative span as negative days and a positive rest.
    return int(days) * 86400 + _signed(
        sign, int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(seconds or 0)
    )


def _read_iso(sign: str, weeks: str, days: str, hours: str, minutes: str, seconds: str) -> float:
    whole = (
        int(weeks or 0) * 604800
        + int(days or 0) * 86400
        + int(hours or 0) * 3600
        + int(minutes or 0) * 60
    )
    return _signed(sign, whole + float(seconds or 0))


def _signed(sign: str, seconds: float) -> float:
    return -seconds if sign == "-" else seconds


def _read_duration(text: str) -> float:
    for pattern, read in _READERS.items():
        match = pattern.fullmatch(text.strip())
        if match is not None:
            return float(read(*match.groups(default="")))
    raise ValueError("not a span of time")


def _read_worded(text: str) -> float:
    if not _WORDED.fullmatch(text.strip()):
        return _read_duration(text)
    return sum(float(amount) * _WORD_SECONDS[word] for amount, word in _WORD.findall(text))


def _read_short(text: str, *, unit: int) -> float:
    match = _SHORT.fullmatch(text.strip())
    if match is None:
        return _read_duration(text)
    sign, larger, smaller = match.groups()
    return _signed(sign, (int(larger) * 60 + int(smaller)) * unit)


_READERS: dict[re.Pattern[str], Callable[..., float]] = {
    _LONG: _read_long,
    _DAYS: _read_days,
    _ISO: _read_iso,
    re.compile(f"({_WORDED.pattern})"): _read_worded,
}
_FORMS = {
    "time_of_day": Format("time_of_day", "times of day", _read_clock, unit=SINCE_MIDNIGHT),
    "duration": Format("duration", "spans of time", _read_duration, unit=SECONDS),
    "hours_minutes": Format(
        "hours_minutes",
        "spans of hours and minutes",
        lambda text: _read_short(text, unit=60),
        unit=SECONDS,
    ),
    "minutes_seconds": Format(
        "minutes_seconds",
        "spans of minutes and seconds",
        lambda text: _read_short(text, unit=1),
        unit=SECONDS,
    ),
}
