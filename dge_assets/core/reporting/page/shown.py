"""What the cards of evaluation tables name as their views and sentences: from (frame, report) to
what a section shows of the frame.

Not here: how those tables and sentences are made (`tables` and its neighbours), in which section
they stand (the cards).
"""

from __future__ import annotations

import pandas as pd

from dge_assets.core.reporting.page import (
    augmentation as augmented,
)
from dge_assets.core.reporting.page import (
    ensemble_size,
    group_section,
    interval_tables,
    statistic_tables,
    tables,
    uncertainty_views,
)
from dge_assets.core.reporting.page.cells import TableView
from dge_assets.core.reporting.page.comparisons import mean_claim_errors, training_gains
from dge_assets.core.reporting.page.report_input import ReportInput

BEST = "best of the approaches without real rows, chosen on these test rows"
PLACE = ("family", "model", "approach")


def headline(_scores: pd.DataFrame, report: ReportInput) -> list[TableView]:
    """The training scores, mean over models."""
    return [tables.headline_view(report.headline)] if len(report.headline) else []


def gains(scores: pd.DataFrame, report: ReportInput) -> list[TableView]:
    """What the ensemble gains over one dataset."""
    differences = report.frame("approach_differences")
    return tables.gain_view(
        training_gains(scores, differences, metrics=report.metrics, model=report.model)
    )


def differences(frame: pd.DataFrame, report: ReportInput) -> list[TableView]:
    """The largest DGE against the others."""
    return interval_tables.difference_views(frame, report.metrics, report.model)


def training(scores: pd.DataFrame, _report: ReportInput) -> list[TableView]:
    """All training scores, and why some are missing."""
    caption = "trained as named, scored on real test rows"
    reasons = interval_tables.reason_views(scores, PLACE)
    return [*tables.score_views(scores, caption, BEST), *reasons]


def claims(errors: pd.DataFrame, report: ReportInput) -> list[TableView]:
    """Claims against the truth."""
    return tables.claim_view(mean_claim_errors(errors, metrics=report.metrics, model=report.model))


def evaluation(scores: pd.DataFrame, _report: ReportInput) -> list[TableView]:
    """All scores of the evaluation, and why some are missing."""
    reasons = interval_tables.reason_views(scores, PLACE)
    return [*tables.score_views(scores, "scores as claimed, and the truth"), *reasons]


def claim_intervals(intervals: pd.DataFrame, report: ReportInput) -> list[TableView]:
    """What all datasets together claim."""
    return augmented.claim_interval_views(intervals, report.metrics)


def selection(frame: pd.DataFrame, report: ReportInput) -> list[TableView]:
    """Which model each way of evaluating would choose."""
    return tables.selection_views(frame, report.metrics)


def selection_quality(frame: pd.DataFrame, report: ReportInput) -> list[TableView]:
    """How good these choices are."""
    return uncertainty_views.selection_quality_views(frame, report.metrics)


def uncertainty(frame: pd.DataFrame, _report: ReportInput) -> list[TableView]:
    """Uncertainty by approach."""
    return uncertainty_views.uncertainty_views(frame)


def gap_sentences(gaps: pd.DataFrame, report: ReportInput) -> list[str]:
    """How many groups were looked at, and which stand out."""
    return group_section.group_sentences(gaps, report.metrics)


def gaps(frame: pd.DataFrame, report: ReportInput) -> list[TableView]:
    """Where the largest DGE falls short most."""
    return group_section.gap_views(frame, report.metrics)


def groups(scores: pd.DataFrame, report: ReportInput) -> list[TableView]:
    """Scores of all groups."""
    return tables.group_views(scores, report.metrics, report.model)


def group_reasons(scores: pd.DataFrame, report: ReportInput) -> list[TableView]:
    """Why scores of groups are missing."""
    of_headline = interval_tables.of_metrics(scores, report.metrics)
    return interval_tables.reason_views(of_headline, ["group"])


def augmentation(frame: pd.DataFrame, report: ReportInput) -> list[TableView]:
    """Real and synthetic rows together."""
    return augmented.augmentation_views(frame, report.metrics)


def recommendation(frame: pd.DataFrame, _report: ReportInput) -> list[str]:
    """The recommended K of each family."""
    return ensemble_size.recommendation_sentences(frame)


def k_curve(frame: pd.DataFrame, report: ReportInput) -> list[TableView]:
    """Score and cost by number of members."""
    return tables.k_views(frame, report.metrics)


def components(frame: pd.DataFrame, _report: ReportInput) -> list[TableView]:
    """What one member's squared error consists of."""
    return ensemble_size.component_views(frame)


def effective(frame: pd.DataFrame, _report: ReportInput) -> list[TableView]:
    """Whether members err alike."""
    return ensemble_size.effective_views(frame)


def statistics(frame: pd.DataFrame, _report: ReportInput) -> list[TableView]:
    """Statistics by each combining rule."""
    return statistic_tables.statistic_views(frame)
