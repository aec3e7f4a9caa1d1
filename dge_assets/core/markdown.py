"""Text of somebody else's (names of columns, levels, messages) inside Markdown, where it must stay text.

Here: one cell. Not here: what tables hold.
"""

from __future__ import annotations

_ENTITIES = {
    "&": "&amp;", "<": "&lt;", ">": "&gt;", "[": "&#91;", "]": "&#93;", "`": "&#96;", "|": "&#124;", "\\": "&#92;",
    "\n": " ", "\r": " ",
}  # fmt: skip
"""Without these no text becomes an element, a link, a picture, code or another cell."""
_TABLE = str.maketrans(_ENTITIES)


def markdown_cell(text: object) -> str:
    """`text` so that Markdown shows it as it is, on one line and in one cell."""
    return str(text).translate(_TABLE)
