"""The custodian's report: the numbers of one table in, one self-contained HTML page out.

Belongs here: putting the page together. Not here: computing scores (`protocols`), drawing
(`charts`), sentences (`verdict`), what each evaluation table shows (`sections`), the page's markup
and style (`templates/report.html.j2`), and where the page is kept (the assets). The page names no
time of making, so equal inputs give an equal page.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from dge_assets.core.reporting.page.cells import Cell, frame_view
from dge_assets.core.reporting.page.report_input import ReportInput
from dge_assets.core.reporting.page.sections import added_sections, blocks_by_section, contents
from dge_assets.core.reporting.page.tables import check_views
from dge_assets.core.reporting.page.verdict import verdict
from dge_assets.core.reporting.texts import UNDEFINED, is_missing, plain_text


def render_report(report: ReportInput) -> str:
    """Render the report as one HTML page that needs nothing else: no network, no script, no other
    file.
    """
    return _page().render(
        title=plain_text(report.title),
        table=plain_text(report.table),
        paragraphs=[plain_text(text) for text in report.description.split("\n\n") if text.strip()],
        contents=contents(report),
        verdict=verdict(report),
        failed=_worst_failure(report.checks),
        notes=[plain_text(note) for note in report.notes],
        facts=_pairs(report.facts),
        blocks=blocks_by_section(report),
        added=added_sections(report),
        figures=[
            (plain_text(t), plain_text(c), b64encode(png).decode("ascii"))
            for t, c, png in report.figures
        ],
        checks=check_views(report.checks),
        members=[frame_view(report.members, f"{len(report.members)} members", headers=2)]
        if len(report.members)
        else [],
        lineage=_pairs(report.lineage),
    )


@cache
def _page() -> Template:
    """The page's template; compiling it takes longer than filling it."""
    environment = Environment(
        loader=PackageLoader("dge_assets.core.reporting", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2")


def _worst_failure(checks: pd.DataFrame) -> str:
    failed = checks[~checks["passed"].astype(bool)] if not checks.empty else checks
    if failed.empty:
        return ""
    return "error" if failed["severity"].astype(str).str.lower().eq("error").any() else "warn"


def _pairs(pairs: Sequence[tuple[str, Any]]) -> list[tuple[str, Cell]]:
    cells = [
        (label, Cell("—", UNDEFINED) if is_missing(value) else Cell(plain_text(value)))
        for label, value in pairs
    ]
    return [(plain_text(label), cell) for label, cell in cells]
