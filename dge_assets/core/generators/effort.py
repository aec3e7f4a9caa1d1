"""Effort: how much work a member's training is, in the family's own unit.

Here: the unit, an amount of it, and how both are written. Not here: what a profile makes of it
(`declaration.profiles`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class EffortUnit:
    """The unit in which a family's work is told, and the hyperparameter that says how much of it.

    `trial` is how much of it shows that a line works, as the profile `smoke` asks.
    """

    name: str
    """In the plural: `epochs`, `trees`."""
    parameter: str
    """Name of the hyperparameter, a positive integer."""
    trial: int


EPOCHS = EffortUnit("epochs", parameter="epochs", trial=2)
"""The unit of networks: passes over the training rows."""


@dataclass(frozen=True)
class Effort:
    """So much of a unit: `300 epochs`, `30 trees`."""

    unit: str
    amount: int

    def __str__(self) -> str:
        return f"{self.amount} {self.unit}"


def with_effort(name: str, effort: Effort | None) -> str:
    """A family as text with its effort: `ctgan (300 epochs)`, or its name alone where it has none."""
    return name if effort is None else f"{name} ({effort})"


def efforts_text(efforts: Mapping[str, Effort | None]) -> str:
    """The efforts of some families by unit: `epochs: ctgan 50, tvae 100; trees: forest 30`.

    Families without one are left out; empty where none has one.
    """
    told = {name: effort for name, effort in efforts.items() if effort is not None}
    units = dict.fromkeys(effort.unit for effort in told.values())
    return "; ".join(
        f"{unit}: "
        + ", ".join(f"{name} {each.amount}" for name, each in told.items() if each.unit == unit)
        for unit in units
    )


def members_text(members: Mapping[str, int]) -> str:
    """K of some families: `K = 5`, or `K: cart 20, ctgan 5` where they differ."""
    sizes = set(members.values())
    if len(sizes) == 1:
        return f"K = {sizes.pop()}"
    return "K: " + ", ".join(f"{family} {K}" for family, K in members.items())


def sizes_text(members: Mapping[str, int], efforts: Mapping[str, Effort | None]) -> str:
    """How much is trained: `K = 5, epochs: ctgan 50, tvae 100`. `members`: K by family."""
    between = "; " if len(set(members.values())) > 1 else ", "
    return between.join(filter(None, (members_text(members), efforts_text(efforts))))
