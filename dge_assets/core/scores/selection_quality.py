"""Is the model that each way of evaluating would choose the right one: agreement of rankings, and
what a choice costs.

Here: from the table of `scores.tables.selection` to one row per approach and metric. Not here: the
scores themselves, how intervals are made (`selection_intervals`).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.stats import kendalltau, spearmanr

from dge_assets.core.arrays import Array
from dge_assets.core.errors import EvaluationError
from dge_assets.core.intervals.interval import Interval, no_interval
from dge_assets.core.rounding import without_rounding
from dge_assets.core.scores.approach import ORACLE
from dge_assets.core.scores.cards import SELECTION_QUALITY
from dge_assets.core.scores.metrics import metric_goal
from dge_assets.core.scores.selection_intervals import MEMBERS, quality_intervals
from dge_assets.core.scores.tables import MemberScores

QUALITIES = ("kendall", "spearman", "regret")
SELECTION_QUALITY_COLUMNS = SELECTION_QUALITY.made_columns
TRUTH = str(ORACLE)


def selection_quality(
    selection: pd.DataFrame, by_member: Mapping[str, MemberScores] | None = None
) -> pd.DataFrame:
    """One row per approach but the oracle, and metric: `approach, metric, kendall, spearman,
    regret` and intervals.

    selection: one family's rows `model, approach, metric, value` (`scoring.selection`). kendall
    (tau-b, which counts ties; Kendall 1945) and spearman, both -1..1: the rank correlation over
    model classes of the approach's scores with the oracle's; 1 is the same order. regret: the
    oracle's score of its best model less that of the model that the approach ranks first, by the
    metric's goal, so at least 0 and in the metric's units; where models tie for the first place it
    is the mean over them, as a reader would pick any. What has no value (fewer than 2 model
    classes, a class without a score, all classes tied) is NaN with its reason in `attrs["reasons"]`
    by "approach/metric/quantity".

    by_member: model -> the scores that `selection` has the means of, each model's in the same order
    of members. From them `kendall_low, kendall_high, ...` over which members are scored; what has
    none has its reasons in `reason`.
    """
    rows: list[tuple[object, ...]] = []
    reasons: dict[str, str] = {}
    for metric in selection["metric"].unique():
        wide = _values_by_model(selection, metric)
        for approach in [name for name in wide.columns if name != TRUTH]:
            found, why = _compare(wide[approach], wide[TRUTH], str(metric), str(approach))
            intervals = _intervals(
                dict(zip(QUALITIES, found, strict=True)),
                why,
                wide,
                by_member or {},
                metric,
                approach,
            )
            ends = [
                end for name in QUALITIES for end in (intervals[name].low, intervals[name].high)
            ]
            told = "; ".join(
                dict.fromkeys(item.reason for item in intervals.values() if item.reason)
            )
            rows.append((approach, metric, *found, *ends, intervals["regret"].over, told))
            reasons |= {
                f"{approach}/{metric}/{quantity}": reason for quantity, reason in why.items()
            }
    table = pd.DataFrame(rows, columns=SELECTION_QUALITY_COLUMNS)
    table = table.astype(dict.fromkeys(SELECTION_QUALITY_COLUMNS[2:-2], "float64"))
    table.attrs["reasons"] = reasons
    return table


def _intervals(
    values: Mapping[str, float],
    reasons: Mapping[str, str],
    wide: pd.DataFrame,
    by_member: Mapping[str, MemberScores],
    metric: object,
    approach: object,
) -> dict[str, Interval]:
    """By quality; where the value is not defined, its reason."""
    name, of = str(metric), str(approach)
    if any(of not in by_member.get(model, {}) for model in wide.index):
        reason = "there are no scores by member to draw members from"
        found = dict.fromkeys(values, no_interval(reason, over=MEMBERS))
    else:
        sign = 1 if metric_goal(name) == "higher" else -1
        claimed, true = (
            sign * np.stack([by_member[model][which][name] for model in wide.index])
            for which in (of, TRUTH)
        )
        found = quality_intervals(values, claimed, true)
    return {
        quality: no_interval(reasons[quality], over=MEMBERS) if reasons.get(quality) else interval
        for quality, interval in found.items()
    }


def _values_by_model(selection: pd.DataFrame, metric: object) -> pd.DataFrame:
    rows = selection[selection["metric"] == metric]
    twice = rows[rows.duplicated(["model", "approach"])]
    if len(twice):
        pair = tuple(twice.iloc[0][["model", "approach"]])
        raise EvaluationError(
            f"selection: {pair} occur twice for {metric}; pass the rows of one family"
        )
    wide = rows.pivot(index="model", columns="approach", values="value")[
        list(rows["approach"].unique())
    ]
    if TRUTH not in wide:
        raise EvaluationError(
            f"selection: no oracle among the approaches {list(wide.columns)} for {metric}"
        )
    return wide


def _compare(
    claimed: pd.Series, true: pd.Series, metric: str, approach: str
) -> tuple[tuple[float, float, float], dict[str, str]]:
    """(kendall, spearman, regret) and the reasons for those that are NaN."""
    nothing = float("nan")
    reason = _not_comparable(claimed, true, approach)
    if reason:
        return (nothing, nothing, nothing), dict.fromkeys(("kendall", "spearman", "regret"), reason)
    sign = 1 if metric_goal(metric) == "higher" else -1
    ours, truth = (
        sign * without_rounding(scores.to_numpy(dtype=np.float64)) for scores in (claimed, true)
    )
    regret = max(0.0, float(truth.max() - truth[ours == ours.max()].mean()))
    tied = [
        name for name, values in ((approach, ours), (TRUTH, truth)) if len(np.unique(values)) == 1
    ]
    if tied:
        reason = f"all {len(ours)} model classes tie in {tied[0]}: there is no order to compare"
        return (nothing, nothing, regret), dict.fromkeys(("kendall", "spearman"), reason)
    return (_statistic(kendalltau, ours, truth), _statistic(spearmanr, ours, truth), regret), {}


def _statistic(correlation: object, one: Array, other: Array) -> float:
    return float(correlation(one, other).statistic)  # type: ignore[operator]


def _not_comparable(claimed: pd.Series, true: pd.Series, approach: str) -> str:
    if len(claimed) < 2:
        return f"choosing a model needs at least 2 model classes, found {len(claimed)}"
    for name, values in ((approach, claimed), (TRUTH, true)):
        missing = [str(model) for model in values.index[values.isna()]]
        if missing:
            return f"{name} has no score of {', '.join(missing)}: a ranking without it would compare different models"
    return ""
