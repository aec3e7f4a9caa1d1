"""The catalogue: one card per evaluation table, and names that are promised.

The golden names, columns and types below are what the warehouse and its readers rely on: a change
here is a change for them. They say nothing of values.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dge_assets.core.cards.table_card import Shown, TableCard, named_function
from dge_assets.core.errors import EvaluationError
from dge_assets.core.evaluation.catalogue import CATALOGUE, Catalogue

GOLDEN = Path(__file__).parents[2] / "data" / "evaluation_tables.json"
"""By table its columns with types; made anew by
`json.dumps({card.name: card.types for card in CATALOGUE}, indent=1)`."""


def test_no_promised_name_or_type_changes() -> None:
    """It cannot tell of a table that came later, until the golden file is made anew."""
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    for name, types in golden.items():
        card = CATALOGUE[name]
        assert (card.types, card.column_names) == (types, list(types)), name


@pytest.mark.parametrize("card", CATALOGUE.cards, ids=lambda card: card.name)
def test_a_card_says_all_that_there_is_to_say(card: TableCard) -> None:
    assert card.description.startswith("One row per ")
    assert all(column.meaning for column in card.columns)
    assert len(set(card.column_names)) == len(card.columns)
    named = [card.made_by, card.pictures, *(part for place in card.shown for part in _named(place))]
    assert all(callable(named_function(reference)) for reference in named if reference)


def _named(place: Shown) -> tuple[str, str]:
    return place.views, place.sentences


def test_which_tables_a_release_carries() -> None:
    assert [card.name for card in CATALOGUE.released] == ["training_scores", "evaluation_scores"]


def test_two_cards_of_one_name_and_names_without_a_card_are_refused() -> None:
    with pytest.raises(EvaluationError, match=r"\['k_curve'\] have two cards each"):
        CATALOGUE.with_cards(CATALOGUE["k_curve"])
    with pytest.raises(EvaluationError, match="no evaluation table 'k_cruve'; there are"):
        CATALOGUE["k_cruve"]
    assert Catalogue(CATALOGUE.cards[:2]).names == ("evaluation", "training_scores")
