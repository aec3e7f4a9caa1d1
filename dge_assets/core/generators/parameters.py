"""Hyperparameters of the families, with their published defaults, checked before any training.

Light on purpose (pydantic only): declarations are validated when Dagster loads, long before torch
is needed.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import ConfigDict, Field, PositiveFloat, PositiveInt, model_validator

from dge_assets.core.contract.closed_model import ClosedModel
from dge_assets.core.errors import DeclarationError


class FamilyParameters(ClosedModel):
    """What every family has."""

    model_config = ConfigDict(allow_inf_nan=False)
    SAMPLING: ClassVar[frozenset[str]] = frozenset()
    """Names of those that decide the rows of a generator and not the generator: changing one trains
    nothing anew.
    """

    epochs: PositiveInt = Field(300, description="passes over the training rows")
    batch_size: PositiveInt = Field(500, description="rows per step")
    curve_every: int = Field(
        0, ge=0, description="epochs between points of the learning curve; 0: none"
    )
    patience: int = Field(
        0, ge=0, description="points without a smaller distance after which to stop; 0: never"
    )

    @model_validator(mode="after")
    def _stops_by_the_curve(self) -> FamilyParameters:
        if self.patience and not self.curve_every:
            raise ValueError(
                f"patience {self.patience} counts points of the learning curve: set curve_every too"
            )
        return self

    def of_training(self) -> dict[str, Any]:
        """Those that decide a generator, as JSON has them."""
        return self.model_dump(mode="json", exclude=set(self.SAMPLING))

    def of_sampling(self) -> dict[str, Any]:
        """Those that decide a trained generator's rows, as JSON has them."""
        return self.model_dump(mode="json", include=set(self.SAMPLING))


class CTGANParameters(FamilyParameters):
    """Hyperparameters of CTGAN (Xu et al., NeurIPS 2019), named and defaulted as in `ctgan`."""

    embedding_dim: PositiveInt = Field(128, description="numbers of noise for each row")
    generator_dim: tuple[PositiveInt, ...] = Field(
        (256, 256), description="widths of the generator's residual layers"
    )
    discriminator_dim: tuple[PositiveInt, ...] = Field(
        (256, 256), description="widths of the critic's layers"
    )
    generator_lr: PositiveFloat = Field(2e-4, description="the generator's learning rate")
    generator_decay: float = Field(1e-6, ge=0, description="its weight decay")
    discriminator_lr: PositiveFloat = Field(2e-4, description="the critic's learning rate")
    discriminator_decay: float = Field(1e-6, ge=0, description="its weight decay")
    discriminator_steps: PositiveInt = Field(
        1, description="the critic's steps for each of the generator's"
    )
    log_frequency: bool = Field(
        True, description="conditions are drawn by the log of a level's rows, not by its rows"
    )
    pac: PositiveInt = Field(10, description="rows that the critic judges at once")

    @model_validator(mode="after")
    def _batches_divide(self) -> CTGANParameters:
        if self.batch_size % self.pac or self.batch_size % 2:
            raise ValueError(
                f"batch_size {self.batch_size} must be even and a multiple of pac ({self.pac})"
            )
        return self


class TVAEParameters(FamilyParameters):
    """Hyperparameters of TVAE (Xu et al., NeurIPS 2019), named and defaulted as in `ctgan`, which
    has no `decode`.
    """

    SAMPLING: ClassVar[frozenset[str]] = frozenset({"decode"})

    embedding_dim: PositiveInt = Field(128, description="dimensions of the latent space")
    compress_dims: tuple[PositiveInt, ...] = Field(
        (128, 128), description="widths of the encoder's layers"
    )
    decompress_dims: tuple[PositiveInt, ...] = Field(
        (128, 128), description="widths of the decoder's layers"
    )
    l2scale: float = Field(1e-5, ge=0, description="weight decay")
    loss_factor: PositiveFloat = Field(
        2, description="weight of the reconstruction beside the divergence"
    )
    decode: Literal["draw", "largest"] = Field(
        "draw",
        description="how a level comes from its probabilities in tvae's rows: drawn, which is the model, or the likeliest, "
        "which is what the ctgan package does",
    )


ALGORITHMS: dict[str, type[FamilyParameters]] = {"ctgan": CTGANParameters, "tvae": TVAEParameters}
"""The algorithms that a family can name, and what they can be told."""


def parameters_for(algorithm: str, given: dict[str, Any]) -> FamilyParameters:
    """The checked hyperparameters of `algorithm`; DeclarationError for an unknown algorithm.

    Raises pydantic's ValidationError for a wrong hyperparameter.
    """
    if algorithm not in ALGORITHMS:
        raise DeclarationError(
            f"unknown family algorithm {algorithm!r}; allowed: {', '.join(ALGORITHMS)}"
        )
    return ALGORITHMS[algorithm].model_validate(given)
