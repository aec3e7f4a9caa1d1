"""The warehouse: one DuckDB file that people open, built aside from the lake and swapped in by
rename.

What it shows was verified: each frame is read by the lake's own reader, which compares it with its
record, and copied in; DuckDB reads Parquet without checking anything, its own blocks with a
checksum each. So the file is as new as its last build. A reader needs `duckdb.connect(path,
read_only=True)`; readers and builders never block each other. Run as a program (`python -m
dge_resources.warehouse`) it builds the file anew.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from dge_assets.core.errors import StorageError
from dge_assets.core.evaluation.catalogue import CATALOGUE, Catalogue
from dge_assets.core.lineage.provenance import Provenance
from dge_resources.artifacts import ArtifactStore
from dge_resources.home import Store, home_url
from dge_resources.lake import Address, Lake, address_of
from dge_resources.parquet import to_parquet
from dge_resources.plans import Plans
from dge_resources.problems import Problem
from dge_resources.sql_text import identifier, literal
from dge_resources.warehouse_comments import describe

if TYPE_CHECKING:
    import duckdb

FILE = "warehouse.duckdb"
STORAGE_VERSION = "v1.0.0"
"""The oldest file format that the builder can write, so that older DuckDB can read the file."""
SYNTHETIC, UNUSED = "synthetic", "synthetic_unused"
SIDECARS = (".wal", ".wal.checkpoint", ".wal.recovery")
"""What DuckDB keeps beside a file that somebody writes: part of that file alone, replayed into
whatever has its name.
"""
_HIVE = "hive_partitioning = true, hive_types = {'family': VARCHAR, 'seed': INTEGER}"


@dataclass(frozen=True)
class Built:
    """A warehouse that was swapped in."""

    url: str
    problems: tuple[Problem, ...]
    """What could not be shown; the relation `main.problems` lists the same.

    A relation with a damaged part is left out.
    """


class Relation(NamedTuple):
    """What one relation is copied from."""

    table: str
    name: str
    addresses: tuple[Address, ...]
    is_empty: bool = False
    """Whether it takes the columns alone: an ensemble without members has them all the same."""


@dataclass(frozen=True)
class Warehouse:
    """Builds and locates the DuckDB file of a root; `catalogue` describes its evaluation tables."""

    store: Store
    catalogue: Catalogue = CATALOGUE

    @property
    def url(self) -> str:
        """Where the file is."""
        return self.store.url(FILE)

    def build(self) -> Built:
        """Build the file from what is kept now and swap it in.

        A part that is damaged or foreign is left out and told. Raises StorageError when the file
        cannot be written; the former one then stays as it is.
        """
        with self.store.only_one("warehouse"), self.store.work_folder() as folder:
            path, problems = self.make(folder)
            self._swap_in(path)
        return Built(self.url, tuple(problems))

    def make(self, folder: Path) -> tuple[Path, list[Problem]]:
        """The file that what is kept now gives, in a local folder, and what had to be left out;
        errors as `build` has.
        """
        import duckdb

        path = folder / FILE
        connection = duckdb.connect()
        try:
            connection.execute(
                f"ATTACH {literal(path)} AS warehouse (STORAGE_VERSION '{STORAGE_VERSION}')"
            )
            connection.execute("USE warehouse")
            problems = self._fill(connection, folder / "verified")
            connection.execute("USE memory")
            connection.execute("DETACH warehouse")
        except (duckdb.Error, OSError) as error:
            raise StorageError(f"the warehouse {self.url} could not be built: {error}") from error
        finally:
            connection.close()
        return path, problems

    def _swap_in(self, path: Path) -> None:
        """Put the file in place without what belonged to the former one, and open to no writer."""
        # Whoever opens it for writing makes a log that is no part of the next file, and may never
        # be taken away.
        path.chmod(0o444)
        self.remove_sidecars()
        self.store.move_in(path, FILE)
        self.remove_sidecars()

    def sidecars(self) -> list[str]:
        """Relative paths of what lies beside the file and would be replayed into it."""
        return [FILE + ending for ending in SIDECARS if self.store.exists(FILE + ending)]

    def remove_sidecars(self) -> None:
        """Take away what somebody who opened a file of this name for writing has left."""
        for name in self.sidecars():
            self.store.remove(name)

    def _fill(self, connection: duckdb.DuckDBPyConnection, folder: Path) -> list[Problem]:
        import duckdb

        in_lake, in_artifacts = Lake(self.store).survey(), ArtifactStore(self.store).survey()
        problems = [*in_lake.problems, *in_artifacts.problems]
        broken = {(problem.table, problem.asset) for problem in problems}
        for table in sorted({record.table for record in (*in_lake.records, *in_artifacts.records)}):
            kept = [record for record in in_lake.records if record.table == table]
            made = [record for record in in_artifacts.records if record.table == table]
            try:
                connection.execute(f"CREATE SCHEMA {identifier(table)}")
                for relation in self._relations(
                    table, kept, is_whole=(table, SYNTHETIC) not in broken
                ):
                    problems += self._copy_in(connection, folder, relation)
                _insert_lineage(connection, table, [*kept, *made])
            except (duckdb.Error, StorageError) as error:
                message = f"table {table!r} cannot be shown in the warehouse: {error}"
                problems.append(
                    Problem(table=table, place=self.store.url(f"lake/{table}"), message=message)
                )
        told = list(dict.fromkeys(problems))
        _insert_problems(connection, told)
        return told

    def _relations(
        self, table: str, in_lake: list[Provenance], *, is_whole: bool
    ) -> list[Relation]:
        """What a table shows of what its lake holds.

        `synthetic` has the rows of the present plan's members alone, `synthetic_unused` those of
        all others. Unless all datasets could be surveyed (`is_whole`), only a plan can tell that
        none of its members is among the damaged ones.
        """
        others = [record for record in in_lake if record.asset != SYNTHETIC]
        relations = [
            Relation(record.table, record.asset, (address_of(record),)) for record in others
        ]
        members = {
            record.record_id: address_of(record) for record in in_lake if record.asset == SYNTHETIC
        }
        plan = Plans(self.store).read(table)
        present = set(members if plan is None else plan.members.values())
        if not members or not (is_whole or (plan is not None and present <= set(members))):
            return relations
        used = tuple(address for record_id, address in members.items() if record_id in present)
        unused = tuple(
            address for record_id, address in members.items() if record_id not in present
        )
        return [
            *relations,
            Relation(table, SYNTHETIC, used or unused[:1], is_empty=not used),
            *(
                [Relation(table, UNUSED, unused or used[:1], is_empty=not unused)]
                if is_whole
                else []
            ),
        ]

    def _copy_in(
        self, connection: duckdb.DuckDBPyConnection, folder: Path, relation: Relation
    ) -> list[Problem]:
        """Copy one relation in, all of it or nothing; what kept it from being copied."""
        problems = list(_copy_verified(Lake(self.store), relation.addresses, folder))
        if not problems:
            connection.execute(_create(folder, relation))
            describe(connection, relation.table, relation.name, self.catalogue)
        shutil.rmtree(folder, ignore_errors=True)
        return problems


def _copy_verified(lake: Lake, addresses: Iterable[Address], folder: Path) -> Iterator[Problem]:
    """Write the frames anew below `folder`, each once the lake's reader found it to be what its
    record says.

    Written anew, since DuckDB would read a damaged file's pages and statistics otherwise than the
    lake's reader does.
    """
    for address in addresses:
        try:
            item = lake.read(address)
        except StorageError as error:
            yield Problem(
                table=address.table,
                asset=address.asset,
                place=lake.url(address),
                message=str(error),
            )
            continue
        frame = (
            item.frame
            if address.family is None
            else item.frame.assign(record_id=item.record.record_id)
        )
        target = folder / address.folder / "data.parquet"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(to_parquet(frame))


def _create(folder: Path, relation: Relation) -> str:
    """The statement that copies what is in `folder` into `relation`."""
    first = relation.addresses[0]
    # The folder's own name must not be read as a pattern.
    root = re.sub(r"([*?[])", r"[\1]", f"{folder}/{first.table}/{first.asset}")
    members = "" if first.family is None else "/*/*"
    options = f", {_HIVE}, union_by_name = true" if members else ""
    source = f"read_parquet({literal(f'{root}{members}/data.parquet')}{options})"
    condition = " WHERE false" if relation.is_empty else ""
    return f"CREATE TABLE {identifier(relation.table)}.{identifier(relation.name)} AS SELECT * FROM {source}{condition}"


def _insert_problems(connection: duckdb.DuckDBPyConnection, problems: Iterable[Problem]) -> None:
    """`main.problems`: one row per file that is damaged or foreign, and so is not shown."""
    connection.execute(
        'CREATE TABLE main.problems ("table" VARCHAR, place VARCHAR, message VARCHAR)'
    )
    for problem in problems:
        connection.execute(
            "INSERT INTO main.problems VALUES (?, ?, ?)",
            [problem.table, problem.place, problem.message],
        )


def _insert_lineage(
    connection: duckdb.DuckDBPyConnection, table: str, records: list[Provenance]
) -> None:
    """`lineage`: one row per provenance record; `origin_of`: from any record to all that it was
    made from.
    """
    schema = identifier(table)
    lineage = pd.DataFrame([_flat(record) for record in records])
    connection.register("records", lineage)
    connection.execute(
        f"""CREATE TABLE {schema}."lineage" AS SELECT * REPLACE (
              parameters::JSON AS parameters, library_versions::JSON AS library_versions,
              seed::INTEGER AS seed, seconds::DOUBLE AS seconds, cpu_seconds::DOUBLE AS cpu_seconds,
              family::VARCHAR AS family)
            FROM records"""
    )
    connection.unregister("records")
    connection.execute(
        f"""CREATE VIEW {schema}."origin_of" AS
            WITH RECURSIVE walk(record_id, ancestor) AS (
              SELECT record_id, unnest(parents) FROM {schema}."lineage"
              UNION
              SELECT walk.record_id, unnest(above.parents)
              FROM walk JOIN {schema}."lineage" above ON above.record_id = walk.ancestor)
            SELECT walk.record_id AS of_record_id, found.*
            FROM walk JOIN {schema}."lineage" found ON found.record_id = walk.ancestor"""
    )


def _flat(record: Provenance) -> dict[str, object]:
    document = record.to_document()
    text = {
        name: json.dumps(document[name], sort_keys=True)
        for name in ("parameters", "library_versions")
    }
    return {**document, **text}


def main() -> None:
    """Build the file and print where it is; what could not be shown is told, and makes the exit
    status 1.
    """
    try:
        built = Warehouse(Store(home_url())).build()
    except StorageError as error:
        sys.exit(str(error))
    print(built.url)
    sys.exit("\n".join(problem.message for problem in built.problems) or None)


if __name__ == "__main__":
    main()
