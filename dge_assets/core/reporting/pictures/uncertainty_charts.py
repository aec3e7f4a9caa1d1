"""Pictures of uncertainty, calibration and selective prediction: one evaluation table in, the PNG
bytes of one picture out.

Here: panels of one line per approach, and bars of what uncertainty is made of. Not here: the tables
themselves (`uncertainty.tables`), maps (`maps`), what all pictures share (`drawing`).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from itertools import product
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dge_assets.core.reporting.frames import approach_order, largest_dge, require_columns
from dge_assets.core.reporting.pictures.drawing import (
    DASHED,
    INK,
    MUTED,
    PALETTE,
    grid_of_panels,
    picture_of_nothing,
    png_of,
    put_label,
    put_legend,
    put_panel_title,
    put_row_names,
)
from dge_assets.core.scores.approach import Approach

MOST_ACROSS = 4
NARROWEST = 7.8
"""Inches that the legend's names need."""
_LINES: dict[str, dict[str, Any]] = {
    "oracle": {"color": INK, "linestyle": (0, (1, 1.2))},
    "naive_single": {"color": PALETTE[1], "linestyle": "-"},
    "naive_ensemble": {"color": PALETTE[4], "linestyle": (0, (5, 1.5))},
    "naive_concat": {"color": PALETTE[3], "linestyle": (0, (5, 1.5, 1, 1.5))},
}
_DGE: dict[str, Any] = {"color": PALETTE[0], "linestyle": "-", "linewidth": 1.9, "zorder": 4}
ALEATORIC, GENERATOR = "#9db4c6", PALETTE[1]


def uncertainty_chart(uncertainty: pd.DataFrame, *, title: str) -> bytes:
    """Draw the mean uncertainty of each approach as one bar: what the models say themselves, and
    what is between them.

    `uncertainty` has columns `family, model, approach, quantity, value`. One panel per (family,
    model); nats, or squared units of the target. Where the aleatoric part is not known the bar
    shows the generator's part alone, and says so.
    """
    require_columns(
        uncertainty, ("family", "model", "approach", "quantity", "value"), "uncertainty"
    )
    rows = uncertainty[uncertainty["quantity"].isin(["aleatoric", "generator"])]
    if rows.empty:
        return picture_of_nothing(title, "No uncertainty was measured.")
    approaches = approach_order(rows["approach"])
    figure, panels = _panels(rows, (3.1, 0.75 + 0.2 * len(approaches)), title)
    for axis, of_panel in panels:
        _bars(
            axis,
            of_panel.pivot(index="approach", columns="quantity", values="value").reindex(
                approaches
            ),
        )
        put_row_names(axis, approaches)
        axis.xaxis.set_major_locator(MaxNLocator(5))
    missing = rows.loc[rows["quantity"] == "aleatoric", "value"].isna().any()
    thick = {"linewidth": 6, "solid_capstyle": "butt"}
    entries = [
        ("aleatoric", {"color": ALEATORIC} | thick),
        ("generator (between members)", {"color": GENERATOR} | thick),
    ]
    put_legend(
        figure,
        [*entries, *([("× aleatoric part not known", {"linestyle": ""})] if missing else [])],
    )
    return png_of(figure)


def _bars(axis: Axes, parts: pd.DataFrame) -> None:
    heights = range(len(parts))
    aleatoric = parts["aleatoric"].fillna(0.0)
    axis.barh(heights, aleatoric, height=0.62, linewidth=0, color=ALEATORIC)
    axis.barh(
        heights,
        parts["generator"].fillna(0.0),
        left=aleatoric,
        height=0.62,
        linewidth=0,
        color=GENERATOR,
    )
    for height, unknown in zip(heights, parts["aleatoric"].isna(), strict=True):
        if unknown:
            axis.plot(
                [0], [height], marker="x", color=INK, markersize=4, linestyle="", clip_on=False
            )
    axis.set_xlim(left=0)


def reliability_chart(
    calibration: pd.DataFrame, *, curve: str = "equal_width", title: str
) -> bytes:
    """Draw reliability: how often it came true against how sure the model was; on the dashed line
    is right.

    `calibration` has columns `family, model, approach, curve, bin, confidence, accuracy, n`. A
    point's area is the share of the rows in its bin, so that points that rest on few rows look
    small. Only oracle, naive_single and the largest DGE are drawn: five jagged lines hide each
    other.
    """

    def draw(axis: Axes, line: pd.DataFrame, style: dict[str, Any]) -> None:
        filled = line[line["n"] > 0]
        axis.plot(filled["confidence"], filled["accuracy"], **style | {"linewidth": 0.9})
        sizes = 3 + 90 * filled["n"] / filled["n"].sum()
        axis.scatter(
            filled["confidence"],
            filled["accuracy"],
            s=sizes,
            color=style["color"],
            linewidth=0,
            zorder=5,
        )

    labels = ("confidence, mean of the bin", "share that came true")
    rows = _of_curve(calibration, curve)
    rows = rows[~rows["approach"].isin(["naive_ensemble", "naive_concat"])]
    return _line_chart(rows, draw, title, labels=labels, diagonal=True, from_zero=True)


