"""The page of evaluation tables and checks is what the cards say."""

from __future__ import annotations

import importlib.util
from types import ModuleType

from dge_assets.assets.check_cards import CHECK_CARDS
from dge_assets.core.evaluation.catalogue import CATALOGUE
from dge_resources.home import project_root


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "make_catalogue", project_root() / "docs" / "make_catalogue.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MAKER = _load()


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
