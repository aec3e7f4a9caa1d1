"""A picture with its words, and what an evaluation table's picture may know besides the table.

Not here: drawing (`drawing` and the charts), which table has which pictures (its card).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from dge_assets.core.cards.table_card import TableCard, named_function
from dge_assets.core.contract.contract import Contract


class Figure(NamedTuple):
    """One picture ready to be shown."""

    title: str
    caption: str
    png: bytes


@dataclass(frozen=True, eq=False, kw_only=True)
class Pictured:
    """What a picture may know besides its table: the contract, the real test rows, and the other
    evaluation tables by name.
    """

    contract: Contract
    real_test: pd.DataFrame
    tables: Mapping[str, pd.DataFrame]


def figures_of(card: TableCard, frame: pd.DataFrame, about: Pictured) -> list[Figure]:
    """The pictures that a table's card names; none for a table without rows."""
    if frame.empty or not card.pictures:
        return []
    figures: list[Figure] = named_function(card.pictures)(frame, about)
    return figures
