"""Levels between a table and a modelling frame: short codes as text under safe names, and back.

Here: planning, encoding and decoding one discrete column. Not here: numbers (`number_codec.py`), whole tables (`codec.py`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from dge_assets.core.column_plan import Array, ColumnPlan
from dge_assets.core.contract import RANGED_KINDS, Column, Kind, Level
from dge_assets.core.errors import GeneratorError


def plan_discrete(column: Column, values: pd.Series, key: str, max_levels: int, many_levels: str) -> ColumnPlan:
    """The plan of a discrete column (n rows); its rarest levels share a code where there are over `max_levels`."""
    counts = values.value_counts()
    counts = counts[counts > 0]
    levels: list[Level | None] = [plain_cell(level, column.kind) for level in counts.index]
    pooled: list[Level] = []
    shares: tuple[float, ...] = ()
    if len(levels) > max_levels:
        if many_levels == "error":
            raise GeneratorError(
                f"column {column.name!r}: {len(levels)} levels, more than max_levels={max_levels}; raise max_levels, "
                f"declare the column as id, or set many_levels: pool"
            )
        pooled = [level for level in levels[max_levels - 1 :] if level is not None]
        rare = counts.to_numpy(dtype=float)[max_levels - 1 :]
        shares = tuple(float(share) for share in rare / rare.sum())
        levels = levels[: max_levels - 1]
    if values.isna().any():
        levels.append(None)
    return ColumnPlan(
        column.name,
        column.kind,
        "discrete",
        key,
        levels=tuple(levels),
        pooled=tuple(pooled),
        pooled_shares=shares,
    )


def plain_cell(level: Any, kind: Kind) -> Level:
    """A cell as JSON knows it; moments as ISO text."""
    if kind == "datetime":
        return str(pd.Timestamp(level).isoformat())
    value = level.item() if isinstance(level, np.generic) else level
    return value if isinstance(value, bool | int | float) else str(value)


def encode_levels(values: pd.Series, plan: ColumnPlan) -> Array:
    """The code of each cell (n,), as text. Numbers and moments beyond all levels have the code of the nearest."""
    values = _within_levels(values, plan)
    known = {level: str(code) for code, level in enumerate(plan.levels) if level is not None}
    cells = (
        values.map(lambda cell: plain_cell(cell, plan.kind), na_action="ignore") if plan.kind == "datetime" else values
    )
    codes = cells.astype(object).map(known)
    rest = str(len(plan.levels))
    missing = str(plan.levels.index(None)) if None in plan.levels else rest
    return np.asarray(codes.where(codes.notna(), np.where(values.isna(), missing, rest)), dtype=object)


def _within_levels(values: pd.Series, plan: ColumnPlan) -> pd.Series:
    """`values` (n,) moved to the smallest or largest level where they lie beyond: the levels are those within the bounds."""
    levels = [level for level in (*plan.levels, *plan.pooled) if level is not None]
    if plan.kind not in RANGED_KINDS or not levels:
        return values
    known = pd.Series(levels) if plan.kind != "datetime" else pd.to_datetime(pd.Series(levels)).astype("datetime64[ns]")
    return values.clip(known.min(), known.max())


def decode_levels(codes: pd.Series, plan: ColumnPlan, rng: np.random.Generator) -> Array:
    """The level of each code (n,), None where it is missing."""
    values = np.empty(len(plan.levels) + 1, dtype=object)
    values[: len(plan.levels)] = plan.levels
    index = codes.astype(int).to_numpy()
    decoded = values[index]
    rest = index == len(plan.levels)
    if rest.any():
        pool = np.empty(len(plan.pooled), dtype=object)
        pool[:] = plan.pooled
        decoded[rest] = rng.choice(pool, size=int(rest.sum()), p=np.asarray(plan.pooled_shares))
    return np.asarray(decoded)
