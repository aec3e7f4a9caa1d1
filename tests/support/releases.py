"""Files and members of releases made by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from dge_resources.manifest import dataset_file
from dge_resources.parquet import to_parquet


def record_id(family: str, seed: int) -> str:
    """An id that a record of this member might have."""
    return f"{family.encode().hex()}{seed:x}".rjust(32, "0")[-32:]


def released(
    frames: Mapping[tuple[str, int], pd.DataFrame],
) -> tuple[dict[str, bytes], list[dict[str, Any]]]:
    """The datasets' files and the manifest's entries of these members."""
    files = {
        dataset_file(*member): to_parquet(frame.assign(record_id=record_id(*member)))
        for member, frame in frames.items()
    }
    members = [
        {
            "family": family,
            "seed": seed,
            "file": dataset_file(family, seed),
            "rows": len(frame),
            "record_id": record_id(family, seed),
            "generator": "a" * 32,
        }
        for (family, seed), frame in frames.items()
    ]
    return files, members
