"""The picture of members that err alike: one heat map per model over all members of all families.

Not here: computing the correlations (`error_correlation`), what all pictures share (`drawing`),
pictures of scores (`charts`).
"""

from __future__ import annotations

from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from dge_assets.core.arrays import Array
from dge_assets.core.reporting.frames import require_columns
from dge_assets.core.reporting.pictures.drawing import (
    INK,
    MUTED,
    SMALL,
    new_figure,
    picture_of_nothing,
    png_of,
    put_colour_bar,
    put_label,
    put_panel_title,
    put_panels,
)

_COLUMNS = ("model", "family_a", "seed_a", "family_b", "seed_b", "kind", "value")
_ACROSS = 3
_TITLES = {
    "error": "Correlation of members' errors",
    "deviation": "Correlation of members' deviations from the oracle",
}
WRITTEN_MEMBERS = 10
"""Up to so many members the values are written into the cells."""


def error_correlation_heatmap(frame: pd.DataFrame, kind: str, *, title: str | None = None) -> bytes:
    """Draw the correlation of each pair of members: one panel per model, families beside each
    other, -1 to 1.

    `frame` has columns `model, family_a, seed_a, family_b, seed_b, kind, value`, each pair once;
    `kind` picks `error` or `deviation`. White is 0, where averaging helps as if members were
    independent, blue is below; grey cells have no value. Lines part the families.
    """
    require_columns(frame, _COLUMNS, "error correlation")
    chosen = frame[frame["kind"] == kind]
    title = title or f"{_TITLES.get(kind, kind)}, on real test rows"
    models = list(chosen["model"].unique())
    if not models:
        return picture_of_nothing(title, "There are no two members to compare.")
    down = -(-len(models) // _ACROSS)
    across = -(-len(models) // down)
    figure = new_figure(max(2.7 * across + 0.9, 4.6), 2.75 * down + 0.7, title)
    panels = put_panels(figure, len(models), down=down, across=across)
    image: Any = None
    for axis, model in zip(panels, models, strict=True):
        image = _draw(axis, chosen[chosen["model"] == model])
        put_panel_title(axis, model)
    put_colour_bar(figure, image, panels, shrink=0.8)
    return png_of(figure)


def correlation_matrix(pairs: pd.DataFrame) -> tuple[list[tuple[str, int]], Array]:
    """Members in the order of the table, and their symmetric matrix (members, members) with ones on
    the diagonal.
    """
    ends = [
        list(zip(pairs[f"family_{end}"], pairs[f"seed_{end}"], strict=True)) for end in ("a", "b")
    ]
    families = list(dict.fromkeys([*pairs["family_a"], *pairs["family_b"]]))
    members = sorted(
        {*ends[0], *ends[1]}, key=lambda member: (families.index(member[0]), member[1])
    )
    matrix = np.full((len(members), len(members)), np.nan)
    np.fill_diagonal(matrix, 1.0)
    for one, other, value in zip(*ends, pairs["value"], strict=True):
        i, j = members.index(one), members.index(other)
        matrix[i, j] = matrix[j, i] = value
    return members, matrix


def _draw(axis: Axes, pairs: pd.DataFrame) -> Any:
    members, matrix = correlation_matrix(pairs)
    colours = matplotlib.colormaps["RdBu_r"].with_extremes(bad="#c3cad1")
    image = axis.imshow(np.ma.masked_invalid(matrix), cmap=colours, vmin=-1, vmax=1)
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0)
    starts = [
        index
        for index, (family, _) in enumerate(members)
        if index == 0 or family != members[index - 1][0]
    ]
    for start in starts[1:]:
        axis.axhline(start - 0.5, color=INK, linewidth=1.0)
        axis.axvline(start - 0.5, color=INK, linewidth=1.0)
    _name_families(axis, members, starts)
    if len(members) <= WRITTEN_MEMBERS:
        for (i, j), value in np.ndenumerate(matrix):
            if i != j:
                text = f"{value:.2f}".replace("0.", ".") if np.isfinite(value) else "–"
                colour = "white" if abs(value) > 0.6 else INK
                axis.text(j, i, text, ha="center", va="center", fontsize=5.5, color=colour)
    return image


def _name_families(axis: Axes, members: list[tuple[str, int]], starts: list[int]) -> None:
    """The family at the middle of its members; each seed beneath would be too many words."""
    ends = [*starts[1:], len(members)]
    middles = [(start + end - 1) / 2 for start, end in zip(starts, ends, strict=True)]
    names = [members[start][0] for start in starts]
    axis.set_xticks(middles, labels=names, fontsize=SMALL, parse_math=False, color=INK)
    axis.set_yticks(
        middles, labels=names, fontsize=SMALL, parse_math=False, color=INK, rotation=90, va="center"
    )
    put_label(axis.set_xlabel, "members in seed order")
    axis.xaxis.label.set_color(MUTED)
