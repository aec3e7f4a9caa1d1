"""Releases: immutable, complete or not there, mended by who publishes them, refused when anything
in them was changed.
"""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dge_assets.core.errors import ReleaseError, StorageError
from dge_resources.home import Store
from dge_resources.manifest import dataset_file, release_version
from dge_resources.releases import Release, Releases
from tests.support.releases import released
from tests.support.tables import every_kind

FRAMES = {
    (family, seed): every_kind(20, seed=10 * order + seed)
    for order, family in enumerate(("ctgan", "tvae"))
    for seed in (0, 1)
}
DATASETS, MEMBERS = released(FRAMES)


def files(**other: bytes) -> dict[str, bytes]:
    return {**DATASETS, "README.md": "größe".encode(), "contract.json": b"{}", **other}


def publish(releases: Releases, readme: str = "größe", **other: Any) -> Release:
    stated = {"members": MEMBERS, "note": {"by": "ann"}, **other}
    return releases.publish("crash", {**files(), "README.md": readme.encode()}, **stated)


@pytest.fixture(params=["folder", "memory"])
def releases(request: pytest.FixtureRequest, tmp_path: Path) -> Releases:
    return Releases(
        Store(str(tmp_path) if request.param == "folder" else f"memory://{uuid.uuid4().hex}")
    )


@pytest.fixture
def local(tmp_path: Path) -> Releases:
    return Releases(Store(str(tmp_path)))


def folder_of(local: Releases, made: Release) -> Path:
    return Path(local.url(made))


def test_a_release_is_read_as_it_was_published(releases: Releases) -> None:
    made = publish(releases, facts={"licence": "CC-BY-4.0"})
    assert releases.open("crash") == releases.open("crash", made.version) == made
    assert made.manifest["sign_off"] == {"by": "ann"}
    assert made.manifest["licence"] == "CC-BY-4.0"
    assert set(made.manifest["files"]) == set(made.manifest["sizes"]) == set(files())
    assert releases.read_file(made, "README.md").decode() == "größe"
    datasets = releases.datasets(made)
    assert list(datasets) == list(FRAMES)
    for member, frame in FRAMES.items():
        pd.testing.assert_frame_equal(datasets[member].drop(columns="record_id"), frame)
    assert list(releases.datasets(made, "tvae")) == [("tvae", 0), ("tvae", 1)]


def test_publishing_twice_leaves_every_byte_and_time_as_it_was(local: Releases) -> None:
    first = publish(local)
    before = {
        path: (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder_of(local, first).rglob("*.*")
    }
    assert publish(local, note={"by": "another"}) == first, "the first signature stands"
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in before} == before
    assert local.versions("crash") == [first.version]


def test_the_version_is_one_of_everything_that_is_listed(releases: Releases) -> None:
    made = publish(releases)
    others = [publish(releases, "other card"), publish(releases, facts={"licence": "CC0"})]
    assert len({made.version, *(other.version for other in others)}) == 3
    assert made.version == release_version(made.checked.content)


def test_the_latest_is_the_one_that_was_published_last(releases: Releases) -> None:
    first, second = publish(releases), publish(releases, "second")
    assert releases.open("crash") == second
    assert releases.versions("crash") == sorted([first.version, second.version])
    publish(releases)
    assert releases.open("crash") == first


@pytest.mark.parametrize("change", [b"", b"changed", b"x" * 100_000])
def test_a_file_that_was_changed_is_refused_and_publishing_mends_it(
    local: Releases, change: bytes
) -> None:
    made = publish(local)
    path = folder_of(local, made) / dataset_file("ctgan", 1)
    path.write_bytes(change)
    for attempt in (
        lambda: local.datasets(made),
        lambda: local.read_file(made, dataset_file("ctgan", 1)),
    ):
        with pytest.raises(
            ReleaseError, match=r"crash r-.*: .*seed=001/data.parquet .*get the release again"
        ):
            attempt()
    assert len(local.datasets(made, "tvae")) == 2
    assert publish(local) == made
    assert len(local.datasets(made)) == 4


