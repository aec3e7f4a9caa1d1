"""TVAE as a family."""

from __future__ import annotations

from dge_assets.core.generators.epochs.family import EpochFamily
from dge_assets.core.generators.stacked.sampling import TVAESampler
from dge_assets.core.generators.stacked.tvae import TVAETrainer

FAMILY = EpochFamily(TVAETrainer, TVAESampler)
