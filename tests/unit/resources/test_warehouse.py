"""The warehouse: the promised relations over a lake made by hand, readable while it is built and
after.
"""

from __future__ import annotations

import multiprocessing
import signal
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from dge_assets.core.errors import StorageError
from dge_assets.core.generators.effort import Effort
from dge_assets.core.lineage.provenance import Provenance
from dge_resources.artifacts import ArtifactStore
from dge_resources.home import Store
from dge_resources.lake import Address, Lake
from dge_resources.plans import Plans, StoredPlan
from dge_resources.records import record_of, recorded
from dge_resources.warehouse import Built, Warehouse
from tests.support.tables import AWKWARD, every_kind, recipe

RESULTS = (
    "training_scores",
    "evaluation_scores",
    "selection",
    "cross_scores",
    "group_scores",
    "k_curve",
)


class Line:
    """A table's line as the assets would leave it, by hand."""

    def __init__(self, store: Store, table: str = "crash") -> None:
        self.lake, self.artifacts, self.table = Lake(store), ArtifactStore(store), table

    def keep(
        self, frame: pd.DataFrame, name: tuple[object, ...], *parents: Provenance
    ) -> Provenance:
        wanted = recipe(*name, table=self.table, parents=tuple(p.record_id for p in parents))  # type: ignore[arg-type]
        item = recorded(frame, wanted, run_id="r")
        self.lake.write(item, with_record_id=wanted.asset == "synthetic")
        return item.record

    def real(self) -> Provenance:
        frame = every_kind(30)
        source = self.keep(frame, ("source",))
        frame.insert(0, "row_id", range(30))
        self.keep(frame.tail(6), ("real_test",), source)
        return self.keep(frame.head(24), ("real_train",), source)

    def member(self, family: str, seed: int, real_train: Provenance) -> Provenance:
        wanted = recipe(
            "generator", family, seed, table=self.table, parents=(real_train.record_id,)
        )
        generator = self.artifacts.write(
            wanted, {"weights": bytes([seed])}, run_id="r", seconds=1.5
        )
        frame = every_kind(10, seed=seed).drop(columns="id")
        return self.keep(frame, ("synthetic", family, seed), generator)

    def results(self, *parents: Provenance) -> None:
        for name in RESULTS:
            self.keep(
                pd.DataFrame({"family": ["ctgan"], "model": ["lr"], "value": [0.5]}),
                (name,),
                *parents,
            )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "it's a 'home' [1]"))


@pytest.fixture
def line(store: Store) -> Line:
    made = Line(store)
    real_train = made.real()
    members = [
        made.member(family, seed, real_train) for family in ("ctgan", "tvae") for seed in (0, 1)
    ]
    made.results(*members)
    return made


def ask(store: Store, query: str, *parameters: object) -> list[tuple[object, ...]]:
    with duckdb.connect(Warehouse(store).url, read_only=True) as connection:
        return connection.execute(query, parameters).fetchall()


def seen_elsewhere(store: Store, query: str) -> str:
    """What another process finds: in this one DuckDB may still have the former file in its cache of
    instances.
    """
    program = "import duckdb, sys; print(duckdb.connect(sys.argv[1], read_only=True).sql(sys.argv[2]).fetchall())"
    command = [sys.executable, "-c", program, Warehouse(store).url, query]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def types(store: Store, relation: str) -> dict[str, str]:
    return {str(name): str(kind) for name, kind, *_ in ask(store, f"DESCRIBE {relation}")}


