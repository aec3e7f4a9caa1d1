"""The picture of cross scores: how each member's model does on each member's dataset, one heat map
per family.

Not here: computing them (`scores.tables.cross_scores`), what all pictures share (`drawing`), other
pictures of scores (`charts`).
"""

from __future__ import annotations

from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle

from dge_assets.core.arrays import Array
from dge_assets.core.errors import EvaluationError
from dge_assets.core.reporting.frames import require_columns
from dge_assets.core.reporting.pictures.drawing import (
    INK,
    PALETTE,
    REAL_FILL,
    SMALL,
    new_figure,
    picture_of_nothing,
    png_of,
    put_colour_bar,
    put_label,
    put_legend,
    put_panel_title,
    put_panels,
)
from dge_assets.core.scores.metrics import metric_goal

_COLUMNS = ("family", "train_seed", "test_seed", "metric", "value")
_ACROSS = 2
WRITTEN_MEMBERS = 8
"""Up to so many members the values are written into the cells."""
_OWN: dict[str, Any] = {"marker": "s", "markersize": 7, "markerfacecolor": "none", "linestyle": ""}
_OWN |= {"markeredgecolor": PALETTE[1], "markeredgewidth": 1.6}
_NONE = _OWN | {"markeredgecolor": REAL_FILL, "markeredgewidth": 1.0}


def cross_score_heatmap(frame: pd.DataFrame, metric: str, *, title: str | None = None) -> bytes:
    """Draw how the model of each member scores on the dataset of each other: trained downwards,
    scored across.

    `frame` has columns `family, train_seed, test_seed, metric, value`, each pair of seeds of a
    family once (one model); one panel per family, all on one scale on which lighter is better.
    Outlined is the diagonal, a model on held-out rows of its own dataset: the naive evaluation.
    Above a panel stand the means of both. Returns PNG bytes; without finite values a picture that
    says so. Raises `EvaluationError` if a pair of seeds occurs twice.
    """
    require_columns(frame, _COLUMNS, "cross scores")
    chosen = frame[frame["metric"] == metric]
    title = title or f"Trained on one dataset, scored on another: {metric}"
    values = chosen["value"].to_numpy(dtype=np.float64)
    finite = values[np.isfinite(values)]
    if not len(finite):
        return picture_of_nothing(title, f"No finite {metric} was found.")
    twice = chosen[chosen.duplicated(["family", "train_seed", "test_seed"])]
    if len(twice):
        family, *pair = twice.iloc[0][["family", "train_seed", "test_seed"]]
        raise EvaluationError(
            f"cross scores: seeds {pair} of {family} occur twice for {metric}; pass one model"
        )
    families = list(chosen["family"].unique())
    across = min(len(families), _ACROSS)
    down = -(-len(families) // across)
    figure = new_figure(max(3.5 * across + 0.9, 5.2), 3.75 * down + 0.9, title)
    panels = put_panels(figure, len(families), down=down, across=across)
    colours = matplotlib.colormaps["viridis" if metric_goal(metric) == "higher" else "viridis_r"]
    shown = colours.with_extremes(bad="white"), Normalize(finite.min(), finite.max())
    image: Any = None
    for axis, family in zip(panels, families, strict=True):
        seeds, grid = _grid(chosen[chosen["family"] == family])
        image = _draw(axis, seeds, grid, shown)
        put_panel_title(axis, family, subtitle=_means(grid))
    bar = put_colour_bar(
        figure, image, panels, shrink=0.75, name=f"{metric}, {metric_goal(metric)} is better"
    )
    bar.ax.tick_params(length=0)
    gaps = [("no value", _NONE)] if len(finite) < len(values) else []
    put_legend(figure, [("own dataset (held-out rows)", _OWN), *gaps])
    return png_of(figure)


def _grid(pairs: pd.DataFrame) -> tuple[list[int], Array]:
    """The seeds in order, and their scores (seeds, seeds), trained downwards; NaN where a pair has
    none.
    """
    seeds = sorted({*pairs["train_seed"], *pairs["test_seed"]})
    table = pairs.pivot(index="train_seed", columns="test_seed", values="value").reindex(
        index=seeds, columns=seeds
    )
    return seeds, table.to_numpy(dtype=np.float64)


def _means(grid: Array) -> str:
    """Mean over the finite values of the diagonal, and of the others."""
    own = np.eye(len(grid), dtype=bool) & np.isfinite(grid)
    others = ~np.eye(len(grid), dtype=bool) & np.isfinite(grid)
    told = [
        f"mean {name}: {_short(float(grid[cells].mean()))}"
        for name, cells in (("on own held-out rows", own), ("on the other datasets", others))
        if cells.any()
    ]
    return "; ".join(told)


def _draw(axis: Axes, seeds: list[int], grid: Array, shown: tuple[Any, Normalize]) -> Any:
    """One heat map of grid (seeds, seeds), with `shown` as its colours and scale."""
    colours, scale = shown
    image = axis.imshow(np.ma.masked_invalid(grid), cmap=colours, norm=scale, aspect="equal")
    for (row, column), value in np.ndenumerate(grid):
        if row == column:
            box: dict[str, Any] = {"fill": False, "edgecolor": PALETTE[1], "linewidth": 1.6}
            axis.add_patch(Rectangle((column - 0.44, row - 0.44), 0.88, 0.88, **box))
        if len(seeds) <= WRITTEN_MEMBERS:
            light = (
                np.dot(colours(scale(value))[:3], (0.299, 0.587, 0.114)) > 0.5
                if np.isfinite(value)
                else True
            )
            text = _short(value) if np.isfinite(value) else "–"
            axis.text(
                column,
                row,
                text,
                ha="center",
                va="center",
                fontsize=6.5,
                color=INK if light else "white",
            )
    # Every label of a few seeds; of many, as many as have room.
    step = -(-len(seeds) // 10)
    for set_ticks in (axis.set_xticks, axis.set_yticks):
        set_ticks(
            range(0, len(seeds), step), labels=[str(seed) for seed in seeds[::step]], fontsize=SMALL
        )
    put_label(axis.set_xlabel, "scored on the dataset of seed")
    put_label(axis.set_ylabel, "trained on the dataset of seed")
    axis.tick_params(length=0, colors=INK)
    axis.spines[:].set_visible(False)
    return image


def _short(value: float) -> str:
    """Three digits of any size, or three decimals: `0.873`, `12.4`, `25612`, `3.1e+06`."""
    if 100 <= abs(value) < 1e6:
        return f"{value:.0f}"
    return f"{value:.3f}" if 1e-2 <= abs(value) < 10 else f"{value:.3g}"
