"""Artifacts: fitted generators and models as sets of files, in formats that cannot run code when
loaded.

A set is written into a folder named by its content; one manifest file then points at it. The
manifest is replaced in one step, so what was there stays readable until the new set is whole, and
is then taken away: a reader that was on its way there begins again. Each file's SHA-256 is checked
on load.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dge_assets.core.errors import ProvenanceError, StorageError
from dge_assets.core.lineage.fingerprint import document_sha256
from dge_assets.core.lineage.provenance import Provenance, Recipe, require_recipe
from dge_resources.home import Store
from dge_resources.lake import Address, address_of
from dge_resources.problems import Problem, Survey
from dge_resources.records import record_of
from dge_resources.sealed import sealed, unsealed

_MANIFEST = re.compile(r"artifacts/[^/-]+(?:/[^/-]+(?:/\d+)?)?/[^/-]+\.json")
"""A manifest lies beside the content folders, whose names hold a dash and a hash; files inside
those are content.
"""


_MOST_READINGS = 10
"""Of a set whose files are gone: it was replaced meanwhile, or is lost."""


@dataclass(frozen=True)
class Artifact:
    """A set of files by name, with its record."""

    files: dict[str, bytes]
    record: Provenance
    notes: dict[str, Any] = field(default_factory=dict)
    """What was told of the making and is no part of the content."""


class _LostError(StorageError):
    """A file that a manifest lists is not there: nothing else than a set that was replaced looks
    like it at first.
    """


def files_sha256(files: Mapping[str, bytes]) -> str:
    """One hash over all files of a set."""
    return document_sha256({name: hashlib.sha256(data).hexdigest() for name, data in files.items()})


@dataclass(frozen=True)
class ArtifactStore:
    """Artifacts by address: `artifacts/<table>/<family>/<seed>/<asset>.json` and the files beside
    it.
    """

    store: Store

    def folder(self, address: Address) -> str:
        """Relative folder of a member's artifacts, or of a table's where there is no member."""
        member = "" if address.family is None else f"/{address.family}"
        return f"artifacts/{address.table}{member}" + (
            "" if address.seed is None else f"/{address.seed:03d}"
        )

    def manifest_path(self, address: Address) -> str:
        """Relative path of the manifest."""
        return f"{self.folder(address)}/{address.asset}.json"

    def url(self, address: Address) -> str:
        """Where the manifest is, for people."""
        return self.store.url(self.manifest_path(address))

    def _content(self, address: Address, content: str) -> str:
        """Relative folder of a set of files."""
        return f"{self.folder(address)}/{address.asset}-{content}"

    def write(
        self,
        recipe: Recipe,
        files: Mapping[str, bytes],
        *,
        run_id: str,
        device: str = "cpu",
        seconds: float | None = None,
        notes: Mapping[str, Any] | None = None,
        cpu_seconds: float | None = None,
    ) -> Provenance:
        """Keep a set of files made by `recipe`; returns its record.

        `notes` (plain JSON) are kept beside and are no part of the content: what differs each time,
        such as seconds.
        """
        content = files_sha256(files)
        record = record_of(
            recipe,
            content_sha256=content,
            run_id=run_id,
            device=device,
            seconds=seconds,
            cpu_seconds=cpu_seconds,
        )
        address = address_of(recipe)
        place = self._content(address, record.content_sha256[:16])
        manifest = {
            "folder": place,
            "files": {
                name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())
            },
            "record": record.to_document(),
            "notes": dict(notes or {}),
        }
        # One writer at a time: what one takes away as the former set another may be about to point
        # at.
        with self.store.only_one("artifacts"):
            former = self._manifest(address, strict=False)
            for name, data in files.items():
                self.store.write(f"{place}/{name}", data)
            self.store.write(self.manifest_path(address), sealed(manifest))
            if (
                former
                and former["folder"] != place
                and former["folder"].startswith(self._content(address, ""))
            ):
                self.store.remove(former["folder"])
        return record

    def record(self, address: Address) -> Provenance | None:
        """The record of what is kept at `address`, None where nothing is."""
        manifest = self._manifest(address, strict=True)
        return None if manifest is None else self._record(manifest, address)

    def read(self, address: Address, *, remedy: str = "materialize it first") -> Artifact:
        """The files at `address`, each checked against its hash.

        Raises StorageError when nothing is there or a file is missing or damaged, ProvenanceError
        when the set belongs elsewhere.
        """
        for _ in range(_MOST_READINGS - 1):
            try:
                return self._read_once(address, remedy)
            except (
                _LostError
            ):  # whoever replaces the set takes these files away once the manifest names the others
                continue
        return self._read_once(address, remedy)

    def _read_once(self, address: Address, remedy: str) -> Artifact:
        manifest = self._manifest(address, strict=True)
        if manifest is None:
            raise StorageError(f"{address.name} is not there ({self.url(address)}); {remedy}")
        record = self._record(manifest, address)
        files = {}
        for name, expected in manifest["files"].items():
            data = self._file(manifest, name, address)
            found = hashlib.sha256(data).hexdigest()
            if found != expected:
                raise StorageError(
                    f"{address.name}: file {name} has SHA-256 {found[:12]}, its manifest says {expected[:12]}: it is "
                    f"damaged or was exchanged; delete {self.url(address)} and materialize the asset again"
                )
            files[name] = data
        if files_sha256(files) != record.content_sha256:
            raise StorageError(
                f"{address.name}: the manifest's files are not those of its record; {remedy}"
            )
        return Artifact(files, record, manifest["notes"])

    def paths(self, address: Address) -> list[str]:
        """Relative paths of the manifest at `address` and of the files that it lists; StorageError
        for a damaged one.
        """
        manifest = self._manifest(address, strict=True)
        listed = (
            []
            if manifest is None
            else [f"{manifest['folder']}/{name}" for name in manifest["files"]]
        )
        return [self.manifest_path(address), *listed]

    def read_expected(self, expected: Recipe, *, remedy: str) -> Artifact:
        """The files that `expected` makes; ProvenanceError when something else is kept in their
        place.
        """
        artifact = self.read(address_of(expected), remedy=remedy)
        require_recipe(artifact.record, expected, remedy=remedy)
        return artifact

    def record_expected(self, expected: Recipe, *, remedy: str) -> Provenance:
        """The record of what `expected` makes, without reading its files; errors as `read_expected`
        has them.
        """
        address = address_of(expected)
        record = self.record(address)
        if record is None:
            raise StorageError(f"{address.name} is not there ({self.url(address)}); {remedy}")
        require_recipe(record, expected, remedy=remedy)
        return record

    def is_current(self, expected: Recipe) -> bool:
        """Whether what is kept was made by exactly `expected` and can be read."""
        try:
            return self.read(address_of(expected)).record.sha256 == expected.sha256
        except StorageError:
            return False

    def survey(self) -> Survey:
        """The records of all artifacts in the order of their paths, and each manifest that cannot
        be trusted.
        """
        records, problems = list[Provenance](), list[Problem]()
        for path in self.store.files("artifacts"):
            if _MANIFEST.fullmatch(path):
                try:
                    record = self.record(_address_of_path(path))
                except StorageError as error:
                    problems.append(
                        Problem(
                            table=path.split("/")[1], place=self.store.url(path), message=str(error)
                        )
                    )
                else:
                    records += [] if record is None else [record]
        return Survey(records, problems)

    def _file(self, manifest: dict[str, Any], name: str, address: Address) -> bytes:
        try:
            return self.store.read(f"{manifest['folder']}/{name}")
        except StorageError as error:
            raise _LostError(
                f"{address.name}: file {name} is lost ({error}); materialize the asset again"
            ) from error

    def _manifest(self, address: Address, *, strict: bool) -> dict[str, Any] | None:
        path = self.manifest_path(address)
        if not self.store.exists(path):
            return None
        try:
            manifest = unsealed(self.store.read(path))
            if not set(manifest) <= {"folder", "files", "record", "notes"}:
                raise ValueError(f"it has the fields {sorted(manifest)}")
            return {
                "folder": str(manifest["folder"]),
                "files": dict(manifest["files"]),
                "record": dict(manifest["record"]),
                "notes": dict(manifest.get("notes", {})),
            }
        except (ValueError, KeyError, TypeError) as error:
            if not strict:
                return None
            raise StorageError(
                f"{address.name}: the manifest {self.store.url(path)} is not a manifest ({error!r}); delete it and "
                f"materialize the asset again"
            ) from error

    def _record(self, manifest: dict[str, Any], address: Address) -> Provenance:
        try:
            record = Provenance.from_document(manifest["record"])
        except ProvenanceError as error:
            raise ProvenanceError(
                f"{address.name}: the record in {self.url(address)} cannot be trusted: {error}; materialize the asset "
                f"again"
            ) from error
        if address_of(record) != address:
            raise ProvenanceError(
                f"{address.name}: what is kept in its place is {address_of(record).name} by its own record; "
                f"somebody moved it; materialize {address.name} again"
            )
        return record


def _address_of_path(path: str) -> Address:
    _, table, *member, file = path.split("/")
    family, seed = (*member, None, None)[:2]
    return Address(table, file.removesuffix(".json"), family, None if seed is None else int(seed))
