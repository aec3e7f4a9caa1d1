"""Artifacts: sets of files that are replaced in one step and refused when they are not what was
written.
"""

from __future__ import annotations

import json
import multiprocessing
import time
import uuid
from pathlib import Path

import pytest

from dge_assets.core.errors import ProvenanceError, StorageError
from dge_resources.artifacts import ArtifactStore
from dge_resources.home import Store
from dge_resources.lake import Address
from dge_resources.sealed import sealed, unsealed
from tests.support.tables import recipe

MEMBER = Address("crash", "generator", "ctgan", 3)
FILES = {"weights.safetensors": b"\x00\x01", "generator.json": b"{}", "sub/notes.json": b"[]"}
WANTED = recipe("generator", "ctgan", 3)


@pytest.fixture(params=["folder", "memory"])
def artifacts(request: pytest.FixtureRequest, tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(
        Store(str(tmp_path) if request.param == "folder" else f"memory://{uuid.uuid4().hex}")
    )


@pytest.fixture
def local(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(Store(str(tmp_path)))


def manifest_file(artifacts: ArtifactStore) -> Path:
    return Path(artifacts.store.full(artifacts.manifest_path(MEMBER)))


def content_file(artifacts: ArtifactStore, name: str = "weights.safetensors") -> Path:
    return (
        Path(artifacts.store.full(json.loads(manifest_file(artifacts).read_bytes())["folder"]))
        / name
    )


def surveyed(artifacts: ArtifactStore) -> None:
    """What a look at all artifacts tells of the only one, as the error that reading it would be."""
    records, (problem,) = artifacts.survey()
    assert records == []
    raise (ProvenanceError if "moved it" in problem.message else StorageError)(problem.message)


def test_what_is_written_is_read_with_its_record(artifacts: ArtifactStore) -> None:
    assert artifacts.record(MEMBER) is None
    assert not artifacts.is_current(WANTED)
    record = artifacts.write(WANTED, FILES, run_id="r", device="cuda", seconds=3.0)
    assert artifacts.record(MEMBER) == record
    found = artifacts.read(MEMBER)
    assert (found.files, found.record) == (FILES, record)
    assert artifacts.read_expected(WANTED, remedy="x").record == record
    assert artifacts.is_current(WANTED)
    assert artifacts.survey().records == [record]
    assert (record.device, record.seconds) == ("cuda", 3.0)


def test_several_artifacts_of_a_member_and_of_a_table_live_side_by_side(
    artifacts: ArtifactStore,
) -> None:
    records = [
        artifacts.write(recipe(*name), FILES, run_id="r")
        for name in [
            ("downstream", "ctgan", 3),
            ("generator", "ctgan", 3),
            ("generator", "ctgan", 4),
            ("extra",),
        ]
    ]
    assert {record.place for record in artifacts.survey().records} == {
        record.place for record in records
    }
    assert len(artifacts.survey().records) == 4


def test_a_new_set_replaces_the_old_one_and_takes_its_files_away(artifacts: ArtifactStore) -> None:
    artifacts.write(WANTED, FILES, run_id="r")
    record = artifacts.write(WANTED, {"other.json": b"1"}, run_id="r")
    assert artifacts.read(MEMBER).files == {"other.json": b"1"}
    assert artifacts.survey().records == [record]
    assert len(artifacts.store.files("artifacts")) == 2
    artifacts.write(WANTED, {"other.json": b"1"}, run_id="again")
    assert artifacts.read(MEMBER).files == {"other.json": b"1"}


def test_notes_are_kept_beside_the_content_and_are_no_part_of_what_others_descend_from(
    artifacts: ArtifactStore,
) -> None:
    first = artifacts.write(
        WANTED, FILES, run_id="r", seconds=3.0, notes={"fit_seconds": {"lr": 3.0}}
    )
    assert artifacts.read(MEMBER).notes == {"fit_seconds": {"lr": 3.0}}
    again = artifacts.write(
        WANTED, FILES, run_id="again", seconds=4.0, notes={"fit_seconds": {"lr": 4.0}}
    )
    assert artifacts.read(MEMBER).notes == {"fit_seconds": {"lr": 4.0}}
    assert (again.content_sha256, again.record_id) == (first.content_sha256, first.record_id)
    artifacts.write(WANTED, FILES, run_id="r")
    assert artifacts.read(MEMBER).notes == {}


def _write_in_turn(root: str, until: float) -> None:
    artifacts, turn = ArtifactStore(Store(root)), 0
    while time.monotonic() < until:
        turn += 1
        artifacts.write(
            WANTED,
            {name: data + str(turn % 3).encode() for name, data in FILES.items()},
            run_id="r",
        )


@pytest.mark.parametrize("writers", [1, 2])
def test_a_reader_beside_writers_always_finds_one_whole_set(
    local: ArtifactStore, writers: int
) -> None:
    local.write(WANTED, FILES, run_id="r")
    until, context = time.monotonic() + 1.0, multiprocessing.get_context("fork")
    processes = [
        context.Process(target=_write_in_turn, args=(local.store.root, until))
        for _ in range(writers)
    ]
    for process in processes:
        process.start()
    seen: set[bytes] = set()
    while time.monotonic() < until:
        found = local.read(MEMBER).files
        assert len({data.removeprefix(FILES[name]) for name, data in found.items()}) == 1
        seen.add(found["generator.json"])
    for process in processes:
        process.join()
        assert process.exitcode == 0
    assert len(seen) >= 3
    assert len(local.store.files("artifacts")) == 1 + len(FILES), "former sets are taken away"


def test_what_is_missing_is_an_error_with_name_place_and_remedy(artifacts: ArtifactStore) -> None:
    with pytest.raises(
        StorageError,
        match=r"crash/ctgan/generator\[003\] is not there \(.*generator.json\); dg launch x",
    ):
        artifacts.read(MEMBER, remedy="dg launch x")


@pytest.mark.parametrize("damage", ["flipped", "truncated", "gone", "exchanged"])
def test_a_damaged_file_is_an_error_with_place_and_remedy(
    local: ArtifactStore, damage: str
) -> None:
    local.write(WANTED, FILES, run_id="r")
    path = content_file(local)
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(
            {"flipped": b"\x00\x03", "truncated": b"\x00", "exchanged": b"pickled!"}[damage]
        )
    with pytest.raises(
        StorageError,
        match=r"crash/ctgan/generator\[003\].*weights.safetensors.*materialize the asset again",
    ):
        local.read(MEMBER)
    assert not local.is_current(WANTED)
    local.write(WANTED, FILES, run_id="r")
    assert local.read(MEMBER).files == FILES, "the remedy mends it"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "3",
        "null",
        "{}",
        '{"folder": "x", "files": [], "record": {}}',
        '{"folder": 3}',
        "\udcff",
    ],
)
def test_a_damaged_manifest_is_an_error_and_writing_mends_it(
    local: ArtifactStore, text: str
) -> None:
    local.write(WANTED, FILES, run_id="r")
    manifest_file(local).write_bytes(text.encode(errors="surrogateescape"))
    for attempt in (
        lambda: local.read(MEMBER),
        lambda: local.record(MEMBER),
        lambda: surveyed(local),
    ):
        with pytest.raises(StorageError, match=r"crash/ctgan/.*generator.*materialize"):
            attempt()
    assert not local.is_current(WANTED)
    local.write(WANTED, FILES, run_id="r")
    assert local.read(MEMBER).files == FILES


