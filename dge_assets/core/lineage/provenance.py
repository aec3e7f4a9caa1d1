"""Provenance: which table, contract, hyperparameters, seed, code and parents made an artifact.

A `Recipe` is what can be known before the work; a `Provenance` is a recipe with its result's hash
and the circumstances of the run. The record is the truth about lineage; Dagster's events are a view
of it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any

from dge_assets.core.errors import ProvenanceError
from dge_assets.core.lineage.fingerprint import document_sha256


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """All that decides an artifact's content: equal recipes give equal artifacts."""

    table: str
    asset: str
    family: str | None = None
    seed: int | None = None
    table_fingerprint: str
    """SHA-256 of the real table's content, as the source asset stored it."""
    contract_sha256: str
    parameters: dict[str, Any] = field(default_factory=dict)
    """Hyperparameters and settings of this step, plain JSON."""
    code_version: str
    parents: tuple[str, ...] = ()
    """Record ids of what was read."""

    @property
    def parameters_sha256(self) -> str:
        """Hash of the hyperparameters alone."""
        return document_sha256(self.parameters)

    @property
    def sha256(self) -> str:
        """Hash of the whole recipe: the test for "is what is stored still what is wanted"."""
        return document_sha256({item.name: getattr(self, item.name) for item in fields(Recipe)})

    @property
    def place(self) -> str:
        """What people call this artifact: `crash/ctgan/generator[003]`."""
        return artifact_name(table=self.table, asset=self.asset, family=self.family, seed=self.seed)


@dataclass(frozen=True, kw_only=True)
class Provenance(Recipe):
    """A recipe, the hash of what came of it, and the circumstances."""

    content_sha256: str
    library_versions: dict[str, str] = field(default_factory=dict)
    device: str = "cpu"
    run_id: str = ""
    created_at: str = ""
    """UTC, ISO 8601."""
    seconds: float | None = None
    """What the work took; like the run, no part of the identity."""
    cpu_seconds: float | None = None
    """Of the process that did it. Unlike `seconds` they are as many on a busy machine."""

    @property
    def record_id(self) -> str:
        """Identity of the artifact: recipe and content; not when, where or in which run it was
        made.
        """
        return document_sha256([self.sha256, self.content_sha256])[:32]

    def to_document(self) -> dict[str, Any]:
        """Plain JSON, with the derived ids beside the fields."""
        derived = {
            "record_id": self.record_id,
            "recipe_sha256": self.sha256,
            "parameters_sha256": self.parameters_sha256,
        }
        return {**derived, **asdict(self), "parents": list(self.parents)}

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Provenance:
        """The record that `to_document` wrote; ProvenanceError when it was altered since."""
        known = {item.name for item in fields(cls)}
        try:
            record = cls(
                **{
                    **{k: v for k, v in document.items() if k in known},
                    "parents": tuple(document["parents"]),
                }
            )
            place = record.place
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ProvenanceError(f"not a provenance record: {error!r}") from error
        if record.record_id != document.get("record_id"):
            raise ProvenanceError(
                f"{place}: the provenance record says id {document.get('record_id')!r}, its fields give "
                f"{record.record_id!r}: it was altered after it was written; materialize the asset again"
            )
        return record


CIRCUMSTANCES = ("run_id", "created_at", "seconds", "cpu_seconds")
"""Left out of what is released, so that a release is the same however it came about."""
GUESSABLE = ("table_fingerprint", "contract_sha256", "recipe_sha256")
"""Hashes over what a release hides.

They are unsalted: who knows all of it but one cell tries that cell's values.
"""
OF_REAL_ROWS = ("content_sha256", "parameters", "parameters_sha256")
"""Left out besides, of records that belong to no member: their content is real rows, their
parameters the contract.
"""


def released_document(record: Provenance) -> dict[str, Any]:
    """A record as consumers get it; the custodian's `lineage` has the rest under the same record
    id.

    Of the hashes over content only that of a dataset is given, which is released as a whole.
    """
    hidden = {*CIRCUMSTANCES, *GUESSABLE}
    if record.family is None:
        hidden |= {*OF_REAL_ROWS}
    elif record.asset != "synthetic":
        hidden |= {"content_sha256"}
    return {key: value for key, value in record.to_document().items() if key not in hidden}


def finish(
    recipe: Recipe,
    *,
    content_sha256: str,
    run_id: str = "",
    created_at: str = "",
    device: str = "cpu",
    seconds: float | None = None,
    cpu_seconds: float | None = None,
    library_versions: dict[str, str] | None = None,
) -> Provenance:
    """The record of an artifact that was made by `recipe`."""
    known = {item.name: getattr(recipe, item.name) for item in fields(Recipe)}
    return Provenance(
        **known,
        content_sha256=content_sha256,
        run_id=run_id,
        created_at=created_at,
        device=device,
        seconds=seconds,
        cpu_seconds=cpu_seconds,
        library_versions=library_versions or {},
    )


def artifact_name(
    *, table: str, asset: str, family: str | None = None, seed: int | None = None
) -> str:
    """`crash/real_train`, `crash/ctgan/generator[003]`."""
    path = "/".join(part for part in (table, family, asset) if part)
    return path if seed is None else f"{path}[{seed:03d}]"


def require_recipe(record: Provenance, expected: Recipe, *, remedy: str) -> None:
    """Refuse a parent that was made from something else than expected.

    Raises ProvenanceError with what is stored, what was expected, field by field, and the command
    that mends it.
    """
    if record.sha256 == expected.sha256:
        return
    differing = [
        item.name
        for item in fields(Recipe)
        if getattr(record, item.name) != getattr(expected, item.name)
    ]
    lines = [
        f"  {name}: stored {getattr(record, name)!r}, expected {getattr(expected, name)!r}"
        for name in differing
    ]
    raise ProvenanceError(
        f"{expected.place} is stored, but was made from something else:\n"
        + "\n".join(lines)
        + f"\nTo mend: {remedy}"
    )
