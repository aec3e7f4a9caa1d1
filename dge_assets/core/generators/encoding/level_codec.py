"""Levels between a table and a modelling frame: short codes as text under safe names, and back.

Here: planning, encoding and decoding one discrete column. Not here: numbers (`number_codec.py`),
whole tables (`codec.py`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from dge_assets.core.contract.contract import RANGED_KINDS, Column, Kind, Level
from dge_assets.core.errors import GeneratorError
from dge_assets.core.generators.encoding.column_plan import Array, ColumnPlan


def plan_discrete(column: Column, values: pd.Series, key: str) -> ColumnPlan:
    """The plan of a discrete column (n rows), the most frequent level first."""
    counts = values.value_counts()
    levels: list[Level | None] = [
        plain_cell(level, column.kind) for level in counts[counts > 0].index
    ]
    if values.isna().any():
        levels.append(None)
    return ColumnPlan(column.name, column.kind, "discrete", key, levels=tuple(levels))


def plain_cell(level: Any, kind: Kind) -> Level:
    """A cell as JSON knows it; moments as ISO text."""
    if kind == "datetime":
        return str(pd.Timestamp(level).isoformat())
    value = level.item() if isinstance(level, np.generic) else level
    return value if isinstance(value, bool | int | float) else str(value)


def encode_levels(values: pd.Series, plan: ColumnPlan) -> Array:
    """The code of each cell (n,), as text.

    Numbers and moments beyond all levels have the code of the nearest.
    """
    values = _within_levels(values, plan)
    known = {level: str(code) for code, level in enumerate(plan.levels) if level is not None}
    cells = (
        values.map(lambda cell: plain_cell(cell, plan.kind), na_action="ignore")
        if plan.kind == "datetime"
        else values
    )
    codes = cells.astype(object).map(known)
    if None in plan.levels:
        codes = codes.where(values.notna(), str(plan.levels.index(None)))
    if codes.isna().any():
        raise GeneratorError(
            f"column {plan.name!r}: {int(codes.isna().sum())} cells have a level that the encoding was not fitted on"
        )
    return np.asarray(codes, dtype=object)


def _within_levels(values: pd.Series, plan: ColumnPlan) -> pd.Series:
    """`values` (n,) moved to the smallest or largest level where they lie beyond: the levels are
    those within the bounds.
    """
    levels = [level for level in plan.levels if level is not None]
    if plan.kind not in RANGED_KINDS or not levels:
        return values
    known = pd.Series(levels)
    if (
        plan.kind == "datetime"
    ):  # as ISO text, of which pandas else takes the first one's form for all
        known = pd.to_datetime(known, format="ISO8601").astype("datetime64[ns]")
    return values.clip(known.min(), known.max())


def decode_levels(codes: pd.Series, plan: ColumnPlan) -> Array:
    """The level of each code (n,), None where it is missing."""
    values = np.empty(len(plan.levels), dtype=object)
    values[:] = plan.levels
    return np.asarray(values[codes.astype(int).to_numpy()])
