"""Predictions over the plane, for tables with exactly two numeric features: what can be seen of an
ensemble by eye.

Here: the grid, and the table of mean prediction and spread on it. Not here: drawing
(`reporting.maps`), fitting.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from dge_assets.core.arrays import Array
from dge_assets.core.contract.contract import Contract
from dge_assets.core.downstream.targets import Target
from dge_assets.core.scores.metrics import predicted_class
from dge_assets.core.scores.predictions import combine

MAP_SIDE = 60
"""Points of the grid to a side."""
MARGIN = 0.12
"""Of the range of the real rows, beyond them on each side: there the models go beyond what they
have seen.
"""


def map_features(contract: Contract) -> tuple[str, str] | None:
    """The two features that a map is drawn over; None unless there are exactly two and both are
    numbers without gaps.
    """
    features = [column for column in contract.modelled if column.name != contract.target]
    is_plane = len(features) == 2 and all(
        column.kind in ("continuous", "integer") and not column.nullable for column in features
    )
    return (features[0].name, features[1].name) if is_plane else None


def map_grid(contract: Contract, real_train: pd.DataFrame) -> pd.DataFrame | None:
    """The points to predict, (60 * 60) rows of the two features in order x fastest; None where
    there is no plane.

    The grid spans the rows of real_train with a margin of 0.12 of their range; a feature of one
    value gets a margin of 1.
    """
    features = map_features(contract)
    if features is None or not len(real_train):
        return None
    axes = [_axis(real_train[name].to_numpy(dtype=np.float64)) for name in features]
    across, up = np.meshgrid(*axes)
    return pd.DataFrame({features[0]: across.ravel(), features[1]: up.ravel()})


def _axis(values: Array) -> Array:
    low, high = float(values.min()), float(values.max())
    margin = MARGIN * (high - low) or 1.0
    return np.linspace(low - margin, high + margin, MAP_SIDE)


def prediction_map(
    grid: pd.DataFrame, ensembles: Mapping[str, Sequence[Array]], target: Target
) -> pd.DataFrame:
    """One row per approach and grid point: `approach, x, y, predicted, mean, spread, fits`.

    ensembles: approach -> predictions of each of its fits at the grid's points. predicted: the
    predicted class as text, None for a regression. mean: the mean over the fits of the probability
    of the positive class (more than two classes: of the predicted class), or of the predicted
    value. spread: their standard deviation over the fits (ddof 1), NaN for an approach of one fit,
    which has none. fits: how many there are.
    """
    x, y = (grid[name].to_numpy(dtype=np.float64) for name in grid.columns)
    parts = []
    for approach, members in ensembles.items():
        predicted, values = _shown(members, target)
        # About the first fit, so that equal fits have no spread at all.
        apart = values - values[:, :1]
        spread = apart.std(axis=1, ddof=1) if len(members) > 1 else np.full(len(grid), np.nan)
        columns = {
            "x": x,
            "y": y,
            "predicted": predicted,
            "mean": values.mean(axis=1),
            "spread": spread,
        }
        parts.append(pd.DataFrame({"approach": approach, **columns, "fits": len(members)}))
    return pd.concat(parts, ignore_index=True)


def _shown(members: Sequence[Array], target: Target) -> tuple[list[str | None], Array]:
    """The predicted class of each point, and what is averaged there, (points, fits)."""
    if target.task == "regression":
        values = np.column_stack(members)
        return [None] * len(values), values
    codes = predicted_class(combine(members, task=target.task))
    shown = np.ones_like(codes) if len(target.classes) == 2 else codes
    values = np.column_stack([member[np.arange(len(codes)), shown] for member in members])
    return [str(target.classes[code]) for code in codes], values
