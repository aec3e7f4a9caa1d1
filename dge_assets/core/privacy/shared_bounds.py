"""Bounds of numbers and moments that no single row sets, and the grid on which they are written.

The rule, for n values of which k rows must share what is told. An extreme that at least k rows have
is told as it is. Otherwise a bound is the mean of the k-th to the (2k - 1)-th value from its end: k
rows make it, and the k - 1 that lie farthest out have no part in it. It is rounded to the column's
grid, and to no less than a thousandth of the range, so that who knows all rows but one cannot work
that one out. Where n is below 4k the mean is over the second quarter from the end.

Here: that arithmetic on arrays. Not here: declared bounds, columns (`disclosure.py`).
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[Any]
"""int64 or float64."""
MOST_DECIMALS = 15
"""More than a float tells apart."""
SHARE_OF_RANGE = 1000
"""A bound is told no finer than the range divided by this."""
UNITS_OF_TIME = tuple(
    int(np.timedelta64(1, unit).astype("timedelta64[ns]").astype(int))
    for unit in ("D", "h", "m", "s", "ms", "us", "ns")
)
"""Nanoseconds of the units that a bound of moments is rounded to, coarsest first."""


def shared_bounds(values: Numbers, *, fewest: int, moments: bool = False) -> tuple[Any, Any]:
    """Lower and upper bound of `values` (n numbers without gaps, n at least `fewest`), as plain
    numbers.

    int64 in gives integers, float64 in floats. `moments`: the integers are nanoseconds, and rounded
    to units of time.
    """
    ordered = np.sort(values)
    low, high = _window_mean(ordered, fewest), _window_mean(ordered[::-1], fewest)
    grid = _grid(ordered, high - low, fewest, moments=moments)
    ends = zip((ordered, ordered[::-1]), (low, high), strict=True)
    lower, upper = (_told(end, mean, grid, fewest) for end, mean in ends)
    convert = int if values.dtype.kind == "i" else float
    return convert(lower), convert(max(lower, upper))


def _told(from_end: Numbers, mean: Fraction, grid: Fraction, fewest: int) -> Any:
    if len(from_end) >= fewest and from_end[0] == from_end[fewest - 1]:
        return from_end[0].item()
    if not grid:
        return mean
    steps = round(mean / grid)
    # Through the inverse of a decimal grid, so that 0.3 is written as 0.3 and not as
    # 0.30000000000000004.
    return steps * grid if grid >= 1 else Fraction(steps, grid.denominator)


def _window_mean(from_end: Numbers, fewest: int) -> Fraction:
    """Exactly, since integers near the ends of 64 bits are no floats."""
    n = len(from_end)
    first = min(fewest, math.ceil(n / 4)) - 1
    window = from_end[first : max(min(2 * fewest - 1, n // 2), first + 1)]
    return sum((Fraction(value) for value in window.tolist()), Fraction(0)) / len(window)


def _grid(ordered: Numbers, spread: Fraction, fewest: int, *, moments: bool) -> Fraction:
    """The step that a bound is rounded to: the column's own, or a coarser one; 0 for none."""
    coarse = spread / SHARE_OF_RANGE
    if moments:
        own = next(
            unit for unit in UNITS_OF_TIME if is_shared(ordered % unit == 0, fewest) or unit == 1
        )
        return Fraction(max(own, next((unit for unit in UNITS_OF_TIME if unit <= coarse), 1)))
    powers = Fraction(10) ** math.ceil(math.log10(coarse)) if float(coarse) > 0 else Fraction(0)
    return max(Fraction(1) if ordered.dtype.kind == "i" else _decimal_step(ordered, fewest), powers)


def _decimal_step(values: Numbers, fewest: int) -> Fraction:
    """The decimal place of `values`; 0 where they have none: rounded to 15 decimals, a column of
    1e-19 would be zeros.
    """
    decimals = decimals_of(values, fewest)
    return Fraction(0) if decimals == MOST_DECIMALS else Fraction(1, 10**decimals)


def decimals_of(values: Numbers, fewest: int) -> int:
    """The fewest decimals with which all but fewer than `fewest` of `values` can be written; 15
    where there are none.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # numbers too large to have decimals
        for decimals in range(MOST_DECIMALS):
            if is_shared(np.round(values, decimals) == values, fewest):
                return decimals
    return MOST_DECIMALS


def is_shared(holds: npt.NDArray[np.bool_], fewest: int) -> bool:
    """Whether what `holds` for some rows does for all but fewer than `fewest`: then those few do
    not change what is told.
    """
    return int((~holds).sum()) < fewest
