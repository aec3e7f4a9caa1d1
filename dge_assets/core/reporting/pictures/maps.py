"""Maps: mean prediction and spread over the plane of two features, as in the figures of the DGE
paper.

Here: drawing the table of `uncertainty.prediction_map` for one family and model. Not here:
predicting on the grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from dge_assets.core.contract.contract import Level
from dge_assets.core.contract.values import plain_level
from dge_assets.core.reporting.frames import approach_order, require_columns
from dge_assets.core.reporting.pictures.drawing import (
    INK,
    MARKERS,
    MUTED,
    PALETTE,
    TEXT,
    new_figure,
    picture_of_nothing,
    plain_axes,
    png_of,
    put_colour_bar,
    put_label,
    put_legend,
    put_panel_title,
)

POINTS_SHOWN = 300
"""More real points would hide what is under them."""
ROUNDING = 1e-9
"""A spread below this share of the mean is no spread to give a colour scale to."""


def prediction_maps(
    rows: pd.DataFrame, points: pd.DataFrame, *, target: str, classes: Sequence[Level], title: str
) -> bytes:
    """Draw the maps of one family and model: mean prediction above, spread over the fits below, an
    approach per column.

    Where no approach has more than one fit there is no spread, and no second row.

    rows: `approach, x, y, predicted, mean, spread, fits` (`core.prediction_map`). points: real test
    rows, whose first two columns but the target are x and y; at most 300 are drawn, evenly taken,
    and those with gaps are not. classes: of the target, the positive one last; none for a
    regression. The line is the decision boundary, where the predicted class changes. All maps of a
    row share one colour scale.
    """
    require_columns(
        rows, ("approach", "x", "y", "predicted", "mean", "spread", "fits"), "prediction map"
    )
    if rows.empty:
        return picture_of_nothing(
            title, "Maps are drawn for tables with exactly two numeric features."
        )
    approaches = approach_order(rows["approach"])
    quantities = ("mean", "spread") if rows["spread"].notna().any() else ("mean",)
    figure = new_figure(2.75 * len(approaches) + 0.9, 0.8 + 2.4 * len(quantities), title)
    axes: Any = figure.subplots(
        len(quantities), len(approaches), sharex=True, sharey=True, squeeze=False
    )
    for row, quantity in enumerate(quantities):
        images = [
            _panel(
                axis,
                rows[rows["approach"] == approach],
                quantity,
                classes,
                _limits(rows, quantity, classes),
            )
            for axis, approach in zip(axes[row], approaches, strict=True)
        ]
        name = _mean_name(classes) if quantity == "mean" else "spread over fits (std)"
        image = next(image for image in images if image is not None)
        put_colour_bar(figure, image, axes[row], shrink=0.9, name=name)
    for axis, approach in zip(axes[0], approaches, strict=True):
        fits = int(rows.loc[rows["approach"] == approach, "fits"].iloc[0])
        put_panel_title(axis, f"{approach} ({fits} {'fit' if fits == 1 else 'fits'})")
        _points(axis, points, target, classes)
    _label(axes, points, target)
    put_legend(figure, _legend(points, target, classes))
    return png_of(figure)


def _panel(
    axis: Axes,
    rows: pd.DataFrame,
    quantity: str,
    classes: Sequence[Level],
    limits: tuple[float, float],
) -> Any:
    """One map of one approach; None where it has nothing to show."""
    plain_axes(axis)
    axis.grid(visible=False)
    grid = _grid(rows)
    image = _image(axis, grid, quantity, limits, _colours(quantity, classes))
    if classes and image is not None:
        _boundary(axis, grid, classes)
    return image


def _grid(rows: pd.DataFrame) -> dict[str, Any]:
    """The columns of one approach as matrices, y downwards and x across."""
    across, up = np.unique(rows["x"]), np.unique(rows["y"])
    ordered = rows.sort_values(["y", "x"])
    codes = pd.factorize(ordered["predicted"], sort=True)[0]
    matrices = {
        name: ordered[name].to_numpy(dtype=float).reshape(len(up), len(across))
        for name in ("mean", "spread")
    }
    return {"x": across, "y": up, "codes": codes.reshape(len(up), len(across)), **matrices}


def _limits(rows: pd.DataFrame, quantity: str, classes: Sequence[Level]) -> tuple[float, float]:
    values = rows[quantity].dropna()
    if quantity == "spread":
        is_rounding = values.empty or values.max() <= ROUNDING * rows["mean"].abs().max()
        return 0.0, 1.0 if is_rounding else float(values.max())
    return (0.0, 1.0) if classes else (float(values.min()), float(values.max()))


def _colours(quantity: str, classes: Sequence[Level]) -> str:
    """Two hues where there are two sides to take; of more classes how sure, the surest white;
    values in one that grows.
    """
    if quantity == "spread":
        return "viridis"
    return {0: "cividis", 2: "RdBu_r"}.get(len(classes), "Greys_r")


def _image(
    axis: Axes, grid: dict[str, Any], quantity: str, limits: tuple[float, float], colours: str
) -> Any:
    if np.isnan(grid[quantity]).all():
        place: dict[str, Any] = {"transform": axis.transAxes, "ha": "center", "va": "center"}
        axis.text(0.5, 0.5, "one fit:\nno spread to show", fontsize=TEXT, color=MUTED, **place)
        return None
    scale: dict[str, Any] = {"vmin": limits[0], "vmax": limits[1], "cmap": colours}
    return axis.pcolormesh(
        grid["x"], grid["y"], grid[quantity], shading="nearest", rasterized=True, **scale
    )


def _boundary(axis: Axes, grid: dict[str, Any], classes: Sequence[Level]) -> None:
    """Two classes: where the mean probability is one half.

    More: one line around each class but the first.
    """
    style: dict[str, Any] = {"levels": [0.5], "colors": [INK], "linewidths": 1.1}
    regions = [(grid["codes"] == code).astype(float) for code in np.unique(grid["codes"])[1:]]
    for region in [grid["mean"]] if len(regions) == 1 and len(classes) == 2 else regions:
        axis.contour(grid["x"], grid["y"], region, **style)


def _shown(points: pd.DataFrame) -> pd.DataFrame:
    whole = points.dropna()
    step = -(-len(whole) // POINTS_SHOWN) or 1
    return whole.iloc[::step]


def _points(axis: Axes, points: pd.DataFrame, target: str, classes: Sequence[Level]) -> None:
    shown = _shown(points)
    names = [name for name in points.columns if name != target][:2]
    labels = shown[target].map(plain_level)
    groups = [shown[labels == level] for level in classes] if classes else [shown]
    for index, rows in enumerate(groups):
        style = _point_style(index)
        x, y = (rows[name].to_numpy(dtype=float) for name in names)
        axis.scatter(
            x,
            y,
            s=9,
            linewidth=0.5,
            edgecolor="white",
            color=style["color"],
            marker=style["marker"],
            zorder=4,
        )


def _point_style(index: int) -> dict[str, Any]:
    return {"color": PALETTE[index % len(PALETTE)], "marker": MARKERS[index % len(MARKERS)]}


def _legend(
    points: pd.DataFrame, target: str, classes: Sequence[Level]
) -> list[tuple[str, dict[str, Any]]]:
    count = f"{len(_shown(points))} of {len(points)} real rows"
    names = [f"{target} = {level}" for level in classes] or [count]
    signs = [
        _point_style(index) | {"linestyle": "", "markersize": 4} for index in range(len(names))
    ]
    entries = list(zip(names, signs, strict=True))
    if not classes:
        return entries
    return [
        *entries,
        ("decision boundary", {"color": INK, "linewidth": 1.1}),
        (count, {"linestyle": ""}),
    ]


def _mean_name(classes: Sequence[Level]) -> str:
    if not classes:
        return "mean prediction"
    return (
        f"mean probability of {classes[-1]}"
        if len(classes) == 2
        else "mean probability of the predicted class"
    )


def _label(axes: Any, points: pd.DataFrame, target: str) -> None:
    names = [str(name) for name in points.columns if name != target][:2]
    for axis in axes[-1]:
        put_label(axis.set_xlabel, names[0], length=30)
    for axis in axes[:, 0]:
        put_label(axis.set_ylabel, names[1], length=30)
