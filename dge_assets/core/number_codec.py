"""Numbers and moments between a table and a modelling frame: float64 without gaps, and back in the column's own type.

Here: planning, encoding and decoding one column of numbers. Not here: levels (`level_codec.py`), whole tables (`codec.py`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from dge_assets.core.column_plan import RESOLUTIONS, Array, ColumnPlan, Resolution
from dge_assets.core.contract import Bound, Column, Kind, comparable

NANOSECONDS_PER_DAY = 86_400_000_000_000
SECONDS_PER_DAY = 86_400


def plan_number(column: Column, values: pd.Series, key: str) -> ColumnPlan:
    """The plan of a numeric column or of one of moments; `values` (n rows) have at least one that is present.

    The bounds are the contract's, never those of the rows at hand: a row's extreme is nobody else's to know.
    """
    present = values.dropna()
    return ColumnPlan(
        column.name,
        column.kind,
        "number",
        key,
        indicator=f"{key}_missing" if len(present) < len(values) else None,
        low=_bound(column.minimum, column.kind),
        high=_bound(column.maximum, column.kind),
        resolution=_resolution(present) if column.kind == "datetime" else "us",
    )


def _bound(bound: Bound | None, kind: Kind) -> float | None:
    """A contract's bound as a modelling number: days since 1970 for datetimes."""
    if bound is None:
        return None
    limit = comparable(bound)
    if isinstance(limit, float):
        return limit
    assert kind == "datetime"
    # In microseconds, as a declared bound may lie beyond what nanoseconds reach.
    return float((limit.as_unit("us") - pd.Timestamp(0).as_unit("us")).total_seconds() / SECONDS_PER_DAY)


def _resolution(moments: pd.Series) -> Resolution:
    return next((unit for unit in RESOLUTIONS if (moments == moments.dt.floor(unit)).all()), "us")


def as_numbers(values: pd.Series, kind: Kind) -> Array:
    """float64, NaN where missing; days since 1970 for datetimes."""
    if kind == "datetime":
        moments = values.astype("datetime64[ns]")
        days = moments.astype("int64").to_numpy() / NANOSECONDS_PER_DAY
        return np.where(moments.isna(), np.nan, days)
    return np.asarray(values.to_numpy(dtype=float, na_value=np.nan))


def encode_number(values: pd.Series, plan: ColumnPlan, rng: np.random.Generator) -> dict[str, Array]:
    """The modelling columns of `values` (n rows): the numbers, gaps filled from the others, and their indicator."""
    numbers = np.clip(as_numbers(values, plan.kind), plan.low, plan.high)
    missing = np.isnan(numbers)
    indicator = {plan.indicator: np.where(missing, "1", "0").astype(object)} if plan.indicator else {}
    return {**indicator, plan.key: _fill(numbers, missing, rng)}


def _fill(numbers: Array, missing: Array, rng: np.random.Generator) -> Array:
    if not missing.any():
        return numbers
    filled = numbers.copy()
    filled[missing] = rng.choice(numbers[~missing], size=int(missing.sum()))
    return filled


def decode_number(modelled: pd.DataFrame, plan: ColumnPlan) -> pd.Series:
    """The column (n rows) in the table's type, from the modelling columns of its plan."""
    numbers = np.clip(modelled[plan.key].to_numpy(dtype=float), plan.low, plan.high)
    if plan.kind == "integer":
        numbers = np.round(numbers)
    if plan.indicator:
        numbers = np.where(modelled[plan.indicator].to_numpy() == "1", np.nan, numbers)
    return _typed_numbers(numbers, plan)


def _typed_numbers(numbers: Array, plan: ColumnPlan) -> pd.Series:
    if plan.kind == "datetime":
        whole = np.round(np.nan_to_num(numbers) * NANOSECONDS_PER_DAY).astype("int64")
        moments = pd.Series(pd.to_datetime(whole)).dt.round(plan.resolution)
        return moments.where(~np.isnan(numbers)).astype("datetime64[ns]")
    if plan.kind == "integer":
        # The type follows the table, not the sample: a dataset without a gap still is nullable.
        return pd.Series(numbers).astype("Int64" if plan.indicator else "int64")
    return pd.Series(numbers)
