"""Files written whole: in one folder of work, cleared when their writer is dead and only then;
locks that touch nothing.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dge_assets.core.errors import StorageError
from dge_resources.home import Store
from dge_resources.storage import Storage
from dge_resources.whole_files import (
    TEMPORARY,
    WORK,
    clear_unfinished,
    only_one,
    replacing,
    users_own_folder,
)

DIES_WHILE_WRITING = """
import os, signal, sys
from dge_resources.home import Store
with Store(sys.argv[1]).writing("releases/crash/r-1/data.parquet") as file:
    file.write(b"real rows"); file.flush()
    if sys.argv[2] == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    print("writing", flush=True)
    sys.stdin.read()
"""


def writer(root: Path, how: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", DIES_WHILE_WRITING, str(root), how]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def unfinished(root: Path) -> list[Path]:
    return [path for path in root.rglob(f"{TEMPORARY}*") if path.is_file()]


def test_what_a_killed_writer_left_is_cleared_and_what_a_living_one_holds_stays(
    tmp_path: Path,
) -> None:
    dead = writer(tmp_path, "dies")
    dead.communicate()
    assert dead.returncode == -signal.SIGKILL
    (left,) = unfinished(tmp_path)
    living = writer(tmp_path, "lives")
    assert living.stdout is not None
    assert living.stdout.readline() == "writing\n"
    assert clear_unfinished(tmp_path) == [], "too young to tell from one that is being locked"
    assert clear_unfinished(tmp_path, settled_seconds=0) == [left]
    assert len(unfinished(tmp_path)) == 1
    living.communicate()
    assert Store(str(tmp_path)).read("releases/crash/r-1/data.parquet") == b"real rows"
    assert unfinished(tmp_path) == []


def test_files_of_former_versions_beside_their_targets_are_cleared_wherever_they_are(
    tmp_path: Path,
) -> None:
    old = [
        tmp_path / folder / f"{TEMPORARY}0f3a"
        for folder in ("lake/crash/source", "releases/crash/r-1", "")
    ]
    for path in old:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"rows")
        os.utime(path, (time.time() - 3600,) * 2)
    (tmp_path / f"{TEMPORARY}link").symlink_to(tmp_path / "lake")
    assert sorted(Store(str(tmp_path)).clear_unfinished()) == sorted(map(str, old))
    assert (tmp_path / f"{TEMPORARY}link").is_symlink()


def test_nothing_unfinished_is_ever_below_the_folder_of_releases(tmp_path: Path) -> None:
    store = Storage(home=str(tmp_path)).releases.store
    with store.writing("crash/r-1/data.parquet") as file:
        file.write(b"half")
        assert [path.relative_to(tmp_path).parts[0] for path in unfinished(tmp_path)] == [WORK]
    assert store.read("crash/r-1/data.parquet") == b"half"


def test_on_another_disk_the_temporary_name_is_beside_the_target(tmp_path: Path) -> None:
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("no second disk on this machine")
    with replacing(tmp_path / "file", memory / f"dge-test-{os.getpid()}") as temporary:
        temporary.write_bytes(b"x")
        assert temporary.parent == tmp_path
    (memory / f"dge-test-{os.getpid()}").rmdir()
    assert (tmp_path / "file").read_bytes() == b"x"


def test_a_work_folder_is_its_owners_alone_and_goes_with_the_block(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    with store.work_folder() as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "made").write_bytes(b"x")
        assert clear_unfinished(tmp_path, settled_seconds=0) == []
        store.move_in(folder / "made", "made")
        assert store.files("") == ["made"]
    assert not folder.exists()


def test_a_lock_in_the_place_of_a_link_is_refused_and_what_the_link_names_is_not_touched(
    tmp_path: Path,
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "x.lock").symlink_to(victim)
    with (
        pytest.raises(StorageError, match=r"x.lock cannot be taken .*remove what is in its place"),
        only_one(tmp_path / "x.lock"),
    ):
        pass
    assert victim.read_text() == "precious"
    (tmp_path / "y.lock").write_text("kept")
    with only_one(tmp_path / "y.lock"):
        assert (tmp_path / "y.lock").read_text() == "kept"


def test_a_users_folder_that_another_name_stands_for_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = users_own_folder("s3://bucket")
    assert folder == users_own_folder("s3://bucket") != users_own_folder("s3://other")
    folder.rmdir()
    (tmp_path / "elsewhere").mkdir()
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StorageError, match="not this user's own folder"):
        users_own_folder("s3://bucket")


def _add_one(root: str) -> None:
    with Store(root).only_one("count"):
        path = Path(root) / "count"
        number = int(path.read_text())
        time.sleep(0.02)
        path.write_text(str(number + 1))


def test_only_one_holds_a_lock_at_a_time(tmp_path: Path) -> None:
    (tmp_path / "count").write_text("0")
    # Not `fork`: a pool of children of a process with threads may never end.
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        pool.map(_add_one, [str(tmp_path)] * 6)
    assert (tmp_path / "count").read_text() == "6"
