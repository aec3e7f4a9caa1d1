"""The warehouse: one DuckDB file that people open, built aside from the lake and swapped in by rename.

Big relations are views over a local lake, so a new member shows at once; result tables and `lineage` are copied in. From a
lake on object storage everything is copied in, since a reader's DuckDB may not reach it; the file is then as new as its
last build. A reader needs `duckdb.connect(path, read_only=True)`; readers and builders never block each other.
Run as a program (`python -m dge_resources.warehouse`) it builds the file anew.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from dge_assets.core.errors import StorageError
from dge_assets.core.provenance import Provenance
from dge_resources.artifacts import ArtifactStore
from dge_resources.home import Store, home_url
from dge_resources.lake import Lake
from dge_resources.plans import Plans

if TYPE_CHECKING:
    import duckdb

FILE = "warehouse.duckdb"
STORAGE_VERSION = "v1.0.0"
"""The oldest file format that the builder can write, so that older DuckDB can read the file."""
REAL = ("source", "real_train", "real_test")
SYNTHETIC, UNUSED = "synthetic", "synthetic_unused"
_HIVE = "hive_partitioning = true, hive_types = {'family': VARCHAR, 'seed': INTEGER}"


@dataclass(frozen=True)
class Warehouse:
    """Builds and locates the DuckDB file of a root."""

    store: Store

    @property
    def url(self) -> str:
        """Where the file is."""
        return self.store.url(FILE)

    def build(self) -> str:
        """Build the file from what the lake holds now and swap it in; returns where it is.

        Raises StorageError when a part of the lake cannot be read; the former file then stays as it is.
        """
        import duckdb

        with self._only_builder(), tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / FILE
            connection = duckdb.connect()
            try:
                connection.execute(f"ATTACH '{path}' AS warehouse (STORAGE_VERSION '{STORAGE_VERSION}')")
                connection.execute("USE warehouse")
                self._fill(connection, self._local_lake(Path(folder)))
                connection.execute("USE memory")
                connection.execute("DETACH warehouse")
            except duckdb.Error as error:
                raise StorageError(
                    f"the warehouse could not be built from {self.store.url('lake')}: {error}"
                ) from error
            finally:
                connection.close()
            self.store.write(FILE, path.read_bytes())
        return self.url

    def _local_lake(self, folder: Path) -> str:
        """The lake as a local folder: itself, or a copy of it below `folder`."""
        if self.store.is_local:
            return self.store.url("lake")
        for name in self.store.files("lake"):
            copy = folder / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(self.store.read(name))
        return str(folder / "lake")

    def _fill(self, connection: duckdb.DuckDBPyConnection, lake: str) -> None:
        in_lake, artifacts = Lake(self.store).records(), ArtifactStore(self.store).records()
        records = [*in_lake, *artifacts]
        connection.execute("CREATE SCHEMA IF NOT EXISTS lineage")
        for table in sorted({record.table for record in records}):
            connection.execute(f'CREATE SCHEMA "{table}"')
            of_table = [record for record in records if record.table == table]
            for asset in sorted({record.asset for record in in_lake if record.table == table} - {SYNTHETIC}):
                connection.execute(self._relation(lake, table, asset))
            for statement in self._synthetic(lake, table, [r for r in in_lake if r.table == table]):
                connection.execute(statement)
            _insert_lineage(connection, table, of_table)

    def _relation(self, lake: str, table: str, asset: str) -> str:
        """Real rows stay in a local lake as views; small results are copied in."""
        kind = "VIEW" if self.store.is_local and asset in REAL else "TABLE"
        return f'CREATE {kind} "{table}"."{asset}" AS SELECT * FROM read_parquet(\'{_root(lake, table, asset)}/data.parquet\')'

    def _synthetic(self, lake: str, table: str, in_lake: list[Provenance]) -> list[str]:
        """`synthetic` has the rows of the present plan's members alone, `synthetic_unused` those of all others.

        Where no member is out of use, `synthetic` is over whatever there is, and so shows a new member at once.
        """
        plan = Plans(self.store).read(table)
        members = [record for record in in_lake if record.asset == SYNTHETIC]
        if not members:
            return []
        present = {record.record_id for record in members} if plan is None else set(plan.members.values())
        used = [_member_folder(record) for record in members if record.record_id in present]
        unused = [_member_folder(record) for record in members if record.record_id not in present]
        kind = "VIEW" if self.store.is_local else "TABLE"
        root = _root(lake, table, SYNTHETIC)

        def relation(name: str, folders: list[str], condition: str = "") -> str:
            files = ", ".join(f"'{root}/{folder}/data.parquet'" for folder in folders)
            source = f"read_parquet([{files}], {_HIVE}, union_by_name = true)"
            return f'CREATE {kind} "{table}"."{name}" AS SELECT * FROM {source} {condition}'

        nothing = "WHERE false"
        return [
            relation(SYNTHETIC, (used if unused else ["*/*"]) or unused, "" if used else nothing),
            relation(UNUSED, unused or used, "" if unused else nothing),
        ]

    @contextmanager
    def _only_builder(self) -> Iterator[None]:
        """One builder at a time on this machine: the last to start sees all that the earlier ones saw."""
        lock = Path(tempfile.gettempdir()) / f"dge-warehouse-{os.getuid()}.lock"
        with lock.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _root(lake: str, table: str, asset: str) -> str:
    """The folder of an asset in a string of SQL, its own name safe from being read as a pattern."""
    return re.sub(r"([*?[])", r"[\1]", f"{lake}/{table}/{asset}").replace("'", "''")


def _member_folder(record: Provenance) -> str:
    return f"family={record.family}/seed={record.seed:03d}"


def _insert_lineage(connection: duckdb.DuckDBPyConnection, table: str, records: list[Provenance]) -> None:
    """`lineage`: one row per provenance record; `origin_of`: from any record to all that it was made from."""
    lineage = pd.DataFrame([_flat(record) for record in records])
    connection.register("records", lineage)
    connection.execute(
        f"""CREATE TABLE "{table}"."lineage" AS SELECT * REPLACE (
              parameters::JSON AS parameters, library_versions::JSON AS library_versions,
              seed::INTEGER AS seed, seconds::DOUBLE AS seconds, family::VARCHAR AS family)
            FROM records"""
    )
    connection.unregister("records")
    connection.execute(
        f"""CREATE VIEW "{table}"."origin_of" AS
            WITH RECURSIVE walk(record_id, ancestor) AS (
              SELECT record_id, unnest(parents) FROM "{table}"."lineage"
              UNION
              SELECT walk.record_id, unnest(above.parents)
              FROM walk JOIN "{table}"."lineage" above ON above.record_id = walk.ancestor)
            SELECT walk.record_id AS of_record_id, found.*
            FROM walk JOIN "{table}"."lineage" found ON found.record_id = walk.ancestor"""
    )


def _flat(record: Provenance) -> dict[str, object]:
    document = record.to_document()
    text = {name: json.dumps(document[name], sort_keys=True) for name in ("parameters", "library_versions")}
    return {**document, **text}


if __name__ == "__main__":
    print(Warehouse(Store(home_url())).build())
