"""What a query is before it is run: one statement that reads, and the files that it names.

Here: scanners that know the quotes and comments of SQL, and the refusals that rest on them. Not
here: running queries (`queries`). They are no parsers: a query must be one statement by each of
them, and what they let through still runs on a file that is open for reading or in a transaction
that is rolled back.
"""

from __future__ import annotations

import re
from typing import Any

from dge_resources.sources.context import SourceContext

READING_WORDS = ("SELECT", "WITH", "VALUES", "TABLE", "FROM")
NO_TABLE = (
    f"the query gives no table: it is no {', '.join(READING_WORDS[:-1])} or {READING_WORDS[-1]}",
    "Write one SELECT; what it needs is prepared by a view in the database",
)
MANY_STATEMENTS = ("the query is more than one statement", NO_TABLE[1])

_TEXT = r"'(?:[^']|'')*(?:'|$)"
_TEXT_WITH_ESCAPES = r"'(?:[^'\\]|\\.|'')*(?:'|$)"
_NAME = r'"(?:[^"]|"")*(?:"|$)'
_NAME_WITH_ESCAPES = r'"(?:[^"\\]|\\.|"")*(?:"|$)'
_TICKS = r"`[^`]*(?:`|$)"
_DOLLARS = r"\$(?P<tag>[A-Za-z_]?\w*)\$.*?(?:\$(?P=tag)\$|$)"
_COMMENT = r"--[^\n]*|/\*.*?(?:\*/|$)"
_COMMENT_OF_MYSQL = r"--(?=\s|$)[^\n]*|\#[^\n]*|/\*(?!M?!).*?(?:\*/|$)"


def _scanner(comment: str, *quoted: str) -> re.Pattern[str]:
    return re.compile(rf"(?P<comment>{comment})|(?P<quoted>{'|'.join(quoted)})", re.DOTALL)


_STANDARD = _scanner(_COMMENT, _TEXT, _NAME, _DOLLARS)
_SCANNERS = (
    _STANDARD,
    _scanner(_COMMENT, _TEXT_WITH_ESCAPES, _NAME, _DOLLARS),
    _scanner(_COMMENT, _TEXT, _NAME, _TICKS),
    _scanner(_COMMENT_OF_MYSQL, _TEXT_WITH_ESCAPES, _NAME_WITH_ESCAPES, _TICKS),
)
"""Databases differ in what ends a text and what is a comment; which rules hold may even depend on
their settings.
"""


def require_one_reading_statement(context: SourceContext[Any]) -> None:
    """SourceError unless the query is a single statement, and begins like one that reads."""
    for scanner in _SCANNERS:
        bare = scanner.sub(lambda found: " " if found["comment"] else "''", context.source.query)
        statements = [statement for statement in bare.split(";") if statement.strip()]
        if len(statements) > 1:
            raise context.error(*MANY_STATEMENTS)
        word = re.match(r"[\s(]*(\w*)", statements[0] if statements else "")
        if word is None or word[1].upper() not in READING_WORDS:
            raise context.error(*NO_TABLE)


def quoted_words(query: str) -> list[str]:
    """Give what stands in quotes of a query, texts and names alike, without the quotes.

    >>> quoted_words("SELECT * FROM 'a.csv' JOIN \\"b c.csv\\" -- 'no'")
    ['a.csv', 'b c.csv']
    """
    found = [match["quoted"] for match in _STANDARD.finditer(query) if match["quoted"]]
    return [word[1:-1].replace(word[0] * 2, word[0]) for word in found if word[0] in "'\""]
