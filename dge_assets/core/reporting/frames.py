"""Canonical score frames, read for showing: their order, means over models that compare like with
like, the best rows.

Not here: how scores are computed (`protocols`, `metrics`), how they are drawn (`charts`) or written
(`tables`).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

import pandas as pd

from dge_assets.core.errors import EvaluationError
from dge_assets.core.scores.approach import Approach
from dge_assets.core.scores.metrics import UNLIKE, metric_goal

KEYS = ("family", "approach", "models")


def approach_order(approaches: Iterable[str]) -> list[str]:
    """Names of approaches, each once: oracle, the naive ones, then dge_K by K, then any others by
    name.
    """
    found = sorted(map(Approach.read, dict.fromkeys(approaches)), key=lambda one: one.place)
    return [str(approach) for approach in found]


def require_columns(frame: pd.DataFrame, columns: Sequence[str], place: str) -> None:
    """Raise `EvaluationError` naming `place` and the columns that `frame` lacks."""
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise EvaluationError(
            f"{place}: columns {missing} are missing, found {list(frame.columns)}"
        )


def metrics_in(headline: pd.DataFrame) -> list[str]:
    """The metrics of a headline: all columns but its keys."""
    return [str(name) for name in headline.columns if name not in KEYS]


def complete_models(scores: pd.DataFrame, metric: str) -> list[str]:
    """The models with a finite value for every (family, approach): a mean over others would compare
    unlike things.
    """
    rows = one_row_each(scores[scores["metric"] == metric], ["family", "model", "approach"])
    table = rows.pivot(index="model", columns=["family", "approach"], values="value")
    pairs = pd.MultiIndex.from_frame(scores[["family", "approach"]].drop_duplicates())
    whole = table.reindex(columns=pairs).notna().all(axis=1)
    return [model for model in scores["model"].unique() if whole.get(model, False)]


def one_row_each(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """`rows`, if each of `keys` and metric has one row; EvaluationError otherwise."""
    require_columns(rows, [*keys, "metric", "value"], "report: scores")
    twice = rows[rows.duplicated([*keys, "metric"])]
    if len(twice):
        found = {name: twice.iloc[0][name] for name in [*keys, "metric"]}
        raise EvaluationError(
            f"report: scores have more than one row for {found}; pass one row each"
        )
    return rows


def widest(scores: pd.DataFrame) -> pd.DataFrame:
    """`scores` with low, high, over and reason of the expected score where that interval is known,
    else as they are.
    """
    if "expected_low" not in scores:
        return scores
    known = scores["expected_low"].notna()
    ends = {
        name: scores[f"expected_{name}"].where(known, scores[name])
        for name in ("low", "high", "over", "reason")
    }
    return scores.assign(**ends)


def mean_over(of_row: pd.DataFrame, metric: str, models: Sequence[str]) -> float:
    """Mean of value over `models`."""
    return float(
        of_row.loc[(of_row["metric"] == metric) & of_row["model"].isin(models), "value"].mean()
    )


def largest_dge(approaches: Iterable[str]) -> str | None:
    """The DGE of largest K among `approaches`, None where there is none."""
    found = [name for name in approach_order(approaches) if Approach.read(name).is_dge]
    return found[-1] if found else None


def sign_of(metric: str) -> int:
    """1 for a metric of which more is better, -1 for the others."""
    return 1 if metric_goal(metric) == "higher" else -1


def best_rows(frame: pd.DataFrame, metric: str, groups: list[str], decimals: int) -> set[Hashable]:
    """Index of the best rows of each group, oracle aside; equal to the printed digits is equally
    good.

    None where all are equal, and by a metric that does not score all approaches alike.
    """
    if metric in UNLIKE:
        return set()
    candidates = frame[frame["approach"] != "oracle"].copy()
    candidates["_score"] = sign_of(metric) * candidates[metric].astype(float).round(decimals)
    of_group = candidates.groupby(groups, sort=False)["_score"]
    best, worst, count = (of_group.transform(name) for name in ("max", "min", "size"))
    return set(candidates.index[(candidates["_score"] == best) & ((best > worst) | (count == 1))])


def metric_label(metric: Hashable) -> str:
    """The metric's name with an arrow that says which way is better."""
    return f"{metric} {'↑' if metric_goal(str(metric)) == 'higher' else '↓'}"
