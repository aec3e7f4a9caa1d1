"""What the warehouse says beside an evaluation table and its columns: the words of the table's card.

Not here: building the warehouse (`warehouse`), the cards (`core.evaluation.catalogue`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dge_assets.core.evaluation.catalogue import Catalogue
from dge_resources.sql_text import identifier, literal

if TYPE_CHECKING:
    import duckdb


def describe(
    connection: duckdb.DuckDBPyConnection, table: str, name: str, catalogue: Catalogue
) -> None:
    """Comment on the relation `name` of a table, and on its columns; nothing is said of relations
    that are no evaluation tables.

    A table that was stored under a former card may lack columns of the present one: those that it
    has are described.
    """
    if name not in catalogue.names:
        return
    card, place = catalogue[name], f"{identifier(table)}.{identifier(name)}"
    connection.execute(f"COMMENT ON TABLE {place} IS {literal(card.description)}")
    there = {column for column, *_ in connection.execute(f"DESCRIBE {place}").fetchall()}
    for column in card.columns:
        if column.name in there:
            at = f"{place}.{identifier(column.name)}"
            connection.execute(f"COMMENT ON COLUMN {at} IS {literal(column.meaning)}")
