"""What rounding does to numbers, undone: equal ones made equal, and a unit in which squares keep
their digits.

Ties and spreads of nothing must not hang on a last digit, nor a score on the unit of the target.
Not here: how numbers are shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

EQUAL = 1e-12
"""Relative: what sums and differences of equal scores leave of their spread."""
_DROPPED = 13
"""Of the 53 binary digits of a number; the 40 that stay are about twelve decimal ones."""


def without_rounding(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Each of the values (any shape) to about twelve significant digits, so that equal means
    compare as equal; NaN stays.

    >>> first, second = np.mean([0.7, 0.8, 0.9]), np.mean([0.8, 0.8, 0.8])
    >>> bool(first == second), len(set(without_rounding(np.array([first, second])).tolist()))
    (False, 1)
    """
    # On the numbers' bits, whose last ones are those of the smallest digits: adding half of what is
    # dropped rounds.
    bits = np.array(values, dtype=np.float64).view(np.int64)
    bits += 1 << (_DROPPED - 1)
    bits &= ~((1 << _DROPPED) - 1)
    return np.asarray(bits.view(np.float64))


def mean_of(arrays: Sequence[npt.NDArray[np.float64]]) -> npt.NDArray[np.float64]:
    """The mean of arrays of one shape, as the first plus the mean difference to it: of equal arrays
    that array, to the bit.
    """
    first = arrays[0]
    return np.asarray(
        first + sum((other - first for other in arrays[1:]), np.zeros_like(first)) / len(arrays)
    )


def leveled(values: npt.NDArray[np.float64], size: float) -> npt.NDArray[np.float64]:
    """(n,) values as they are, or n times the first where they differ by no more than rounding of
    numbers of `size` leaves.

    A first value that is no more than such rounding itself is 0.

    >>> leveled(np.array([0.90 - 0.85, 0.95 - 0.90]), 0.95).tolist() == [0.90 - 0.85] * 2
    True
    """
    if not np.ptp(values) <= EQUAL * size:
        return values
    return np.full_like(values, values[0] if abs(values[0]) > EQUAL * size else 0.0)


def unit_of(values: npt.NDArray[Any]) -> float:
    """The power of two next below the largest size of `values`: divided by it, they keep all their
    digits.

    Then squares of numbers such as 1e200 or 1e-200 neither overflow nor vanish. 1 where all are 0,
    or there are none.
    """
    largest = float(np.max(np.abs(values), initial=0.0))
    return float(np.ldexp(1.0, int(np.frexp(largest)[1]) - 1)) if 0 < largest < np.inf else 1.0
