"""What the report shows of statistics: per family, each statistic's interval by each rule beside
the real rows'.

Not here: computing them (`statistics.table`).
"""

from __future__ import annotations

import pandas as pd

from dge_assets.core.reporting.page.cells import ROWS_SHOWN, Cell, TableView
from dge_assets.core.reporting.texts import (
    UNDEFINED,
    decimals_for,
    is_missing,
    number_text,
    plain_text,
)

_SHOWN = (
    "naive_single",
    "naive_concat",
    "rubin_1987",
    "raghunathan_2003",
    "reiter_2003",
    "raab_2016",
    "raisa_2023",
)
REASONS_SHOWN = 3


def statistic_views(statistics: pd.DataFrame) -> list[TableView]:
    """One table per family: a row per statistic, a column per rule.

    Intervals that hold the estimate from the real rows are not marked: that estimate is no truth
    but has an error of its own, which datasets learnt from the same rows share, so they hold it far
    more often than they hold the truth.
    """
    if statistics.empty:
        return []
    return [_view(str(family), rows) for family, rows in statistics.groupby("family", sort=False)]


def _view(family: str, statistics: pd.DataFrame) -> TableView:
    rules = [rule for rule in _SHOWN if rule in set(statistics["rule"])]
    heads = [Cell("statistic"), Cell("real rows", kind="number"), Cell("K datasets", kind="number")]
    heads += [Cell(rule, kind="number") for rule in rules]
    keys = ["statistic", "column", "level"]
    groups = list(statistics.groupby(keys, sort=False, dropna=False))
    rows = [_row(_label(*map(plain_text, key)), found, rules) for key, found in groups[:ROWS_SHOWN]]
    count = int(statistics.loc[statistics["rule"] != "naive_single", "K"].max())
    cut = (
        f"The first {ROWS_SHOWN} of {len(groups)} statistics; all are in the warehouse."
        if len(groups) > ROWS_SHOWN
        else ""
    )
    caption = f"{plain_text(family)}: 95 % intervals from {count} dataset{'s' * (count > 1)}, beside that of the real rows"
    return TableView(caption, heads, rows, 1, " ".join(filter(None, [_reasons(statistics), cut])))


def _label(statistic: str, column: str, level: str) -> str:
    """What a row is of, as `proportion of dead = yes`, `logistic regression of dead: age`,
    `0.5-quantile of age`.
    """
    if statistic == "quantile":
        return f"{level}-quantile of {column}"
    if statistic in ("linear", "logistic"):
        return f"{statistic} regression of {column}: {level}"
    return f"{statistic} of {column}" + (f" = {level}" if level else "")


def _reasons(statistics: pd.DataFrame) -> str:
    """Why some intervals are missing: each reason once, the first few of them."""
    reasons = [
        str(note) for note in statistics.loc[statistics["low"].isna(), "note"].unique() if note
    ]
    more = f"; and {len(reasons) - REASONS_SHOWN} more" if len(reasons) > REASONS_SHOWN else ""
    return (
        f"Where there is a dash: {'; '.join(map(plain_text, reasons[:REASONS_SHOWN]))}{more}."
        if reasons
        else ""
    )


def _row(label: str, found: pd.DataFrame, rules: list[str]) -> list[Cell]:
    by_rule = found.set_index("rule")
    first = found.iloc[0]
    widths = [first["truth_high"] - first["truth_low"], *(found["high"] - found["low"])]
    decimals = max(decimals_for(widths) - 1, 0)
    truth = _interval(first["truth"], first["truth_low"], first["truth_high"], decimals, "")
    # Any rule but naive_single is about all datasets, and all of those have one estimate.
    together = by_rule.loc[next(rule for rule in (*rules[1:], *rules) if rule in by_rule.index)]
    estimate = _number(together["estimate"], decimals, str(together["note"]))
    return [
        Cell(label),
        truth,
        estimate,
        *(_rule_cell(by_rule.loc[rule], decimals) for rule in rules),
    ]


def _rule_cell(row: pd.Series, decimals: int) -> Cell:
    if is_missing(row["low"]) or is_missing(row["high"]):
        return Cell("—", str(row["note"]) or UNDEFINED, "number")
    mended = " †" if row["note"] else ""
    text = f"{number_text(row['low'], decimals)} to {number_text(row['high'], decimals)}{mended}"
    return Cell(text, str(row["note"]), "number")


def _interval(value: float, low: float, high: float, decimals: int, note: str) -> Cell:
    if is_missing(value):
        return Cell("—", note or UNDEFINED, "number")
    ends = (
        ""
        if is_missing(low)
        else f" ({number_text(low, decimals)} to {number_text(high, decimals)})"
    )
    return Cell(f"{number_text(value, decimals)}{ends}", note, "number")


def _number(value: float, decimals: int, note: str) -> Cell:
    return (
        Cell("—", note or UNDEFINED, "number")
        if is_missing(value)
        else Cell(number_text(value, decimals), note, "number")
    )
