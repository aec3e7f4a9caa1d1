"""The report's section on groups: where the approaches fall short of the oracle, and whether more
than elsewhere.

Here: which groups are shown first, the sentence on how many were looked at, their table and their
picture. Not here: how groups are found and tested (`groups.scores`), scores by group (`tables`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from dge_assets.core.reporting.frames import approach_order, largest_dge, require_columns
from dge_assets.core.reporting.page.cells import Cell, TableView, interval_cell, number_cell
from dge_assets.core.reporting.pictures.drawing import (
    DASHED,
    INK,
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
from dge_assets.core.reporting.texts import decimals_for, plain_text
from dge_assets.core.scores.metrics import metric_goal

ALPHA = 0.05
GROUPS_DRAWN, GROUPS_LISTED, GROUPS_NAMED = 18, 20, 5
STAR: dict[str, Any] = {"color": INK, "marker": "*", "markersize": 5.5, "linestyle": ""}
STAR_GAP = 0.02
"""Between a whisker and its star, as a share of the axis."""
_ENDS = ["gap", "low", "high", "excess", "excess_low", "excess_high"]


def mean_gaps(gaps: pd.DataFrame, metric: str) -> pd.DataFrame:
    """One row per family, group and approach: gap, excess and their intervals, as means over the
    models.

    An interval of means has about the mean ends of the models' intervals at most, however their
    errors go together. A group that one model has no value for has none. `worse`: of how many
    models p_adjusted is below 0.05; `tested`: of how many there is one. The largest excess comes
    first.
    """
    columns = (
        "family",
        "model",
        "group",
        "kind",
        "n",
        "positives",
        "approach",
        "metric",
        *_ENDS,
        "p_adjusted",
        "groups",
    )
    require_columns(gaps, columns, "group gaps")
    rows = gaps[gaps["metric"] == metric]
    rows = rows.assign(worse=rows["p_adjusted"] < ALPHA, tested=rows["p_adjusted"].notna())
    grouped = rows.groupby(["family", "group", "approach"], sort=False)
    means = grouped[_ENDS].agg(lambda values: values.mean(skipna=False))
    kept = grouped[["kind", "n", "positives"]].first()
    table = pd.concat([kept, means, grouped[["worse", "tested"]].sum()], axis=1).reset_index()
    return table.sort_values("excess", ascending=False, kind="stable", ignore_index=True)


def group_sentences(gaps: pd.DataFrame, metrics: Sequence[str]) -> list[str]:
    """How many groups were looked at, what was done about it, and which of them stand out, in plain
    words.
    """
    if gaps.empty:
        return []
    first = (
        f"{gaps['group'].nunique()} groups were looked at. For each family, model, approach and metric the p-values of "
        f"“falls short of the oracle by more than overall” are adjusted for all of its groups (Holm), so that a false "
        f"alarm among them has a chance of at most 5 %; over families, models, approaches and metrics nothing is adjusted."
    )
    scale = (
        "Errors that are squared or absolute are larger where the target varies more, for every approach: read them beside "
        "the number of positives, and beside a metric of ranks such as auc."
    )
    return [
        first,
        *(_finding(gaps, metric) for metric in metrics if metric in set(gaps["metric"])),
        scale,
    ]


def _finding(gaps: pd.DataFrame, metric: str) -> str:
    table = mean_gaps(gaps, metric)
    phrases = []
    for family in gaps["family"].unique():
        of_family = table[table["family"] == family]
        approach = largest_dge(of_family["approach"]) or "naive_single"
        worse = of_family[(of_family["approach"] == approach) & (of_family["worse"] > 0)]
        named = ", ".join(plain_text(name) for name in worse["group"].head(GROUPS_NAMED))
        more = f" and {len(worse) - GROUPS_NAMED} more" if len(worse) > GROUPS_NAMED else ""
        who = (
            f"in {len(worse)} group{'s' * (len(worse) > 1)} ({named}{more})"
            if len(worse)
            else "in no group"
        )
        phrases.append(f"{approach} of {plain_text(family)} {who}")
    return f"On {metric}, worse than overall with at least one model: {'; '.join(phrases)}."


def gap_views(gaps: pd.DataFrame, metrics: Sequence[str]) -> list[TableView]:
    """Per metric: the groups in which the largest DGE falls short of the oracle most, beyond what
    it does overall.
    """
    if gaps.empty:
        return []
    return [
        _gap_view(mean_gaps(gaps, metric), metric)
        for metric in metrics
        if metric in set(gaps["metric"])
    ]


def _gap_view(table: pd.DataFrame, metric: str) -> TableView:
    chosen = largest_dge(table["approach"]) or "naive_single"
    rows = table[table["approach"] == chosen]
    decimals = decimals_for([*rows["gap"], *rows["excess"]])
    cells = [_gap_cells(row, decimals) for row in rows.head(GROUPS_LISTED).itertuples(index=False)]
    heads = [
        "family",
        "group",
        "rows",
        "positives",
        "gap to oracle",
        "95 % interval",
        "beyond overall",
        "95 % interval",
    ]
    head_cells = [
        *(Cell(head, kind="number" if index > 1 else "") for index, head in enumerate(heads))
    ]
    worse = Cell(
        "worse in", "models with an adjusted p below 0.05, of those that could be tested", "number"
    )
    note = (
        f"The first {GROUPS_LISTED} of {len(rows)} rows; all are in the warehouse."
        if len(rows) > GROUPS_LISTED
        else ""
    )
    caption = (
        f"{chosen}: {metric} ({metric_goal(metric)} is better), how far short of the oracle, mean over models; "
        f"intervals over test rows"
    )
    return TableView(caption, [*head_cells, worse], cells, 2, note)


def _gap_cells(row: Any, decimals: int) -> list[Cell]:
    positives = (
        Cell("—", "no positive class", "number")
        if pd.isna(row.positives)
        else Cell(f"{row.positives}")
    )
    return [
        Cell(plain_text(row.family)),
        Cell(plain_text(row.group)),
        Cell(f"{row.n}", kind="number"),
        Cell(positives.text, positives.hint, "number"),
        number_cell(row.gap, decimals),
        interval_cell(row.low, row.high, decimals),
        number_cell(row.excess, decimals),
        interval_cell(row.excess_low, row.excess_high, decimals),
        Cell(f"{row.worse} of {row.tested}", kind="number"),
    ]


def group_gap_chart(gaps: pd.DataFrame, metric: str, *, title: str | None = None) -> bytes:
    """Draw how far naive_single and the largest DGE fall short of the oracle in each group: one
    panel per family.

    `gaps` is the frame of group gaps with `family` and `model`; means over models. Right of zero is
    worse than the oracle; the dashed lines are what each approach falls short by over all rows. The
    groups of the largest excess of the DGE in any family are drawn, at most 18; a star stands where
    at least one model's adjusted p is below 0.05.
    """
    title = title or f"How far {metric} falls short of the oracle, by group"
    table = mean_gaps(gaps, metric) if len(gaps) else gaps
    table = table[table["gap"].notna()] if len(gaps) else gaps
    if table.empty:
        return picture_of_nothing(title, f"No group has a {metric} for every model.")
    approaches, families = approach_order(table["approach"]), list(dict.fromkeys(gaps["family"]))
    chosen = largest_dge(approaches) or approaches[-1]
    names = list(table[table["approach"] == chosen]["group"].drop_duplicates().head(GROUPS_DRAWN))
    height = 0.9 + 0.15 * len(names) * max(len(approaches), 2)
    figure, axes = grid_of_panels(
        len(families), columns=2, panel=(5.2, height), title=title, sharex=True, sharey=True
    )
    for axis, family in zip(axes, families, strict=True):
        put_panel_title(axis, family)
        _draw_gaps(axis, table[table["family"] == family], approaches, names)
        put_label(axis.set_xlabel, f"{metric}: short of the oracle by")
    sizes = table.drop_duplicates("group").set_index("group")["n"]
    put_row_names(axes[0], [f"{name}, n={sizes[name]}" for name in names], length=58)
    entries = [(name, style_of(index)) for index, name in enumerate(approaches)]
    put_legend(
        figure,
        [
            *entries,
            ("95 % over test rows", WHISKER),
            ("over all rows", DASHED),
            ("worse than there", STAR),
        ],
    )
    return png_of(figure)


def _draw_gaps(
    axis: Axes, rows: pd.DataFrame, approaches: Sequence[str], names: Sequence[str]
) -> None:
    axis.axvline(0, color=INK, linewidth=1.0)
    offsets = dodge_offsets(len(approaches))
    for index, approach in enumerate(approaches):
        points = rows[(rows["approach"] == approach) & rows["group"].isin(names)]
        if points.empty:
            continue
        overall = float((points["gap"] - points["excess"]).iloc[0])
        axis.axvline(overall, **DASHED | {"color": style_of(index)["color"]})
        heights = points["group"].map(names.index) + offsets[index]
        # An end that is not known is drawn as no whisker; percentile ends may lie on one side of a
        # mean by rounding.
        reach = np.array([points["gap"] - points["low"], points["high"] - points["gap"]])
        axis.errorbar(points["gap"], heights, xerr=np.fmax(reach, 0), **style_of(index))
        worse = points[points["worse"] > 0]
        ends = worse["high"].fillna(worse["gap"]) + STAR_GAP * float(np.ptp(axis.get_xlim()))
        axis.plot(ends, heights[worse.index], **STAR)
