"""How one column is encoded: the record that fitting writes, and encoding and decoding read.

Here: `ColumnPlan`, plain JSON, and reading one that was kept. Not here: what makes one or acts on
it (`number_codec.py`, `level_codec.py`, `codec.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from dge_assets.core.contract.contract import Kind, Level
from dge_assets.core.generators.encoding.number_transforms import PLAIN, Transform

Role = Literal["constant", "number", "discrete"]
Array = np.ndarray[Any, Any]
NANOSECONDS_PER_DAY = 86_400_000_000_000
_FORMER_STEPS = {"D": NANOSECONDS_PER_DAY, "s": 1_000_000_000, "ms": 1_000_000, "us": 1_000}
"""Nanoseconds of the resolutions by name that plans once held."""


@dataclass(frozen=True)
class ColumnPlan:
    """How one column is encoded; plain JSON, kept beside the generator.

    Bounds, frequent values and origin are in the column's own units: int for integers, nanoseconds
    since 1970 (int) for datetimes, float for continuous columns.
    """

    name: str
    kind: Kind
    role: Role
    key: str
    """Name in the modelling frame."""
    indicator: str | None = None
    """Name of a number's indicator in the modelling frame: which cells are missing, and which are a
    frequent value.
    """
    gaps: bool = False
    """May a number be missing."""
    constant: Level | None = None
    levels: tuple[Level | None, ...] = ()
    """Discrete levels in code order; None is the missing level."""
    low: int | float | None = None
    high: int | float | None = None
    """Bounds that numbers are clipped to, before encoding and after decoding: the contract's; None
    binds nothing.
    """
    step: tuple[int, int] | None = None
    """Numbers are whole multiples of this fraction (numerator, denominator) of a unit; None for no
    grid.
    """
    frequent: tuple[int | float, ...] = ()
    """Values with a state of their own in the indicator, in the order of their codes."""
    frequent_shares: tuple[float, ...] = ()
    """Share of each among the present values."""
    origin: int = 0
    """Taken off integers and moments before they become floats, which cannot hold them as they are.
    """
    transform: Transform = PLAIN
    """What is done to the numbers before their mixture is fitted."""


def plan_from_document(document: dict[str, Any]) -> ColumnPlan:
    """The plan that `dataclasses.asdict` gave, of this version or of a former one."""
    read = _from_former(document) if "resolution" in document else dict(document)
    for former in ("pooled", "pooled_shares"):
        read.pop(former, None)
    for key in ("levels", "frequent", "frequent_shares"):
        read[key] = tuple(read.get(key, ()))
    read["step"] = None if read.get("step") is None else tuple(read["step"])
    read["transform"] = Transform.from_document(read.get("transform", {}))
    return ColumnPlan(**read)


def _from_former(document: dict[str, Any]) -> dict[str, Any]:
    """A plan of former versions, which had bounds as floats (days for datetimes) and a named
    resolution.
    """
    read = {key: value for key, value in document.items() if key != "resolution"}
    if read["role"] != "number":
        return read | {"low": None, "high": None}
    read["gaps"] = read["indicator"] is not None
    unit = {"datetime": NANOSECONDS_PER_DAY, "integer": 1}.get(read["kind"])
    if unit is not None:
        read["step"] = (
            _FORMER_STEPS[document["resolution"]] if read["kind"] == "datetime" else 1,
            1,
        )
        for bound in ("low", "high"):
            read[bound] = None if read[bound] is None else round(read[bound] * unit)
    return read
