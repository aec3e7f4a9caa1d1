"""The page of `make interval-coverage`: how often each interval held what it says it is over, and
false alarms of groups.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from math import sqrt

import pandas as pd

LEVEL, ALARMS = 0.95, 0.05


def page(
    covered: Mapping[float, pd.DataFrame],
    alarms: Mapping[float, pd.DataFrame],
    *,
    repeats: int,
    rows: int,
    seconds: float,
) -> str:
    """covered: `what, metric, over, K, held, width, repeats` by share of positives; alarms:
    `approach, metric, alarms`.
    """
    low, high = (LEVEL + side * 2 * sqrt(LEVEL * (1 - LEVEL) / repeats) for side in (-1, 1))
    lines = [
        "# Do the intervals of the evaluation hold?",
        "",
        f"Written by `make interval-coverage` in {seconds:.0f} s ({platform.machine()}, Python {platform.python_version()}); "
        "do not edit by hand.",
        "",
        "Outcomes follow a logistic model of four features; each member predicts by coefficients that are off by an error of",
        "its own and by one that all members share, and some members are far worse than others. Nothing is fitted, so the truth",
        f"can be taken on rows and members without number. Each of {repeats} repeats draws K members and {rows:,} test rows and",
        "makes the tables of the line. A cell is the share of repeats whose 95 % interval held its truth, for K = 5, 10 and 20",
        f"members; with so many repeats, one that holds exactly is seen between {low:.3f} and {high:.3f}. In bold: outside 0.93",
        "to 0.97.",
        "",
        "- *test rows*: `low`, `high`; how these very members do on rows without number.",
        "- *members and test rows*: `expected_low`, `expected_high`; what other members would do on other rows, on average.",
        "  For effective members the first column shows why that interval is needed: it is one of these members, held to the",
        "  truth of all.",
        "- *gain of a claim*: by how much DGE's claimed score is nearer the truth than the naive one; *gain of the next member*",
        "  and *recommended K*: of the table `k_recommendation`, the interval of one and the range of the other.",
        "",
    ]
    for share, table in covered.items():
        lines += [f"## {share:.0%} positive outcomes", "", *_covered_table(table), ""]
    lines += [
        "Where a cell lies below: gains over the mean of single datasets spread far to one side where few members are far worse",
        "than the rest, and no interval from five of them can know it.",
        "",
        "## False alarms of groups",
        "",
        "Groups of 8 to 1,000 rows, drawn at random: no approach is worse in one of them than elsewhere. A cell is the share",
        f"of repeats in which an approach was said to fail in any of them, at {ALARMS:.0%} after Holm. Bold: more than",
        "two standard errors above that.",
        "",
        *_alarm_table(alarms, repeats),
        "",
    ]
    return "\n".join(lines)


def _covered_table(table: pd.DataFrame) -> list[str]:
    overs = list(table["over"].unique())
    lines = [
        f"| quantity | metric | {' | '.join(overs)} |",
        "| --- | --- |" + " --- |" * len(overs),
    ]
    for (what, metric), rows in table.groupby(["what", "metric"], sort=False):
        cells = [
            " / ".join(
                _held(value) for value in rows.loc[rows["over"] == over].sort_values("K")["held"]
            )
            for over in overs
        ]
        lines.append(f"| {what} | {metric} | {' | '.join(cells)} |")
    return lines


def _held(value: float) -> str:
    return f"{value:.3f}" if 0.93 <= round(value, 3) <= 0.97 else f"**{value:.3f}**"


def _alarm_table(alarms: Mapping[float, pd.DataFrame], repeats: int) -> list[str]:
    most = ALARMS + 2 * sqrt(ALARMS * (1 - ALARMS) / repeats)
    lines = [
        "| approach | metric |" + "".join(f" {share:.0%} positive |" for share in alarms),
        "| --- | --- |" + " --- |" * len(alarms),
    ]
    wide = pd.concat(
        {
            share: table.set_index(["approach", "metric"])["alarms"]
            for share, table in alarms.items()
        },
        axis=1,
    )
    for (approach, metric), row in wide.iterrows():
        cells = [f"{value:.3f}" if value <= most else f"**{value:.3f}**" for value in row]
        lines.append(f"| {approach} | {metric} | {' | '.join(cells)} |")
    return lines
