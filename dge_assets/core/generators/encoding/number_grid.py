"""The grid of a column's values: decimals, steps, whole hours; found in the data, and kept by what
is decoded.

Here: the step that a column's values are multiples of, and moving numbers to the grid, within
bounds. Not here: whole columns (`number_codec.py`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dge_assets.core.generators.encoding.column_plan import NANOSECONDS_PER_DAY

Array = np.ndarray[Any, Any]
Step = tuple[int, int]
FINER_SHARE = 0.05
"""At most this share of a column's values may be finer than its grid."""
STEP_ROWS = 20
"""From so many rows on, a multiple of a decimal place or of a unit of time is no accident."""
_MOST_DIGITS = 12
"""A grid that tells more digits than this apart is none: nearly any float lies on it."""
_LARGEST_EXACT_TEN = 22
"""The largest power of ten that a float holds exactly."""
_SECOND = 1_000_000_000
_TIMES = tuple(
    (unit, 1)
    for unit in (NANOSECONDS_PER_DAY, 3600 * _SECOND, 60 * _SECOND, _SECOND, 10**6, 10**3, 1)
)
_PARTS_OF_TIMES = tuple(
    (minutes * 60 * _SECOND, 1) for minutes in (720, 360, 180, 120, 30, 15, 10, 5)
)
_TENS = tuple((10**power, 1) for power in range(18, -1, -1))
_HALVES_AND_QUARTERS = {digits * ten for digits in (2, 5, 25) for ten, _ in _TENS[1:]}
_SPANS_OF_TIME = {3, 4, 6, 7, 8, 12, 15, 30, 60, 360, 900, 1800, 3600, 86_400, 604_800}
_PARTS_OF_TENS = tuple(
    (part, 1) for part in sorted(_HALVES_AND_QUARTERS | _SPANS_OF_TIME, reverse=True)
)


def step_of_counts(counts: Array, *, fewest: int, moments: bool) -> int:
    """The largest step of a stated list that divides `counts` (n,) int64, fewer than `fewest` of
    them left aside.

    `moments` are nanoseconds, and have days, hours, minutes, ... and parts of them; other counts
    decimal places, halves and quarters of them, and what time is counted in.
    """
    units, parts = (_TIMES, _PARTS_OF_TIMES) if moments else (_TENS, _PARTS_OF_TENS)
    found = _coarsest(
        counts[counts != 0], units, parts, lambda told, step: told % step[0] != 0, fewest
    )
    return 1 if found is None else found[0]


def step_of_numbers(numbers: Array, *, fewest: int) -> Step | None:
    """The largest step, a fraction of whole numbers, that `numbers` (n,) float64 are multiples of;
    None for none.

    A number is one when it is the float nearest to the multiple, to a few units in its last place.
    Fewer than `fewest` numbers are left aside. Steps are decimal places, halves, quarters and
    fifths of them, eighths and sixteenths.
    """
    told = numbers[numbers != 0]
    if not len(told):
        return None
    top = math.floor(math.log10(float(np.abs(told).max())))
    powers = [
        power for power in range(top, top - _MOST_DIGITS, -1) if abs(power) < _LARGEST_EXACT_TEN
    ]
    units = [_fraction(1, power) for power in powers]
    parts = [_fraction(digits, power) for power in powers for digits in (5, 25, 2)] + [
        (1, 8),
        (1, 16),
    ]
    return _coarsest(told, units, sorted(parts, key=_size, reverse=True), _is_off, fewest)


def finer_values(rows: int, fewest: int) -> int:
    """How many of `rows` values may be finer than the grid: a few must not set the resolution, nor
    give it away.
    """
    return min(fewest - 1, int(FINER_SHARE * rows))


def _coarsest(
    told: Array,
    units: Sequence[Step],
    parts: Sequence[Step],
    is_off: Callable[[Array, Step], Array],
    fewest: int,
) -> Step | None:
    """The first of `units` (the coarsest first) that holds for `told` (n,), or the first of `parts`
    above it.

    A part must hold for those values that are no multiple of the next coarser unit: else a few of
    them, left aside, would make a grid of halves.
    """
    few, head = finer_values(len(told), fewest), told[:: max(1, len(told) // 500)]

    def holds(step: Step) -> bool:
        return int(is_off(head, step).sum()) <= few and int(is_off(told, step).sum()) <= few

    place = next((place for place, unit in enumerate(units) if holds(unit)), None)
    if place is None:
        return None
    telling = told[is_off(told, units[place - 1])] if place else told
    if len(telling) < STEP_ROWS:
        return units[place]
    most = finer_values(len(telling), fewest)
    coarser = [part for part in parts if _size(part) > _size(units[place])]
    return next(
        (part for part in coarser if int(is_off(telling, part).sum()) <= most and holds(part)),
        units[place],
    )


def _size(step: Step) -> float:
    return step[0] / step[1]


def _fraction(digits: int, power: int) -> Step:
    return (digits * 10**power, 1) if power >= 0 else (digits, 10**-power)


def _is_off(numbers: Array, step: Step) -> Array:
    return np.asarray(
        np.abs(numbers - _multiple(_index(numbers, step), step)) > 4 * np.spacing(np.abs(numbers))
    )


def _index(numbers: Array, step: Step) -> Array:
    return np.rint(numbers * step[1] / step[0])


def _multiple(index: Array, step: Step) -> Array:
    return index * step[0] / step[1]


def numbers_on_grid(numbers: Array, step: Step, low: float, high: float) -> Array:
    """`numbers` (n,) moved to the nearest multiples of `step` within [low, high]; clipped only
    where none is there.
    """
    with np.errstate(over="ignore"):
        first, last = (float(index) for index in _index(np.array([low, high]), step))
        first += bool(_multiple(np.array(first), step) < low)
        last -= bool(_multiple(np.array(last), step) > high)
        if first > last:
            return np.clip(numbers, low, high)
        return np.clip(_multiple(np.clip(_index(numbers, step), first, last), step), low, high)


def counts_on_grid(counts: Array, step: int, low: int, high: int) -> Array:
    """`counts` (n,) int64 moved to the nearest multiples of `step` within [low, high]; clipped only
    where none is there.
    """
    first, last = -(-low // step) * step, high // step * step
    if first > last:
        return np.clip(counts, low, high)
    inside = np.clip(counts, first, last)
    rest = inside % step
    return np.where(rest * 2 >= step, inside + (step - rest), inside - rest) if step > 1 else inside
