"""Scoring: prediction arrays in, score tables out. Nothing is fitted and nothing predicted here.

Two questions (van Breugel, Qian and van der Schaar, ICML 2023, arXiv 2305.09235):
- training: does a model trained on synthetic data do well on real data? Everything is scored on
  real_test.
- evaluation: does a score computed on synthetic data agree with the score on real data? Model i is
  the one fitted on the train part of dataset i.

In all tables a NaN value has a reason in `frame.attrs["reasons"]`, by "approach/metric"; a NaN in
one member makes the mean over the members NaN, as leaving it out would compare other members.
Members are numbered 0..n-1 in seed order; targets are encoded (`downstream.targets.encode_target`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from dge_assets.core.arrays import Array
from dge_assets.core.contract.contract import Task
from dge_assets.core.errors import EvaluationError
from dge_assets.core.rounding import without_rounding
from dge_assets.core.scores.approach import (
    NAIVE,
    ORACLE,
    dge,
)
from dge_assets.core.scores.cards import CROSS_SCORES
from dge_assets.core.scores.metrics import Scores, metric_goal, metric_names, score_encoded
from dge_assets.core.scores.predictions import (
    EvaluationTargets,
    MemberPredictions,
    others_of,
    require_ks,
    spread,
)
from dge_assets.core.scores.scored import Scored

MemberScores = dict[str, dict[str, Array]]
"""Approach -> metric -> (members,)."""
SCORE_COLUMNS = ["approach", "metric", "value", "std"]


def score_training(scored: Scored) -> pd.DataFrame:
    """One row per approach and metric: `approach, metric, value, std`, scored on real_test.

    naive_single is member 0; its std (ddof 1, over all members) is the spread over which single
    dataset one happens to get. dge_1 is the same thing. The other approaches exist once, so their
    std is NaN.
    """
    singles = [single.values() for single in scored.singles()]
    of_single = {name: spread([values[name] for values in singles]) for name in scored.rows.metrics}
    found = {
        str(approach): Scores(scored.of(approach).values(), scored.of(approach).reasons())
        for approach in scored.approaches
    }
    stds = {str(approach): of_single for approach in scored.approaches if approach.members == 1}
    return _score_table(found, stds)


def _score_table(
    scored: Mapping[str, Scores], stds: Mapping[str, Mapping[str, float]]
) -> pd.DataFrame:
    rows = [
        (approach, name, value, stds.get(approach, {}).get(name, float("nan")))
        for approach, scores in scored.items()
        for name, value in scores.values.items()
    ]
    frame = pd.DataFrame(rows, columns=SCORE_COLUMNS)
    frame.attrs["reasons"] = {
        f"{approach}/{name}": reason
        for approach, scores in scored.items()
        for name, reason in scores.reasons.items()
    }
    return frame


def score_member(
    predictions: MemberPredictions,
    targets: EvaluationTargets,
    ks: Sequence[int],
    *,
    task: Task,
    metrics: Sequence[str],
) -> dict[str, Scores]:
    """The scores of one part model, by approach: oracle (the truth), naive, and dge_K for each K."""
    own = predictions.member
    scored = {
        str(ORACLE): score_encoded(metrics, targets.real_test, predictions.real_test, task=task),
        str(NAIVE): score_encoded(metrics, targets.own_tests[own], predictions.own_test, task=task),
    }
    for K in ks:
        others = others_of(own, len(targets.datasets), K)
        y = np.concatenate([targets.datasets[other] for other in others])
        table = np.concatenate([_predicted(predictions, other) for other in others])
        scored[str(dge(K))] = score_encoded(metrics, y, table, task=task)
    return scored


def _predicted(predictions: MemberPredictions, other: int) -> Array:
    table = predictions.datasets[other]
    if table is None:
        raise EvaluationError(
            f"no predictions of member {predictions.member}'s model on dataset {other}"
        )
    return table


def score_evaluation(
    predictions: Iterable[MemberPredictions],
    targets: EvaluationTargets,
    ks: Sequence[int],
    *,
    task: Task,
    metrics: Sequence[str] | None = None,
) -> pd.DataFrame:
    """One row per approach and metric: `approach, metric, value, std`, mean and std (ddof 1) over
    all members.

    oracle is the truth that naive and dge_K estimate. predictions: of every member, once; a
    generator keeps one member's arrays in memory at a time. std is NaN when there is one member
    only.
    """
    return summarize_members(score_members(predictions, targets, ks, task=task, metrics=metrics))


def score_members(
    predictions: Iterable[MemberPredictions],
    targets: EvaluationTargets,
    ks: Sequence[int],
    *,
    task: Task,
    metrics: Sequence[str] | None = None,
) -> list[dict[str, Scores]]:
    """The scores of every part model by approach, in the order of `predictions`."""
    names = tuple(metrics or metric_names(task))
    sizes = require_ks(ks, len(targets.datasets), fewest=2)
    per_member = [score_member(p, targets, sizes, task=task, metrics=names) for p in predictions]
    if len(per_member) != len(targets.datasets):
        raise EvaluationError(
            f"predictions of {len(per_member)} members for {len(targets.datasets)} datasets"
        )
    return per_member


def by_member(per_member: Sequence[Mapping[str, Scores]]) -> MemberScores:
    """Results of `score_members` as approach -> metric -> one value per member (members,)."""
    return {
        approach: {
            name: np.array([scores[approach].values[name] for scores in per_member])
            for name in first.values
        }
        for approach, first in per_member[0].items()
    }


def summarize_members(per_member: Sequence[Mapping[str, Scores]]) -> pd.DataFrame:
    """Mean and std (ddof 1) over members of `score_member`'s results: `approach, metric, value,
    std`.
    """
    means, stds = {}, {}
    for approach, first in per_member[0].items():
        series = {
            name: [scores[approach].values[name] for scores in per_member] for name in first.values
        }
        reasons: dict[str, str] = {}
        for member, scores in enumerate(per_member):
            for name, reason in scores[approach].reasons.items():
                reasons.setdefault(name, f"member {member}: {reason}")
        means[approach] = Scores(
            {name: float(np.mean(values)) for name, values in series.items()}, reasons
        )
        stds[approach] = {name: spread(values) for name, values in series.items()}
    return _score_table(means, stds)


def cross_scores(
    predictions: Iterable[MemberPredictions],
    targets: EvaluationTargets,
    *,
    task: Task,
    seeds: Sequence[int] | None = None,
    metrics: Sequence[str] | None = None,
) -> pd.DataFrame:
    """One row per train seed, test seed and metric: `train_seed, test_seed, metric, value`.

    The part model of one member on all rows of another member's dataset; on the diagonal on its own
    test part, the only rows of its dataset that it has not seen. seeds: the members' seeds, 0..n-1
    when None.
    """
    names = tuple(metrics or metric_names(task))
    labels = list(range(len(targets.datasets)) if seeds is None else seeds)
    rows: list[tuple[Any, ...]] = []
    for item in predictions:
        for other, label in enumerate(labels):
            is_own = other == item.member
            y = targets.own_tests[other] if is_own else targets.datasets[other]
            table = item.own_test if is_own else _predicted(item, other)
            values = score_encoded(names, y, table, task=task).values
            rows += [(labels[item.member], label, name, value) for name, value in values.items()]
    return pd.DataFrame(rows, columns=CROSS_SCORES.made_columns)


def selection(scores: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One row per model, approach and metric: `model, approach, metric, value, rank`.

    scores: model -> its table of `score_evaluation` (or `score_training`). Rank 1 is the best model
    by the metric's goal; equal values, but for rounding, share the better rank; a NaN value has no
    rank (missing, Int64). An approach selects well when its ranks are those of `oracle`.
    """
    columns = ["approach", "metric", "value"]
    frames = [frame[columns].assign(model=model) for model, frame in scores.items() if len(frame)]
    if not frames:
        raise EvaluationError("no scores: selection ranks the tables of at least one model")
    table = pd.concat(frames, ignore_index=True)[["model", *columns]]
    goals = {name: metric_goal(name) for name in table["metric"].unique()}
    settled = pd.Series(
        without_rounding(table["value"].to_numpy(dtype=np.float64)), index=table.index
    )
    signed = settled.where(table["metric"].map(goals) == "lower", -settled)
    ranks = signed.groupby([table["approach"], table["metric"]], sort=False).rank(method="min")
    return table.assign(rank=ranks.astype("Int64"))
