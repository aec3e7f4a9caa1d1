"""Hyperparameters: what every family's are, and what those of families that learn in epochs have in
common.

Light on purpose (pydantic only): declarations are validated when Dagster loads, long before torch
is needed. Not here: one family's own (beside its code).
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import ConfigDict, Field, PositiveInt, model_validator

from dge_assets.core.contract.closed_model import ClosedModel


class FamilyParameters(ClosedModel):
    """Hyperparameters of a family, with their published defaults, checked before any training."""

    model_config = ConfigDict(allow_inf_nan=False)
    SAMPLING: ClassVar[frozenset[str]] = frozenset()
    """Names of those that decide the rows of a generator and not the generator: changing one trains
    nothing anew.
    """

    def of_training(self) -> dict[str, Any]:
        """Those that decide a generator, as JSON has them."""
        return self.model_dump(mode="json", exclude=set(self.SAMPLING))

    def of_sampling(self) -> dict[str, Any]:
        """Those that decide a trained generator's rows, as JSON has them."""
        return self.model_dump(mode="json", include=set(self.SAMPLING))


class EpochParameters(FamilyParameters):
    """What every family that learns in epochs has."""

    epochs: PositiveInt = Field(300, description="passes over the training rows")
    batch_size: PositiveInt = Field(500, description="rows per step")
    curve_every: int = Field(
        0, ge=0, description="epochs between points of the learning curve; 0: none"
    )
    patience: int = Field(
        0, ge=0, description="points without a smaller distance after which to stop; 0: never"
    )

    @model_validator(mode="after")
    def _stops_by_the_curve(self) -> EpochParameters:
        if self.patience and not self.curve_every:
            raise ValueError(
                f"patience {self.patience} counts points of the learning curve: set curve_every too"
            )
        return self
