"""Releases: immutable, complete or not there, and refused when anything in them was changed."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pandas as pd
import pytest

from dge_assets.core.errors import ReleaseError, StorageError
from dge_resources.home import Store
from dge_resources.parquet import to_parquet
from dge_resources.releases import Release, Releases, dataset_file, release_version
from tests.support.tables import every_kind

MEMBERS = [
    {"family": family, "seed": seed, "file": dataset_file(family, seed)}
    for family in ("ctgan", "tvae")
    for seed in (0, 1)
]
FRAMES = {(m["family"], m["seed"]): every_kind(20, seed=i) for i, m in enumerate(MEMBERS)}


def files() -> dict[str, bytes]:
    datasets = {dataset_file(*member): to_parquet(frame) for member, frame in FRAMES.items()}
    return {**datasets, "README.md": "größe".encode(), "contract.json": b"{}"}


def publish(releases: Releases, version: str = "r-1", **other: bytes) -> Release:
    return releases.publish("crash", {**files(), **other}, version=version, members=MEMBERS, note={"by": "ann"})


@pytest.fixture(params=["folder", "memory"])
def releases(request: pytest.FixtureRequest, tmp_path: Path) -> Releases:
    return Releases(Store(str(tmp_path) if request.param == "folder" else f"memory://{uuid.uuid4().hex}"))


@pytest.fixture
def local(tmp_path: Path) -> Releases:
    return Releases(Store(str(tmp_path)))


def test_a_release_is_read_as_it_was_published(releases: Releases) -> None:
    made = publish(releases)
    assert releases.open("crash") == releases.open("crash", "r-1") == made
    assert made.manifest["sign_off"] == {"by": "ann"}
    assert set(made.manifest["files"]) == set(files())
    assert releases.read_file(made, "README.md").decode() == "größe"
    datasets = releases.datasets(made)
    assert list(datasets) == list(FRAMES)
    for member, frame in FRAMES.items():
        pd.testing.assert_frame_equal(datasets[member], frame)
    assert list(releases.datasets(made, "tvae")) == [("tvae", 0), ("tvae", 1)]


def test_publishing_twice_leaves_every_byte_and_time_as_it_was(local: Releases, tmp_path: Path) -> None:
    first = publish(local)
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in (tmp_path / "crash/r-1").rglob("*.*")}
    assert publish(local, extra=b"other content under the same version") == first
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in before} == before
    assert local.versions("crash") == ["r-1"]


def test_the_latest_is_the_one_that_was_published_last(releases: Releases) -> None:
    publish(releases)
    publish(releases, "r-0", extra=b"1")
    assert releases.open("crash").version == "r-0"
    assert releases.versions("crash") == ["r-0", "r-1"]
    publish(releases)
    assert releases.open("crash").version == "r-1"


@pytest.mark.parametrize("change", [b"", b"changed"])
def test_a_file_that_was_changed_is_refused(local: Releases, tmp_path: Path, change: bytes) -> None:
    made = publish(local)
    path = tmp_path / "crash" / "r-1" / dataset_file("ctgan", 1)
    path.write_bytes(change)
    for attempt in (lambda: local.datasets(made), lambda: local.read_file(made, dataset_file("ctgan", 1))):
        with pytest.raises(
            ReleaseError, match=r"crash r-1: .*seed=001/data.parquet has SHA-256 .* get the release again"
        ):
            attempt()
    assert len(local.datasets(made, "tvae")) == 2


def test_a_file_that_is_lost_is_refused(local: Releases, tmp_path: Path) -> None:
    made = publish(local)
    (tmp_path / "crash/r-1/README.md").unlink()
    with pytest.raises(ReleaseError, match=r"crash r-1: README.md is lost .*get the release again"):
        local.read_file(made, "README.md")


@pytest.mark.parametrize("name", ["secret", "../../artifacts/x", "manifest.json"])
def test_only_files_of_the_manifest_are_given_out(releases: Releases, name: str) -> None:
    made = publish(releases)
    with pytest.raises(ReleaseError, match=r"crash r-1: no file '.*'; \['README.md', 'contract.json', 'datasets"):
        releases.read_file(made, name)


def test_an_unknown_version_or_table_is_told_with_what_there_is(releases: Releases) -> None:
    with pytest.raises(
        ReleaseError, match=r"table 'crash': no release at all in .*; there are \[\].*job crash_release"
    ):
        releases.open("crash")
    publish(releases)
    with pytest.raises(ReleaseError, match=r"table 'crash': no release r-9 in .*; there are \['r-1'\]"):
        releases.open("crash", "r-9")
    with pytest.raises(ReleaseError, match=r"no family 'gan'; there are \['ctgan', 'tvae'\]"):
        releases.datasets(releases.open("crash"), "gan")


@pytest.mark.parametrize("fails_at", [0, 3, 6, 7])
def test_a_half_written_folder_is_no_release_and_the_former_one_stays(
    local: Releases, monkeypatch: pytest.MonkeyPatch, fails_at: int
) -> None:
    """0 to 5 are the files, 6 the manifest, 7 the pointer to the latest."""
    former = publish(local)
    whole, calls = Path.write_bytes, list[Path]()

    def failing(path: Path, data: bytes) -> int:
        calls.append(path)
        if len(calls) > fails_at:
            raise OSError(28, "No space left on device")
        return whole(path, data)

    monkeypatch.setattr(Path, "write_bytes", failing)
    with pytest.raises(StorageError, match="cannot be written"):
        publish(local, "r-2")
    monkeypatch.undo()
    assert local.open("crash") == former
    assert local.versions("crash") == (["r-1", "r-2"] if fails_at == 7 else ["r-1"])
    if fails_at < 7:
        with pytest.raises(ReleaseError, match=r"no release r-2 .*there are \['r-1'\]"):
            local.open("crash", "r-2")
    made = publish(local, "r-2")
    assert local.open("crash") == made
    assert len(local.datasets(made)) == 4, "publishing again finishes it"


@pytest.mark.parametrize("text", [b"", b"[]", b"3", b"null", b"{}", b"\xff", b'{"files": {}, "members": {}}'])
@pytest.mark.parametrize("name", ["latest.json", "r-1/manifest.json"])
def test_a_damaged_manifest_or_pointer_is_an_error(local: Releases, tmp_path: Path, text: bytes, name: str) -> None:
    publish(local)
    (tmp_path / "crash" / name).write_bytes(text)
    with pytest.raises(ReleaseError, match=r"table 'crash': no release at all"):
        local.open("crash")


def test_a_trial_is_opened_by_its_version_alone_and_replaces_nothing(releases: Releases) -> None:
    def trial() -> Release:
        version, note = "trial-1", {"by": "ann"}
        return releases.publish("crash", files(), version=version, members=MEMBERS, note=note, trial=True)

    made = trial()
    assert releases.open("crash", "trial-1") == made
    assert made.manifest["trial"] is True
    with pytest.raises(ReleaseError, match=r"only trials in .*\['trial-1'\]; name one to open it"):
        releases.open("crash")
    better = publish(releases)
    trial()
    assert releases.open("crash") == better, "a later and better release is not held up, nor taken back"


def test_a_release_of_a_later_format_is_refused(releases: Releases) -> None:
    publish(releases)
    manifest = json.loads(releases.store.read("crash/r-1/manifest.json"))
    releases.store.write("crash/r-1/manifest.json", json.dumps({**manifest, "format_version": 3}).encode())
    with pytest.raises(ReleaseError, match="it is of format 3, this program reads up to 2"):
        releases.open("crash")


def test_versions_are_named_by_content() -> None:
    version = release_version({"a": 1, "b": [2]})
    assert version == release_version({"b": [2], "a": 1})
    assert version != release_version({"a": 1, "b": [3]})
    assert version.startswith("r-")
    assert release_version({"a": 1, "b": [2]}, trial=True) == version.replace("r-", "trial-")
    assert len(version) == 14
    assert json.dumps({"version": version})
