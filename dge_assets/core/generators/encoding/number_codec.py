"""Numbers and moments between a table and a modelling frame: float64 without gaps, and back in the
column's own type.

Here: planning, encoding and decoding one column of numbers. Not here: the grid of its values
(`number_grid.py`), scales and tails (`number_transforms.py`), levels (`level_codec.py`), whole
tables (`codec.py`).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from dge_assets.core.contract.contract import Column, Kind
from dge_assets.core.contract.ranges import range_in_type
from dge_assets.core.generators.encoding.column_plan import NANOSECONDS_PER_DAY, Array, ColumnPlan
from dge_assets.core.generators.encoding.number_grid import (
    counts_on_grid,
    numbers_on_grid,
    step_of_counts,
    step_of_numbers,
)
from dge_assets.core.generators.encoding.number_transforms import Transform, initial_transform

FEWEST = 10
"""A value with a state of its own has so many rows at least, and fewer rows leave a column's grid
as it is; the contract may ask for more."""
FREQUENT_SHARE = 0.1
"""A frequent value has this share of the present ones at least."""
STANDS_OUT = 4
"""A frequent value has so many times the rows of the next one: neighbours in an ordinary column of
few values don't.
"""
ORDINARY, MISSING, FIRST_FREQUENT = 0, 1, 2
"""Codes of the indicator."""
_LARGEST_COUNT = 2**63 - 1
_LARGEST_FLOAT_COUNT = 2.0**63 - 1024
"""The largest float that is below 2**63, which itself would become the smallest integer."""
_LARGEST_EXACT = 2**53
_MILLISECOND = 1_000_000
_FINITE = float(np.finfo(float).max)


def plan_number(column: Column, values: pd.Series, key: str) -> ColumnPlan:
    """The plan of a numeric column or of one of moments; `values` (n rows) have at least three
    different ones.
    """
    present = values.dropna()
    gaps = len(present) < len(values)
    low, high = _own_bounds(column)
    found = _cells(present, column.kind)
    fewest = max(FEWEST, column.fewest)
    frequent, shares = _frequent_values(found, fewest)
    others = found[~np.isin(found, frequent)]
    plan = ColumnPlan(
        column.name,
        column.kind,
        "number",
        key,
        indicator=_indicator(key, gaps=gaps, frequent=bool(frequent)),
        gaps=gaps,
        low=low,
        high=high,
        step=_step(others, column.kind, fewest),
        frequent=frequent,
        frequent_shares=shares,
    )
    plan = replace(plan, origin=_origin(others, plan))
    return replace(plan, transform=initial_transform(_as_floats(others, plan)))


def with_transform(plan: ColumnPlan, transform: Transform) -> ColumnPlan:
    """The plan with another transform of its numbers."""
    return replace(plan, transform=transform)


def learnt_numbers(values: pd.Series, plan: ColumnPlan) -> Array:
    """The numbers that the mixture of `values` is fitted on, before they are transformed."""
    cells = _cells_within(values.dropna(), plan)
    return _as_floats(cells[~np.isin(cells, plan.frequent)], plan)


def _indicator(key: str, *, gaps: bool, frequent: bool) -> str | None:
    if frequent:
        return f"{key}_state"
    return f"{key}_missing" if gaps else None


def _cells(present: pd.Series, kind: Kind) -> Array:
    """The cells (n,) in the column's own units: int64 for integers and moments (nanoseconds),
    float64 otherwise.
    """
    if kind == "datetime":
        return np.asarray(present.astype("datetime64[ns]").astype("int64"))
    return np.asarray(present.to_numpy(dtype="int64" if kind == "integer" else "float64"))


def _frequent_values(
    cells: Array, fewest: int
) -> tuple[tuple[int | float, ...], tuple[float, ...]]:
    """The values that stand out by their number of rows, the most frequent first, and their shares.

    None where fewer than two values would be left to learn as numbers.
    """
    found, counts = np.unique(cells, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    sizes = [*counts[order].tolist(), 0]
    least = max(fewest, FREQUENT_SHARE * len(cells))
    standing = [
        k + 1
        for k in range(len(found) - 2)
        if sizes[k] >= least and sizes[k] >= STANDS_OUT * sizes[k + 1]
    ]
    taken = order[: max(standing, default=0)]
    return tuple(found[taken].tolist()), tuple((counts[taken] / len(cells)).tolist())


def _own_bounds(column: Column) -> tuple[int | float | None, int | float | None]:
    """The contract's bounds in the column's own units."""
    low, high = (
        bound.value if isinstance(bound, pd.Timestamp) else bound for bound in range_in_type(column)
    )
    return low, high


def _step(cells: Array, kind: Kind, fewest: int) -> tuple[int, int] | None:
    if kind == "continuous":
        return step_of_numbers(cells, fewest=fewest)
    return step_of_counts(cells, fewest=fewest, moments=kind == "datetime"), 1


def _origin(cells: Array, plan: ColumnPlan) -> int:
    """What to take off before a float holds the cells: 0 where it holds them as they are, or could
    not hold them either way.

    Days since 1970 tell microseconds apart only near 1970.
    """
    if plan.kind == "continuous":
        return 0
    low, high = int(cells.min()), int(cells.max())
    exact = (
        max(-low, high) <= _LARGEST_EXACT if plan.kind == "integer" else _unit(plan) >= _MILLISECOND
    )
    return 0 if exact or high - low > _LARGEST_EXACT else low


def _unit(plan: ColumnPlan) -> int:
    return plan.step[0] if plan.step else 1


def _as_floats(cells: Array, plan: ColumnPlan) -> Array:
    """The cells (n,) as float64, from the plan's origin on; days for datetimes."""
    if plan.kind == "continuous":
        return cells
    floats = (cells - plan.origin).astype(float)
    return floats / NANOSECONDS_PER_DAY if plan.kind == "datetime" else floats


