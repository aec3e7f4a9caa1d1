"""The manifest of a release: what a folder must hold to be that release, checked before anything
else of it is believed.

Here: its form, what must hold between its parts, and the version that follows from it. Who made the
folder is not asked: names are patterns that lead nowhere else, sizes are bounded, and the version
is a hash of all that is listed. Not here: reading and writing (`releases`).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

FORMAT_VERSION: Literal[2] = 2
"""Of folder and manifest; raised when a reader of older ones would go wrong.

Manifests without a number are of 1.
"""
TRIAL = "trial-"
MOST_FILES, MOST_MANIFEST_BYTES, MOST_FILE_BYTES = 10_000, 2**25, 2**33
MOST_CELLS = 10**9
"""Rows times columns of a dataset: what a file of a few bytes may claim to unfold into."""

_TABLE, _VERSION = r"[a-z][a-z0-9_]{0,200}", r"(r|trial)-[0-9a-f]{12}"
Table = Annotated[str, Field(pattern=f"^{_TABLE}$")]
Version = Annotated[str, Field(pattern=f"^{_VERSION}$")]
FileName = Annotated[
    str, Field(pattern=r"^([a-z0-9_=]{1,220}/){0,3}[A-Za-z0-9_]{1,80}\.(parquet|json|md)$")
]
"""Folders have no dot in their names, so no name leads out of the release's own folder."""
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
RecordId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Text = Annotated[str, Field(max_length=10_000)]


def _no_trial(version: str) -> str:
    if is_trial(version):
        raise ValueError("a trial is never the latest release")
    return version


Model = TypeVar("Model", bound=BaseModel)


class Closed(BaseModel):
    """No field but these, none of another type."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Latest(Closed):
    """The pointer to the newest release that is no trial."""

    version: Annotated[Version, AfterValidator(_no_trial)]


class Member(Closed):
    """One dataset."""

    family: Table
    seed: Annotated[int, Field(ge=0, lt=1000)]
    file: FileName
    rows: Annotated[int, Field(ge=0)]
    record_id: RecordId
    generator: RecordId


class Manifest(Closed):
    """All of a release, by name, size and SHA-256, with what was declared and who signed."""

    format_version: Literal[2]
    table: Table
    version: Version
    trial: bool
    members: Annotated[list[Member], Field(min_length=1, max_length=MOST_FILES)]
    files: Annotated[dict[FileName, Hash], Field(max_length=MOST_FILES)]
    sizes: dict[FileName, Annotated[int, Field(gt=0, le=MOST_FILE_BYTES)]]
    """Bytes by file, looked at before a file is read."""
    sign_off: dict[Text, Text | int]
    profile: Text = ""
    cuts: list[Text] = []
    licence: Text = ""
    contact: Text = ""
    data_date: Text = ""
    kept_back: dict[Table, list[Text]] = {}

    @model_validator(mode="after")
    def _parts_agree(self) -> Manifest:
        names = [(member.family, member.seed) for member in self.members]
        if len(set(names)) != len(names):
            raise ValueError("a member is listed twice")
        for member in self.members:
            if member.file != dataset_file(member.family, member.seed):
                raise ValueError(
                    f"{member.family}/{member.seed:03d} names the file {member.file!r}, another's place"
                )
        listed = {name for name in self.files if name.startswith("datasets/")}
        if listed != {member.file for member in self.members}:
            raise ValueError("the datasets among the files are not those of the members")
        if set(self.sizes) != set(self.files):
            raise ValueError("the files with a size are not those with a hash")
        if self.trial != is_trial(self.version):
            raise ValueError("its version and its own statement differ about whether it is a trial")
        expected = release_version(self.content, trial=self.trial)
        if self.version != expected:
            raise ValueError(f"it says version {self.version!r}, what it lists is {expected!r}")
        return self

    @property
    def content(self) -> dict[str, Any]:
        """What the version is a hash of: all but the version itself and the signature."""
        return self.model_dump(mode="json", exclude={"version", "sign_off", "trial"})


def make_manifest(
    table: str,
    files: Mapping[str, bytes],
    *,
    members: list[dict[str, Any]],
    sign_off: Mapping[str, Any],
    facts: Mapping[str, Any],
    trial: bool,
) -> Manifest:
    """The manifest of these files; ValueError with one line where they do not make a release."""
    draft = Manifest.model_construct(
        format_version=FORMAT_VERSION,
        table=table,
        version="",
        trial=trial,
        members=[_validated(Member, member) for member in members],
        files={name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())},
        sizes={name: len(data) for name, data in sorted(files.items())},
        sign_off=dict(sign_off),
        **facts,
    )
    return _validated(
        Manifest,
        {**draft.model_dump(mode="json"), "version": release_version(draft.content, trial=trial)},
    )


def read_manifest(data: bytes, *, table: str, version: str) -> Manifest:
    """The manifest of one version of a table; ValueError with one line for what is not that."""
    document = _document(data)
    found = document.get("format_version", 1)
    if found != FORMAT_VERSION:
        newer = isinstance(found, int) and found > FORMAT_VERSION
        raise ValueError(
            f"it is of format {found!r}, this program reads {FORMAT_VERSION}: "
            + ("take a newer one" if newer else "ask the custodian to release it again")
        )
    manifest = _validated(Manifest, document)
    if (manifest.table, manifest.version) != (table, version):
        raise ValueError(
            f"it is the manifest of {manifest.table!r} {manifest.version}, not of {table!r} {version}"
        )
    return manifest


def read_latest(data: bytes) -> str:
    """The version that a pointer names; ValueError with one line for what is no pointer."""
    return _validated(Latest, _document(data)).version


def require_name(field: Literal["table", "version"], name: str) -> None:
    """ValueError for what cannot be the name of a table or of a version, and so might lead out of
    the folder.
    """
    pattern = {"table": _TABLE, "version": _VERSION}[field]
    if not re.fullmatch(pattern, name):
        raise ValueError(
            f"the name {name[:80]!r} is not allowed for a {field}; it must fit {pattern}"
        )


def dataset_file(family: str, seed: int) -> str:
    """Path of a dataset within a release."""
    return f"datasets/family={family}/seed={seed:03d}/data.parquet"


def is_trial(version: str) -> bool:
    """Whether a version's name says that it is a trial."""
    return version.startswith(TRIAL)


def release_version(content: Mapping[str, Any], *, trial: bool = False) -> str:
    """The version that names a release's content: `r-` (a trial: `trial-`) and 12 hex digits of its
    hash.
    """
    return (TRIAL if trial else "r-") + hashlib.sha256(
        json.dumps(content, sort_keys=True).encode()
    ).hexdigest()[:12]


def _document(data: bytes) -> dict[str, Any]:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"no JSON ({type(error).__name__})") from error
    if not isinstance(document, dict):
        raise ValueError("no JSON object")  # noqa: TRY004 (one error for whatever was written there)
    return document


def _validated(kind: type[Model], document: dict[str, Any]) -> Model:
    try:
        return kind.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise ValueError(f"{place or 'the whole'}: {first['msg']}"[:500]) from error