def test_the_promised_relations_are_there_with_their_columns(store: Store, line: Line) -> None:
    built = Warehouse(store).build()
    assert built == Built(store.url("warehouse.duckdb"), ())
    assert ask(store, "FROM main.problems") == []
    columns = list(every_kind(1).columns)
    synthetic = types(store, "crash.synthetic")
    assert set(synthetic) == {*columns, "family", "seed", "record_id"} - {"id"}
    assert (synthetic["seed"], synthetic["family"]) == ("INTEGER", "VARCHAR")
    assert (
        set(types(store, "crash.real_train"))
        == set(types(store, "crash.real_test"))
        == {*columns, "row_id"}
    )
    for name in RESULTS:
        assert types(store, f"crash.{name}") == {
            "family": "VARCHAR",
            "model": "VARCHAR",
            "value": "DOUBLE",
        }
    assert {
        "record_id",
        "family",
        "seed",
        "parents",
        "parameters",
        "code_version",
        "content_sha256",
    } <= set(types(store, "crash.lineage"))
    assert types(store, "crash.lineage")["seed"] == "INTEGER"
    assert ask(store, "SELECT count(*) FROM crash.lineage") == [(3 + 4 + 4 + len(RESULTS),)]


def test_rows_values_and_kinds_are_those_of_the_lake(store: Store, line: Line) -> None:
    Warehouse(store).build()
    assert ask(store, "SELECT family, seed, count(*) FROM crash.synthetic GROUP BY ALL ORDER BY ALL") == [
        ("ctgan", 0, 10), ("ctgan", 1, 10), ("tvae", 0, 10), ("tvae", 1, 10),
    ]  # fmt: skip
    quoted = '"' + AWKWARD.replace('"', '""') + '"'
    found = ask(
        store,
        f"SELECT {quoted}, grade, day FROM crash.synthetic WHERE family = 'tvae' AND seed = 1",
    )
    frame = every_kind(10, seed=1)
    assert [row[0] for row in found] == frame[AWKWARD].tolist()
    assert [row[1] for row in found] == [
        None if pd.isna(grade) else grade for grade in frame["grade"]
    ]
    assert [pd.Timestamp(row[2]) for row in found] == frame["day"].tolist()


def test_each_synthetic_row_leads_to_generator_real_rows_and_source(
    store: Store, line: Line
) -> None:
    Warehouse(store).build()
    found = ask(
        store,
        """SELECT DISTINCT origin.asset, origin.family, origin.seed, origin.code_version
           FROM crash.synthetic row JOIN crash.origin_of origin ON origin.of_record_id = row.record_id
           WHERE row.family = 'tvae' AND row.seed = 1 ORDER BY origin.asset""",
    )
    assert found == [
        ("generator", "tvae", 1, "1"),
        ("real_train", None, None, "1"),
        ("source", None, None, "1"),
    ]
    rows = ask(
        store, "SELECT DISTINCT record_id FROM crash.synthetic WHERE family = 'tvae' AND seed = 1"
    )
    record = Lake(store).record(Address("crash", "synthetic", "tvae", 1))
    assert record is not None
    assert rows == [(record.record_id,)]
    assert ask(store, "SELECT count(*) FROM crash.synthetic WHERE record_id IS NULL") == [(0,)]


def test_a_new_member_shows_with_the_next_build(store: Store, line: Line) -> None:
    Warehouse(store).build()
    real_train = line.lake.read(Address("crash", "real_train")).record
    line.member("ctgan", 2, real_train)
    Warehouse(store).build()
    assert (
        seen_elsewhere(store, "SELECT DISTINCT seed FROM crash.synthetic ORDER BY 1")
        == "[(0,), (1,), (2,)]"
    )


def plan_of(line: Line, *members: str) -> StoredPlan:
    """A plan over the `members` (`ctgan/0`) as they are stored."""
    ids = {}
    for member in members:
        family, seed = member.split("/")
        record = line.lake.record(Address(line.table, "synthetic", family, int(seed)))
        assert record is not None
        ids[f"{family}/{int(seed):03d}"] = record.record_id
    return StoredPlan(
        table=line.table,
        profile="default",
        seeds={"ctgan": 2},
        efforts={"ctgan": Effort("epochs", 1)},
        members=ids,
    )


