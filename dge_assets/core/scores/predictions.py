"""Predictions as arrays, of which everything is scored: which there are, how an ensemble's are
combined, whose datasets a member is scored on.

Members are numbered 0..n-1 in seed order; targets are encoded (`downstream.targets.encode_target`).
Not here: predicting (`protocols`), scores (`scores.scored`, `scores.tables`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dge_assets.core.arrays import Array, Codes
from dge_assets.core.contract.contract import Task
from dge_assets.core.errors import EvaluationError


@dataclass(frozen=True)
class TrainingPredictions:
    """Predictions on the rows of real_test. `members[i]` is from the full model of member i.

    `oracle` and `naive_ensemble` hold one array per fit, of which the mean is scored.
    """

    oracle: tuple[Array, ...]
    naive_ensemble: tuple[Array, ...]
    naive_concat: Array
    members: tuple[Array, ...]


@dataclass(frozen=True)
class EvaluationTargets:
    """Encoded targets: of real_test, of each dataset's test part, of each dataset's rows (train,
    then test).
    """

    real_test: Codes
    own_tests: tuple[Codes, ...]
    datasets: tuple[Codes, ...]


@dataclass(frozen=True)
class MemberPredictions:
    """Predictions of the part model of one member on real_test, its own test part, and all
    datasets.

    `datasets[j]` is None for the member's own dataset and where no approach asks for it.
    """

    member: int
    real_test: Array
    own_test: Array
    datasets: tuple[Array | None, ...]


def require_ks(ks: Sequence[int], members: int, *, fewest: int) -> tuple[int, ...]:
    """`ks` without repetitions; EvaluationError when a K is below `fewest` or above the number of
    members.
    """
    unique = tuple(dict.fromkeys(int(K) for K in ks))
    if not unique:
        raise EvaluationError("ks is empty: name at least one ensemble size K")
    if members < 1:
        raise EvaluationError(
            "datasets is empty: an evaluation needs at least one synthetic dataset"
        )
    if min(unique) < fewest:
        reason = (
            "a model is scored on the datasets of the other K - 1 members"
            if fewest == 2
            else "K counts members"
        )
        raise EvaluationError(
            f"K must be at least {fewest} here ({reason}), found ks={list(unique)}"
        )
    if max(unique) > members:
        raise EvaluationError(
            f"ks={list(unique)} asks for an ensemble of {max(unique)} members, but there are {members} datasets; "
            f"lower ks or make more members"
        )
    return unique


def combine(predictions: Sequence[Array], *, task: Task) -> Array:
    """An ensemble's prediction: mean probabilities (rows, classes), or all values (rows, m) for
    regression.

    The mean adds in member order, as the authors' code does, and is not rounded, so that scores are
    theirs. With few distinct probabilities (knn) rows whose means are equal but for rounding then
    tie in some orders of the members and not in others, which can move an auc of some hundred rows
    by 0.002, and a mean of one half lands on either side.
    """
    if task == "regression":
        return np.column_stack(predictions)
    if len(predictions) == 1:
        return predictions[0]
    return np.asarray(np.mean(np.stack(predictions), axis=0))


def spread(values: Sequence[float]) -> float:
    """Standard deviation with ddof 1; NaN for fewer than two values or when one is NaN."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")


def others_of(member: int, members: int, K: int) -> list[int]:
    """The first K-1 other members in seed order, on whose datasets the model of `member` is scored."""
    return [other for other in range(members) if other != member][: K - 1]
