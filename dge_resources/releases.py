"""Releases: immutable, versioned folders that consumers read, and nothing else of what is kept.

A release holds the datasets, the contract as consumers may see it, the scores, lineage without real
values, a card, and a manifest (`manifest`) of every file. Its version is a hash of what it lists,
so the same members give the same release, whenever and however often they were made. Its manifest
is written after its files, and `latest` points at it last. A reader believes nothing but the
checked manifest, whoever had the folder in hand.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from dge_assets.core.errors import ReleaseError, StorageError
from dge_resources.home import Store
from dge_resources.manifest import (
    MOST_CELLS,
    MOST_MANIFEST_BYTES,
    Manifest,
    Member,
    is_trial,
    make_manifest,
    read_latest,
    read_manifest,
    require_name,
)
from dge_resources.parquet import UNREADABLE, from_parquet, open_parquet

MANIFEST = "manifest.json"
LATEST = "latest.json"


@dataclass(frozen=True)
class Release:
    """One release as a consumer sees it."""

    table: str
    version: str
    checked: Manifest

    @property
    def manifest(self) -> dict[str, Any]:
        """The manifest as plain JSON."""
        return self.checked.model_dump(mode="json")


@dataclass(frozen=True)
class Releases:
    """The releases under a root; all that a downstream team is given."""

    store: Store

    def publish(
        self,
        table: str,
        files: Mapping[str, bytes],
        *,
        members: list[dict[str, Any]],
        note: dict[str, Any],
        facts: Mapping[str, Any] | None = None,
        trial: bool = False,
    ) -> Release:
        """Put a release in place and point `latest` at it; of that very version, mend what is
        damaged and leave the rest.

        A trial never becomes the latest. `facts` stand in the manifest as they are: profile,
        licence, contact, ... Files first, then the manifest, which makes it a release, then all is
        read back as a consumer would, and only then `latest` moves. Raises ReleaseError where these
        files make no release, StorageError where they cannot be written.
        """
        try:
            wanted = make_manifest(
                table, files, members=members, sign_off=note, facts=facts or {}, trial=trial
            )
        except ValueError as error:
            raise ReleaseError(f"table {table!r}: its files make no release: {error}") from error
        folder = f"{table}/{wanted.version}"
        for name, data in files.items():
            if not self._stands(f"{folder}/{name}", data):
                self.store.write(f"{folder}/{name}", data)
        if self._standing(table, wanted.version) is None:
            self.store.write(f"{folder}/{MANIFEST}", _json(wanted.model_dump(mode="json")))
        made = self.open(table, wanted.version)
        self.verify(made)
        if not trial:
            self.store.write(f"{table}/{LATEST}", _json({"version": made.version}))
        return made

    def _stands(self, path: str, data: bytes) -> bool:
        """Whether exactly `data` is at `path`."""
        try:
            return self.store.read_at_most(path, len(data)) == data
        except StorageError:
            return False

    def _standing(self, table: str, version: str) -> Manifest | None:
        """The manifest that is there for a version, with the signature of who first made it; None
        for a damaged one.
        """
        try:
            data = self.store.read_at_most(f"{table}/{version}/{MANIFEST}", MOST_MANIFEST_BYTES)
            return read_manifest(data, table=table, version=version)
        except (StorageError, ValueError):
            return None

    def versions(self, table: str) -> list[str]:
        """All versions of a table that are complete."""
        paths = [path.split("/") for path in self.store.files(table)]
        return sorted(parts[1] for parts in paths if len(parts) == 3 and parts[2] == MANIFEST)

    def open(self, table: str, version: str | None = None) -> Release:
        """A release, the latest one when no version is named; ReleaseError says which there are.

        A trial is opened by its version alone. The manifest is checked here, each file when it is
        read.
        """
        _require_table(table)
        if version is None:
            self._require_latest(table)
        try:
            chosen = version or self.latest(table)
            require_name("version", chosen)
            data = self.store.read_at_most(f"{table}/{chosen}/{MANIFEST}", MOST_MANIFEST_BYTES)
            manifest = read_manifest(data, table=table, version=chosen)
        except (StorageError, ValueError) as error:
            raise ReleaseError(
                f"table {table!r}: no release {version or 'at all'} in {self.store.url('')}; there are "
                f"{self.versions(table)}; the custodian makes one with the job {table}_release ({error})"
            ) from error
        return Release(table, chosen, manifest)

    def latest(self, table: str) -> str:
        """The version that `latest` points at; StorageError or ValueError where it is lost or no
        pointer.
        """
        return read_latest(self.store.read_at_most(f"{table}/{LATEST}", MOST_MANIFEST_BYTES))

    def _require_latest(self, table: str) -> None:
        versions = self.versions(table)
        if versions and not self.store.exists(f"{table}/{LATEST}") and all(map(is_trial, versions)):
            raise ReleaseError(
                f"table {table!r}: there are only trials in {self.store.url('')}, made with less than what is declared: "
                f"{versions}; name one to open it, or ask the custodian for a release ({table}_line without "
                f"DGE_PROFILE=smoke)"
            )

    def read_file(self, release: Release, name: str) -> bytes:
        """One file of a release, checked against the manifest; ReleaseError when it was changed."""
        manifest = release.checked
        if name not in manifest.files:
            raise _refused(release, f"no file {name!r}; {sorted(manifest.files)}")
        try:
            data = self.store.read_at_most(
                f"{release.table}/{release.version}/{name}", manifest.sizes[name]
            )
        except StorageError as error:
            raise _refused(
                release, f"{name} is lost or changed ({error}); get the release again"
            ) from error
        found, expected = hashlib.sha256(data).hexdigest(), manifest.files[name]
        if found != expected:
            why = f"{name} has SHA-256 {found[:12]}, the manifest says {expected[:12]}: it was changed after the release"
            raise _refused(release, f"{why}; get the release again")
        return data

    def verify(self, release: Release) -> None:
        """Read every file of a release; ReleaseError for the first that is not as the manifest
        says.
        """
        for name in release.checked.files:
            self.read_file(release, name)

    def datasets(
        self, release: Release, family: str | None = None
    ) -> dict[tuple[str, int], pd.DataFrame]:
        """The synthetic datasets by (family, seed), of one family or of all."""
        members = [member for member in release.checked.members if family in (None, member.family)]
        if not members:
            families = sorted({member.family for member in release.checked.members})
            raise _refused(release, f"no family {family!r}; there are {families}")
        return {(member.family, member.seed): self._dataset(release, member) for member in members}

    def _dataset(self, release: Release, member: Member) -> pd.DataFrame:
        data = self.read_file(release, member.file)
        try:
            file = open_parquet(data)
            _require_shape(file.metadata.num_rows, file.metadata.num_columns, member)
            frame = from_parquet(file)
            if len(frame) != member.rows or not (frame["record_id"] == member.record_id).all():
                raise ValueError("its rows are not those of the record that the manifest names")
        except UNREADABLE as error:
            raise _refused(
                release, f"{member.file} is no dataset of a release ({error!r}); get it again"
            ) from error
        return frame

    def url(self, release: Release) -> str:
        """Where the release is."""
        return self.store.url(f"{release.table}/{release.version}")


def _require_table(table: str) -> None:
    try:
        require_name("table", table)
    except ValueError as error:
        raise ReleaseError(f"no table is named {table!r}: {error}") from error


def _require_shape(rows: int, columns: int, member: Member) -> None:
    """Before any row is unfolded: a few bytes may claim to be any number of rows."""
    if rows != member.rows or rows * columns > MOST_CELLS:
        raise ValueError(
            f"it has {rows} rows of {columns} columns, the manifest says {member.rows} rows, and {MOST_CELLS} cells are "
            f"the most"
        )


def _refused(release: Release, why: str) -> ReleaseError:
    return ReleaseError(f"{release.table} {release.version}: {why}")


def _json(document: Any) -> bytes:
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False).encode()
