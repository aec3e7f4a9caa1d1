"""Pictures of losses and scores: one canonical frame in, the PNG bytes of one picture out.

Not here: computing what is drawn (see `protocols`, `metrics`), what all pictures share (`drawing`),
marginal distributions (`marginals`), nor deciding where a picture goes (see `report` and the
assets).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from dge_assets.core.reporting.frames import approach_order, require_columns
from dge_assets.core.reporting.pictures.drawing import (
    DASHED,
    DOTTED,
    INK,
    REAL_FILL,
    SEEDS_IN_LEGEND,
    WHISKER,
    dodge_offsets,
    grid_of_panels,
    new_figure,
    picture_of_nothing,
    plain_axes,
    png_of,
    put_label,
    put_legend,
    put_panel_title,
    put_row_names,
    put_seed_legend,
    sequence_colours,
    style_of,
)
from dge_assets.core.scores.metrics import metric_goal


def losses_of(histories: Mapping[int, pd.DataFrame]) -> pd.DataFrame:
    """The histories of members by seed (first column: the step) as `loss_curves` takes them."""
    parts = [
        history.melt(id_vars=history.columns[0], var_name="loss", value_name="value").assign(
            seed=seed
        )
        for seed, history in histories.items()
        if not history.empty
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def loss_curves(losses: pd.DataFrame, title: str, *, step: str = "epoch") -> bytes:
    """Draw training losses: one panel per loss, one line per seed.

    `losses` has one row per (seed, step, loss) with columns `seed, loss, value` and that of the
    step; values are in the loss's own unit, so each panel has its own scale. Returns PNG bytes; an
    empty frame gives a picture that says so.
    """
    require_columns(losses, ("seed", step, "loss", "value"), "losses")
    names, seeds = list(losses["loss"].unique()), sorted(losses["seed"].unique())
    if not names:
        return picture_of_nothing(title, "No losses were recorded.")
    figure, axes = grid_of_panels(len(names), columns=3, panel=(3.4, 2.3), title=title, sharex=True)
    colours = dict(zip(seeds, sequence_colours(len(seeds)), strict=True))
    for axis, name in zip(axes, names, strict=True):
        put_panel_title(axis, name)
        for seed, member in losses[losses["loss"] == name].groupby("seed"):
            line = member.sort_values(step)
            axis.plot(
                line[step],
                line["value"],
                color=colours[seed],
                linewidth=0.9 if len(seeds) <= SEEDS_IN_LEGEND else 0.5,
            )
        axis.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        put_label(axis.set_xlabel, step)
    put_seed_legend(figure, colours)
    return png_of(figure)


def approach_comparison(scores: pd.DataFrame, metric: str, *, title: str | None = None) -> bytes:
    """Draw one metric of the training scores: approaches downwards, one panel per model, one colour
    per family.

    `scores` has columns `family, model, approach, metric, value, std`. Whiskers are one standard
    deviation each way; a point without a whisker has no spread. The dashed line is the oracle, a
    model trained on real rows.
    """
    chosen = _of_metric(scores, metric, ("family", "model", "approach", "metric", "value", "std"))
    title = (
        title or f"{metric} ({metric_goal(metric)} is better) on real test rows, by training data"
    )
    if chosen.empty:
        return picture_of_nothing(title, f"No finite {metric} was found.")
    models, families = list(chosen["model"].unique()), list(chosen["family"].unique())
    approaches = approach_order(chosen["approach"])
    height = 0.9 + 0.17 * len(approaches) * max(len(families), 2)
    figure, axes = grid_of_panels(
        len(models), columns=3, panel=(3.4, height), title=title, sharex=True, sharey=True
    )
    offsets = dodge_offsets(len(families))
    for axis, model in zip(axes, models, strict=True):
        put_panel_title(axis, model)
        for index, family in enumerate(families):
            rows = chosen[(chosen["model"] == model) & (chosen["family"] == family)]
            for oracle in rows.loc[rows["approach"] == "oracle", "value"]:
                axis.axvline(oracle, **DASHED | {"color": style_of(index)["color"]})
            height_of = rows["approach"].map(approaches.index) + offsets[index]
            _dots(axis, rows["value"], height_of, rows["std"], index)
        put_row_names(axis, approaches)
    named = [(family, style_of(index)) for index, family in enumerate(families)]
    put_legend(figure, [*named, ("oracle", DASHED), ("one standard deviation", WHISKER)])
    return png_of(figure)


def evaluation_comparison(scores: pd.DataFrame, metric: str, *, title: str | None = None) -> bytes:
    """Draw what each way of evaluating claims beside the truth: one panel per family, models
    downwards.

    `scores` is the frame of evaluation scores (`family, model, approach, metric, value, std`):
    `oracle` is the score on real test rows (black bar, its grey band one standard deviation each
    way); `naive` and `dge_K` are claims made from synthetic rows alone. The nearer a claim to the
    bar, the more it can be trusted.
    """
    chosen = _of_metric(scores, metric, ("family", "model", "approach", "metric", "value", "std"))
    title = title or f"{metric} as claimed from synthetic rows, and the truth on real rows"
    if chosen.empty:
        return picture_of_nothing(title, f"No finite {metric} was found.")
    models, families = list(chosen["model"].unique()), list(chosen["family"].unique())
    claims = [name for name in approach_order(chosen["approach"]) if name != "oracle"]
    height = 0.9 + 0.2 * len(models) * max(len(claims), 2)
    figure, axes = grid_of_panels(
        len(families), columns=2, panel=(4.8, height), title=title, sharex=True, sharey=True
    )
    offsets = dodge_offsets(len(claims))
    for axis, family in zip(axes, families, strict=True):
        put_panel_title(axis, family)
        rows = chosen[chosen["family"] == family]
        _truth_bars(axis, rows[rows["approach"] == "oracle"], models)
        for index, claim in enumerate(claims):
            points = rows[rows["approach"] == claim]
            _dots(
                axis,
                points["value"],
                points["model"].map(models.index) + offsets[index],
                points["std"],
                index,
            )
        put_row_names(axis, models)
    truth: dict[str, Any] = {
        "color": INK,
        "marker": "|",
        "markersize": 11,
        "markeredgewidth": 2.2,
        "linestyle": "",
    }
    put_legend(
        figure,
        [
            ("oracle (truth)", truth),
            *((name, style_of(i)) for i, name in enumerate(claims)),
            ("one standard deviation", WHISKER),
        ],
    )
    return png_of(figure)


def k_curve_chart(
    frame: pd.DataFrame,
    metric: str,
    *,
    title: str | None = None,
    recommended: pd.DataFrame | None = None,
) -> bytes:
    """Draw what more members buy and cost: the metric over K per model, and below it the cost.

    `frame` has columns `family, model, K, metric, measured, std, predicted, seconds`. Whiskers are
    one standard deviation each way; the dashed line is the prediction. Seconds (of the first K
    members; left out when none are known) start at zero; the metric's axis does not. `recommended`
    has columns `family, model, K`: a dotted line stands at each K that was measured, and all are
    named above the panel.
    """
    names = ("family", "model", "K", "metric", "measured", "std", "predicted", "seconds")
    chosen = _of_metric(frame, metric, names, value="measured")
    title = title or f"{metric} and cost against the number of members K"
    if chosen.empty:
        return picture_of_nothing(title, f"No finite {metric} was found.")
    models, families = list(chosen["model"].unique()), list(chosen["family"].unique())
    shown = ["measured", "seconds"] if chosen["seconds"].notna().any() else ["measured"]
    sizes = _recommended_sizes(recommended)
    height = 0.7 + 2.0 * len(shown) + (0.13 * (len(families) + 1) if sizes else 0)
    figure = new_figure(max(3.1 * len(models) + 0.3, 4.6), height, title)
    panels: Any = figure.subplots(len(shown), len(models), sharex=True, sharey="row", squeeze=False)
    for axis in panels.flat:
        plain_axes(axis)
    for (row, quantity), (column, model) in product(enumerate(shown), enumerate(models)):
        for index, family in enumerate(families):
            rows = chosen[(chosen["model"] == model) & (chosen["family"] == family)].sort_values(
                "K"
            )
            _k_line(panels[row][column], rows, quantity, style_of(index) | {"linestyle": "-"})
            if sizes.get((family, model), np.inf) <= chosen["K"].max():
                panels[row][column].axvline(
                    sizes[family, model], **DOTTED | {"color": style_of(index)["color"]}
                )
    for column, model in enumerate(models):
        told = [
            f"{family}: K = {sizes[family, model]}"
            for family in families
            if (family, model) in sizes
        ]
        put_panel_title(
            panels[0][column], model, subtitle="; ".join(["recommended", *told]) if told else ""
        )
        _k_ticks(panels[-1][column], chosen["K"])
    for row, quantity in enumerate(shown):
        put_label(panels[row][0].set_ylabel, "CPU seconds" if quantity == "seconds" else metric)
    entries = [
        (family, style_of(index) | {"linestyle": "-"}) for index, family in enumerate(families)
    ]
    foretold = [("predicted", DASHED)] if chosen["predicted"].notna().any() else []
    advised = (
        [("recommended K", DOTTED)]
        if any(size <= chosen["K"].max() for size in sizes.values())
        else []
    )
    put_legend(figure, [*entries, *foretold, *advised, ("one standard deviation", WHISKER)])
    return png_of(figure)


def _recommended_sizes(recommended: pd.DataFrame | None) -> dict[tuple[str, str], int]:
    """(family, model) -> K, where one is recommended."""
    if recommended is None or recommended.empty:
        return {}
    require_columns(recommended, ("family", "model", "K"), "recommended K")
    known = recommended[recommended["K"].notna()]
    return {
        (family, model): int(K)
        for family, model, K in known[["family", "model", "K"]].itertuples(index=False)
    }


def _k_line(axis: Axes, rows: pd.DataFrame, quantity: str, style: dict[str, Any]) -> None:
    if quantity == "seconds":
        axis.plot(rows["K"], rows["seconds"], **style)
        axis.set_ylim(bottom=0)
    else:
        axis.errorbar(rows["K"], rows["measured"], yerr=rows["std"].fillna(0), **style)
        axis.plot(rows["K"], rows["predicted"], **DASHED | {"color": style["color"]})


def _k_ticks(axis: Axes, ks: pd.Series) -> None:
    if ks.nunique() <= 8:
        axis.set_xticks(sorted(ks.unique()))
    else:
        axis.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    put_label(axis.set_xlabel, "K (members)")


def _of_metric(
    frame: pd.DataFrame, metric: str, columns: Sequence[str], *, value: str = "value"
) -> pd.DataFrame:
    require_columns(frame, columns, f"{metric} scores")
    return frame[(frame["metric"] == metric) & np.isfinite(frame[value].astype(float))]


def _dots(axis: Axes, value: pd.Series, height: pd.Series, std: pd.Series, index: int) -> None:
    axis.errorbar(value, height, xerr=std.astype(float).fillna(0.0), **style_of(index))


def _truth_bars(axis: Axes, truth: pd.DataFrame, models: Sequence[str]) -> None:
    for model, value, std in truth[["model", "value", "std"]].itertuples(index=False):
        low, high = models.index(model) - 0.42, models.index(model) + 0.42
        if np.isfinite(std):
            axis.fill_betweenx(
                [low, high], value - std, value + std, color=REAL_FILL, linewidth=0, zorder=1
            )
        axis.plot(
            [value, value], [low, high], color=INK, linewidth=2.0, solid_capstyle="butt", zorder=2
        )