def as_numbers(values: pd.Series, plan: ColumnPlan) -> Array:
    """The present cells (at most n) as float64 within the plan's bounds, from its origin on; days
    for datetimes.
    """
    return _as_floats(_cells_within(values.dropna(), plan), plan)


def _cells_within(present: pd.Series, plan: ColumnPlan) -> Array:
    """The cells (n,) in the column's own units, those beyond the bounds moved to them."""
    cells = _cells(present, plan.kind)
    return cells if plan.low is None and plan.high is None else np.clip(cells, plan.low, plan.high)


def encode_number(
    values: pd.Series, plan: ColumnPlan, rng: np.random.Generator
) -> dict[str, Array]:
    """The modelling columns of `values` (n rows): the numbers and their indicator.

    Cells that are missing or a frequent value are filled from the others, so that the mixture is
    theirs.
    """
    present = values.notna().to_numpy()
    states, numbers = states_of(values, plan), np.full(len(values), np.nan)
    numbers[present] = _as_floats(_cells_within(values[present], plan), plan)
    indicator = {plan.indicator: states.astype(str).astype(object)} if plan.indicator else {}
    return {**indicator, plan.key: plan.transform.apply(_fill(numbers, states != ORDINARY, rng))}


def states_of(values: pd.Series, plan: ColumnPlan) -> Array:
    """The code that the indicator has for each of `values` (n,)."""
    present = values.notna().to_numpy()
    states = np.full(len(values), MISSING)
    states[present] = _states(_cells_within(values[present], plan), plan)
    return states


def _states(cells: Array, plan: ColumnPlan) -> Array:
    states = np.full(len(cells), ORDINARY)
    for place, value in enumerate(plan.frequent):
        states[cells == value] = FIRST_FREQUENT + place
    return states


def _fill(numbers: Array, empty: Array, rng: np.random.Generator) -> Array:
    if not empty.any():
        return numbers
    filled = numbers.copy()
    filled[empty] = rng.choice(numbers[~empty], size=int(empty.sum()))
    return filled


def decode_number(modelled: pd.DataFrame, plan: ColumnPlan) -> pd.Series:
    """The column (n rows) in the table's type, from the modelling columns of its plan.

    Values are clipped last, in the column's own type: what rounding or a float would carry out of
    the range stays in it.
    """
    numbers = plan.transform.undo(modelled[plan.key].to_numpy(dtype=float))
    cells = (
        _floats_within(numbers, plan)
        if plan.kind == "continuous"
        else _counts_within(numbers, plan)
    )
    if plan.indicator is None:
        return _typed_cells(cells, np.zeros(len(cells), dtype=bool), plan)
    states = modelled[plan.indicator].astype(int).to_numpy()
    for place, value in enumerate(plan.frequent):
        cells[states == FIRST_FREQUENT + place] = value
    return _typed_cells(cells, states == MISSING, plan)


def _floats_within(numbers: Array, plan: ColumnPlan) -> Array:
    low = -_FINITE if plan.low is None else float(plan.low)
    high = _FINITE if plan.high is None else float(plan.high)
    return (
        np.clip(numbers, low, high)
        if plan.step is None
        else numbers_on_grid(numbers, plan.step, low, high)
    )


def _counts_within(numbers: Array, plan: ColumnPlan) -> Array:
    low = -_LARGEST_COUNT if plan.low is None else int(plan.low)
    high = _LARGEST_COUNT if plan.high is None else int(plan.high)
    first, last = max(low - plan.origin, -_LARGEST_COUNT), min(high - plan.origin, _LARGEST_COUNT)
    with np.errstate(over="ignore"):
        scaled = numbers * NANOSECONDS_PER_DAY if plan.kind == "datetime" else numbers
    counts = np.rint(np.clip(scaled, -_LARGEST_FLOAT_COUNT, _LARGEST_FLOAT_COUNT)).astype("int64")
    return counts_on_grid(np.clip(counts, first, last) + plan.origin, _unit(plan), low, high)


def _typed_cells(cells: Array, missing: Array, plan: ColumnPlan) -> pd.Series:
    if plan.kind == "continuous":
        return pd.Series(np.where(missing, np.nan, cells))
    if plan.kind == "datetime":
        return pd.Series(cells.astype("datetime64[ns]")).mask(missing)
    # The type follows the table, not the sample: a dataset without a gap still is nullable.
    return pd.Series(pd.arrays.IntegerArray(cells, missing)) if plan.gaps else pd.Series(cells)


def note_on_numbers(plan: ColumnPlan) -> str:
    """What a reader must know of how the numbers are learnt; empty where there is nothing.

    It quotes no cell.
    """
    said = []
    if plan.frequent:
        values = (
            "a frequent value"
            if len(plan.frequent) == 1
            else f"{len(plan.frequent)} frequent values"
        )
        said.append(
            f"{values} ({sum(plan.frequent_shares):.0%} of the present cells) learnt as levels beside the numbers"
        )
    if plan.transform.shape in _BENT:
        said.append(_BENT[plan.transform.shape])
    return f"column {plan.name!r}: {'; '.join(said)}" if said else ""


_BENT = {
    "asinh": "heavy tails, learnt on a scale that is logarithmic far from the centre",
    "quantile": "heavy tails, learnt through its quantiles",
}
