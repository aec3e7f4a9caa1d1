"""The card of `cart`."""

from __future__ import annotations

from dge_assets.core.generators.card import FamilyCard
from dge_assets.core.generators.families.cart.parameters import CARTParameters

CARD = FamilyCard(
    name="cart",
    parameters=CARTParameters,
    implementation="dge_assets.core.generators.families.cart.family:FAMILY",
    learns="modelled",
    licence="Apache-2.0",
    source="Nowok, Raab and Dibben, synthpop: Bespoke Creation of Synthetic Data in R, J. Stat. Softw. 74(11), 2016",
    library="scikitlearn",
)
