"""The report's tables of uncertainty and of the quality of selection. Not here: how a cell looks (`cells`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from dge_assets.core.reporting.cells import Cell, TableView, frame_view, with_hints
from dge_assets.core.reporting.frames import approach_order
from dge_assets.core.reporting.group_section import interval_cell
from dge_assets.core.reporting.texts import decimals_for, plain_text

_ON_THE_PAGE = ("total", "aleatoric", "generator", "risk", "aurc_total", "excess_aurc_total", "aurc_generator", "ece")
"""More columns would not fit the page's width; the others are in the warehouse. Intervals are the titles of the cells."""


def selection_quality_views(quality: pd.DataFrame, metrics: Sequence[str]) -> list[TableView]:
    """A row per (family, metric, approach), for the headline's metrics; all others are in the warehouse."""
    rows = quality[quality["metric"].isin(metrics)] if len(quality) else quality
    if rows.empty:
        return []
    order = {name: position for position, name in enumerate(approach_order(rows["approach"]))}
    ordered = rows.assign(_place=rows["approach"].map(order)).sort_values(["family", "metric", "_place"], kind="stable")
    shown = ordered[["family", "metric", "approach", "kendall", "spearman", "regret"]]
    caption = "Agreement with the oracle's ranking of the models, and the real score lost by the first choice"
    view = frame_view(shown, caption, headers=3, kinds={"approach": "name"})
    for name in ("spearman", "kendall"):
        view = with_hints(view, name, ordered, (f"{name}_low", f"{name}_high"))
    decimals = decimals_for(ordered["regret"])
    ends = zip(ordered["regret_low"], ordered["regret_high"], ordered["reason"], strict=False)
    cells = [interval_cell(low, high, decimals, hint=why) for low, high, why in ends]
    rows = [[*row, cell] for row, cell in zip(view.rows, cells, strict=False)]
    return [replace(view, heads=[*view.heads, Cell("95 % of regret, over members", kind="number")], rows=rows)]


def uncertainty_views(uncertainty: pd.DataFrame) -> list[TableView]:
    """One table per family: a row per (model, approach), a column per quantity that fits the page."""
    if uncertainty.empty:
        return []
    return [_of_family(str(family), rows) for family, rows in uncertainty.groupby("family", sort=False)]


def _of_family(family: str, rows: pd.DataFrame) -> TableView:
    index = ["model", "approach"]
    wide = rows.pivot(index=index, columns="quantity", values=["value", "low", "high", "over", "reason"])
    order = [(model, name) for model in rows["model"].unique() for name in approach_order(rows["approach"])]
    wide = wide.reindex([pair for pair in order if pair in wide.index])
    names = [name for name in _ON_THE_PAGE if name in wide["value"]]
    table = wide["value"][names].astype("float64").reset_index()
    caption = f"{plain_text(family)}: uncertainty on real test rows, and whether it is right"
    view = frame_view(table, caption, headers=2, kinds={"approach": "name"})
    for name in names:
        intervals = wide.xs(name, axis=1, level="quantity")
        view = with_hints(view, name, intervals, ("low", "high"))
    return view
