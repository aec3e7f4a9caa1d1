"""The lake: one Parquet file per (table, asset, family, seed), each with its provenance inside.

The record travels in the file's own metadata, so file and record can never be out of step. Parallel
writers never contend, and a reader sees a whole old or a whole new file. Not here: DuckDB
(warehouse), Dagster (io_manager).
"""

from __future__ import annotations

import json
import re
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from dge_assets.core.errors import ProvenanceError, StorageError
from dge_assets.core.lineage.fingerprint import frame_sha256
from dge_assets.core.lineage.provenance import Provenance, Recipe, artifact_name, require_recipe
from dge_resources.home import Store
from dge_resources.parquet import (
    UNREADABLE,
    copy_with_notes,
    from_parquet,
    is_sealed,
    open_parquet,
    read_metadata,
    to_parquet,
    write_chunks,
)
from dge_resources.problems import Problem, Survey
from dge_resources.records import Recorded, record_of

_KEY = b"dge.provenance"
_SEALED = "sealed"
"""Said beside a record whose file has a hash of its metadata: without one such a file has lost it.
"""
_FILE = "data.parquet"
_PATH = re.compile(rf"lake/([^/]+)/([^/]+)(?:/family=([^/]+)(?:/seed=(\d+))?)?/{re.escape(_FILE)}")


@dataclass(frozen=True)
class Address:
    """Where one artifact is kept."""

    table: str
    asset: str
    family: str | None = None
    seed: int | None = None

    @property
    def folder(self) -> str:
        """Relative folder, hive-partitioned where there is a member."""
        member = "" if self.family is None else f"/family={self.family}"
        return f"{self.table}/{self.asset}{member}" + (
            "" if self.seed is None else f"/seed={self.seed:03d}"
        )

    @property
    def name(self) -> str:
        """What people call it."""
        return artifact_name(table=self.table, asset=self.asset, family=self.family, seed=self.seed)


def address_of(recipe: Recipe) -> Address:
    """Where what `recipe` makes is kept."""
    return Address(recipe.table, recipe.asset, recipe.family, recipe.seed)


