"""The page of one validation: one HTML file that needs no network.

Here: Great Expectations' own Data Docs sections, in a page template of ours. Its stock page takes
styles, scripts and icons from CDNs, and writes column names and values into the HTML as they are.
Not here: validation (the package itself). The page names the rows that break an expectation and
quotes no cell.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from dge_assets.core.contract.quoting import rows_text
from dge_resources.quality import ValidationOutcome

MOST_LEVELS = 50
"""Longer lists of levels are cut: a page of thousands of levels is read by nobody."""
_NAMELESS = "(no name)"
_MARKUP = "<>&\"'$"
_STAND_INS = {ord(mark): chr(0xE000 + i) for i, mark in enumerate(_MARKUP)}
"""Private-use characters that pass through every template untouched and become entities at the end.
"""
_CONTROLS = dict.fromkeys(
    [*range(9), 11, 12, *range(14, 32), 127, *range(0xE000, 0xE010)], "\ufffd"
)


def render_page(outcome: ValidationOutcome | Mapping[str, Any], *, title: str) -> str:
    """The page of `outcome` (or of its `document`) as one self-contained HTML file.

    Names and values appear as text, whatever characters they hold.
    """
    document = outcome.document if isinstance(outcome, ValidationOutcome) else outcome
    content = _sections(_shielded({**document, "name": document["name"] or "validation"}))
    return _unshielded(_page(content, document, title=_shielded(title)))


def _sections(document: Mapping[str, Any]) -> Any:
    """The engine's own content for the page."""
    from great_expectations.core.expectation_validation_result import (
        ExpectationSuiteValidationResult,
    )
    from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer

    passed = sum(result["passed"] for result in document["results"])
    number = len(document["results"])
    validation = ExpectationSuiteValidationResult(
        success=document["passed"],
        results=[_engine_result(result) for result in document["results"]],
        suite_name=document["name"],
        statistics={
            "evaluated_expectations": number,
            "successful_expectations": passed,
            "unsuccessful_expectations": number - passed,
            "success_percent": 100 * passed / number if number else None,
        },
        meta={},
    )
    content: dict[str, Any] = (
        ValidationResultsPageRenderer(run_info_at_end=True).render(validation).to_json_dict()
    )
    content["sections"] = _ordered(content["sections"], document)
    return content


