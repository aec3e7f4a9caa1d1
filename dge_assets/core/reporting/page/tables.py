"""The tables of the report, one function per section: frames in, tables ready for the page out.

Not here: how a cell looks (`cells`), the order of the sections (`templates/report.html.j2`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from dge_assets.core.reporting.frames import approach_order, best_rows, metrics_in, widest
from dge_assets.core.reporting.page.cells import (
    Cell,
    TableView,
    frame_view,
    interval_cell,
    metric_head,
    number_cell,
    spread_cell,
    with_intervals,
)
from dge_assets.core.reporting.page.comparisons import ClaimError, Gain
from dge_assets.core.reporting.texts import (
    UNDEFINED,
    decimals_for,
    is_missing,
    number_text,
    plain_text,
)
from dge_assets.core.scores.metrics import metric_goal


def headline_view(headline: pd.DataFrame) -> TableView:
    """A row per (family, approach), a column per headline metric, the best of a family marked."""
    metrics = metrics_in(headline)
    decimals = {metric: decimals_for(headline[metric]) for metric in metrics}
    marked = {
        metric: best_rows(headline, metric, ["family"], decimals[metric]) for metric in metrics
    }
    rows = []
    for index in headline.index:
        family, approach = headline["family"][index], headline["approach"][index]
        kind = _row_kind(approach, index and family != headline["family"][index - 1])
        cells = [
            Cell(plain_text(family), kind=kind),
            Cell(plain_text(approach), kind=f"name {kind}".strip()),
        ]
        for metric in metrics:
            hint = "best of its family on these test rows" if index in marked[metric] else ""
            value = headline[metric][index]
            cells.append(spread_cell(value, None, decimals=decimals[metric], best=hint, kind=kind))
        rows.append(cells)
    models = "; ".join(dict.fromkeys(headline["models"])) if "models" in headline else "as given"
    heads = [Cell("family"), Cell("approach"), *map(metric_head, metrics)]
    return TableView(f"Scores on real test rows ({models})", heads, rows, headers=2)


def _row_kind(approach: str, starts_block: object) -> str:
    return (
        f"{'reference' if approach == 'oracle' else ''} {'start' if starts_block else ''}".strip()
    )


def score_views(scores: pd.DataFrame, caption: str, best: str = "") -> list[TableView]:
    """One table per family: a row per (model, approach), a column per metric, value ± std. `best`:
    as what the best is marked; none is where it is empty.

    Below a value stands its interval instead of ± std, where `scores` has low, high, over and
    reason: over members and test rows where that is known, else over test rows.
    """
    if scores.empty:
        return []
    return [
        _score_view(of_family, f"{plain_text(family)}: {caption}", best)
        for family, of_family in scores.groupby("family", sort=False)
    ]


def _score_view(scores: pd.DataFrame, caption: str, hint: str) -> TableView:
    metrics, models = list(scores["metric"].unique()), list(scores["model"].unique())
    order = [(model, name) for model in models for name in approach_order(scores["approach"])]
    # An interval, or why there is none, tells more than the standard deviation that it is made
    # from.
    has_intervals = "over" in scores
    wide = scores.pivot(index=["model", "approach"], columns="metric", values=["value", "std"])
    wide = wide.reindex([pair for pair in order if pair in wide.index])
    values = wide["value"].reset_index().assign(family="")
    decimals = {metric: decimals_for(values[metric]) for metric in metrics}
    keys = ["family", "model"]
    marked = {
        metric: best_rows(values, metric, keys, decimals[metric]) if hint else set()
        for metric in metrics
    }
    is_plain = {metric: has_intervals or wide["std"][metric].isna().all() for metric in metrics}
    widths = {metric: 0 if is_plain[metric] else decimals[metric] + 5 for metric in metrics}
    rows = []
    for index, (model, approach) in enumerate(wide.index):
        kind = _row_kind(approach, index and model != wide.index[index - 1][0])
        cells = [
            Cell(plain_text(model), kind=kind),
            Cell(plain_text(approach), kind=f"name {kind}".strip()),
        ]
        for metric in metrics:
            look: dict[str, Any] = {
                "decimals": decimals[metric],
                "width": widths[metric],
                "kind": kind,
            }
            best = hint if index in marked[metric] else ""
            spread = None if has_intervals else wide["std"][metric].iloc[index]
            cells.append(spread_cell(values[metric][index], spread, best=best, **look))
        rows.append(cells)
    heads = {metric: metric_head(metric, widths[metric]) for metric in metrics}
    view = TableView(caption, [Cell("model"), Cell("approach"), *heads.values()], rows, headers=2)
    if not has_intervals:
        return view
    found = widest(scores).set_index(["metric", "model", "approach"])
    return with_intervals(
        view, {head.text: found.loc[metric].reindex(wide.index) for metric, head in heads.items()}
    )


def gain_view(gains: Sequence[Gain]) -> list[TableView]:
    """A row per (family, metric): the gain of the largest DGE over the mean of single datasets, and
    its interval.
    """
    if not gains:
        return []
    heads = [
        "family",
        "metric",
        "DGE",
        "single datasets",
        "of the DGE",
        "gain",
        EXPECTED,
        "oracle",
        "best on these rows",
    ]
    rows = []
    for gain in gains:
        decimals = gain.decimals
        bounds = interval_cell(gain.low, gain.high, decimals, hint=gain.remark)
        numbers = [number_cell(value, decimals) for value in (gain.naive, gain.value, gain.gain)]
        names = [Cell(plain_text(gain.family)), Cell(gain.metric), Cell(gain.approach, kind="name")]
        best = Cell(f"{gain.best} ({number_text(gain.best_value, decimals)})", kind="name")
        rows.append([*names, *numbers, bounds, number_cell(gain.oracle, decimals), best])
    head_cells = [
        Cell(head, kind="number" if 2 < index < 8 else "") for index, head in enumerate(heads)
    ]
    return [
        TableView(
            "What the ensemble gains over one synthetic dataset; positive is better",
            head_cells,
            rows,
            3,
        )
    ]


def claim_view(errors: Sequence[ClaimError]) -> list[TableView]:
    """A row per (family, metric, approach): how far it is from the truth, to which side, how much
    nearer than naive.
    """
    if not errors:
        return []
    names = (
        "family",
        "metric",
        "approach",
        "error",
        "optimism",
        "not believed above",
        "nearer than naive by",
    )
    heads = [
        Cell(name, kind="number" if place > 2 else "")
        for place, name in enumerate((*names, EXPECTED))
    ]
    rows = []
    for item in errors:
        decimals = decimals_for([item.error, item.optimism, item.gain])
        numbers = [
            number_cell(value, decimals)
            for value in (item.error, item.optimism, item.limit, item.gain)
        ]
        words = [Cell(plain_text(item.family)), Cell(item.metric), Cell(item.approach, kind="name")]
        rows.append([*words, *numbers, interval_cell(item.low, item.high, decimals)])
    caption = "Claims against the truth, mean over members and models; optimism above zero means that too much is claimed"
    return [TableView(caption, heads, rows, 3, CLAIM_NOTE)]


EXPECTED = "95 % over members and test rows"
CLAIM_NOTE = (
    "error: mean distance of a claim from the same model's score on real test rows. Claims are not believed above an "
    "error of 0.05 where a higher metric is better, or of a tenth of the true score where a lower one is. The "
    "interval is given for the largest DGE: where it covers zero, neither way of claiming is shown to be nearer."
)


def selection_views(selection: pd.DataFrame, metrics: Sequence[str]) -> list[TableView]:
    """Per family and metric: which downstream model each way of evaluating would choose."""
    if selection.empty:
        return []
    views = []
    for (family, metric), rows in selection.groupby(["family", "metric"], sort=False):
        if metric in metrics:
            approaches, decimals = approach_order(rows["approach"]), decimals_for(rows["value"])
            table = rows.set_index(["model", "approach"])
            body = [
                [
                    Cell(plain_text(model)),
                    *(_rank_cell(table, (model, name), decimals) for name in approaches),
                ]
                for model in rows["model"].unique()
            ]
            heads = [Cell("model"), *(Cell(name, kind="number") for name in approaches)]
            views.append(
                TableView(f"{plain_text(family)}: {metric} and rank of each model", heads, body)
            )
    return views


def _rank_cell(table: pd.DataFrame, key: tuple[Any, str], decimals: int) -> Cell:
    if key not in table.index or is_missing(table.loc[key, "value"]):
        return Cell("—", UNDEFINED, "number")
    value, rank = table.loc[key, "value"], table.loc[key, "rank"]
    kind, hint = ("best", "chosen by this approach") if rank == 1 else ("", "")
    return Cell(f"{number_text(value, decimals)} (rank {rank:g})", hint, f"number {kind}".strip())


def group_views(
    scores: pd.DataFrame, metrics: Sequence[str], model: str | None = None
) -> list[TableView]:
    """Per headline metric: a row per (family, group), a column per approach, mean over models (or
    of `model`).
    """
    if scores.empty:
        return []
    scores = scores if model is None else scores[scores["model"] == model]
    views = []
    for metric in metrics:
        rows = scores[scores["metric"] == metric]
        if rows.empty:
            continue
        keys = ["family", "group", *(name for name in ("share", "n", "positives") if name in rows)]
        means = rows.groupby([*keys, "approach"], sort=False, dropna=False)["value"].agg(
            lambda v: v.mean(skipna=False)
        )
        table = means.unstack("approach")
        table = table[approach_order(list(table.columns))].reset_index()
        views.append(
            frame_view(table, f"{metric} ({metric_goal(metric)} is better) by group", headers=2)
        )
    return views


def k_views(k_curve: pd.DataFrame, metrics: Sequence[str]) -> list[TableView]:
    """The headline's metrics, and those that are foretold: the prediction holds for squared errors
    alone.
    """
    foretold = (
        set(k_curve.loc[k_curve["predicted"].notna(), "metric"]) if not k_curve.empty else set()
    )
    rows = k_curve[k_curve["metric"].isin({*metrics, *foretold})] if not k_curve.empty else k_curve
    if rows.empty:
        return []
    keys, values = ["family", "metric", "K"], ["measured", "std", "predicted", "seconds"]
    means = (
        rows.groupby(keys, sort=False)[values]
        .agg(lambda column: column.mean(skipna=False))
        .reset_index()
    )
    return [frame_view(means, "Score and cost by number of members K, mean over models", headers=3)]


def check_views(checks: pd.DataFrame) -> list[TableView]:
    """Checks that did not pass come first; the result is a word, so that colour is not needed to
    read it.
    """
    if checks.empty:
        return []
    ordered = checks.assign(passed=checks["passed"].astype(bool)).sort_values(
        "passed", kind="stable"
    )
    frame = ordered.drop(columns="passed")
    view = frame_view(frame, f"{len(checks)} checks", headers=2)
    results = [
        Cell("passed", kind="passed") if ok else Cell("FAILED", kind="failed")
        for ok in ordered["passed"]
    ]
    rows = [[*row[:2], result, *row[2:]] for row, result in zip(view.rows, results, strict=False)]
    return [
        TableView(
            view.caption, [*view.heads[:2], Cell("result"), *view.heads[2:]], rows, 2, view.note
        )
    ]
