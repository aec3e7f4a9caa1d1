"""The custodian's report: the numbers of one table in, one self-contained HTML page out.

Belongs here: putting the page together. Not here: computing scores (`protocols`), drawing
(`charts`), sentences (`verdict`), tables (`tables`), the page's markup and style
(`templates/report.html.j2`), and where the page is kept (the assets). The page names no time of
making, so equal inputs give an equal page.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from dge_assets.core.reporting.frames import metrics_in
from dge_assets.core.reporting.page.augmentation import augmentation_views, claim_interval_views
from dge_assets.core.reporting.page.cells import Cell, frame_view
from dge_assets.core.reporting.page.comparisons import mean_claim_errors, training_gains
from dge_assets.core.reporting.page.ensemble_size import (
    component_views,
    effective_views,
    recommendation_sentences,
)
from dge_assets.core.reporting.page.group_section import gap_views, group_sentences
from dge_assets.core.reporting.page.interval_tables import (
    difference_views,
    of_metrics,
    reason_views,
)
from dge_assets.core.reporting.page.report_input import ReportInput, headline_of
from dge_assets.core.reporting.page.statistic_tables import statistic_views
from dge_assets.core.reporting.page.tables import (
    check_views,
    claim_view,
    gain_view,
    group_views,
    headline_view,
    k_views,
    score_views,
    selection_views,
)
from dge_assets.core.reporting.page.uncertainty_views import (
    selection_quality_views,
    uncertainty_views,
)
from dge_assets.core.reporting.page.verdict import verdict
from dge_assets.core.reporting.texts import UNDEFINED, is_missing, plain_text

BEST = "best of the approaches without real rows, chosen on these test rows"


def render_report(report: ReportInput) -> str:
    """Render the report as one HTML page that needs nothing else: no network, no script, no other
    file.
    """
    headline = headline_of(report)
    metrics = metrics_in(headline)
    gains = training_gains(
        report.training_scores, report.approach_differences, metrics=metrics, model=report.model
    )
    errors = mean_claim_errors(report.claim_errors, metrics=metrics, model=report.model)
    return _page().render(
        title=plain_text(report.title),
        table=plain_text(report.table),
        paragraphs=[plain_text(text) for text in report.description.split("\n\n") if text.strip()],
        verdict=verdict(report),
        failed=_worst_failure(report.checks),
        headline=[headline_view(headline)] if len(headline) else [],
        gains=[
            *gain_view(gains),
            *difference_views(report.approach_differences, metrics, report.model),
        ],
        notes=[plain_text(note) for note in report.notes],
        facts=_pairs(report.facts),
        training=[
            *score_views(
                report.training_scores, "trained as named, scored on real test rows", BEST
            ),
            *reason_views(report.training_scores, ["family", "model", "approach"]),
        ],
        claims=claim_view(errors),
        evaluation=[
            *score_views(report.evaluation_scores, "scores as claimed, and the truth"),
            *reason_views(report.evaluation_scores, ["family", "model", "approach"]),
        ],
        selection=selection_views(report.selection, metrics),
        selection_quality=selection_quality_views(report.selection_quality, metrics),
        uncertainty=uncertainty_views(report.uncertainty),
        group_sentences=group_sentences(report.group_gaps, metrics),
        gaps=gap_views(report.group_gaps, metrics),
        groups=group_views(report, metrics),
        group_reasons=reason_views(of_metrics(report.group_scores, metrics), ["group"]),
        k_sentences=[
            plain_text(text) for text in recommendation_sentences(report.k_recommendation)
        ],
        k_curve=[*k_views(report.k_curve, metrics), *component_views(report.variance_components)],
        errors=effective_views(report.effective_members),
        statistics=statistic_views(report.statistics),
        intervals=claim_interval_views(report.evaluation_intervals, metrics),
        augmentation=augmentation_views(report.augmentation, metrics),
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