def test_a_file_that_is_lost_is_refused_and_publishing_mends_it(local: Releases) -> None:
    made = publish(local)
    (folder_of(local, made) / "README.md").unlink()
    with pytest.raises(
        ReleaseError, match=r"crash r-.*: README.md is lost .*get the release again"
    ):
        local.read_file(made, "README.md")
    publish(local)
    assert local.read_file(made, "README.md").decode() == "größe"


@pytest.mark.parametrize("name", ["secret", "../../artifacts/x", "manifest.json"])
def test_only_files_of_the_manifest_are_given_out(releases: Releases, name: str) -> None:
    made = publish(releases)
    with pytest.raises(
        ReleaseError, match=r"crash r-.*: no file '.*'; \['README.md', 'contract.json', 'datasets"
    ):
        releases.read_file(made, name)


def test_an_unknown_version_or_table_is_told_with_what_there_is(releases: Releases) -> None:
    with pytest.raises(
        ReleaseError,
        match=r"table 'crash': no release at all in .*; there are \[\].*job crash_release",
    ):
        releases.open("crash")
    made = publish(releases)
    with pytest.raises(
        ReleaseError,
        match=rf"table 'crash': no release r-0{{12}} in .*; there are \['{made.version}'\]",
    ):
        releases.open("crash", f"r-{0:012}")
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
        publish(local, "second")
    monkeypatch.undo()
    assert local.open("crash") == former
    assert len(local.versions("crash")) == (2 if fails_at == 7 else 1)
    made = publish(local, "second")
    assert local.open("crash") == made != former
    assert len(local.datasets(made)) == 4, "publishing again finishes it"


@pytest.mark.parametrize(
    "text",
    [b"", b"[]", b"3", b"null", b"{}", b"\xff", b"[" * 100_000, b'{"files": {}, "members": {}}'],
)
@pytest.mark.parametrize("name", ["latest.json", "manifest.json"])
def test_a_damaged_manifest_or_pointer_is_an_error_and_publishing_mends_it(
    local: Releases, text: bytes, name: str
) -> None:
    made = publish(local)
    folder = folder_of(local, made)
    (folder.parent if name == "latest.json" else folder).joinpath(name).write_bytes(text)
    with pytest.raises(ReleaseError, match=r"table 'crash': no release at all"):
        local.open("crash")
    publish(local)
    assert local.open("crash") == made


def test_a_trial_is_opened_by_its_version_alone_and_replaces_nothing(releases: Releases) -> None:
    made = publish(releases, trial=True)
    assert made.version.startswith("trial-")
    assert releases.open("crash", made.version) == made
    assert made.manifest["trial"] is True
    with pytest.raises(
        ReleaseError, match=rf"only trials in .*\['{made.version}'\]; name one to open it"
    ):
        releases.open("crash")
    better = publish(releases)
    publish(releases, trial=True)
    assert releases.open("crash") == better, (
        "a later and better release is not held up, nor taken back"
    )


@pytest.mark.parametrize(
    ("found", "why"), [(3, "it is of format 3, this program reads 2: take a newer"), (1, "ask the")]
)
def test_a_release_of_another_format_is_refused(releases: Releases, found: int, why: str) -> None:
    made = publish(releases)
    path = f"crash/{made.version}/manifest.json"
    releases.store.write(path, json.dumps({**made.manifest, "format_version": found}).encode())
    with pytest.raises(ReleaseError, match=why):
        releases.open("crash")


def test_what_makes_no_release_is_not_published(releases: Releases) -> None:
    with pytest.raises(
        ReleaseError,
        match=r"its files make no release: .*the datasets among the files are not those of",
    ):
        publish(releases, members=MEMBERS[:-1])
    assert releases.store.files("") == []


def test_versions_are_named_by_content() -> None:
    version = release_version({"a": 1, "b": [2]})
    assert version == release_version({"b": [2], "a": 1})
    assert version != release_version({"a": 1, "b": [3]})
    assert version.startswith("r-")
    assert release_version({"a": 1, "b": [2]}, trial=True) == version.replace("r-", "trial-")
    assert len(version) == 14
