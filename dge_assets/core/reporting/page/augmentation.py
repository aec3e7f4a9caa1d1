"""Augmentation and the intervals of the evaluation as the report shows them: tables and one
picture.

Not here: how either is computed (`augmentation.scores`, `scores.claim_intervals`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dge_assets.core.reporting.frames import require_columns
from dge_assets.core.reporting.page.cells import TableView, frame_view
from dge_assets.core.reporting.page.interval_tables import reason_views
from dge_assets.core.reporting.pictures.drawing import (
    WHISKER,
    dodge_offsets,
    grid_of_panels,
    picture_of_nothing,
    png_of,
    put_label,
    put_legend,
    put_panel_title,
    put_row_names,
    style_of,
)
from dge_assets.core.scores.metrics import metric_goal

_SHOWN = [
    *("family", "model", "real_rows", "approach", "weight", "value", "low", "high"),
    *("gain", "gain_low", "gain_high", "p_adjusted", "verdict"),
]


def augmentation_views(augmentation: pd.DataFrame, metrics: Sequence[str]) -> list[TableView]:
    """Per headline metric: a row per family, model, size, approach and weight, its gain over real
    only and the verdict.

    The caption says over how many comparisons p is adjusted: they are those of one family, model
    and metric.
    """
    if augmentation.empty:
        return []
    views = []
    for metric in metrics:
        rows = augmentation[augmentation["metric"] == metric]
        if len(rows):
            counts = sorted({int(count) for count in rows["comparisons"]})
            compared = " to ".join(dict.fromkeys((str(counts[0]), str(counts[-1]))))
            caption = (
                f"{metric} ({metric_goal(metric)} is better) by training rows; gain over real only, positive is better; "
                f"p adjusted (Holm) for the {compared} comparisons of a family and model"
            )
            views.append(frame_view(rows[_SHOWN], caption, headers=4, kinds={"approach": "name"}))
    return views


def claim_interval_views(intervals: pd.DataFrame, metrics: Sequence[str]) -> list[TableView]:
    """What all datasets together claim, with its intervals, for the headline's metrics."""
    rows = intervals[intervals["metric"].isin(metrics)] if not intervals.empty else intervals
    if rows.empty:
        return []
    largest = rows.groupby("family", sort=False)["approach"].transform("last")
    of_largest = rows[rows["approach"] == largest]
    shown = of_largest.drop(columns=["standard_error", "reason"], errors="ignore")
    caption = (
        "What the datasets claim, each model scored on those of the others, and its 95 % intervals: for the models at hand, "
        "and for a model of one more member; first_K: the models and datasets of the first K members; errors that all generators "
        "share are not covered"
    )
    views = [frame_view(shown, caption, headers=5, kinds={"approach": "name"})]
    return views + reason_views(of_largest, ["family", "model", "over"])


def augmentation_chart(table: pd.DataFrame, metric: str, *, title: str | None = None) -> bytes:
    """Draw one metric of the augmentation table: approaches downwards, a panel per family and
    model, a colour per size.

    `table` has columns `family, model, real_rows, approach, weight, metric, value, low, high`.
    Whiskers are the 95 % interval over the samples of real rows. Returns PNG bytes; without finite
    values a picture that says so.
    """
    require_columns(
        table,
        ("family", "model", "real_rows", "approach", "weight", "metric", "value", "low"),
        "augmentation",
    )
    chosen = table[(table["metric"] == metric) & np.isfinite(table["value"].astype(float))]
    title = (
        title
        or f"{metric} ({metric_goal(metric)} is better) of a few real rows, alone and with synthetic rows"
    )
    if chosen.empty:
        return picture_of_nothing(title, f"No finite {metric} was found.")
    chosen = chosen.assign(
        row=[_row_name(*pair) for pair in zip(chosen["approach"], chosen["weight"], strict=True)]
    )
    names, sizes = list(dict.fromkeys(chosen["row"])), sorted(chosen["real_rows"].unique())
    panels = list(dict.fromkeys(zip(chosen["family"], chosen["model"], strict=True)))
    height = 0.8 + 0.16 * len(names) * max(len(sizes), 2)
    figure, axes = grid_of_panels(
        len(panels), columns=2, panel=(4.4, height), title=title, sharex=True, sharey=True
    )
    offsets = dodge_offsets(len(sizes))
    for axis, (family, model) in zip(axes, panels, strict=True):
        put_panel_title(axis, f"{family}, {model}")
        for index, size in enumerate(sizes):
            of_panel = (
                (chosen["family"] == family)
                & (chosen["model"] == model)
                & (chosen["real_rows"] == size)
            )
            rows = chosen[of_panel]
            reach = (rows["value"] - rows["low"]).astype(float).fillna(0.0)
            axis.errorbar(
                rows["value"],
                rows["row"].map(names.index) + offsets[index],
                xerr=reach,
                **style_of(index),
            )
        put_row_names(axis, names, length=26)
        put_label(axis.set_xlabel, metric)
    entries = [(f"{size} real rows", style_of(index)) for index, size in enumerate(sizes)]
    put_legend(figure, [*entries, ("95 % interval", WHISKER)])
    return png_of(figure)


def _row_name(approach: str, weight: float) -> str:
    return approach if weight in (0, 1) else f"{approach}, weight {weight:g}"
