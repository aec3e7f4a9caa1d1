"""The report's tables of uncertainty and of the quality of selection. Not here: how a cell looks (`cells`)."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from dge_assets.core.reporting.cells import TableView, frame_view
from dge_assets.core.reporting.frames import approach_order
from dge_assets.core.reporting.texts import plain_text

_ON_THE_PAGE = ("total", "aleatoric", "generator", "risk", "aurc_total", "excess_aurc_total", "aurc_generator", "ece")
"""More columns would not fit the page's width; the others are in the warehouse."""


def selection_quality_views(quality: pd.DataFrame, metrics: Sequence[str]) -> list[TableView]:
    """A row per (family, metric, approach), for the headline's metrics; all others are in the warehouse."""
    rows = quality[quality["metric"].isin(metrics)] if len(quality) else quality
    if rows.empty:
        return []
    order = {name: position for position, name in enumerate(approach_order(rows["approach"]))}
    ordered = rows.assign(_place=rows["approach"].map(order)).sort_values(["family", "metric", "_place"], kind="stable")
    shown = ordered[["family", "metric", "approach", "kendall", "spearman", "regret"]]
    caption = "Agreement with the oracle's ranking of the models, and the real score lost by the first choice"
    return [frame_view(shown, caption, headers=3, kinds={"approach": "name"})]


def uncertainty_views(uncertainty: pd.DataFrame) -> list[TableView]:
    """One table per family: a row per (model, approach), a column per quantity that fits the page."""
    if uncertainty.empty:
        return []
    return [_of_family(str(family), rows) for family, rows in uncertainty.groupby("family", sort=False)]


def _of_family(family: str, rows: pd.DataFrame) -> TableView:
    wide = rows.pivot(index=["model", "approach"], columns="quantity", values="value")
    wide = wide[[name for name in _ON_THE_PAGE if name in wide]]
    order = [(model, name) for model in rows["model"].unique() for name in approach_order(rows["approach"])]
    table = wide.reindex([pair for pair in order if pair in wide.index]).reset_index()
    caption = f"{plain_text(family)}: uncertainty on real test rows, and whether it is right"
    return frame_view(table, caption, headers=2, kinds={"approach": "name"})
