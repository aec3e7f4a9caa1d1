"""The page of evaluation tables and checks is what the cards say."""

from __future__ import annotations

from dge_assets.assets.check_cards import CHECK_CARDS
from dge_assets.core.evaluation.catalogue import CATALOGUE
from tests.support.scripts import script

MAKER = script("make_catalogue")


def test_the_page_is_what_the_cards_say() -> None:
    assert MAKER.PAGE.read_text(encoding="utf-8") == MAKER.page(), "run `make catalogue-page`"


def test_every_table_with_its_columns_and_every_check_is_on_the_page() -> None:
    page = MAKER.page()
    for card in CATALOGUE:
        section = page.split(f"\n### {card.name}\n")[1].partition("\n### ")[0]
        assert card.description in section
        assert all(f"| `{name}` |" in section for name in card.column_names)
    rows = page.split("\n## Checks\n")[1].splitlines()
    assert sum(row.startswith("| `") for row in rows) == len(CHECK_CARDS)