def _ordered(sections: list[dict[str, Any]], document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Sections in the order of the table's columns, which the engine keeps only while all columns
    are there.

    Left out: the overview's first block and the section "Run Info", whose facts are in our own
    heading.
    """
    overview, *others = sections
    overview["content_blocks"] = overview["content_blocks"][1:]
    columns = dict.fromkeys(result["expectation"]["column"] for result in document["results"])
    place = {name or _NAMELESS: i for i, name in enumerate(columns) if name is not None}
    return [
        overview,
        *sorted(others[:-1], key=lambda section: place.get(section["section_name"], -1)),
    ]


def _engine_result(result: Mapping[str, Any]) -> Any:
    """One result in the engine's own form, from plain JSON: its renderers stumble over numpy
    numbers.
    """
    from great_expectations.core.expectation_validation_result import ExpectationValidationResult
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    expectation = result["expectation"]
    kwargs = {
        key: _cut(value) if key == "value_set" else value
        for key, value in expectation["kwargs"].items()
    }
    named = {"column": expectation["column"], **kwargs}
    kwargs |= {
        key: named[key] or _NAMELESS
        for key in ("column", "column_A", "column_B")
        if named.get(key) is not None
    }
    if "column_list" in kwargs:
        kwargs["column_list"] = [name or _NAMELESS for name in kwargs["column_list"]]
    return ExpectationValidationResult(
        success=result["passed"],
        expectation_config=ExpectationConfiguration(type=expectation["type"], kwargs=kwargs),
        result=_engine_figures(result),
        exception_info={
            "raised_exception": False,
            "exception_message": None,
            "exception_traceback": None,
        },
    )


def _engine_figures(result: Mapping[str, Any]) -> dict[str, Any]:
    if result["unexpected_count"] is None:
        told_by_figure = result["error"] is None and isinstance(result["observed"], int | str)
        return {
            "observed_value": result["observed"]
            if told_by_figure and not result["details"]
            else result["found"]
        }
    percent = 100 * result["observed"]
    return {
        "element_count": result["checked_count"],
        "unexpected_count": result["unexpected_count"],
        "unexpected_percent": percent,
        "unexpected_percent_nonmissing": percent,
        "unexpected_percent_total": percent,
        "partial_unexpected_list": [rows_text([position]) for position in result["rows"]],
    }


def _cut(values: list[Any]) -> list[Any]:
    left = len(values) - MOST_LEVELS
    return values if left <= 0 else [*values[:MOST_LEVELS], f"... and {left} more"]


def _page(content: Mapping[str, Any], document: Mapping[str, Any], *, title: str) -> str:
    from great_expectations.render.view.view import DefaultJinjaPageView
    from jinja2 import ChoiceLoader, DictLoader

    view = DefaultJinjaPageView()
    loaders: list[Any] = [DictLoader({"dge_page.j2": _TEMPLATE}), view.env.loader]
    view.env.loader = ChoiceLoader(loaders)
    heading = {
        key: document[key] for key in ("rows", "seconds", "started_at", "engine_version", "passed")
    }
    # Not `view.render`, which insists on the engine's content object; ours has been through JSON
    # already.
    return str(
        view.env.get_template("dge_page.j2").render(
            {**content, **heading, "title": title, "style": _STYLE}
        )
    )


def _shielded(value: Any) -> Any:
    """`value` with every character that means something to HTML or to the engine's templates
    replaced.
    """
    if isinstance(value, Mapping):
        return {key: _shielded(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_shielded(each) for each in value]
    return value.translate(_CONTROLS).translate(_STAND_INS) if isinstance(value, str) else value


def _unshielded(page: str) -> str:
    entities = {stand_in: f"&#{mark};" for mark, stand_in in _STAND_INS.items()}
    return re.sub("|".join(entities), lambda found: entities[found.group()], page)


_STYLE = """
:root { color-scheme: light; --line: #d9dee4; --muted: #5b6672; --good: #1a7f4b; --bad: #b42318; }
* { box-sizing: border-box; }
body { margin: 0; color: #1b2430; background: #f5f7f9; font: 15px/1.5 system-ui, "Segoe UI", sans-serif; }
header, .layout { max-width: 1180px; margin: 0 auto; padding: 1.25rem 1.5rem; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h5 { font-size: 1.05rem; margin: 0; overflow-wrap: anywhere; }
h6 { font-size: .85rem; margin: 0; color: var(--muted); }
.verdict { font-weight: 600; } .verdict.passed { color: var(--good); } .verdict.failed { color: var(--bad); }
.facts { color: var(--muted); margin: 0; }
.layout { display: grid; grid-template-columns: 13rem minmax(0, 1fr); gap: 1.5rem; padding-top: 0; }
nav { position: sticky; top: 1rem; align-self: start; max-height: 95vh; overflow: auto; font-size: .9rem; }
nav ol { list-style: none; margin: .5rem 0; padding: 0; } nav a { color: inherit; overflow-wrap: anywhere; }
.ge-section { background: #fff; border: 1px solid var(--line); border-radius: 6px; margin-bottom: 1rem; }
.ge-section { padding: .9rem 1.1rem; }
table { border-collapse: collapse; width: 100%; margin-top: .5rem; }
th { text-align: left; font-size: .8rem; color: var(--muted); font-weight: 600; }
th, td { padding: .35rem .6rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
.table-sm { max-width: 30rem; }
td { overflow-wrap: anywhere; } tr:last-child > td { border-bottom: 0; }
table[data-search] { table-layout: fixed; }
table[data-search] > thead th:first-child { width: 4rem; }
table[data-search] > thead th:last-child { width: 30%; padding-left: 1rem; }
table[data-search] > tbody > tr > td:last-child { padding-left: 1rem; }
td table { width: auto; min-width: 14rem; margin: .4rem 0; background: #f5f7f9; }
td table td, td table th { padding: .15rem .6rem; }
.badge { background: #eef1f4; border-radius: 4px; padding: 0 .35rem; font-family: ui-monospace, monospace; }
.badge { font-size: .9em; overflow-wrap: anywhere; }
i.fa-check-circle, i.fa-times, i.fa-exclamation-triangle { font-style: normal; font-weight: 700; }
i.fa-check-circle::before { content: "\\2713"; color: var(--good); }
i.fa-times::before { content: "\\2717"; color: var(--bad); }
i.fa-exclamation-triangle::before { content: "!"; color: var(--bad); }
body:has(#failed-only:checked) tr:has(> td.hide-succeeded-validation-target-child) { display: none; }
@media (max-width: 700px) { .layout { grid-template-columns: 1fr; } nav { position: static; } }
@media print { nav { display: none; } .layout { display: block; } }
"""

_TEMPLATE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title>
<style>{{ style }}</style>
</head>
<body>
<header>
<h1>{{ title }}</h1>
<p class="verdict {{ 'passed' if passed else 'failed' }}">
{{- 'Passed: every expectation holds' if passed else 'Failed: not every expectation holds' }}</p>
<p class="facts">{{ '{:,}'.format(rows) }} rows checked in {{ '%.2f' % seconds }} s, {{ started_at }},
by Great Expectations {{ engine_version }}</p>
</header>
<div class="layout">
<nav><label><input type="checkbox" id="failed-only"> failed only</label><ol>
{% for section in sections %}<li><a href="#section-{{ loop.index }}">{{ section.section_name }}</a></li>
{% endfor %}</ol></nav>
<main>
{% for section in sections %}{% set section_loop = loop %}{% include 'section.j2' %}{% endfor %}
</main>
</div>
</body>
</html>
"""