def test_synthetic_has_the_present_plans_members_and_the_others_are_apart(
    store: Store, line: Line
) -> None:
    """K was lowered, a family dropped, and what is left of an older contract has another column and
    another type.
    """
    older = every_kind(10).drop(columns="id").rename(columns={"day": "former day"})
    older["grade"] = range(10)
    line.keep(older, ("synthetic", "ctgan", 7))
    Plans(store).write(plan_of(line, "ctgan/0", "ctgan/1"))
    Warehouse(store).build()
    members = "SELECT DISTINCT family, seed FROM crash.{} ORDER BY ALL"
    assert ask(store, members.format("synthetic")) == [("ctgan", 0), ("ctgan", 1)]
    assert ask(store, members.format("synthetic_unused")) == [
        ("ctgan", 7),
        ("tvae", 0),
        ("tvae", 1),
    ]
    assert "former day" not in types(store, "crash.synthetic")


def test_a_plan_without_any_stored_member_leaves_synthetic_empty_with_its_columns(
    store: Store, line: Line
) -> None:
    Plans(store).write(plan_of(line))
    Warehouse(store).build()
    assert ask(store, "SELECT count(*) FROM crash.synthetic") == [(0,)]
    assert ask(store, "SELECT count(*) FROM crash.synthetic_unused") == [(40,)]
    assert types(store, "crash.synthetic") == types(store, "crash.synthetic_unused")


def test_without_a_plan_every_member_is_in_use(store: Store, line: Line) -> None:
    Warehouse(store).build()
    assert ask(store, "SELECT count(*) FROM crash.synthetic") == [(40,)]
    assert ask(store, "SELECT count(*) FROM crash.synthetic_unused") == [(0,)]


@pytest.mark.parametrize("text", ["{", "[]", '{"table": "crash"}', '{"members": 3}'])
def test_a_damaged_plan_is_told_with_its_place(store: Store, line: Line, text: str) -> None:
    assert Plans(store).read("crash") is None
    store.write(Plans(store).path("crash"), text.encode())
    with pytest.raises(
        StorageError, match=r"plan\.json is not a plan .* delete it and materialize crash/report"
    ):
        Plans(store).read("crash")


@pytest.mark.parametrize("stage", ["nothing", "source", "real", "one member"])
def test_a_line_that_has_only_begun_has_a_warehouse(store: Store, stage: str) -> None:
    line = Line(store)
    if stage == "source":
        line.keep(every_kind(5), ("source",))
    elif stage != "nothing":
        real_train = line.real()
        if stage == "one member":
            line.member("ctgan", 0, real_train)
    Warehouse(store).build()
    if stage != "nothing":
        assert ask(store, "SELECT asset FROM crash.lineage WHERE asset = 'source'") == [("source",)]
        assert ask(store, "SELECT count(*) FROM crash.source")[0][0] in (5, 30)
        ask(store, "SELECT * FROM crash.origin_of")
    if stage == "real":
        origin = ask(store, "SELECT asset FROM crash.origin_of ORDER BY of_record_id")
        assert origin == [("source",), ("source",)]


def test_tables_have_schemas_of_their_own_and_names_that_sql_reserves_work(store: Store) -> None:
    for table in ("crash", "select", "table", "main_street"):
        made = Line(store, table)
        made.member("ctgan", 0, made.real())
    Warehouse(store).build()
    for table in ("crash", "select", "table", "main_street"):
        assert ask(store, f'SELECT count(*) FROM "{table}".synthetic') == [(10,)]
        assert ask(store, f'SELECT count(*) FROM "{table}".lineage') == [(5,)]


def test_a_reader_neither_blocks_the_builder_nor_sees_half_a_file(store: Store, line: Line) -> None:
    warehouse = Warehouse(store)
    warehouse.build()
    with duckdb.connect(warehouse.url, read_only=True) as reader:
        before = reader.execute("SELECT count(*) FROM crash.lineage").fetchone()
        line.keep(pd.DataFrame({"x": [1]}), ("extra",))
        warehouse.build()
        assert reader.execute("SELECT count(*) FROM crash.lineage").fetchone() == before, (
            "its own old file"
        )
    assert seen_elsewhere(store, "FROM crash.extra") == "[(1,)]"


