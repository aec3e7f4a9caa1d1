"""A family for dge as a package of its own: each column by itself, drawn from the rows.

Here: its card, which is read when Dagster loads, so nothing heavy. Not here: what it does
(`family.py`).
"""

from __future__ import annotations

from pydantic import Field

from dge_assets.core.generators.card import Abilities, FamilyCard
from dge_assets.core.generators.parameters import FamilyParameters


class MarginalsParameters(FamilyParameters):
    """Hyperparameters of `marginals`."""

    share: float = Field(1.0, gt=0, le=1, description="share of the rows that a member draws from")


CARD = FamilyCard(
    name="marginals",
    parameters=MarginalsParameters,
    implementation="dge_family_marginals.family:FAMILY",
    learns="modelled",
    abilities=Abilities(conditions=True),
    licence="Apache-2.0",
    source="nobody's paper: the columns' own distributions, independent of each other",
)
