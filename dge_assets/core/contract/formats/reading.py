"""What recognising a format gives: how a column's texts are to be read, or what stands in the way.

Texts are looked at once each, never row by row. No message here quotes a cell: a cell may be a
person's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

Texts = Sequence[str]
Parser = Callable[[str], object]


@dataclass(frozen=True)
class Format:
    """One way to read a column's texts.

    `parse` gives a float, or ISO 8601 text for a date; it raises ValueError for a text that is
    written otherwise. `meaning` says in words what is read, `unit` what the numbers count (empty
    where the column itself says so).
    """

    name: str
    meaning: str
    parse: Parser
    unit: str = ""
    is_date: bool = False


@dataclass(frozen=True)
class Doubt:
    """Texts that look like numbers or dates, and why they are not read as such; `remedy` says what
    to declare.
    """

    reason: str
    remedy: str


def read_texts(values: pd.Series, texts: Texts, form: Format) -> pd.Series:
    """`values` (n rows) with each of its `texts` as `form` reads it: float64, or ISO text as
    objects.

    Raises ValueError where a text is written otherwise.
    """
    read = {text: form.parse(text) for text in texts}
    mapped = values.map(read, na_action="ignore")
    return mapped if form.is_date else mapped.astype("float64")
