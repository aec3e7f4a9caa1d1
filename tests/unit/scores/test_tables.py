"""Score tables from prediction arrays: cross scores, selection, and what they share with the
protocols.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dge_assets.core.errors import EvaluationError
from dge_assets.core.scores.metrics import metric_names
from dge_assets.core.scores.predictions import (
    EvaluationTargets,
    MemberPredictions,
    combine,
    others_of,
)
from dge_assets.core.scores.tables import cross_scores, score_evaluation, selection


def _probabilities(rng: np.random.Generator, n: int) -> np.ndarray:
    p = rng.random(n)
    return np.column_stack([1 - p, p])


def arrays(members: int = 3) -> tuple[list[MemberPredictions], EvaluationTargets]:
    rng = np.random.default_rng(0)
    targets = EvaluationTargets(
        real_test=rng.integers(0, 2, 50),
        own_tests=tuple(rng.integers(0, 2, 20 + i) for i in range(members)),
        datasets=tuple(rng.integers(0, 2, 60 + i) for i in range(members)),
    )
    predictions = [
        MemberPredictions(
            i,
            _probabilities(rng, 50),
            _probabilities(rng, 20 + i),
            tuple(None if j == i else _probabilities(rng, 60 + j) for j in range(members)),
        )
        for i in range(members)
    ]
    return predictions, targets


def test_cross_scores_have_the_members_own_test_part_on_the_diagonal() -> None:
    predictions, targets = arrays()
    table = cross_scores(predictions, targets, task="binary", seeds=[10, 11, 12], metrics=["brier"])
    assert list(table.columns) == ["train_seed", "test_seed", "metric", "value"]
    found = table.pivot(index="train_seed", columns="test_seed", values="value").to_numpy()
    assert found.shape == (3, 3)
    assert found[1, 1] == pytest.approx(
        np.mean((predictions[1].own_test[:, 1] - targets.own_tests[1]) ** 2)
    )
    assert found[1, 2] == pytest.approx(
        np.mean((predictions[1].datasets[2][:, 1] - targets.datasets[2]) ** 2)
    )


def test_evaluation_is_made_of_the_cross_scores() -> None:
    """Naive is the mean of the diagonal; dge_2 averages the entries at each model's first other
    dataset.
    """
    predictions, targets = arrays()
    cross = cross_scores(predictions, targets, task="binary", metrics=["brier"])
    matrix = cross.pivot(index="train_seed", columns="test_seed", values="value").to_numpy()
    table = score_evaluation(iter(predictions), targets, [2], task="binary", metrics=["brier"])
    values, stds = (table.set_index("approach")[column] for column in ("value", "std"))
    assert values["naive"] == pytest.approx(np.trace(matrix) / 3)
    assert stds["naive"] == pytest.approx(np.std(np.diag(matrix), ddof=1))
    assert values["dge_2"] == pytest.approx((matrix[0, 1] + matrix[1, 0] + matrix[2, 0]) / 3)


def test_default_cross_scores_hold_every_metric_and_seed() -> None:
    predictions, targets = arrays()
    table = cross_scores(predictions, targets, task="binary")
    assert len(table) == 9 * len(metric_names("binary"))
    assert sorted(table["train_seed"].unique()) == [0, 1, 2]


def test_the_others_are_the_first_in_seed_order_without_oneself() -> None:
    assert others_of(0, 4, 3) == [1, 2]
    assert others_of(2, 4, 3) == [0, 1]
    assert others_of(1, 4, 4) == [0, 2, 3]


def test_ensembles_average_probabilities_and_keep_regression_members_apart() -> None:
    one, other = np.array([[0.2, 0.8]]), np.array([[0.6, 0.4]])
    np.testing.assert_allclose(combine([one, other], task="binary"), [[0.4, 0.6]])
    np.testing.assert_allclose(
        combine([np.array([1.0]), np.array([3.0])], task="regression"), [[1.0, 3.0]]
    )


def test_missing_members_and_predictions_are_errors() -> None:
    predictions, targets = arrays()
    with pytest.raises(EvaluationError, match="predictions of 2 members for 3 datasets"):
        score_evaluation(predictions[:2], targets, [2], task="binary")
    holey = MemberPredictions(
        0, predictions[0].real_test, predictions[0].own_test, (None, None, None)
    )
    with pytest.raises(EvaluationError, match="no predictions of member 0's model on dataset 1"):
        score_evaluation([holey, *predictions[1:]], targets, [2], task="binary")


def _table(auc: float, nll: float) -> pd.DataFrame:
    rows = [
        ("oracle", "auc", auc, 0.1),
        ("oracle", "nll", nll, 0.1),
        ("naive", "auc", 1 - auc, 0.1),
    ]
    return pd.DataFrame(rows, columns=["approach", "metric", "value", "std"])


def test_selection_ranks_by_the_metrics_goal_within_each_approach() -> None:
    scores = {"lr": _table(0.8, 0.5), "mlp": _table(0.9, 0.7), "gbdt": _table(0.7, 0.2)}
    table = selection(scores)
    assert list(table.columns) == ["model", "approach", "metric", "value", "rank"]
    ranks = table.set_index(["approach", "metric", "model"])["rank"].sort_index()
    assert ranks["oracle", "auc"].to_dict() == {"lr": 2, "mlp": 1, "gbdt": 3}
    assert ranks["oracle", "nll"].to_dict() == {"lr": 2, "mlp": 3, "gbdt": 1}
    assert ranks["naive", "auc"].to_dict() == {"lr": 2, "mlp": 3, "gbdt": 1}


def test_equal_models_share_a_rank_and_an_undefined_score_has_none() -> None:
    scores = {"lr": _table(0.8, np.nan), "mlp": _table(0.8, 0.7), "gbdt": _table(0.7, 0.9)}
    ranks = selection(scores).set_index(["approach", "metric", "model"])["rank"].sort_index()
    assert ranks["oracle", "auc"].to_dict() == {"lr": 1, "mlp": 1, "gbdt": 3}
    assert ranks["oracle", "nll"]["lr"] is pd.NA
    assert ranks["oracle", "nll"].dropna().to_dict() == {"mlp": 1, "gbdt": 2}


def test_nothing_to_select_from_is_an_error() -> None:
    with pytest.raises(EvaluationError, match="at least one model"):
        selection({})
