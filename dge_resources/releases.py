"""Releases: immutable, versioned folders that consumers read, and nothing else of what is kept.

A release holds the datasets, the contract as consumers may see it, the scores, lineage without real values, a card,
and a manifest with the SHA-256 of every file. Its version is a hash of what it holds, so the same members give the
same release, whenever and however often they were made. Its manifest is written last:
without one a folder is no release.
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
from dge_resources.parquet import from_parquet, open_parquet

MANIFEST = "manifest.json"
LATEST = "latest.json"
TRIAL = "trial-"
FORMAT_VERSION = 2
"""Of folder and manifest; raised when a reader of older ones would go wrong. Manifests without a number are of 1."""


@dataclass(frozen=True)
class Release:
    """One release as a consumer sees it."""

    table: str
    version: str
    manifest: dict[str, Any]


@dataclass(frozen=True)
class Releases:
    """The releases under a root; all that a downstream team is given."""

    store: Store

    def publish(
        self,
        table: str,
        files: Mapping[str, bytes],
        *,
        version: str,
        members: list[dict[str, Any]],
        note: dict[str, Any],
        facts: Mapping[str, Any] | None = None,
        trial: bool = False,
    ) -> Release:
        """Put a release in place, unless that very version is there already, and point `latest` at it.

        A trial never becomes the latest. `facts` stand in the manifest as they are: profile, licence, contact, ...
        Files first, then the manifest, which makes it a release: without one a folder is no release.
        """
        folder = f"{table}/{version}"
        if not self.store.exists(f"{folder}/{MANIFEST}"):
            for name, data in files.items():
                self.store.write(f"{folder}/{name}", data)
            manifest = {
                **(facts or {}),
                "format_version": FORMAT_VERSION,
                "trial": trial,
                "table": table,
                "version": version,
                "members": members,
                "files": {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())},
                "sign_off": note,
            }
            self.store.write(f"{folder}/{MANIFEST}", _json(manifest))
        if not trial:
            self.store.write(f"{table}/{LATEST}", _json({"version": version}))
        return self.open(table, version)

    def versions(self, table: str) -> list[str]:
        """All versions of a table that are complete."""
        paths = [path.split("/") for path in self.store.files(table)]
        return sorted(parts[1] for parts in paths if len(parts) == 3 and parts[2] == MANIFEST)

    def open(self, table: str, version: str | None = None) -> Release:
        """A release, the latest one when no version is named; ReleaseError says which there are.

        A trial is opened by its version alone.
        """
        if version is None:
            self._require_latest(table)
        try:
            chosen = version or json.loads(self.store.read(f"{table}/{LATEST}"))["version"]
            manifest = dict(json.loads(self.store.read(f"{table}/{chosen}/{MANIFEST}")))
            _require_manifest(manifest)
        except (StorageError, ValueError, KeyError, TypeError) as error:
            raise ReleaseError(
                f"table {table!r}: no release {version or 'at all'} in {self.store.url('')}; there are "
                f"{self.versions(table)}; the custodian makes one with the job {table}_release ({error})"
            ) from error
        return Release(table, chosen, manifest)

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
        expected = release.manifest["files"].get(name)
        if expected is None:
            raise ReleaseError(
                f"{release.table} {release.version}: no file {name!r}; {sorted(release.manifest['files'])}"
            )
        try:
            data = self.store.read(f"{release.table}/{release.version}/{name}")
        except StorageError as error:
            raise ReleaseError(
                f"{release.table} {release.version}: {name} is lost ({error}); get the release again"
            ) from error
        found = hashlib.sha256(data).hexdigest()
        if found != expected:
            raise ReleaseError(
                f"{release.table} {release.version}: {name} has SHA-256 {found[:12]}, the manifest says "
                f"{expected[:12]}: it was changed after the release; get the release again"
            )
        return data

    def datasets(self, release: Release, family: str | None = None) -> dict[tuple[str, int], pd.DataFrame]:
        """The synthetic datasets by (family, seed), of one family or of all."""
        members = [m for m in release.manifest["members"] if family in (None, m["family"])]
        if not members:
            families = sorted({member["family"] for member in release.manifest["members"]})
            raise ReleaseError(f"{release.table} {release.version}: no family {family!r}; there are {families}")
        return {
            (member["family"], member["seed"]): from_parquet(open_parquet(self.read_file(release, member["file"])))
            for member in members
        }

    def url(self, release: Release) -> str:
        """Where the release is."""
        return self.store.url(f"{release.table}/{release.version}")


def dataset_file(family: str, seed: int) -> str:
    """Path of a dataset within a release."""
    return f"datasets/family={family}/seed={seed:03d}/data.parquet"


def is_trial(version: str) -> bool:
    """Whether a version's name says that it is a trial."""
    return version.startswith(TRIAL)


def release_version(content: Mapping[str, Any], *, trial: bool = False) -> str:
    """The version that names a release's content: `r-` (a trial: `trial-`) and 12 hex digits of its hash."""
    return (TRIAL if trial else "r-") + hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def _require_manifest(manifest: Mapping[str, Any]) -> None:
    if manifest.get("format_version", 1) > FORMAT_VERSION:
        found = manifest["format_version"]
        raise ValueError(f"it is of format {found}, this program reads up to {FORMAT_VERSION}: take a newer one")
    if not isinstance(manifest["files"], dict) or not isinstance(manifest["members"], list):
        raise TypeError("the manifest does not list files and members")


def _json(document: Any) -> bytes:
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False).encode()
