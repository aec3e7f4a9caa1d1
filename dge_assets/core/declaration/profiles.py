"""Profiles: how much of a declaration is run, and what that cuts.

Here: the three profiles, the limits that a declaration states for them, and a cut as a person reads
it. Not here: the declaration (`declaration.table`), which profile is asked for (`declarations`).

A profile cuts only what somebody said it cuts: `default` and `full` have no limits but those under
the declaration's `profiles`; `smoke` is only ever asked for, and has short ones of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, PositiveInt

from dge_assets.core.contract.closed_model import ClosedModel
from dge_assets.core.contract.masking import shown_name
from dge_assets.core.errors import DeclarationError
from dge_assets.core.generators.effort import EPOCHS, EffortUnit

Profile = Literal["smoke", "default", "full"]
PROFILES: tuple[Profile, ...] = ("smoke", "default", "full")
TRIAL: Profile = "smoke"
"""The profile whose runs show that a line works; what it cuts is never what a declaration means to
release.
"""


class ProfileLimits(ClosedModel):
    """At most so many seeds, and so much effort, under a profile."""

    seeds: PositiveInt | dict[str, PositiveInt] | None = Field(
        None, description="at most so many members: one number, or one per family"
    )
    epochs: PositiveInt | dict[str, PositiveInt] | None = Field(
        None,
        description="at most so many epochs: one number, or one per family; for families that learn in epochs",
    )
    effort: dict[str, PositiveInt] = Field(
        default_factory=dict,
        description="at most so much of each family's own unit, such as trees, by family",
    )

    def seeds_of(self, family: str) -> int | None:
        """The most members that `family` has, None where this says nothing of it."""
        return self.seeds.get(family) if isinstance(self.seeds, dict) else self.seeds

    def most_of(self, family: str, unit: EffortUnit | None) -> int | None:
        """The most of its unit that `family` trains for, None where this says nothing of it."""
        if unit is None:
            return None
        epochs = self.epochs.get(family) if isinstance(self.epochs, dict) else self.epochs
        return self.effort.get(family, epochs if unit == EPOCHS else None)

    def mistakes(self, units: Mapping[str, EffortUnit | None]) -> list[str]:
        """What names a family that is not there, or that has no such unit; `units` by family."""
        seeds, epochs = (
            limit if isinstance(limit, dict) else {} for limit in (self.seeds, self.epochs)
        )
        unknown = {
            said: sorted(map(shown_name, set(named) - set(units)))
            for said, named in (
                ("seeds name", seeds),
                ("epochs name", epochs),
                ("effort names", self.effort),
            )
        }
        return [
            *(
                f"{said} unknown families {names}; allowed: {', '.join(units)}"
                for said, names in unknown.items()
                if names
            ),
            *(
                f"epochs: {family} does not learn in epochs, but in {unit.name}: limit it under `effort`"
                for family, unit in units.items()
                if family in epochs and unit is not None and unit != EPOCHS
            ),
            *(
                f"{family} has no effort that could be limited: leave it out"
                for family, unit in units.items()
                if family in {*epochs, *self.effort} and unit is None
            ),
        ]


TRIAL_SEEDS = 3
"""Members per family that show that a line works."""


def built_in_limits(profile: Profile, units: Mapping[str, EffortUnit | None]) -> ProfileLimits:
    """The limits of a profile where a declaration states none; `units` by family."""
    if profile != TRIAL:
        return ProfileLimits()
    trials = {family: unit.trial for family, unit in units.items() if unit is not None}
    return ProfileLimits(seeds=TRIAL_SEEDS, effort=trials)


class Cut(ClosedModel):
    """A number that a profile made smaller than declared."""

    field: str
    """`seeds`, `cart seeds`, `ctgan epochs`."""
    declared: int
    used: int

    def __str__(self) -> str:
        return f"{self.field} {self.declared} -> {self.used}"


def read_profile(name: str) -> Profile:
    """`name` as a profile; DeclarationError with the allowed names otherwise."""
    if name not in PROFILES:
        raise DeclarationError(
            f"DGE_PROFILE: unknown profile {name!r}; allowed: {', '.join(PROFILES)}"
        )
    return name
