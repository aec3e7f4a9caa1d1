"""The round trip: what encoding and decoding alone do to a column of numbers.

Here: the figures for one column, and how large they may be. Not here: encoding itself
(`generators/table_encoder.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from dge_assets.core.generators.encoding.number_transforms import spread_of

Array = np.ndarray[Any, Any]
TOLERANCE = 0.05
"""A column comes back when none of its figures is above."""
PROBABILITIES = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)


@dataclass(frozen=True)
class RoundTrip:
    """How far one column is moved by encoding and decoding alone: 0 is not at all; plain JSON.

    quantiles: largest move of a quantile beyond its own standard error, in parts of its distance
    from the median and the column's spread. mean: its move in parts of the mean distance from the
    median. spread: relative change of that distance. ends: what is added to the share of rows
    (0..1) at the smallest or the largest value.
    """

    column: str
    quantiles: float
    mean: float
    spread: float
    ends: float

    @property
    def error(self) -> float:
        """The largest of the figures."""
        return max(self.quantiles, self.mean, self.spread, self.ends)

    @property
    def passed(self) -> bool:
        """Does the column come back."""
        return self.error <= TOLERANCE

    @property
    def note(self) -> str:
        """What a reader must know of a column that does not come back."""
        names = [
            name
            for name in ("quantiles", "mean", "spread", "ends")
            if getattr(self, name) > TOLERANCE
        ]
        return (
            f"column {self.column!r}: cannot be given back by its encoding, however good a generator is: "
            f"{', '.join(names)} are off by up to {self.error:.0%}"
        )


def round_trip(column: str, real: Array, *, back: Array, shaken: Array) -> RoundTrip:
    """The figures of a column of `real` numbers (n,), what came `back` of them, and that with a
    generator's inexactness.

    Means are judged without it, as one far value may carry most of a mean.
    """
    unit = _unit_of(real)
    real, back, shaken = real / unit, back / unit, shaken / unit
    distance = _mean_distance(real)
    if not distance:
        return RoundTrip(column, 0.0, 0.0, 0.0, 0.0)
    return RoundTrip(
        column,
        quantiles=_quantile_move(real, shaken),
        mean=float(abs(np.mean(back) - np.mean(real)) / distance),
        spread=float(abs(_mean_distance(back) / distance - 1)),
        ends=max(
            0.0,
            *(
                float(np.mean(shaken == end) - np.mean(real == end))
                for end in (real.min(), real.max())
            ),
        ),
    )


def _unit_of(real: Array) -> float:
    """Numbers are divided by this, so that no sum and no difference of them overflows."""
    return max(float(np.abs(real).max()), float(np.finfo(float).smallest_subnormal))


def _mean_distance(numbers: Array) -> float:
    return float(np.mean(np.abs(numbers - np.median(numbers))))


def _quantile_move(real: Array, shaken: Array) -> float:
    shares = np.array(PROBABILITIES)
    error = np.sqrt(shares * (1 - shares) / len(real))
    low, high = (np.quantile(real, np.clip(shares + side * error, 0, 1)) for side in (-1, 1))
    before, after = np.quantile(real, shares), np.quantile(shaken, shares)
    move = np.maximum(0.0, np.maximum(low - after, after - high))
    return float(np.max(move / (np.abs(before - np.median(real)) + spread_of(real))))
