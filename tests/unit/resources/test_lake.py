"""The lake: frame and record in one file, and an error with place and remedy for anything that is
not as written.
"""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dge_assets.core.errors import DgeError, ProvenanceError, StorageError
from dge_resources.home import Store
from dge_resources.lake import Address, Lake, address_of, concat
from dge_resources.records import Recorded, recorded
from tests.support.tables import every_kind, recipe, tiny

MEMBER = Address("crash", "synthetic", "ctgan", 3)


@pytest.fixture(params=["folder", "memory"])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> Lake:
    return Lake(
        Store(str(tmp_path) if request.param == "folder" else f"memory://{uuid.uuid4().hex}")
    )


@pytest.fixture
def local(tmp_path: Path) -> Lake:
    return Lake(Store(str(tmp_path)))


def item(seed: int = 3, frame: pd.DataFrame | None = None, **other: object) -> Recorded:
    return recorded(
        tiny(30) if frame is None else frame,
        recipe("synthetic", "ctgan", seed, **other),
        run_id="r",
    )


def surveyed(lake: Lake) -> None:
    """What a look at the whole lake tells of its only file, as the error that reading it would be."""
    records, (problem,) = lake.survey()
    assert records == []
    raise (
        ProvenanceError
        if "cannot be trusted" in problem.message or "moved it" in problem.message
        else StorageError
    )(problem.message)


def file_of(lake: Lake, address: Address = MEMBER) -> Path:
    return Path(lake.store.full(lake.path(address)))


def test_what_is_written_is_read_with_its_record(lake: Lake) -> None:
    frame = every_kind()
    written = item(frame=frame)
    assert not lake.has(MEMBER)
    assert lake.record(MEMBER) is None
    lake.write(written)
    assert lake.has(MEMBER)
    assert lake.record(MEMBER) == written.record
    found = lake.read(MEMBER)
    assert found.record == written.record
    pd.testing.assert_frame_equal(found.frame, frame, check_exact=True)
    assert lake.survey().records == [written.record]


def test_rows_that_travel_alone_carry_their_record_id_and_readers_do_not_see_it(
    local: Lake,
) -> None:
    written = item()
    local.write(written, with_record_id=True)
    assert set(pd.read_parquet(file_of(local))["record_id"]) == {written.record.record_id}
    pd.testing.assert_frame_equal(local.read(MEMBER).frame, written.frame)


def test_paths_are_hive_partitioned_and_names_are_peoples(local: Lake) -> None:
    assert local.path(MEMBER) == "lake/crash/synthetic/family=ctgan/seed=003/data.parquet"
    assert MEMBER.name == "crash/ctgan/synthetic[003]"
    assert local.path(Address("crash", "source")) == "lake/crash/source/data.parquet"
    assert address_of(recipe("synthetic", "ctgan", 3)) == MEMBER
    assert local.url_of(recipe("synthetic", "ctgan", 3)) == local.url(MEMBER) == str(file_of(local))


def test_what_is_missing_is_an_error_with_name_place_and_remedy(lake: Lake) -> None:
    with pytest.raises(StorageError) as caught:
        lake.read(MEMBER, remedy="dg launch --assets x")
    assert str(caught.value).startswith("crash/ctgan/synthetic[003] is not there (")
    assert str(caught.value).endswith("seed=003/data.parquet); dg launch --assets x")


