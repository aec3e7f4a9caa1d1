"""Names from tables stay text in Markdown, by two renderers that let HTML through."""

from __future__ import annotations

import re

import dagster as dg
import mistune
import pandas as pd
import pytest
from markdown_it import MarkdownIt

from dge_assets.assets.downstream import downstream_asset
from dge_assets.assets.line import Line
from dge_assets.assets.metadata import notes_metadata, png_metadata
from dge_assets.assets.source import source_assets
from dge_assets.automation import origin_asset
from dge_assets.core.declaration.table import TableDeclaration
from dge_assets.core.reporting.markdown import (
    markdown_cell,
    markdown_list,
    markdown_table,
    markdown_text,
)

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
LINES = [*HOSTILE, "# heading", "1. one", "one\n=====\n\n![x](http://tracker.example/x.png)"]


def rendered(text: str) -> str:
    mistune_html = mistune.create_markdown(escape=False, plugins=["table"])(text)
    return MarkdownIt("commonmark", {"html": True}).enable("table").render(text) + str(mistune_html)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_becomes_no_element_in_a_table(name: str) -> None:
    frame = pd.DataFrame({name: [name], "n": [1]})
    for text in (markdown_cell(name), markdown_table(frame)):
        html = rendered(text)
        assert not re.search(r"<(script|img|a|b|h1|code)\b", html), html
    assert rendered(markdown_table(frame)).count("<td") == 4


@pytest.mark.parametrize("name", LINES)
def test_a_name_becomes_no_element_in_notes_paragraphs_and_captions(name: str) -> None:
    for text in (
        markdown_list([name, f"'{name}': holds"]),
        markdown_text(name),
        str(notes_metadata([name]).value),
    ):
        html = rendered(text)
        assert not re.search(r"<(script|img|a|b|h1|h2|ol|code)\b", html), html
    picture = rendered(str(png_metadata(b"", name).value))
    assert picture.count("<img") == 2, "by each renderer, the picture alone"
    assert not re.search(r"<(script|a|b|h1|h2|code)\b", picture), picture


def test_paragraphs_and_lists_stay_what_they_are() -> None:
    assert markdown_text("All cars & crashes.\n\nOf 1997.") == "All cars &amp; crashes.\n\nOf 1997."
    assert rendered(markdown_text("2,000 rows\n\n- of cars")).count("<p>") == 4
    assert rendered(markdown_list(["a", "b"])).count("<li>") == 4
    assert notes_metadata([]).value == "—"


@pytest.mark.parametrize("name", LINES)
def test_a_declaration_becomes_no_element_in_the_descriptions_of_assets(name: str) -> None:
    declaration = TableDeclaration.model_validate(
        {
            "table": "crash",
            "description": name,
            "source": {"type": "duckdb", "query": f"select '{name}' as x"},
            "contract": {"target": "x"},
            "families": {"tvae": {}},
        }
    )
    line = Line(declaration.plan("full"), ".")
    texts = [
        origin_asset(line).description,
        *descriptions(*source_assets(line), downstream_asset(line, "tvae")),
    ]
    for text in texts:
        html = rendered(text or "")
        assert not re.search(r"<(script|img|a|b|h1|h2|ol)\b", html), html


def descriptions(*assets: dg.AssetsDefinition) -> list[str]:
    return [spec.description or "" for asset in assets for spec in asset.specs]
