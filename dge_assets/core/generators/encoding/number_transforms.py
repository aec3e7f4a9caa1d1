"""Transforms of numbers before their mixture is fitted, and back: for scales and tails that a
mixture cannot hold.

A Gaussian mixture with a floor under its variances and room for four standard deviations loses
columns of a tiny scale and the far end of heavy tails. Here: the shapes, how each is fitted,
applied and undone. Not here: which one a column gets (`generators/column_fitting.py`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Literal

import numpy as np

Array = np.ndarray[Any, Any]
Shape = Literal["plain", "standard", "asinh", "quantile"]
PLAIN_SPREADS = (1e-2, 1e6)
"""Columns whose spread lies here are learnt in their own units."""
LARGEST_PLAIN = 1e12
"""Numbers beyond are never given to the mixture as they are: it squares them."""
MOST_KNOTS = 257
MOST_OCTAVES = 1000
"""Between the unit of a column and its farthest number: floats have 1024 above 1."""
_FINITE = float(np.finfo(float).max)


@dataclass(frozen=True)
class Transform:
    """A strictly increasing map of numbers; plain JSON.

    plain: x itself; standard: (x - centre) / scale; asinh: the inverse hyperbolic sine of that,
    linear near the centre and logarithmic in both tails; quantile: that again, bent so that the
    column is normally distributed (a line through `knots` and their normal `scores`).
    """

    shape: Shape = "plain"
    centre: float = 0.0
    scale: float = 1.0
    knots: tuple[float, ...] = ()
    scores: tuple[float, ...] = ()

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Transform:
        """The transform that `dataclasses.asdict` gave; of nothing, the plain one."""
        read: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in document.items()
        }
        return cls(**read)

    def apply(self, numbers: Array) -> Array:
        """What the mixture learns of `numbers` (n,)."""
        if self.shape == "plain":
            return numbers
        halved = _halved(numbers)
        with np.errstate(over="ignore"):
            standard = (numbers * halved - self.centre * halved) / self.scale / halved
        if self.shape == "standard":
            return standard
        bent = np.arcsinh(np.clip(standard, -_FINITE, _FINITE))
        return bent if self.shape == "asinh" else np.interp(bent, self.knots, self.scores)

    def undo(self, learnt: Array) -> Array:
        """The numbers (n,) behind what was learnt; finite, whatever a generator samples."""
        if self.shape == "plain":
            return learnt
        bent = np.interp(learnt, self.scores, self.knots) if self.shape == "quantile" else learnt
        with np.errstate(over="ignore"):
            standard = bent if self.shape == "standard" else np.sinh(bent)
            return np.clip(standard * self.scale + self.centre, -_FINITE, _FINITE)


PLAIN = Transform()


def _halved(numbers: Array) -> float:
    """A half where differences of `numbers` (n,) would overflow, else 1: a half would lose the
    smallest floats.
    """
    return 0.5 if float(np.abs(numbers).max(initial=0.0)) > _FINITE / 4 else 1.0


def spread_of(numbers: Array) -> float:
    """A scale of `numbers` (n,) in units of a standard deviation, that single values far away do
    not move.

    It is taken from the quartiles, or where most values are equal from what lies further out; 1 if
    all are equal.
    """
    halved = _halved(numbers)
    for share, spreads in ((0.25, 1.349), (0.05, 3.290), (0.01, 4.653), (0.0, 2.0)):
        low, high = (
            float(bound)
            for bound in np.quantile(numbers * halved, (share, 1 - share), method="nearest")
        )
        if high > low:
            return max((high - low) / spreads / halved, float(np.finfo(float).smallest_subnormal))
    return 1.0


def initial_transform(numbers: Array) -> Transform:
    """The plain transform where the mixture can take `numbers` (n,) as they are, else the standard
    or the asinh one.
    """
    low, high = PLAIN_SPREADS
    if low <= spread_of(numbers) <= high and float(np.abs(numbers).max()) <= LARGEST_PLAIN:
        return PLAIN
    standard = _standard(numbers)
    return standard if _fits(standard.apply(numbers)) else _asinh(numbers)


def further_transforms(numbers: Array) -> tuple[Transform, ...]:
    """What to try where the initial transform of `numbers` (n,) loses the column, the gentlest
    first.
    """
    return _asinh(numbers), _quantile(numbers)


def _fits(learnt: Array) -> bool:
    return bool(np.abs(learnt).max() <= LARGEST_PLAIN)


def _standard(numbers: Array) -> Transform:
    """A power of two as scale leaves the digits of a number as they are, so that whole numbers come
    back exactly; not so small that the farthest number overflows in units of it.
    """
    farthest = math.frexp(float(np.abs(numbers).max(initial=0.0)))[1]
    exponent = max(round(math.log2(spread_of(numbers))), farthest - MOST_OCTAVES)
    scale = math.ldexp(1.0, min(exponent, 1023))
    return Transform("standard", float(np.quantile(numbers, 0.5, method="nearest")), scale)


def _asinh(numbers: Array) -> Transform:
    standard = _standard(numbers)
    return Transform("asinh", standard.centre, standard.scale)


def _quantile(numbers: Array) -> Transform:
    asinh = _asinh(numbers)
    bent = asinh.apply(numbers)
    normal = NormalDist()
    end = -normal.inv_cdf(0.5 / len(numbers))
    scores = np.linspace(-end, end, min(MOST_KNOTS, len(numbers)))
    shares = [normal.cdf(score) for score in scores[1:-1]]
    knots = np.quantile(bent, [0.0, *shares, 1.0])
    distinct, place = np.unique(knots, return_inverse=True)
    middle = np.bincount(place, weights=scores) / np.bincount(place)
    return Transform(
        "quantile", asinh.centre, asinh.scale, tuple(distinct.tolist()), tuple(middle.tolist())
    )
