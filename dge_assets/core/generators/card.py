"""A family's card: all that must be known of a family before any of it is trained.

Light on purpose (pydantic only): cards are read when Dagster loads, long before torch is needed.
Here: the card. Not here: finding cards (`registry.py`), what a family does (`family.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dge_assets.core.contract.contract import Kind
from dge_assets.core.generators.effort import Effort, EffortUnit
from dge_assets.core.generators.parameters import FamilyParameters

LEARNABLE_KINDS: frozenset[Kind] = frozenset(
    ("continuous", "integer", "categorical", "boolean", "datetime")
)
"""Every kind of column that an encoding makes learnable."""
Form = Literal["encoded", "modelled"]
"""The two forms of a table: rows as networks learn them, or the modelling frame."""


@dataclass(frozen=True, kw_only=True)
class Abilities:
    """What a family can do; what it does not claim is never asked of it."""

    kinds: frozenset[Kind] = LEARNABLE_KINDS
    """Kinds of columns that it learns."""
    conditions: bool = False
    """Draws rows whose values in some columns are given."""
    gpu: bool = False
    """Trains on the declared device `cuda`; else on the CPU whatever is declared."""
    stacks: bool = False
    """Trains several members as one program, which pays on a GPU."""
    resumes: bool = False
    """Keeps checkpoints and goes on from them, with the result of a training that never stopped."""
    private: bool = False
    """Trains within a privacy budget."""


@dataclass(frozen=True, kw_only=True)
class FamilyCard:
    """One family: its name, what it can be told and do, and where its code is.

    >>> FamilyCard(name="trees", parameters=FamilyParameters, implementation="my_trees.family:FAMILY",
    ...            learns="modelled", licence="MIT", source="Author (2026)").effort_of(FamilyParameters())
    """

    name: str
    """What a declaration calls it: lower-case letters, digits and _, a letter first."""
    parameters: type[FamilyParameters]
    """Its hyperparameters; each has a default and a description."""
    implementation: str
    """`package.module:NAME` of its `Family`, imported when a member is trained or sampled."""
    learns: Form
    """The form of real_train that its members learn from."""
    effort: EffortUnit | None = None
    """The unit of its work and what limits it; None where there is nothing to limit."""
    abilities: Abilities = Abilities()
    licence: str
    """SPDX name of its code's licence."""
    source: str
    """The paper that it follows."""
    library: str = "python"
    """What it is built on, as Dagster's graph shows it: `pytorch`, `scikitlearn`."""
    code_version: str = ""
    """Raised by hand when the same inputs give other members; part of each member's recipe."""

    def effort_of(self, parameters: FamilyParameters) -> Effort | None:
        """How much a training with `parameters` is; None where the family has no unit."""
        if self.effort is None:
            return None
        return Effort(self.effort.name, int(getattr(parameters, self.effort.parameter)))

    def limited(self, parameters: FamilyParameters, most: int | None) -> FamilyParameters:
        """`parameters` with at most so much effort; as they are for a family without a unit."""
        effort = self.effort_of(parameters)
        if self.effort is None or effort is None or most is None or most >= effort.amount:
            return parameters
        return parameters.model_copy(update={self.effort.parameter: most})