def test_a_moved_manifest_is_refused_with_both_names(local: ArtifactStore) -> None:
    local.write(recipe("generator", "ctgan", 4), FILES, run_id="r")
    path = manifest_file(local)
    path.parent.mkdir(parents=True)
    path.parent.with_name("004").joinpath("generator.json").rename(path)
    for attempt in (
        lambda: local.read(MEMBER),
        lambda: local.record(MEMBER),
        lambda: surveyed(local),
    ):
        with pytest.raises(
            ProvenanceError,
            match=r"ctgan/generator\[003\]: .*is crash/ctgan/generator\[004\].*materialize",
        ):
            attempt()


def test_an_altered_record_or_other_files_under_it_are_refused(local: ArtifactStore) -> None:
    local.write(WANTED, FILES, run_id="r")
    path = manifest_file(local)
    manifest = unsealed(path.read_bytes())
    manifest["record"]["seed"] = 3
    manifest["record"]["code_version"] = "9"
    path.write_bytes(sealed(manifest))
    with pytest.raises(
        ProvenanceError, match="altered after it was written; materialize the asset again"
    ):
        local.read(MEMBER)
    local.write(WANTED, FILES, run_id="r")
    manifest = unsealed(path.read_bytes())
    del manifest["files"]["generator.json"]
    path.write_bytes(sealed(manifest))
    with pytest.raises(StorageError, match="the manifest's files are not those of its record"):
        local.read(MEMBER)


def test_a_manifest_that_says_anything_else_than_when_it_was_written_is_refused(
    local: ArtifactStore,
) -> None:
    """A time or a device as well, which is no part of the record's id."""
    local.write(WANTED, FILES, run_id="r")
    path = manifest_file(local)
    path.write_text(path.read_text().replace('"device": "cpu"', '"device": "gpu"'))
    with pytest.raises(
        StorageError, match=r"is not a manifest .* delete it and materialize the asset again"
    ):
        local.read(MEMBER)


def test_another_recipe_is_refused_field_by_field(artifacts: ArtifactStore) -> None:
    artifacts.write(recipe("generator", "ctgan", 3, parameters={"epochs": 2}), FILES, run_id="r")
    assert not artifacts.is_current(WANTED)
    with pytest.raises(
        ProvenanceError, match=r"parameters: stored \{'epochs': 2\}, expected \{\}\nTo mend: train"
    ):
        artifacts.read_expected(WANTED, remedy="train")


@pytest.mark.parametrize("fails_at", [0, 1, 2, 3])
def test_the_old_set_stays_readable_wherever_a_write_fails(
    local: ArtifactStore, monkeypatch: pytest.MonkeyPatch, fails_at: int
) -> None:
    former = local.write(WANTED, FILES, run_id="r")
    whole, calls = Path.write_bytes, []

    def failing(path: Path, data: bytes) -> int:
        calls.append(path)
        if len(calls) > fails_at:
            whole(path, data[:1])
            raise OSError(28, "No space left on device")
        return whole(path, data)

    monkeypatch.setattr(Path, "write_bytes", failing)
    with pytest.raises(StorageError, match=r"cannot be written: .*No space left"):
        local.write(WANTED, {name: data + b"new" for name, data in FILES.items()}, run_id="r")
    monkeypatch.undo()
    assert local.read(MEMBER).files == FILES
    assert local.survey().records == [former]
    assert [path for path in Path(local.store.root).rglob(".tmp-*") if path.is_file()] == []
