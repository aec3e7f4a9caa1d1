"""How one column is encoded: the record that fitting writes, and encoding and decoding read.

Here: `ColumnPlan`, plain JSON. Not here: what makes one or acts on it (`number_codec.py`, `level_codec.py`, `codec.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from dge_assets.core.contract import Kind, Level

Role = Literal["constant", "number", "discrete"]
Array = np.ndarray[Any, Any]
Resolution = Literal["D", "s", "ms", "us"]
RESOLUTIONS: tuple[Resolution, ...] = ("D", "s", "ms", "us")
"""Coarsest first. Days since 1970 as float64 tell microseconds apart, nothing finer."""


@dataclass(frozen=True)
class ColumnPlan:
    """How one column is encoded; plain JSON, kept beside the generator."""

    name: str
    kind: Kind
    role: Role
    key: str
    """Name in the modelling frame."""
    indicator: str | None = None
    """Name of the missing-indicator in the modelling frame, where numbers have gaps."""
    constant: Level | None = None
    levels: tuple[Level | None, ...] = ()
    """Discrete levels in code order; None is the missing level."""
    pooled: tuple[Level, ...] = ()
    """Levels too many to be told apart: they share one code and are drawn by frequency on decoding."""
    pooled_shares: tuple[float, ...] = ()
    low: float | None = None
    high: float | None = None
    """Bounds that numbers are clipped to (days since 1970 for datetimes): the contract's; None binds nothing."""
    resolution: Resolution = "us"
    """The coarsest unit in which all of a datetime column's values are whole; decoded ones are rounded to it."""
