"""Looking over everything that is kept: silent where all is well, and each bad, foreign or lost
file by name.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import duckdb
import pytest

from dge_resources.checkpoints import MemberCheckpoints
from dge_resources.home import Store
from dge_resources.lake import Address, Lake
from dge_resources.verify import main, verify
from tests.support.stores import FORMER, TABLE, write_all
from tests.support.tables import recipe


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One of everything, which the tests copy."""
    import numpy as np

    root = tmp_path_factory.mktemp("whole")
    write_all(root, FORMER)
    wanted = {1: recipe("generator", "ctgan", 1)}
    MemberCheckpoints.of(Store(str(root)), wanted, device="cpu").save(1, {"step": np.ones(3)})
    return root


@pytest.fixture
def root(whole: Path, tmp_path: Path) -> Path:
    return shutil.copytree(whole, tmp_path / "home")


def flip(path: Path) -> None:
    """One bit of what the reader needs: the first block of rows in a database, the footer of a
    small Parquet file.
    """
    data = bytearray(path.read_bytes())
    data[int(len(data) * (0.33 if path.suffix == ".duckdb" else 0.75))] ^= 0x10
    write(path, bytes(data))


def truncate(path: Path) -> None:
    write(path, path.read_bytes()[:-20])


def write(path: Path, data: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(data)


def places(root: Path) -> dict[str, str]:
    """The command by the place of what was found, relative to the root."""
    return {
        found.problem.place.removeprefix(f"{root}/"): found.command
        for found in verify(Store(str(root)))
    }


def test_nothing_is_found_where_all_is_well(root: Path) -> None:
    assert places(root) == {}


KEPT = {
    "lake": "lake/crash/source/data.parquet",
    "a dataset": "lake/crash/synthetic/family=ctgan/seed=000/data.parquet",
    "artifacts": "artifacts/crash/ctgan/000/generator-*/b.bin",
    "a manifest": "artifacts/crash/encoder.json",
    "checkpoints": "checkpoints/crash/ctgan/001/*.safetensors",
    "verdicts": "reports/crash/quality/source--contract.json",
    "plans": "reports/crash/plan.json",
    "releases": "releases/crash/r-*/datasets/family=ctgan/seed=000/data.parquet",
    "a release's manifest": "releases/crash/r-*/manifest.json",
    "latest": "releases/crash/latest.json",
    "warehouse": "warehouse.duckdb",
}
TELLS = {"artifacts": "artifacts/crash/ctgan/000/generator.json"}
"""Where the problem is told of, if not at the file."""


def expected(root: Path, names: Iterable[str]) -> dict[str, Path]:
    """The file of each, by the place where it is told of."""
    paths = {name: next(root.glob(KEPT[name])) for name in names}
    return {TELLS.get(name, str(path.relative_to(root))): path for name, path in paths.items()}


@pytest.mark.parametrize("damage", [flip, truncate])
@pytest.mark.parametrize("apart", ["a release's manifest", "releases"])
def test_each_damaged_file_is_named_with_what_mends_it(
    root: Path, apart: str, damage: Callable[[Path], None]
) -> None:
    """Of a release whose manifest is damaged nobody knows how its other files must be."""
    damaged = expected(root, set(KEPT) - {apart})
    for path in damaged.values():
        damage(path)
    found = places(root)
    assert set(found) == set(damaged)
    for place, command in found.items():
        mends = {
            "checkpoints": "rm -r",
            "warehouse.duckdb": "make warehouse",
            "releases": "crash_release",
        }
        assert mends.get(place.split("/")[0], "make demo TABLE=crash") in command


def test_each_lost_file_is_named(root: Path) -> None:
    """A training begins anew without a checkpoint, and a release asks for its verdicts."""
    no_loss = {"checkpoints", "verdicts", "plans", "warehouse", "a release's manifest"}
    lost = expected(root, set(KEPT) - no_loss)
    for path in lost.values():
        path.unlink()
    found = set(places(root))
    nobodys = {place for place in found if place.startswith("artifacts/crash/encoder-")}
    assert len(nobodys) == 2, "files of a set whose manifest is lost"
    assert found - nobodys == set(lost)


def test_a_lost_manifest_of_a_release_is_named(root: Path) -> None:
    (path,) = root.glob(KEPT["a release's manifest"])
    path.unlink()
    assert list(places(root)) == [str(path.relative_to(root))]


FOREIGN = (
    "lake/crash/notes.txt", "lake/crash/copy/data.parquet", "lake/data.parquet", "artifacts/a.json", "artifacts/crash/b.bin",
    "artifacts/crash/ctgan/000/generator-0123456789abcdef/c.bin", "checkpoints/crash/ctgan/001/old.safetensors",
    "reports/crash/notes.json", "reports/crash/quality/mine.json", "releases/notes.txt", "releases/crash/notes.txt",
    "releases/crash/mine/manifest.json", "warehouse.duckdb.wal", "notes.txt", "other/notes.txt",
)  # fmt: skip


def test_each_foreign_file_is_named(root: Path) -> None:
    for place in FOREIGN:
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        (root / place).write_bytes(b"PAR1 somebody's own PAR1")
    assert set(places(root)) == set(FOREIGN)


def test_a_foreign_file_in_a_release_is_named(root: Path) -> None:
    (version,) = root.glob("releases/crash/r-*")
    (version / "notes.txt").write_text("real rows")
    assert list(places(root)) == [f"releases/crash/{version.name}/notes.txt"]


def test_what_others_keep_below_the_root_is_theirs(root: Path) -> None:
    for place in ("dagster/storage/runs.db", "cache/openml/1.arff", ".tmp-work/warehouse.lock"):
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        (root / place).write_bytes(b"")
    assert places(root) == {}


def test_rows_of_the_warehouse_that_somebody_changed_are_found(root: Path) -> None:
    path = root / "warehouse.duckdb"
    path.chmod(0o644)
    with duckdb.connect(path) as connection:
        connection.execute(
            f"UPDATE {TABLE}.synthetic SET x = x + 1 WHERE x = (SELECT min(x) FROM {TABLE}.synthetic)"
        )
    assert list(places(root)) == ["warehouse.duckdb: crash.synthetic"]


def test_a_warehouse_that_is_older_than_what_is_kept_is_no_fault(root: Path) -> None:
    lake = Lake(Store(str(root)))
    source = lake.read(Address(TABLE, "source"))
    lake.write(
        source.__class__(
            source.frame, lake.write_chunks(recipe("other"), iter([source.frame]), run_id="r")
        )
    )
    assert places(root) == {}


def test_another_database_in_the_warehouses_place_is_told(root: Path) -> None:
    (root / "warehouse.duckdb").unlink()
    duckdb.connect(root / "warehouse.duckdb").close()
    (found,) = verify(Store(str(root)))
    assert "was not built by this program" in found.problem.message


def test_where_nothing_can_be_built_aside_the_rest_is_verified_all_the_same(root: Path) -> None:
    shutil.rmtree(root / ".tmp-work")
    (root / ".tmp-work").write_text("")
    (root / KEPT["a manifest"]).write_text("{}")
    assert list(places(root)) == [KEPT["a manifest"], "warehouse.duckdb"]


def test_the_program_prints_each_and_exits_with_status_1_where_there_is_any(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def status(home: Path) -> object:
        monkeypatch.setenv("DGE_HOME", str(home))
        with pytest.raises(SystemExit) as caught:
            main()
        return caught.value.code

    assert status(root) == 0
    assert "none bad, foreign or lost" in capsys.readouterr().out
    (path,) = root.glob(KEPT["verdicts"])
    path.write_text(json.dumps([]))
    assert status(root) == 1
    said = capsys.readouterr().out
    for part in (str(path), "to mend: make demo TABLE=crash", "1 bad, foreign or lost"):
        assert part in said
    for nowhere in (root / "nowhere", path):
        assert f"there is no folder {nowhere}" in str(status(nowhere)), (
            "no file is told to be removed as foreign"
        )
