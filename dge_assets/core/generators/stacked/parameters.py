"""Hyperparameters of CTGAN and TVAE, with their published defaults.

Light on purpose (pydantic only): see `generators.parameters`.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from dge_assets.core.generators.parameters import EpochParameters


class CTGANParameters(EpochParameters):
    """Hyperparameters of CTGAN (Xu et al., NeurIPS 2019), named and defaulted as in `ctgan`."""

    embedding_dim: PositiveInt = Field(128, description="length of the noise vector of each row")
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


class TVAEParameters(EpochParameters):
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
