"""Sections of the report follow from the cards of the tables: where a table stands, in which form,
and what is refused.
"""

from __future__ import annotations

import re

import pandas as pd
import pytest

from dge_assets.core.cards.columns import FAMILY, count
from dge_assets.core.cards.table_card import Shown, TableCard
from dge_assets.core.errors import EvaluationError
from dge_assets.core.evaluation.catalogue import CATALOGUE
from dge_assets.core.reporting.page.report import render_report
from dge_assets.core.reporting.page.report_input import ReportInput

FRAME = pd.DataFrame({"family": ["tvae"], "size": [7]})


def sizes(*shown: Shown) -> TableCard:
    return TableCard(
        name="sizes",
        description="One row per family: its size.",
        keys=("family",),
        columns=(FAMILY, count("size", "how many")),
        per="family",
        made_by="somewhere:sizes",
        shown=shown,
    )


def page_with(*shown: Shown, frame: pd.DataFrame = FRAME) -> str:
    catalogue = CATALOGUE.with_cards(sizes(*shown))
    return render_report(
        ReportInput(table="t", title="T", tables={"sizes": frame}, catalogue=catalogue)
    )


def section(page: str, name: str) -> str:
    found = re.search(f'<section id="{name}">.*?</section>', page, re.DOTALL)
    assert found, name
    return found.group(0)


def test_a_card_adds_a_section_with_its_entry_in_the_contents() -> None:
    page = page_with(Shown(section="sizes", title="How large & how odd"))
    assert '<li><a href="#sizes">How large &amp; how odd</a></li>' in page
    own = section(page, "sizes")
    assert "<h2>How large &amp; how odd</h2>" in own
    assert "<caption>One row per family: its size.</caption>" in own
    assert '<th scope="row">tvae</th><td class="number">7</td>' in own
    assert page.index('id="statistics"') < page.index('id="sizes"') < page.index('id="pictures"')


def test_a_table_may_join_a_section_and_says_where_it_has_no_rows() -> None:
    place = Shown(section="selection", nothing="No sizes were recorded.")
    assert "No sizes were recorded." not in section(page_with(place), "selection")
    empty = page_with(place, frame=FRAME.iloc[:0])
    assert "No sizes were recorded." in section(empty, "selection")


def test_a_table_that_is_not_shown_is_not_on_the_page() -> None:
    assert "its size" not in page_with()


def test_a_section_without_tables_is_refused() -> None:
    with pytest.raises(
        EvaluationError, match="'sizes' cannot be shown in the report's section 'checks'"
    ):
        page_with(Shown(section="checks"))
