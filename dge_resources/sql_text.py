"""Values and names as SQL spells them.

Not here: statements (`warehouse`, `warehouse_comments`, `verify_warehouse`).
"""

from __future__ import annotations


def literal(value: object) -> str:
    """A value as a literal of SQL."""
    return "'" + str(value).replace("'", "''") + "'"


def identifier(value: str) -> str:
    """A name as an identifier of SQL; names come from files, which anybody may have written."""
    return '"' + value.replace('"', '""') + '"'