@pytest.mark.parametrize("damage", ["truncated", "empty", "text", "folder"])
def test_a_damaged_file_is_an_error_with_place_and_remedy(local: Lake, damage: str) -> None:
    local.write(item())
    path = file_of(local)
    data = path.read_bytes()
    if damage == "folder":
        path.unlink()
        path.mkdir()
    else:
        path.write_bytes(
            {"truncated": data[: len(data) // 2], "empty": b"", "text": b"hello"}[damage]
        )
    attempts = [local.read, local.record] + (
        [] if damage == "folder" else [lambda _: surveyed(local)]
    )
    for attempt in attempts:
        with pytest.raises(StorageError) as caught:
            attempt(MEMBER)
        assert str(path) in str(caught.value)
    assert not local.is_current(recipe("synthetic", "ctgan", 3))


def test_no_flipped_byte_goes_unnoticed_as_another_frame_or_as_a_foreign_exception(
    local: Lake,
) -> None:
    """Each read of a file with one flipped byte gives the very same frame, or a StorageError."""
    written = item(frame=every_kind(40))
    local.write(written)
    path = file_of(local)
    data = path.read_bytes()
    told = list[str]()
    for position in np.random.default_rng(0).choice(len(data), 250, replace=False):
        flipped = bytearray(data)
        flipped[position] ^= 0x15
        path.write_bytes(bytes(flipped))
        try:
            found = local.read(MEMBER)
        except StorageError as error:
            told.append(str(error))
        else:
            pd.testing.assert_frame_equal(found.frame, written.frame, obj=f"byte {position}")
        told += [problem.message for problem in local.survey().problems]
    assert len(told) > 100
    assert all("materialize" in text for text in told)


def test_a_foreign_file_is_told_from_one_of_the_line(local: Lake) -> None:
    path = file_of(local)
    path.parent.mkdir(parents=True)
    pq.write_table(pa.table({"x": [1]}), path)
    for attempt in (local.read, local.record, lambda _: surveyed(local)):
        with pytest.raises(
            StorageError,
            match="has no provenance record, so this line did not write it; move it away",
        ):
            attempt(MEMBER)


def test_a_file_that_was_moved_is_refused_with_both_names(local: Lake) -> None:
    local.write(item(seed=4))
    path = file_of(local)
    path.parent.mkdir(parents=True)
    file_of(local, Address("crash", "synthetic", "ctgan", 4)).rename(path)
    for attempt in (local.read, local.record, lambda _: surveyed(local)):
        with pytest.raises(ProvenanceError) as caught:
            attempt(MEMBER)
        assert (
            "crash/ctgan/synthetic[003]: the file in its place is crash/ctgan/synthetic[004]"
            in str(caught.value)
        )
        assert "materialize crash/ctgan/synthetic[003] again" in str(caught.value)


def rewrite(path: Path, *, record: bytes | None = None, table: pa.Table | None = None) -> None:
    """The file with another record, or with other rows under the same record."""
    kept = pq.read_table(path)
    metadata = dict(kept.schema.metadata)
    if record is not None:
        metadata[b"dge.provenance"] = record
        del metadata[b"dge.metadata"]
    pq.write_table((kept if table is None else table).replace_schema_metadata(metadata), path)


@pytest.mark.parametrize("record", [b"", b"{", b"[]", b"3", b"null", b'"text"', b"{}", b"\xff"])
def test_what_stands_in_for_a_record_is_refused(local: Lake, record: bytes) -> None:
    local.write(item())
    rewrite(file_of(local), record=record)
    for attempt in (local.read, local.record, lambda _: surveyed(local)):
        with pytest.raises(StorageError, match=r"crash/ctgan/synthetic\[003\].*materialize"):
            attempt(MEMBER)


def test_an_altered_record_is_refused(local: Lake) -> None:
    local.write(item())
    document = item().record.to_document()
    rewrite(file_of(local), record=json.dumps({**document, "code_version": "2"}).encode())
    with pytest.raises(
        ProvenanceError, match="altered after it was written; materialize the asset again"
    ):
        local.read(MEMBER)


def test_other_rows_under_the_same_record_are_refused(local: Lake) -> None:
    local.write(item())
    path = file_of(local)
    table = pq.read_table(path)
    rewrite(path, table=table.slice(0, 29))
    with pytest.raises(
        StorageError,
        match=r"is damaged \(its content hash is .*, its record says .*materialize the asset",
    ):
        local.read(MEMBER)


def test_metadata_that_were_changed_or_lost_are_refused(local: Lake) -> None:
    written = item(frame=every_kind(5))
    local.write(written)
    path = file_of(local)
    data = path.read_bytes()
    table = pq.read_table(path)
    metadata = dict(table.schema.metadata)
    for changed in (
        {**metadata, b"pandas": metadata[b"pandas"].replace(b"Int64", b"int64")},
        dict(metadata),
    ):
        if changed == metadata:
            del changed[b"dge.metadata"], changed[b"pandas"]
        pq.write_table(table.replace_schema_metadata(changed), path)
        with pytest.raises(
            StorageError,
            match=r"\((the file's metadata were changed|a part of its metadata is gone)",
        ):
            local.read(MEMBER)
    path.write_bytes(data)
    pd.testing.assert_frame_equal(local.read(MEMBER).frame, written.frame)


def test_rows_that_carry_another_records_id_are_refused(local: Lake) -> None:
    written = item()
    local.write(Recorded(written.frame.assign(record_id="0" * 32), written.record))
    with pytest.raises(StorageError, match="its rows carry another record's id"):
        local.read(MEMBER)


def test_only_what_was_made_by_the_expected_recipe_is_given_out(lake: Lake) -> None:
    wanted = recipe("synthetic", "ctgan", 3)
    assert not lake.is_current(wanted)
    lake.write(item())
    assert lake.is_current(wanted)
    assert lake.read_expected(wanted, remedy="x").record.sha256 == wanted.sha256
    other = recipe("synthetic", "ctgan", 3, code_version="2")
    assert not lake.is_current(other)
    with pytest.raises(
        ProvenanceError, match=r"code_version: stored '1', expected '2'\nTo mend: dg launch"
    ):
        lake.read_expected(other, remedy="dg launch")


class _BrokenOff:
    """A filesystem whose connection breaks in the middle of a write; all else is the real one."""

    def __init__(self, real: object) -> None:
        self._real = real

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)

    def pipe_file(self, path: str, data: bytes) -> None:
        raise ConnectionResetError(f"{len(data)} bytes to {path}")


def test_what_was_there_stays_readable_when_a_write_fails(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    former = item(code_version="1")
    lake.write(former)
    if lake.store.is_local:

        def half(path: Path, data: bytes) -> int:
            with path.open("wb") as file:
                file.write(data[:100])
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(Path, "write_bytes", half)
    else:
        filesystem, root = lake.store._place
        lake.store.__dict__["_place"] = (_BrokenOff(filesystem), root)
    with pytest.raises(StorageError, match="cannot be written"):
        lake.write(item(code_version="2", frame=tiny(300)))
    assert lake.read(MEMBER).record == former.record
    assert lake.store.files("") == [lake.path(MEMBER)]
    if lake.store.is_local:
        assert [path for path in Path(lake.store.root).rglob("*") if path.is_file()] == [
            file_of(lake)
        ]


def test_records_come_in_the_order_of_their_paths_and_leave_others_files_alone(local: Lake) -> None:
    items = [item(seed) for seed in (2, 0, 1)]
    for one in items:
        local.write(one)
    local.write(recorded(tiny(20), recipe("source"), run_id="r"))
    Path(local.store.full("lake/notes.txt")).write_text("by a person")
    assert [record.place for record in local.survey().records] == [
        "crash/source",
        *(f"crash/ctgan/synthetic[{seed:03d}]" for seed in range(3)),
    ]


def test_a_fan_in_is_one_frame_with_seeds(local: Lake) -> None:
    both = concat({"000": item(0), "001": item(1)})
    assert both["seed"].tolist() == [0] * 30 + [1] * 30
    assert isinstance(StorageError("x"), DgeError)