def build_often(root: str) -> str:
    for _ in range(3):
        Warehouse(Store(root)).build()
    return Warehouse(Store(root)).url


def test_two_builders_at_once_and_a_reader_among_them(store: Store, line: Line) -> None:
    Warehouse(store).build()
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        builds = [pool.submit(build_often, store.root) for _ in range(2)]
        while not all(build.done() for build in builds):
            assert ask(store, "SELECT count(*) FROM crash.synthetic") == [(40,)]
        assert {build.result() for build in builds} == {Warehouse(store).url}
    assert ask(store, "SELECT count(*) FROM crash.lineage") == [(3 + 8 + len(RESULTS),)]
    assert store.files("") == [*store.files("artifacts"), *store.files("lake"), "warehouse.duckdb"]


def test_the_file_is_small_and_in_the_format_that_older_readers_know(
    store: Store, line: Line
) -> None:
    path = Path(Warehouse(store).build().url)
    assert path.stat().st_size < 9_000_000
    assert path.read_bytes()[8:12] == b"DUCK"
    assert int.from_bytes(path.read_bytes()[12:20], "little") == 64, (
        "the storage format of DuckDB 0.9 to 1.1"
    )


def test_readers_cannot_write(store: Store, line: Line) -> None:
    Warehouse(store).build()
    with pytest.raises(duckdb.Error, match="read-only"):
        ask(store, "CREATE TABLE x AS SELECT 1")


