"""Tables of the report that show intervals, and why a value or an interval is missing.

Here: differences between approaches on the same test rows, and reasons. Not here: how intervals are
made (`intervals.interval`), the tables of values, with each value's own interval (`tables`).
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from dge_assets.core.reporting.frames import largest_dge, sign_of
from dge_assets.core.reporting.page.cells import (
    Cell,
    TableView,
    frame_view,
    interval_cell,
    number_cell,
)
from dge_assets.core.reporting.texts import decimals_for, plain_text

AGAINST = {
    "naive_single": "naive_single (dataset 0)",
    "naive_single_mean": "naive_single (mean over datasets)",
    "oracle": "oracle",
}


THESE, EXPECTED = "these members, other rows", "other members, other rows"
BETTER = "models whose interval with other members and rows lies above zero"
DIFFERENCE_NOTE = (
    "Two questions, two 95 % intervals. These members, other rows: how the very datasets of this release compare (paired "
    "bootstrap of the test rows). Other members, other rows: what an ensemble made anew would show (jackknife over members and "
    "bootstrap of rows); naive_ensemble and naive_concat are taken as they are. Where 'better in' has a dash, the sign of the "
    "gain is no finding: averaging never raises a convex loss above the average loss, and the gain in the Brier score over the "
    "mean of its own members is the variance between them."
)


def difference_views(
    differences: pd.DataFrame, metrics: Sequence[str], model: str | None = None
) -> list[TableView]:
    """A row per family, metric and what the largest DGE is compared with: the gain and its paired
    interval.

    Mean over models (or of `model`), signed so that above zero the DGE is better. Ends are the
    means of the models' ends, which is about as wide as the interval of the mean can be, however
    the models' errors go together.
    """
    if differences.empty:
        return []
    rows = differences if model is None else differences[differences["model"] == model]
    cells = []
    for (family, metric, against), part in rows.groupby(
        ["family", "metric", "against"], sort=False
    ):
        chosen = largest_dge(part["approach"])
        if metric in metrics and chosen is not None:
            cells.append(
                _difference_cells(str(family), metric, against, part[part["approach"] == chosen])
            )
    heads = ["family", "metric", "DGE", "compared with", "gain", THESE, EXPECTED, "better in"]
    head_cells = [
        Cell(head, kind="number" if index > 3 else "") for index, head in enumerate(heads)
    ]
    caption = "The largest DGE against others on the same test rows; positive is better"
    return [
        TableView(
            caption,
            head_cells,
            sorted(cells, key=lambda row: metrics.index(row[1].text)),
            4,
            DIFFERENCE_NOTE,
        )
    ]


def _difference_cells(family: str, metric: str, against: str, rows: pd.DataFrame) -> list[Cell]:
    sign = sign_of(metric)
    gain = sign * rows["difference"].mean(skipna=False)
    these, expected = _ends(rows, "", sign), _ends(rows, "expected_", sign)
    decimals = decimals_for([gain, *these, *expected])
    remark = next((text for text in rows["remark"] if text), "")
    lower = sign * rows["expected_low" if sign > 0 else "expected_high"]
    better = (
        Cell("—", remark, "number")
        if remark
        else Cell(f"{int((lower > 0).sum())} of {len(rows)}", BETTER, "number")
    )
    return [
        Cell(plain_text(family)),
        Cell(metric),
        Cell(str(rows["approach"].iloc[0]), kind="name"),
        Cell(AGAINST.get(against, against), kind="name"),
        number_cell(gain, decimals),
        interval_cell(*these, decimals, hint=_why(rows["reason"])),
        interval_cell(*expected, decimals, hint=_why(rows["expected_reason"])),
        better,
    ]


def _ends(rows: pd.DataFrame, prefix: str, sign: int) -> tuple[float, float]:
    """Means over models of the ends, signed so that above zero is better; the low one first."""
    low, high = (sign * float(rows[f"{prefix}{end}"].mean(skipna=False)) for end in ("low", "high"))
    return (low, high) if sign > 0 else (high, low)


def _why(reasons: pd.Series) -> str:
    return "; ".join(dict.fromkeys(reason for reason in reasons if reason))


def of_metrics(scores: pd.DataFrame, metrics: Sequence[str]) -> pd.DataFrame:
    """The rows of some metrics; an empty frame as it is."""
    return scores if scores.empty else scores[scores["metric"].isin(metrics)]


MOST_PLACES = 3


def reason_views(scores: pd.DataFrame, keys: Sequence[str]) -> list[TableView]:
    """Values and intervals that are missing, with why and where; each reason is told once."""
    if scores.empty or "reason" not in scores:
        return []
    missing = scores[scores["reason"] != ""]
    if missing.empty:
        return []
    rows = missing.assign(missing=missing["value"].isna().map({True: "value", False: "interval"}))
    told = []
    for (what, reason), alike in rows.groupby(["missing", "reason"], sort=False):
        metrics = list(alike["metric"].unique())
        everywhere = len(alike) == int(scores["metric"].isin(metrics).sum())
        where = "everywhere" if everywhere else _places(alike[list(keys)])
        told.append((", ".join(metrics), what, reason, len(alike), where))
    table = pd.DataFrame(told, columns=["metric", "missing", "reason", "rows", "where"])
    return [frame_view(table, "What is not defined, and why", headers=1)]


def _places(rows: pd.DataFrame) -> str:
    """The first few places by their keys, and how many more there are."""
    places = list(dict.fromkeys(" ".join(map(str, row)) for row in rows.itertuples(index=False)))
    more = f" and {len(places) - MOST_PLACES} more" if len(places) > MOST_PLACES else ""
    return ", ".join(places[:MOST_PLACES]) + more
