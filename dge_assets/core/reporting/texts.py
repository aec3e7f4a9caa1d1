"""Texts and numbers as a reader sees them, on a page and in a terminal.

Not here: sentences (`verdict`), tables (`tables`, `headline`).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from math import floor, isfinite, log10

import pandas as pd

UNDEFINED, NO_SPREAD = "not defined", "no spread"
MOST_DECIMALS = 12
"""With fewer, errors of a target in a small unit would all be shown as 0, and called the same;
beyond is rounding.
"""


def plain_text(value: object) -> str:
    """As text, without control characters: they are invalid in HTML and could move a terminal's
    cursor.
    """
    return "".join(" " if unicodedata.category(c) in {"Cc", "Cs"} else c for c in str(value))


def is_missing(value: object) -> bool:
    """Whether `value` is one missing value: None, NaN, NA or NaT."""
    return bool(pd.api.types.is_scalar(value) and pd.isna(value))


def decimals_for(values: Iterable[float]) -> int:
    """Decimals that give the largest value four significant digits: of wavelengths in metres, ten."""
    sizes = [
        abs(float(value))
        for value in values
        if not is_missing(value) and isfinite(value) and value != 0
    ]
    return min(max(3 - floor(log10(max(sizes))), 0), MOST_DECIMALS) if sizes else 0


def number_text(value: float, decimals: int) -> str:
    """`value` with `decimals` decimals, a real minus sign, and no negative zero."""
    if not isfinite(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value:.{decimals}f}"
    return text.replace("-", "−") if float(text) else text.lstrip("-")


def short_number(value: float) -> str:
    """A number inside a sentence: three significant digits."""
    if not isfinite(value):
        return "—"
    decimals = min(max(2 - floor(log10(abs(value))), 0), MOST_DECIMALS) if value else 0
    return number_text(value, decimals)


def terminal_width(text: str) -> int:
    """Columns that a terminal needs: East Asian wide characters take two, combining marks none."""
    return sum(
        (unicodedata.east_asian_width(c) in "WF") + 1 for c in text if not unicodedata.combining(c)
    )


def shortened(text: str, limit: int) -> str:
    """`text` in at most `limit` columns of a terminal, cut with an ellipsis."""
    if terminal_width(text) <= limit:
        return text
    while terminal_width(text) > limit - 1:
        text = text[:-1]
    return text + "…"
