"""Cells and tables ready for the page, and a frame shown as it is.

Not here: which tables a report has (`tables`), their markup (`templates/report.html.j2`).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from dge_assets.core.reporting.frames import metric_label
from dge_assets.core.reporting.texts import (
    NO_SPREAD,
    UNDEFINED,
    decimals_for,
    is_missing,
    number_text,
    plain_text,
)
from dge_assets.core.scores.metrics import metric_goal

ROWS_SHOWN = 200
"""Longer tables are cut on the page, and say so."""


@dataclass(frozen=True)
class Cell:
    """One cell; `hint` becomes its title, `kind` its CSS classes, `spread` stands behind it,
    `interval` below.
    """

    text: str
    hint: str = ""
    kind: str = ""
    spread: str = ""
    spread_width: int = 0
    interval: str = ""


@dataclass(frozen=True)
class TableView:
    """One table ready for the page; the first `headers` columns are row headers, `heads` are
    (label, hint) pairs.
    """

    caption: str
    heads: Sequence[Cell]
    rows: Sequence[Sequence[Cell]]
    headers: int = 1
    note: str = ""


def frame_view(
    frame: pd.DataFrame, caption: str, *, headers: int = 1, kinds: dict[str, str] | None = None
) -> TableView:
    """Show a frame as it is: floats of a column with the same decimals, what is missing as a dash
    with a title.
    """
    shown = frame.head(ROWS_SHOWN)
    columns = [
        _column_cells(column, (kinds or {}).get(str(name), "")) for name, column in shown.items()
    ]
    note = (
        f"The first {ROWS_SHOWN} of {len(frame)} rows; all are in the warehouse."
        if len(frame) > ROWS_SHOWN
        else ""
    )
    numeric = [pd.api.types.is_numeric_dtype(dtype) for dtype in frame.dtypes]
    heads = [
        Cell(plain_text(name), kind="number" if is_number else "")
        for name, is_number in zip(frame, numeric, strict=True)
    ]
    return TableView(caption, heads, list(zip(*columns, strict=True)), headers, note)


def _column_cells(column: pd.Series, kind: str) -> list[Cell]:
    if pd.api.types.is_float_dtype(column):
        decimals = decimals_for(column)
        return [number_cell(value, decimals) for value in column]
    kind = "number" if pd.api.types.is_integer_dtype(column) else kind
    return [
        Cell("—", UNDEFINED, kind) if is_missing(value) else Cell(plain_text(value), kind=kind)
        for value in column
    ]


def with_intervals(view: TableView, intervals: Mapping[str, pd.DataFrame]) -> TableView:
    """`view` with intervals below the numbers of some columns; what they are over stands in the
    table's note.

    intervals: head of a column -> frame with low, high, over and reason by row of the view. A
    number without an interval has the reason as its cell's title.
    """
    rows = [list(row) for row in view.rows]
    over: dict[str, dict[str, None]] = {}
    for column, frame in intervals.items():
        place = [head.text for head in view.heads].index(column)
        for row, interval in zip(rows, frame.itertuples(index=False), strict=False):
            row[place] = _with_interval(row[place], interval)
            if row[place].interval:
                over.setdefault(str(interval.over), {})[row[view.headers - 1].text] = None
    return replace(view, rows=rows, note=" ".join(filter(None, [_told(over), view.note])))


def _told(over: Mapping[str, Mapping[str, None]]) -> str:
    """What the intervals of a table are over: said once where all are over the same, else for which
    rows each.
    """
    if not over:
        return ""
    if len(over) == 1:
        return f"Below a value: its 95 % interval, over {next(iter(over))}."
    parts = [f"over {what} ({', '.join(rows)})" for what, rows in over.items()]
    return f"Below a value: its 95 % interval, {'; '.join(parts)}."


def interval_of(frame: pd.DataFrame, quantity: str) -> pd.DataFrame:
    """`frame`, where several quantities have an interval each, with that of `quantity` as low and
    high.
    """
    return frame.rename(columns={f"{quantity}_{end}": end for end in ("low", "high")})


def _with_interval(cell: Cell, found: Any) -> Cell:
    if is_missing(found.low) or is_missing(found.high):
        return (
            cell
            if is_missing(found.reason) or not found.reason
            else replace(cell, hint=plain_text(found.reason))
        )
    decimals = len(cell.text.partition(".")[2])  # as many as the number above
    hint = "; ".join(filter(None, [cell.hint, f"95 % over {found.over}"]))
    return replace(cell, interval=_range_text(found.low, found.high, decimals), hint=hint)


def _range_text(low: float, high: float, decimals: int) -> str:
    return f"{number_text(low, decimals)} to {number_text(high, decimals)}"


def number_cell(value: float, decimals: int, *, hint: str = "", kind: str = "") -> Cell:
    """One number with a column's decimals; a missing one is a dash with the title 'not defined'."""
    if is_missing(value):
        return Cell("—", UNDEFINED, "number")
    return Cell(number_text(float(value), decimals), hint, f"number {kind}".strip())


def interval_cell(low: float, high: float, decimals: int, *, hint: str = "") -> Cell:
    """`0.81 to 0.84`; a dash where an end is not known, with why as its title."""
    if is_missing(low) or is_missing(high):
        return Cell("—", hint or "no interval", "number")
    return Cell(_range_text(low, high, decimals), hint, "number")


def metric_head(metric: Hashable, width: int = 0) -> Cell:
    """The head of a metric's column: its name with an arrow that says which way is better."""
    hint = f"{metric_goal(str(metric))} is better"
    return Cell(metric_label(metric), hint, "number", spread_width=width)


def spread_cell(
    value: float, spread: float | None, *, decimals: int, best: str, kind: str, width: int = 0
) -> Cell:
    """The value, with room for a spread where the column has any; `spread=None` says nothing of
    spreads.
    """
    kind = " ".join(filter(None, ["number", "best" if best else "", kind]))
    if is_missing(value):
        return Cell("—", UNDEFINED, kind, spread_width=width)
    if spread is None:
        return Cell(number_text(value, decimals), best, kind)
    if is_missing(spread):
        return Cell(number_text(value, decimals), best or NO_SPREAD, kind, spread_width=width)
    return Cell(
        number_text(value, decimals), best, kind, f"± {number_text(spread, decimals)}", width
    )