@pytest.mark.parametrize("damage", ["truncated", "changed", "foreign", "moved", "manifest"])
def test_a_broken_part_is_left_out_by_name_and_all_else_is_shown(
    store: Store, line: Line, damage: str
) -> None:
    other = Line(store, "moons")
    other.member("ctgan", 0, other.real())
    path = Path(store.full(line.lake.path(Address("crash", "synthetic", "ctgan", 1))))
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[:100])
    elif damage == "changed":
        data = bytearray(path.read_bytes())
        data[len(data) // 10] ^= 1
        path.write_bytes(data)
    elif damage == "foreign":
        pd.DataFrame({"x": [1]}).to_parquet(path)
    elif damage == "moved":
        path.write_bytes(Path(str(path).replace("ctgan", "tvae")).read_bytes())
    else:
        path = Path(store.full("artifacts/crash/ctgan/001/generator.json"))
        path.write_text("{")
    (problem,) = Warehouse(store).build().problems
    assert (problem.table, problem.place) == ("crash", str(path))
    assert (
        f"crash/ctgan/{'generator' if damage == 'manifest' else 'synthetic'}[001]"
        in problem.message
    )
    assert "materialize" in problem.message
    assert ask(store, "FROM main.problems") == [("crash", str(path), problem.message)]
    shown = {
        name
        for (name,) in ask(
            store, "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'crash'"
        )
    }
    assert {"real_train", "lineage", *RESULTS} <= shown
    assert ("synthetic" in shown) == (damage == "manifest"), "never part of an ensemble"
    assert ask(store, "SELECT count(*) FROM moons.synthetic") == [(10,)]


def test_files_that_are_no_places_of_the_lake_are_told_and_take_nothing_away(
    store: Store, line: Line
) -> None:
    strange = Path(store.full('lake/x"; DROP SCHEMA crash; --/synthetic/odd/data.parquet'))
    strange.parent.mkdir(parents=True)
    pd.DataFrame({"x": [1]}).to_parquet(strange)
    taken = Line(store, "main")
    taken.real()
    problems = Warehouse(store).build().problems
    assert [problem.place for problem in problems] == [str(strange), store.url("lake/main")]
    assert "move it away" in problems[0].message
    assert ask(store, "SELECT count(*) FROM crash.synthetic") == [(40,)]


DIES_WITH_THE_FILE_OPEN = """
import duckdb, os, signal, sys
notebook = duckdb.connect(sys.argv[1])
notebook.execute("PRAGMA disable_checkpoint_on_shutdown")
notebook.execute("UPDATE crash.training_scores SET value = -1")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_notebook_wrote_is_not_replayed_into_the_next_file(
    store: Store, line: Line
) -> None:
    path = Path(Warehouse(store).build().url)
    path.chmod(0o644)  # as root may, and as files of former versions are
    notebook = subprocess.run(
        [sys.executable, "-c", DIES_WITH_THE_FILE_OPEN, str(path)], check=False
    )
    assert notebook.returncode == -signal.SIGKILL
    assert Warehouse(store).sidecars() == ["warehouse.duckdb.wal"], (
        "what the next file would have replayed"
    )
    Warehouse(store).build()
    assert Warehouse(store).sidecars() == []
    assert seen_elsewhere(store, "SELECT DISTINCT value FROM crash.training_scores") == "[(0.5,)]"


def test_the_file_is_open_to_no_writer(store: Store, line: Line) -> None:
    assert Path(Warehouse(store).build().url).stat().st_mode & 0o222 == 0
    Warehouse(store).build()


def test_no_flipped_bit_of_lake_or_file_gives_other_rows(store: Store, tmp_path: Path) -> None:
    """Through the warehouse each row is as it was made, or there is an error: DuckDB itself checks
    no Parquet.
    """
    rng, line = np.random.default_rng(0), Line(store)
    line.real()
    query = "SELECT * FROM crash.real_train ORDER BY row_id"
    Warehouse(store).build()
    rows = seen_elsewhere(store, query)
    path = Path(store.full(line.lake.path(Address("crash", "real_train"))))
    data = path.read_bytes()
    for position in rng.choice(len(data), 5, replace=False):
        path.write_bytes(flipped(data, int(position)))
        if not Warehouse(store).build().problems:
            assert seen_elsewhere(store, query) == rows, f"byte {position}"
    path.write_bytes(data)
    Warehouse(store).build()
    whole = Path(Warehouse(store).url).read_bytes()
    copy, told = tmp_path / "copy.duckdb", 0
    for position in rng.choice(len(whole), 30, replace=False):
        copy.write_bytes(flipped(whole, int(position)))
        try:
            with duckdb.connect(str(copy), read_only=True) as reader:
                found = str(reader.sql(query).fetchall())
        except duckdb.Error:
            told += 1
        else:
            assert found == rows, f"byte {position} of the warehouse"
    assert told > 0


def flipped(data: bytes, position: int) -> bytes:
    return data[:position] + bytes([data[position] ^ 0x10]) + data[position + 1 :]


def test_a_lake_on_object_storage_is_copied_in(tmp_path: Path) -> None:
    line = Line(Store("memory://warehouse-test"))
    line.real()
    Warehouse(line.lake.store).build()
    file = tmp_path / "copy.duckdb"
    file.write_bytes(line.lake.store.read("warehouse.duckdb"))
    with duckdb.connect(str(file), read_only=True) as reader:
        kinds = dict(
            reader.sql("select table_name, table_type from information_schema.tables").fetchall()
        )
        assert kinds["real_train"] == "BASE TABLE"
        rows = len(line.lake.read(Address("crash", "real_train")).frame)
        assert reader.sql("select count(*) from crash.real_train").fetchall() == [(rows,)]


def test_the_module_is_a_program_that_builds_the_file(store: Store, line: Line) -> None:
    import os

    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "dge_resources.warehouse"],
        env={**os.environ, "DGE_HOME": store.root, "PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == Warehouse(store).url, done.stderr
    assert record_of(recipe("x"), content_sha256="", run_id="").place == "crash/x"
