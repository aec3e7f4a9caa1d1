"""The card of `tvae`."""

from __future__ import annotations

from dge_assets.core.generators.card import Abilities, FamilyCard
from dge_assets.core.generators.effort import EPOCHS
from dge_assets.core.generators.stacked.parameters import TVAEParameters

CARD = FamilyCard(
    name="tvae",
    parameters=TVAEParameters,
    implementation="dge_assets.core.generators.families.tvae.family:FAMILY",
    learns="encoded",
    effort=EPOCHS,
    abilities=Abilities(gpu=True, stacks=True, resumes=True),
    licence="Apache-2.0",
    source="Xu et al., Modeling Tabular Data using Conditional GAN, NeurIPS 2019, arXiv 1907.00503",
    library="pytorch",
)
