"""Text of somebody else's (names of columns, levels, messages) inside Markdown, where it must stay
text.

Here: one cell, a table, a list of notes, paragraphs. Not here: what they hold.
"""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

_ENTITIES = {
    "&": "&amp;", "<": "&lt;", ">": "&gt;", "[": "&#91;", "]": "&#93;", "`": "&#96;", "|": "&#124;", "\\": "&#92;",
    "\n": " ", "\r": " ",
}  # fmt: skip
"""Without these no text becomes an element, a link, a picture, code or another cell."""
_TABLE = str.maketrans(_ENTITIES)


def markdown_cell(text: object) -> str:
    """`text` so that Markdown shows it as it is, on one line and in one cell."""
    return str(text).translate(_TABLE)


def markdown_table(frame: pd.DataFrame) -> str:
    """A small frame as a table, floats to four digits and everything else as it is."""
    rows = [frame.columns, ["---"] * len(frame.columns), *frame.itertuples(index=False)]
    return "\n".join("| " + " | ".join(map(_shown, row)) + " |" for row in rows)


def _shown(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else markdown_cell(value)


def markdown_list(notes: Iterable[object]) -> str:
    """One item per note, each shown as it is."""
    return "\n".join(f"- {_line(note)}" for note in notes)


def markdown_text(text: str) -> str:
    """Paragraphs that are shown as they are; an empty line parts them."""
    return "\n".join(_line(line) for line in text.split("\n"))


def _line(text: object) -> str:
    """A line whose first character begins no heading, list or rule."""
    shown = str(text).lstrip()
    first = shown[:1]
    if not first or first.isalpha() or first in _ENTITIES:
        return markdown_cell(shown)
    return f"&#{ord(first)};{markdown_cell(shown[1:])}"
