"""The K curve: its prediction is exact where theory says so, and its measure is the training
protocol's.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dge_assets.core.contract.contract import Task
from dge_assets.core.ensemble.k_curve import k_curve, predict_squared_error
from dge_assets.core.scores.metrics import metric_names
from dge_assets.core.scores.tables import score_training
from tests.support.scoring import of_members


def binary_members(count: int, n: int = 400) -> tuple[np.ndarray, list[np.ndarray]]:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, n)
    p = np.clip(0.3 + 0.4 * y + rng.normal(0, 0.2, (count, n)), 0, 1)
    return y, [np.column_stack([1 - row, row]) for row in p]


def of(table: pd.DataFrame, K: int, metric: str) -> pd.Series:
    return table[(table["K"] == K) & (table["metric"] == metric)].iloc[0]


def test_the_prediction_is_exact_for_all_members() -> None:
    """Known truth: with MSE_1 and MSE_2 over all members and pairs, the decomposition is an
    identity at K = n.
    """
    y, members = binary_members(6)
    table = k_curve(of_members(y, members), [1, 2, 6])
    row = of(table, 6, "brier")
    assert row["predicted"] == pytest.approx(row["measured"], abs=1e-12)
    assert (
        of(table, 1, "brier")["predicted"] > of(table, 2, "brier")["predicted"] > row["predicted"]
    )


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_the_prediction_is_exact_in_other_tasks_too(task: Task) -> None:
    rng = np.random.default_rng(1)
    if task == "regression":
        y, members, metric = rng.normal(size=90), [rng.normal(size=90) for _ in range(5)], "mse"
    else:
        y, metric = rng.integers(0, 3, 90), "brier"
        members = [rng.dirichlet(np.ones(3), 90) for _ in range(5)]
    row = of(k_curve(of_members(y, members, task), [5]), 5, metric)
    assert row["predicted"] == pytest.approx(row["measured"], abs=1e-12)


def test_independent_errors_shrink_as_one_over_k() -> None:
    """Known truth: members that are right on average with variance v have an MSE of v / K."""
    assert predict_squared_error(1.0, 0.5, 10) == pytest.approx(0.1)
    rng = np.random.default_rng(2)
    members = [rng.normal(size=20_000) for _ in range(8)]
    table = k_curve(of_members(np.zeros(20_000), members, "regression"), [1, 4])
    assert of(table, 4, "mse")["measured"] == pytest.approx(0.25, rel=0.05)
    assert of(table, 4, "mse")["predicted"] == pytest.approx(0.25, rel=0.05)


def test_measured_is_the_training_protocol_and_std_is_over_disjoint_groups() -> None:
    y, members = binary_members(5)
    table = k_curve(of_members(y, members), [1, 2, 5])
    scored = replace(of_members(y, members), ks=(1, 2, 5))
    scores = score_training(scored).set_index(["approach", "metric"])
    assert list(table.columns) == ["K", "metric", "measured", "std", "predicted", "seconds"]
    for row in table.itertuples():
        assert row.measured == scores["value"][f"dge_{row.K}", row.metric]
    assert of(table, 1, "brier")["std"] == scores["std"]["dge_1", "brier"]
    pairs = [np.mean((np.mean(members[i : i + 2], axis=0)[:, 1] - y) ** 2) for i in (0, 2)]
    assert of(table, 2, "brier")["std"] == pytest.approx(np.std(pairs, ddof=1))
    assert np.isnan(of(table, 5, "brier")["std"])


def test_only_squared_errors_are_predicted_and_seconds_add_up() -> None:
    y, members = binary_members(3)
    table = k_curve(of_members(y, members), [1, 3], seconds=[1.0, 2.0, 4.0])
    assert set(table[table["predicted"].notna()]["metric"]) == {"brier"}
    assert set(table["metric"]) == set(metric_names("binary"))
    assert of(table, 1, "auc")["seconds"] == 1.0
    assert of(table, 3, "auc")["seconds"] == 7.0
    assert k_curve(of_members(y, members), [1])["seconds"].isna().all()


def test_one_member_foretells_nothing() -> None:
    y, members = binary_members(1)
    row = of(k_curve(of_members(y, members), [1]), 1, "brier")
    assert np.isnan(row["predicted"])
    assert np.isnan(row["std"])
    assert row["measured"] > 0