def confidence_chart(calibration: pd.DataFrame, *, title: str) -> bytes:
    """Draw the accuracy of the rows that are at least so sure, by threshold; below the dashed line
    is overconfident.
    """

    def draw(axis: Axes, line: pd.DataFrame, style: dict[str, Any]) -> None:
        axis.plot(line["confidence"], line["accuracy"], **style)

    labels = ("confidence at least", "accuracy of those rows")
    return _line_chart(
        _of_curve(calibration, "threshold"), draw, title, labels=labels, diagonal=True
    )


def selective_chart(selective: pd.DataFrame, *, title: str) -> bytes:
    """Draw the risk of the rows kept, the surest first, by the share kept; lower is better, flat is
    no better than chance.

    `selective` has columns `family, model, approach, ranking, coverage, risk`. Lines rank rows by
    total uncertainty (a regression, which has none, by the generator's); the thin dashed one is the
    largest DGE ranked by the generator's alone.
    """
    require_columns(
        selective, ("family", "model", "approach", "ranking", "coverage", "risk"), "selective"
    )
    has_total = bool((selective["ranking"] == "total").any())
    main = selective[selective["ranking"] == ("total" if has_total else "generator")]
    of_generator = selective[selective["ranking"] == "generator"]

    def draw(axis: Axes, line: pd.DataFrame, style: dict[str, Any]) -> None:
        line = line.sort_values("coverage")
        axis.plot(line["coverage"], line["risk"], **style)
        approach = line["approach"].iloc[0]
        if has_total and style is _DGE:
            keys = (of_generator["family"] == line["family"].iloc[0]) & (
                of_generator["model"] == line["model"].iloc[0]
            )
            other = of_generator[keys & (of_generator["approach"] == approach)].sort_values(
                "coverage"
            )
            axis.plot(
                other["coverage"],
                other["risk"],
                color=PALETTE[0],
                linestyle=(0, (3, 2)),
                linewidth=0.9,
            )

    labels = ("coverage: share of rows kept", "risk of the rows kept")
    extra = [
        (
            "DGE, by generator part",
            {"color": PALETTE[0], "linestyle": (0, (3, 2)), "linewidth": 0.9},
        )
    ]
    return _line_chart(
        main, draw, title, labels=labels, extra=extra if has_total else [], from_zero=True
    )


def _of_curve(calibration: pd.DataFrame, curve: str) -> pd.DataFrame:
    names = ("family", "model", "approach", "curve", "bin", "confidence", "accuracy", "n")
    require_columns(calibration, names, "calibration")
    return calibration[calibration["curve"] == curve]


def _line_chart(
    rows: pd.DataFrame,
    draw: Callable[[Axes, pd.DataFrame, dict[str, Any]], None],
    title: str,
    *,
    labels: tuple[str, str],
    diagonal: bool = False,
    extra: Sequence[tuple[str, dict[str, Any]]] = (),
    from_zero: bool = False,
) -> bytes:
    """One panel per (family, model), one line per approach; of several DGEs the largest."""
    if rows.empty:
        return picture_of_nothing(
            title, "Not defined for this task: point predictions carry no confidence."
        )
    styles = _styles(list(rows["approach"].unique()))
    figure, panels = _panels(rows, (2.7, 2.3), title)
    for axis, of_panel in panels:
        for approach, style in styles.items():
            line = of_panel[of_panel["approach"] == approach]
            if len(line):
                draw(axis, line, style)
        if diagonal:
            ends = [0.0 if from_zero else float(rows["confidence"].min()), 1.0]
            axis.plot(ends, ends, **DASHED)
        put_label(axis.set_xlabel, labels[0])
        put_label(axis.set_ylabel, labels[1])
    if from_zero:
        panels[0][0].set_ylim(
            bottom=-0.02 if diagonal else 0
        )  # shared by all panels, so not before all are drawn
    right = [("perfectly calibrated", DASHED)] if diagonal else []
    put_legend(figure, [*styles.items(), *extra, *right])
    return png_of(figure)


def _styles(approaches: Sequence[Hashable]) -> dict[str, dict[str, Any]]:
    """Approach -> its line; several DGEs would hide each other, so the largest stands for them."""
    names = [str(name) for name in approaches]
    largest = largest_dge(names)
    styles = {}
    for name in approach_order(names):
        if name == largest:
            styles[name] = _DGE
        elif not Approach.read(name).is_dge:
            styles[name] = {"linewidth": 1.2, "zorder": 3} | _LINES.get(name, {"color": MUTED})
    return styles


def _panels(
    rows: pd.DataFrame, size: tuple[float, float], title: str
) -> tuple[Figure, list[tuple[Axes, pd.DataFrame]]]:
    """A figure with a panel per (family, model), each with its rows; families downwards."""
    families, models = list(rows["family"].unique()), list(rows["model"].unique())
    pairs = list(product(families, models))
    columns = min(len(models) if len(models) > 1 else len(families), MOST_ACROSS)
    panel = (max(size[0], NARROWEST / columns), size[1])
    figure, axes = grid_of_panels(
        len(pairs), columns=columns, panel=panel, title=title, sharex=True, sharey=True
    )
    panels = []
    for axis, (family, model) in zip(axes, pairs, strict=True):
        put_panel_title(axis, f"{family}, {model}")
        panels.append((axis, rows[(rows["family"] == family) & (rows["model"] == model)]))
    return figure, panels
