"""Numbers that are equal but for rounding, made equal: ties and spreads of nothing must not hang on a last digit.

Here: for scores that are compared, and for repeated values whose spread is asked for. Not here: how numbers are shown.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

EQUAL = 1e-12
"""Relative: what sums and differences of equal scores leave of their spread."""
_DIGITS = 40
"""Binary digits that are kept, about twelve decimal ones."""


def without_rounding(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Each of the values (any shape) to about twelve significant digits, so that equal means compare as equal; NaN stays.

    >>> first, second = np.mean([0.7, 0.8, 0.9]), np.mean([0.8, 0.8, 0.8])
    >>> bool(first == second), len(set(without_rounding(np.array([first, second])).tolist()))
    (False, 1)
    """
    mantissa, exponent = np.frexp(np.asarray(values, dtype=np.float64))
    return np.asarray(np.ldexp(np.round(np.ldexp(mantissa, _DIGITS)), exponent - _DIGITS))


def leveled(values: npt.NDArray[np.float64], size: float) -> npt.NDArray[np.float64]:
    """(n,) values as they are, or n times the first where they differ by no more than rounding of numbers of `size` leaves.

    A first value that is no more than such rounding itself is 0.

    >>> leveled(np.array([0.90 - 0.85, 0.95 - 0.90]), 0.95).tolist() == [0.90 - 0.85] * 2
    True
    """
    if not np.ptp(values) <= EQUAL * size:
        return values
    return np.full_like(values, values[0] if abs(values[0]) > EQUAL * size else 0.0)
