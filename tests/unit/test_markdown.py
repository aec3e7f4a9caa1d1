"""Names from tables stay text in Markdown, by two renderers that let HTML through."""

from __future__ import annotations

import re

import mistune
import pandas as pd
import pytest
from markdown_it import MarkdownIt

from dge_assets.assets.line import table_metadata
from dge_assets.core.markdown import markdown_cell
from dge_assets.core.reporting.card import markdown_table

HOSTILE = [
    "<script>alert(1)</script>",
    "![x](http://tracker.example/x.png)",
    "[click](javascript:alert(1))",
    "<img src=x onerror=alert(1)>",
    "a | b\n\n# heading",
    "`code` <b>",
    "\\<script>",
    "<http://tracker.example>",
]


def rendered(text: str) -> str:
    mistune_html = mistune.create_markdown(escape=False, plugins=["table"])(text)
    return MarkdownIt("commonmark", {"html": True}).enable("table").render(text) + str(mistune_html)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_becomes_no_element_in_tables_of_cards_and_metadata(name: str) -> None:
    frame = pd.DataFrame({name: [name], "n": [1]})
    for text in (markdown_cell(name), markdown_table(frame), str(table_metadata(frame).value)):
        html = rendered(text)
        assert not re.search(r"<(script|img|a|b|h1|code)\b", html), html
    assert rendered(markdown_table(frame)).count("<td") == 4
