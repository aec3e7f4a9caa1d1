"""CTGAN as a family."""

from __future__ import annotations

from typing import Any

from dge_assets.core.generators.encoding.encoded_table import EncodedTable
from dge_assets.core.generators.epochs.family import EpochFamily
from dge_assets.core.generators.stacked.conditions import level_probabilities
from dge_assets.core.generators.stacked.ctgan import CTGANTrainer
from dge_assets.core.generators.stacked.parameters import CTGANParameters
from dge_assets.core.generators.stacked.sampling import CTGANSampler


def _level_probabilities(table: EncodedTable, parameters: CTGANParameters) -> dict[str, Any]:
    shares = level_probabilities(table, log_frequency=parameters.log_frequency)
    return {"level_probabilities": shares.values.tolist()}


FAMILY = EpochFamily(CTGANTrainer, CTGANSampler, describe=_level_probabilities)