@dataclass(frozen=True)
class Lake:
    """Frames by address."""

    store: Store

    def path(self, address: Address) -> str:
        """Relative path of the file."""
        return f"lake/{address.folder}/{_FILE}"

    def url(self, address: Address) -> str:
        """Where the file is, for people."""
        return self.store.url(self.path(address))

    def url_of(self, recipe: Recipe) -> str:
        """Where the file that `recipe` makes is."""
        return self.url(address_of(recipe))

    def has(self, address: Address) -> bool:
        """Whether a file is kept at `address`."""
        return self.store.exists(self.path(address))

    def write(self, item: Recorded, *, with_record_id: bool = False) -> None:
        """Keep a frame with its record; `with_record_id` adds the id to each row, for rows that
        travel alone.
        """
        frame = item.frame.assign(record_id=item.record.record_id) if with_record_id else item.frame
        self.store.write(self.path(address_of(item.record)), to_parquet(frame, _note(item.record)))

    def write_chunks(
        self, recipe: Recipe, chunks: Iterator[pd.DataFrame], *, run_id: str
    ) -> Provenance:
        """Keep rows that come in parts, each with the id of the record, without ever holding all of
        them.

        The record, and so its id in every row, can only be known after the last row: the rows wait
        on the local disk.
        """
        started, cpu_started = time.perf_counter(), time.process_time()
        with tempfile.TemporaryFile() as waiting:
            content = write_chunks(chunks, waiting)
            record = record_of(
                recipe,
                content_sha256=content,
                run_id=run_id,
                seconds=time.perf_counter() - started,
                cpu_seconds=time.process_time() - cpu_started,
            )
            with self.store.writing(self.path(address_of(recipe))) as file:
                copy_with_notes(waiting, file, _note(record), {"record_id": record.record_id})
        return record

    def record(self, address: Address) -> Provenance | None:
        """The record of what is kept at `address`; None where nothing is; StorageError where it is
        damaged.
        """
        path = self.path(address)
        if not self.store.exists(path):
            return None
        return self._record(self._open(path, address)[1], address)

    def require_record(self, address: Address, *, remedy: str) -> Provenance:
        """The record of what is kept at `address`; StorageError with the remedy where nothing is."""
        record = self.record(address)
        if record is None:
            raise StorageError(f"{address.name} is not there ({self.url(address)}); {remedy}")
        return record

    def read(self, address: Address, *, remedy: str = "materialize it first") -> Recorded:
        """The frame at `address`, checked against its record.

        Raises StorageError when nothing is there or when it is damaged, ProvenanceError when it
        belongs elsewhere.
        """
        path = self.path(address)
        if not self.store.exists(path):
            raise StorageError(f"{address.name} is not there ({self.store.url(path)}); {remedy}")
        file, metadata = self._open(path, address)
        record = self._record(metadata, address)
        try:
            frame = from_parquet(file)
        except UNREADABLE as error:
            raise _damaged(address, self.store.url(path), repr(error)) from error
        if "record_id" in frame.columns and not (frame["record_id"] == record.record_id).all():
            raise _damaged(address, self.store.url(path), "its rows carry another record's id")
        frame = frame.drop(columns="record_id", errors="ignore")
        found = frame_sha256(frame)
        if found != record.content_sha256:
            why = f"its content hash is {found[:12]}, its record says {record.content_sha256[:12]}"
            raise _damaged(address, self.store.url(path), why)
        return Recorded(frame, record)

    def read_expected(self, expected: Recipe, *, remedy: str) -> Recorded:
        """The frame that `expected` makes; ProvenanceError when something else is kept in its
        place.
        """
        item = self.read(address_of(expected), remedy=remedy)
        require_recipe(item.record, expected, remedy=remedy)
        return item

    def is_current(self, expected: Recipe) -> bool:
        """Whether what is kept was made by exactly `expected` and can be read."""
        try:
            return self.read(address_of(expected)).record.sha256 == expected.sha256
        except StorageError:
            return False

    def survey(self) -> Survey:
        """All records of the lake in the order of their paths, and each file that has none that can
        be trusted.
        """
        records, problems = list[Provenance](), list[Problem]()
        for path in self.store.files("lake"):
            if path.endswith(f"/{_FILE}"):
                place, asset = self.store.url(path), ""
                try:
                    address = _address_of_path(path, place)
                    asset = address.asset
                    records.append(self._record(self._metadata(path, address), address))
                except StorageError as error:
                    problems.append(
                        Problem(
                            table=path.split("/")[1], asset=asset, place=place, message=str(error)
                        )
                    )
        return Survey(records, problems)

    def addresses(self, table: str, asset: str) -> list[Address]:
        """Where the frames of an asset are kept, in the order of their paths; nothing of them is
        read.
        """
        paths = self.store.files(f"lake/{table}/{asset}")
        return [
            _address_of_path(path, self.store.url(path))
            for path in paths
            if path.endswith(f"/{_FILE}")
        ]

    def _metadata(self, path: str, address: Address) -> Mapping[bytes, bytes]:
        """What the file says besides its rows, which are not read."""
        try:
            with self.store.open(path) as file:
                return read_metadata(file)
        except UNREADABLE as error:
            raise _damaged(address, self.store.url(path), str(error)) from error

    def _open(self, path: str, address: Address) -> tuple[pq.ParquetFile, Mapping[bytes, Any]]:
        try:
            file = open_parquet(self.store.read(path))
            metadata = file.schema_arrow.metadata or {}
        except (*UNREADABLE, StorageError) as error:
            raise _damaged(address, self.store.url(path), str(error)) from error
        return file, metadata

    def _record(self, metadata: Mapping[bytes, Any], address: Address) -> Provenance:
        if _KEY not in metadata:
            raise StorageError(
                f"{address.name}: the file at {self.store.url(self.path(address))} has no provenance record, so "
                f"this line did not write it; move it away and materialize the asset again"
            )
        try:
            document = json.loads(metadata[_KEY])
            record = Provenance.from_document(document)
        except (ValueError, ProvenanceError) as error:
            place = self.store.url(self.path(address))
            raise ProvenanceError(
                f"{address.name}: the record in {place} cannot be trusted: {error}; materialize the asset again"
            ) from error
        if document.get(_SEALED) and not is_sealed(metadata):
            raise _damaged(
                address, self.store.url(self.path(address)), "a part of its metadata is gone"
            )
        if address_of(record) != address:
            raise ProvenanceError(
                f"{address.name}: the file in its place is {address_of(record).name} by its own record; "
                f"somebody moved it; materialize {address.name} again"
            )
        return record


def _note(record: Provenance) -> dict[bytes, bytes]:
    return {_KEY: json.dumps({**record.to_document(), _SEALED: True}, sort_keys=True).encode()}


def _address_of_path(path: str, url: str) -> Address:
    found = _PATH.fullmatch(path)
    if found is None:
        raise StorageError(
            f"{url} is no place of the lake (<table>/<asset>[/family=<family>/seed=<seed>]); move it away"
        )
    table, asset, family, seed = found.groups()
    return Address(table, asset, family, None if seed is None else int(seed))


def _damaged(address: Address, url: str, why: str) -> StorageError:
    return StorageError(
        f"{address.name}: the file {url} is damaged ({why}); delete it and materialize the asset again"
    )


def concat(items: Mapping[str, Recorded]) -> pd.DataFrame:
    """All frames of a fan-in, one below the other, with `seed` as a column."""
    return pd.concat(
        [item.frame.assign(seed=int(key)) for key, item in items.items()], ignore_index=True
    )
