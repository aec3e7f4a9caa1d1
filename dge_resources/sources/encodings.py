"""Text files that are not what they are taken for: another encoding, another separator, a web page.

Each is told as what it is, with the option to declare. Not here: reading (`readers`).
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Mapping
from typing import IO, Any

from dge_resources.sources.context import SourceContext

LOOKED_AT_BYTES = 2**16
LOOKED_AT_LINES = 20
SEPARATORS = {";": "';'", "\t": "'\\t'", "|": "'|'", ",": "','"}
_MARKS = (  # the longer mark of UTF-32 begins like that of UTF-16
    (codecs.BOM_UTF32_LE, "UTF-32", "utf-32"),
    (codecs.BOM_UTF32_BE, "UTF-32", "utf-32"),
    (codecs.BOM_UTF16_LE, "UTF-16", "utf-16"),
    (codecs.BOM_UTF16_BE, "UTF-16", "utf-16"),
)
_OTHER_LAYOUT = frozenset(
    {"dialect", "skiprows", "comment", "header", "quoting", "escapechar", "lineterminator"}
)


def refuse_web_page(context: SourceContext[Any], file: IO[bytes]) -> None:
    """Raise if the file is an HTML page: log-in and error pages often come with status 200."""
    start = _start(file, 512).lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")):
        raise context.error(
            "the file is an HTML page, not data",
            "Look at it in a browser; use the URL of the raw file",
        )


def refuse_other_encoding(
    context: SourceContext[Any], file: IO[bytes], options: Mapping[str, Any]
) -> None:
    """Raise if the file is UTF-16 or UTF-32 and the options do not say so."""
    if options.get("encoding") is not None or options.get("compression") is not None:
        return
    start = _start(file, 1000)
    for mark, name, encoding in _MARKS:
        if start.startswith(mark):
            raise context.error(
                f"the file is written in {name}", f"Declare `options: {{encoding: {encoding}}}`"
            )
    zeros = {part: start[part::2].count(0) for part in (0, 1)}
    part = max(zeros, key=lambda key: zeros[key])
    if zeros[part] * 4 > len(start):  # at least half of every second byte
        encoding = "utf-16-le" if part else "utf-16-be"
        raise context.error(
            "the file has a zero in every second byte, as UTF-16 has",
            f"Declare `options: {{encoding: {encoding}}}`",
        )


def refuse_zero_bytes(
    context: SourceContext[Any], file: IO[bytes], options: Mapping[str, Any]
) -> None:
    """Raise if a text file holds a zero byte: pandas' parser ends a cell there, and so makes one of
    two texts.
    """
    if options.get("compression") is not None or str(
        options.get("encoding") or ""
    ).lower().startswith(("utf-16", "utf-32")):
        return
    lines = 0
    while block := file.read(LOOKED_AT_BYTES):
        place = block.find(b"\x00")
        if place >= 0:
            line = lines + block[:place].count(b"\n") + 1
            file.seek(0)
            raise context.error(
                f"the file has a zero byte in its line {line}, where pandas would end the cell",
                "Remove it",
            )
        lines += block.count(b"\n")
    file.seek(0)


def refuse_other_separator(
    context: SourceContext[Any], file: IO[bytes], options: Mapping[str, Any]
) -> None:
    """Raise if another separator parts every line alike, and the one that is declared (or the
    comma) does not.
    """
    used = options.get("sep", options.get("delimiter", ","))
    if (
        used not in SEPARATORS
        or options.get("compression") is not None
        or _OTHER_LAYOUT & options.keys()
    ):
        return
    text = _start(file, LOOKED_AT_BYTES).decode(
        options.get("encoding") or "utf-8", errors="replace"
    )
    lines = [line for line in text.splitlines() if line.strip()][: LOOKED_AT_LINES + 1]
    lines = (
        lines[:LOOKED_AT_LINES] if len(lines) <= LOOKED_AT_LINES else lines[:-1]
    )  # the last may be cut off
    if _parts(lines, used) > 1:
        return
    for other, shown in SEPARATORS.items():
        parts = _parts(lines, other)
        if parts > 1:
            raise context.error(
                f"its lines are not separated by {SEPARATORS[used]}, but by {shown}, into {parts} fields each",
                f"Declare `options: {{sep: {shown if other != chr(9) else chr(34) + chr(92) + 't' + chr(34)}}}`",
            )


def _parts(lines: list[str], separator: str) -> int:
    """How many fields every line has; 0 where they differ."""
    try:
        counts = {len(row) for row in csv.reader(lines, delimiter=separator)}
    except csv.Error:
        return 0
    return counts.pop() if len(counts) == 1 else 0


def _start(file: IO[bytes], size: int) -> bytes:
    start = file.read(size)
    file.seek(0)
    return start
