"""Whether the warehouse can be read, is one that was built here, and holds what the records that it
names say.

Here: all rows of the file are read, and compared with those of a file that is built aside from what
is kept now. A file that is older than what is kept is no fault: it is as new as its last build. Not
here: the other stores (`verify`).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from dge_assets.core.errors import StorageError
from dge_resources.artifacts import ArtifactStore
from dge_resources.home import Store
from dge_resources.lake import Address, Lake
from dge_resources.problems import Finding, Problem
from dge_resources.sql_text import identifier
from dge_resources.warehouse import FILE, SIDECARS, SYNTHETIC, UNUSED, Warehouse

if TYPE_CHECKING:
    import duckdb

BUILD = "make warehouse"
_RELATIONS = (
    "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE'"
)


class Rows(NamedTuple):
    """Rows in any order: how many, and the sum of their hashes."""

    number: int
    hashes: int


class _Content(NamedTuple):
    """What a file holds, by schema."""

    rows: dict[str, dict[str, Rows]]
    """By relation."""
    records: dict[str, dict[Address, str]]
    """Record id of each artifact that it was built from."""


def is_warehouse(path: str) -> bool:
    """Whether a relative path is that of the file, or of what DuckDB keeps beside it."""
    return path in (FILE, *(FILE + ending for ending in SIDECARS))


def warehouse_findings(store: Store) -> Iterator[Finding]:
    """What is wrong with the warehouse of a root, if it has one, and what was lost since it was
    built.
    """
    warehouse = Warehouse(store)
    for name in warehouse.sidecars():
        place = store.url(name)
        message = f"{place} was left by somebody who opened the warehouse for writing, and would be replayed into it"
        yield Finding(Problem(table="", place=place, message=message), f"{BUILD}, which removes it")
    if not store.exists(FILE):
        return
    try:
        with store.work_folder() as folder:
            found = _content(_local(warehouse, folder))
            expected = _content(warehouse.make(folder)[0])
    except (StorageError, OSError) as error:
        message = (
            str(error)
            if isinstance(error, StorageError)
            else f"{warehouse.url} could not be looked at: {error}"
        )
        yield Finding(Problem(table="", place=warehouse.url, message=message), BUILD)
        return
    yield from _differences(store, found, expected)


def _local(warehouse: Warehouse, folder: Path) -> Path:
    """A copy of the file alone: what lies beside it is not replayed, and nobody is kept from
    building.
    """
    path = folder / "found.duckdb"
    with warehouse.store.open(FILE) as source, path.open("wb") as target:
        shutil.copyfileobj(source, target)
    return path


def _content(path: Path) -> _Content:
    """What is in a file, each block of it read; StorageError where it is damaged or is no
    warehouse.
    """
    import duckdb

    try:
        with duckdb.connect(path, read_only=True) as connection:
            names = connection.sql(_RELATIONS).fetchall()
            if ("main", "problems") not in names:
                raise StorageError(
                    f"the warehouse {FILE} was not built by this program: it has no main.problems"
                )
            rows: dict[str, dict[str, Rows]] = {}
            for schema, name in names:
                place = f"{identifier(schema)}.{identifier(name)}"
                number, hashes = connection.sql(
                    f'SELECT count(*), sum(hash("the row")) FROM {place} "the row"'
                ).fetchall()[0]
                rows.setdefault(schema, {})[name] = Rows(number, hashes or 0)
            records = {
                schema: _records(connection, schema) for schema in rows if "lineage" in rows[schema]
            }
    except duckdb.Error as error:
        raise StorageError(
            f"the warehouse {FILE} is damaged, or is not a DuckDB file: {str(error).splitlines()[0]}"
        ) from error
    return _Content(rows, records)


def _records(connection: duckdb.DuckDBPyConnection, table: str) -> dict[Address, str]:
    query = f"SELECT asset, family, seed, record_id FROM {identifier(table)}.lineage"
    return {
        Address(table, asset, family, seed): record_id
        for asset, family, seed, record_id in connection.sql(query).fetchall()
    }


def _differences(store: Store, found: _Content, expected: _Content) -> Iterator[Finding]:
    """What the file names and is not kept any more, and what it holds other rows of than are kept."""
    for table, records in found.records.items():
        relations, kept = found.rows[table], expected.records.get(table, {})
        for place in records:
            in_lake = place.asset in (*relations, SYNTHETIC)
            url = Lake(store).url(place) if in_lake else ArtifactStore(store).url(place)
            if place not in kept and not (
                Lake(store).has(place) or store.exists(ArtifactStore(store).manifest_path(place))
            ):
                message = f"{place.name} is lost: it was kept when the warehouse was built, and nothing is at {url} now"
                command = f"make demo TABLE={table} (or the job {table}_line); {BUILD} where it was taken away on purpose"
                yield Finding(
                    Problem(table=table, asset=place.asset, place=url, message=message), command
                )
        for name in _others(table, found, expected):
            message = f"the warehouse's {table}.{name} holds other rows than the records that it names: it was changed"
            yield Finding(
                Problem(table=table, place=f"{FILE}: {table}.{name}", message=message), BUILD
            )


def _others(table: str, found: _Content, expected: _Content) -> list[str]:
    """Relations that were built from the records that are kept now, and whose rows are others."""
    old, new = _whole(found.rows[table]), _whole(expected.rows.get(table, {}))
    return [
        name
        for name in sorted(old.keys() & new.keys())
        if old[name] != new[name]
        and _of(found.records[table], name) == _of(expected.records.get(table, {}), name)
    ]


def _whole(relations: dict[str, Rows]) -> dict[str, Rows]:
    """The relations that one asset's records decide; datasets in use and others together, as the
    plan parts them anew.
    """
    parts = [relations[name] for name in (SYNTHETIC, UNUSED) if name in relations]
    both = {SYNTHETIC: Rows(*map(sum, zip(*parts, strict=True)))} if len(parts) == 2 else {}
    # The lineage tells circumstances too, which differ when the same is made again.
    return {
        name: rows for name, rows in relations.items() if name not in (SYNTHETIC, UNUSED, "lineage")
    } | both


def _of(records: dict[Address, str], asset: str) -> dict[Address, str]:
    return {place: record_id for place, record_id in records.items() if place.asset == asset}
