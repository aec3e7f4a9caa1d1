"""The report's tables of uncertainty and of the quality of selection.

Not here: how a cell looks (`cells`).
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from dge_assets.core.reporting.frames import approach_order
from dge_assets.core.reporting.page.cells import TableView, frame_view, interval_of, with_intervals
from dge_assets.core.reporting.texts import plain_text

_ON_THE_PAGE = (
    "total",
    "aleatoric",
    "generator",
    "risk",
    "aurc_total",
    "excess_aurc_total",
    "aurc_generator",
    "ece",
)
"""More columns would not fit the page's width; the others are in the warehouse."""


def selection_quality_views(quality: pd.DataFrame, metrics: Sequence[str]) -> list[TableView]:
    """A row per (family, metric, approach), for the headline's metrics; all others are in the
    warehouse.
    """
    rows = quality[quality["metric"].isin(metrics)] if len(quality) else quality
    if rows.empty:
        return []
    order = {name: position for position, name in enumerate(approach_order(rows["approach"]))}
    ordered = rows.assign(_place=rows["approach"].map(order)).sort_values(
        ["family", "metric", "_place"], kind="stable"
    )
    measures = ["kendall", "spearman", "regret"]
    caption = "Agreement with the oracle's ranking of the models, and the real score lost by the first choice"
    view = frame_view(
        ordered[["family", "metric", "approach", *measures]],
        caption,
        headers=3,
        kinds={"approach": "name"},
    )
    return [with_intervals(view, {name: interval_of(ordered, name) for name in measures})]


def uncertainty_views(uncertainty: pd.DataFrame) -> list[TableView]:
    """One table per family: a row per (model, approach), a column per quantity that fits the page."""
    if uncertainty.empty:
        return []
    return [
        _of_family(str(family), rows) for family, rows in uncertainty.groupby("family", sort=False)
    ]


def _of_family(family: str, rows: pd.DataFrame) -> TableView:
    index = ["model", "approach"]
    wide = rows.pivot(
        index=index, columns="quantity", values=["value", "low", "high", "over", "reason"]
    )
    order = [
        (model, name)
        for model in rows["model"].unique()
        for name in approach_order(rows["approach"])
    ]
    wide = wide.reindex([pair for pair in order if pair in wide.index])
    names = [name for name in _ON_THE_PAGE if name in wide["value"]]
    table = wide["value"][names].astype("float64").reset_index()
    caption = f"{plain_text(family)}: uncertainty on real test rows, and whether it is right"
    view = frame_view(table, caption, headers=2, kinds={"approach": "name"})
    return with_intervals(view, {name: wide.xs(name, axis=1, level="quantity") for name in names})
