"""From the tables of parts to one table: made by what the card names, labelled, put on each other.

Not here: what a part is (`pair`, `wider`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from dge_assets.core.cards.table_card import TableCard, named_function


def made(cards: Iterable[TableCard], part: Any) -> dict[str, pd.DataFrame]:
    """The tables of one part of the evaluation, by name; without those that it has nothing for."""
    frames = {card.name: named_function(card.made_by)(part) for card in cards}
    return {name: frame for name, frame in frames.items() if frame is not None}


def stacked_tables(
    cards: Iterable[TableCard], parts: Mapping[tuple[str, ...], Mapping[str, pd.DataFrame]]
) -> dict[str, pd.DataFrame]:
    """One table per card from those of all parts, which are keyed by their labels."""
    return {
        card.name: stacked(
            card,
            {labels: tables[card.name] for labels, tables in parts.items() if card.name in tables},
        )
        for card in cards
    }


def stacked(card: TableCard, parts: Mapping[tuple[str, ...], pd.DataFrame]) -> pd.DataFrame:
    """The table of all parts, their labels in front; without rows it has its card's types.

    Raises EvaluationError for a part with other columns than the card's.
    """
    filled = [
        card.require_columns(labelled(frame, dict(zip(card.labels, labels, strict=True))))
        for labels, frame in parts.items()
        if len(frame)
    ]
    if not filled:
        return card.no_rows()
    # Column by column: pandas warns about all-missing columns when it stacks whole frames.
    return pd.DataFrame(
        {
            name: pd.concat([part[name] for part in filled], ignore_index=True)
            for name in card.column_names
        }
    )


def labelled(frame: pd.DataFrame, labels: Mapping[str, str]) -> pd.DataFrame:
    """`frame` with one column more per label, in front of its own."""
    labelled = frame.copy()
    for position, (name, value) in enumerate(labels.items()):
        labelled.insert(position, name, value)
    return labelled
