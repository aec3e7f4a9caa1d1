"""Ranges of columns: what a declaration states, held against the kind and completed from the data;
values within them.

Not here: which kinds have a range (`contract.py`), bounds that no single row sets
(`disclosure.py`), whether rows keep to a range (the checks).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from dge_assets.core.contract.contract import (
    RANGED_KINDS,
    Bound,
    Column,
    ColumnDeclaration,
    Kind,
    comparable,
)
from dge_assets.core.errors import ContractError


def complete_range(
    stated: ColumnDeclaration, kind: Kind, values: pd.Series, *, place: str
) -> tuple[Bound | None, Bound | None]:
    """Minimum and maximum of one column: as stated, and the extremes of `values` (already of
    `kind`) where left open.

    Raises ContractError naming `place` for a bound that does not fit the kind, or that no value
    reaches.
    """
    _require_fitting_bounds(stated, kind, place)
    present = values.dropna()
    if kind not in RANGED_KINDS:
        return None, None
    minimum, maximum = _without_zone(stated.minimum), _without_zone(stated.maximum)
    if len(present):
        low, high = _extremes(present)
        minimum = low if minimum is None else minimum
        maximum = high if maximum is None else maximum
    if minimum is not None and maximum is not None and comparable(minimum) > comparable(maximum):
        side, bound = ("minimum", minimum) if stated.maximum is None else ("maximum", maximum)
        raise ContractError(
            f"{place}: every value found is beyond the declared {side} {bound!r}; "
            f"mend the data or the {side}, or declare both bounds to have each row checked"
        )
    return minimum, maximum


def within_range(values: pd.Series, column: Column) -> pd.Series:
    """`values` (n rows, of the column's kind), those beyond its minimum or maximum moved to it; the
    type stays.

    Exact for integers and moments: a bound that the type cannot hold binds nothing.
    """
    return values.clip(*range_in_type(column)) if column.kind in RANGED_KINDS else values


def range_in_type(column: Column) -> tuple[Any, Any]:
    """Minimum and maximum of a ranged column as its type has them: float, int, or Timestamp in
    nanoseconds.

    None where there is no bound, and for one that the type cannot hold, which binds nothing.
    """
    low, high = (_in_type(bound, column.kind) for bound in (column.minimum, column.maximum))
    if column.kind == "integer":
        low = None if low is None else max(math.ceil(low), -(2**63))
        high = None if high is None else min(math.floor(high), 2**63 - 1)
    return low, high


def _in_type(bound: Bound | None, kind: Kind) -> Any:
    if bound is None:
        return None
    limit = comparable(bound)
    if kind == "datetime":
        assert isinstance(limit, pd.Timestamp)
        return limit.as_unit("ns") if pd.Timestamp.min <= limit <= pd.Timestamp.max else None
    return limit if isinstance(limit, float) and math.isfinite(limit) else None


def _require_fitting_bounds(stated: ColumnDeclaration, kind: Kind, place: str) -> None:
    bounds = {"minimum": stated.minimum, "maximum": stated.maximum}
    for name, bound in bounds.items():
        if bound is None:
            continue
        if kind not in RANGED_KINDS:
            raise ContractError(
                f"{place}: {name} {bound!r} is declared, but the column is {kind} and has no range; allowed are ranges "
                f"of {', '.join(RANGED_KINDS)}: declare one as its kind, or leave the {name} out"
            )
        if not _fits(bound, kind):
            allowed = (
                "an ISO 8601 date such as '2020-12-31'"
                if kind == "datetime"
                else "a number, without quotes"
            )
            raise ContractError(
                f"{place}: {name} {bound!r} does not fit kind {kind}; allowed: {allowed}"
            )


def _fits(bound: Bound, kind: Kind) -> bool:
    try:
        return isinstance(comparable(bound), float) == (kind != "datetime")
    except ValueError:
        return False


def _without_zone(bound: Bound | None) -> Bound | None:
    """A bound with an offset in UTC, like the data; others as they are written."""
    if not isinstance(bound, str) or pd.Timestamp(bound).tz is None:
        return bound
    moment = comparable(bound)
    assert isinstance(moment, pd.Timestamp)
    return str(moment.isoformat())


def _extremes(present: pd.Series) -> tuple[Bound, Bound]:
    """The smallest and the largest value; an integer that no float equals is rounded outwards."""
    low, high = present.min(), present.max()
    if isinstance(low, pd.Timestamp):
        return low.isoformat(), high.isoformat()
    below, above = float(low), float(high)
    return (
        below if below <= low.item() else float(np.nextafter(below, -np.inf)),
        above if above >= high.item() else float(np.nextafter(above, np.inf)),
    )
