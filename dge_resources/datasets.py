"""Sampling a dataset straight into the lake: the worker that draws the rows keeps them, part by
part.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from dge_assets.core.lineage.provenance import Provenance, Recipe
from dge_assets.core.progress import Progress
from dge_resources.lake import Lake

if TYPE_CHECKING:
    from dge_assets.core.generators.members import SamplingRequest


@dataclass(frozen=True, kw_only=True)
class DatasetRequest:
    """A dataset to draw, the recipe that it is kept under, and where."""

    sampling: SamplingRequest
    recipe: Recipe
    lake: Lake
    run_id: str


def sample_to_lake(request: DatasetRequest, progress: Progress) -> Provenance:
    """Draw the dataset and keep it; its record.

    No more than one part of it is in memory at a time.
    """
    from dge_assets.core.generators.members import sample_chunks
    from dge_assets.core.threads import one_thread

    def reported() -> Iterator[pd.DataFrame]:
        done = 0
        for chunk in sample_chunks(request.sampling):
            done += len(chunk)
            progress(done, request.sampling.rows)
            yield chunk

    with one_thread():
        return request.lake.write_chunks(request.recipe, reported(), run_id=request.run_id)
