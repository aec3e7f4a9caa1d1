"""Frames with their provenance: what travels between assets and storage."""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

import pandas as pd

from dge_assets.core.generators.registry import package_versions
from dge_assets.core.lineage.fingerprint import frame_sha256
from dge_assets.core.lineage.provenance import Provenance, Recipe, finish

LIBRARIES = ("dge", "ctgan", "rdt", "torch", "scikit-learn", "pandas", "numpy", "pyarrow")
"""The libraries whose versions decide what comes out, and the two (`ctgan`, `rdt`) that members are
read back with; each record names them.
"""


@dataclass(frozen=True)
class Recorded:
    """A frame and the record that says where it comes from."""

    frame: pd.DataFrame
    record: Provenance


@cache
def library_versions() -> dict[str, str]:
    """Installed versions of `LIBRARIES`."""
    return {name: importlib.metadata.version(name) for name in LIBRARIES}


def _versions_behind(recipe: Recipe) -> dict[str, str]:
    """Of a generator of another package's family, that package's."""
    return package_versions(str(recipe.parameters.get("algorithm", "")))


def record_of(
    recipe: Recipe,
    *,
    content_sha256: str,
    run_id: str,
    device: str = "cpu",
    seconds: float | None = None,
    cpu_seconds: float | None = None,
) -> Provenance:
    """The record of something made now, here, by `recipe`."""
    return finish(
        recipe,
        content_sha256=content_sha256,
        run_id=run_id,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        device=device,
        seconds=seconds,
        cpu_seconds=cpu_seconds,
        library_versions=library_versions() | _versions_behind(recipe),
    )


def recorded(
    frame: pd.DataFrame, recipe: Recipe, *, run_id: str, seconds: float | None = None
) -> Recorded:
    """`frame` with the record of having been made now by `recipe`."""
    return Recorded(
        frame, record_of(recipe, content_sha256=frame_sha256(frame), run_id=run_id, seconds=seconds)
    )
