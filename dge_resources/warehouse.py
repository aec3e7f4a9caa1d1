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

if TYPE_CHECKING:
    import duckdb

FILE = "warehouse.duckdb"
STORAGE_VERSION = "v1.0.0"
"""The oldest file format that the builder can write, so that older DuckDB can read the file."""
REAL = ("source", "real_train", "real_test")
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
            for asset in sorted({record.asset for record in in_lake if record.table == table}):
                connection.execute(self._relation(lake, table, asset))
            _insert_lineage(connection, table, of_table)

    def _relation(self, lake: str, table: str, asset: str) -> str:
        """Real rows and datasets stay in a local lake as views; small results are copied in."""
        root = re.sub(r"([*?[])", r"[\1]", f"{lake}/{table}/{asset}").replace("'", "''")
        kind = "VIEW" if self.store.is_local and asset in (*REAL, "synthetic") else "TABLE"
        if asset == "synthetic":
            source = f"read_parquet('{root}/*/*/data.parquet', {_HIVE}, union_by_name = true)"
            return f'CREATE {kind} "{table}"."{asset}" AS SELECT * FROM {source}'
        return f'CREATE {kind} "{table}"."{asset}" AS SELECT * FROM read_parquet(\'{root}/data.parquet\')'

    @contextmanager
    def _only_builder(self) -> Iterator[None]:
        """One builder at a time on this machine: the last to start sees all that the earlier ones saw."""
        lock = Path(tempfile.gettempdir()) / f"dge-warehouse-{os.getuid()}.lock"
        with lock.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


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
