"""The pictures of the tables of scores, groups, augmentation and the ensemble's size, each with the
sentence that tells how to read it.

Each function is named by a table's card. Not here: drawing (`pictures`), the pictures of the tables
of uncertainty (`pictures.uncertainty_figures`).
"""

from __future__ import annotations

import pandas as pd

from dge_assets.core.reporting.page.augmentation import augmentation_chart
from dge_assets.core.reporting.page.ensemble_size import squared_error_in
from dge_assets.core.reporting.page.group_section import group_gap_chart
from dge_assets.core.reporting.pictures import charts
from dge_assets.core.reporting.pictures.correlation_charts import error_correlation_heatmap
from dge_assets.core.reporting.pictures.figure import Figure, Pictured
from dge_assets.core.scores.metrics import HEADLINE_METRICS


def approaches(scores: pd.DataFrame, about: Pictured) -> list[Figure]:
    """The approaches beside each other, by headline metric."""
    caption = "Scored on real_test; bars: spread over datasets"
    return [
        Figure(f"Approaches, {metric}", caption, charts.approach_comparison(scores, metric))
        for metric in HEADLINE_METRICS[about.contract.task]
    ]


def claims(scores: pd.DataFrame, about: Pictured) -> list[Figure]:
    """What each way of evaluating claims."""
    metric = HEADLINE_METRICS[about.contract.task][0]
    caption = "What each way of evaluating says, beside the truth"
    png = charts.evaluation_comparison(scores, metric)
    return [Figure(f"Claimed and true {metric}", caption, png)]


def groups(gaps: pd.DataFrame, about: Pictured) -> list[Figure]:
    """Gaps to the oracle by group."""
    caption = "How far short of the oracle, mean over models; bars: 95 % over test rows, paired"
    return [
        Figure(f"Groups, {metric}", caption, group_gap_chart(gaps, metric))
        for metric in HEADLINE_METRICS[about.contract.task]
    ]


def augmentation(table: pd.DataFrame, about: Pictured) -> list[Figure]:
    """Real and synthetic rows together."""
    metric = HEADLINE_METRICS[about.contract.task][0]
    caption = "Scored on real_test; whiskers: 95 % interval over the samples of real rows"
    title = f"Real and synthetic rows together, {metric}"
    return [Figure(title, caption, augmentation_chart(table, metric))]


def ensemble_size(curve: pd.DataFrame, about: Pictured) -> list[Figure]:
    """The K curve with the recommended K."""
    recommended = about.tables["k_recommendation"]
    png = charts.k_curve_chart(curve, squared_error_in(curve), recommended=recommended)
    caption = "Score by K, measured and predicted, and the recommended K"
    return [Figure("How many generators", caption, png)]


def error_correlation(table: pd.DataFrame, _about: Pictured) -> list[Figure]:
    """Whether members err alike."""
    caption = "Correlation of members' deviations from the oracle, on real_test"
    png = error_correlation_heatmap(table, "deviation")
    return [Figure("Do members err alike", caption, png)]
