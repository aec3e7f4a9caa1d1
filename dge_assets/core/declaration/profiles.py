"""Profiles: how much of a declaration is run, and what that cuts.

Here: the three profiles, the limits that a declaration states for them, and a cut as a person reads
it. Not here: the declaration (`declaration.table`), which profile is asked for (`declarations`).

A profile cuts only what somebody said it cuts: `default` and `full` have no limits but those under
the declaration's `profiles`; `smoke` is only ever asked for, and has short ones of its own.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveInt

from dge_assets.core.contract.closed_model import ClosedModel
from dge_assets.core.errors import DeclarationError

Profile = Literal["smoke", "default", "full"]
PROFILES: tuple[Profile, ...] = ("smoke", "default", "full")
TRIAL: Profile = "smoke"
"""The profile whose runs show that a line works; what it cuts is never what a declaration means to
release.
"""


class ProfileLimits(ClosedModel):
    """At most so many seeds and epochs under a profile."""

    seeds: PositiveInt | None = Field(None, description="at most so many members per family")
    epochs: PositiveInt | dict[str, PositiveInt] | None = Field(
        None, description="at most so many epochs: one number, or one per family"
    )

    def epochs_of(self, family: str) -> int | None:
        """The most epochs that `family` trains for, None where this says nothing of it."""
        return self.epochs.get(family) if isinstance(self.epochs, dict) else self.epochs


BUILT_IN_LIMITS: dict[Profile, ProfileLimits] = {
    "smoke": ProfileLimits(seeds=3, epochs=2),
    "default": ProfileLimits(),
    "full": ProfileLimits(),
}


class Cut(ClosedModel):
    """A number that a profile made smaller than declared."""

    field: str
    """`seeds`, `ctgan epochs`."""
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
