"""Predictions made up for a test, scored as the line scores them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dge_assets.core.contract.contract import Task
from dge_assets.core.intervals.resampling import Resamples
from dge_assets.core.scores.predictions import TrainingPredictions
from dge_assets.core.scores.scored import Scored


def of_members(
    y: np.ndarray, members: Sequence[np.ndarray], task: Task = "binary", replicates: int = 200
) -> Scored:
    """Where only the members count: each other approach is the first of them."""
    arrays = tuple(members)
    predictions = TrainingPredictions(arrays[:1], arrays[:1], arrays[0], arrays)
    resamples = Resamples(len(y), np.random.SeedSequence(0), replicates)
    return Scored(y, predictions, (len(arrays),), task, resamples)
