"""`Store`: bytes by path under a local root or any fsspec URL, seen whole or not at all."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import pytest

from dge_assets.core.errors import StorageError
from dge_resources.home import TEMPORARY, Store, home_url, project_root


@pytest.fixture(params=["folder", "url", "awkward folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    roots = {
        "folder": str(tmp_path / "home"),
        "url": f"file://{tmp_path}/home/",
        "awkward folder": str(tmp_path / "it's a [home] ü"),
        "memory": f"memory://{uuid.uuid4().hex}",
    }
    return Store(roots[request.param])


def test_what_is_written_is_read_listed_and_removed(store: Store) -> None:
    paths = ["lake/a/data.parquet", "lake/a=1/b c.json", "top.txt"]
    for path in paths:
        assert not store.exists(path)
        store.write(path, path.encode())
    assert [store.read(path).decode() for path in paths] == paths
    assert store.files("") == sorted(paths)
    assert store.files("lake") == sorted(paths[:2])
    assert store.files("nowhere") == []
    assert store.exists("lake")
    store.remove("lake")
    store.remove("lake")
    assert store.files("") == ["top.txt"]
    with store.open("top.txt") as file:
        assert file.read(3) == b"top"


def test_old_bytes_are_replaced(store: Store) -> None:
    store.write("a/b", b"old and long")
    store.write("a/b", b"new")
    assert store.read("a/b") == b"new"


def test_what_is_missing_is_an_error_with_its_place(store: Store) -> None:
    with pytest.raises(StorageError, match=r"nothing is stored at .*lake/x") as caught:
        store.read("lake/x")
    assert store.url("lake/x") in str(caught.value)


def test_places_that_cannot_be_read_or_written_are_errors_with_their_place(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    store.write("file", b"x")
    store.write("folder/file", b"x")
    with pytest.raises(StorageError, match=r"folder cannot be read"):
        store.read("folder")
    with pytest.raises(StorageError, match=r"file/below cannot be written"):
        store.write("file/below", b"x")
    with pytest.raises(StorageError, match=r"folder cannot be written"):
        store.write("folder", b"x")
    assert store.files("") == ["file", "folder/file"]
    assert [path.name for path in tmp_path.rglob(f"{TEMPORARY}*") if path.is_file()] == []


def test_a_disk_that_fills_up_in_the_middle_leaves_the_old_bytes_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(str(tmp_path))
    store.write("a/b", b"old")
    whole = Path.write_bytes

    def half(path: Path, data: bytes) -> int:
        whole(path, data[: len(data) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(StorageError, match=r"a/b cannot be written: .*No space left on device"):
        store.write("a/b", b"new and longer")
    assert store.read("a/b") == b"old"
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["b"]


def test_unfinished_files_are_no_files(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    (tmp_path / "lake").mkdir()
    (tmp_path / "lake" / f"{TEMPORARY}1234").write_bytes(b"half")
    assert store.files("") == []


def test_urls_are_plain_paths_on_a_disk_and_carry_their_protocol_elsewhere(tmp_path: Path) -> None:
    local, memory = Store(f"file://{tmp_path}"), Store("memory://bucket/home/")
    assert (local.is_local, memory.is_local) == (True, False)
    assert local.url("a/b") == f"{tmp_path}/a/b"
    assert memory.url("a/b") == "memory:///bucket/home/a/b"
    assert local.url("") == str(tmp_path)


def test_the_root_is_dge_home_or_the_projects_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DGE_HOME", "s3://bucket/dge")
    assert home_url() == "s3://bucket/dge"
    monkeypatch.setenv("DGE_HOME", "")
    assert home_url() == str(project_root() / ".dge")
    monkeypatch.delenv("DGE_HOME")
    assert Path(home_url()).is_absolute()
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Store("~/dge").full("x") == f"{tmp_path}/dge/x"


def test_a_relative_root_is_one_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Store("home").write("a", b"1")
    assert (tmp_path / "home" / "a").read_bytes() == b"1"
    assert os.listdir(tmp_path) == ["home"]  # noqa: PTH208 (as plain as it gets)
