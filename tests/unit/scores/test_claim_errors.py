"""Errors of claims: by hand, and against known truths of which way of claiming is nearer."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dge_assets.core.scores.claim_errors import (
    CLAIM_COLUMNS,
    LARGEST_ALONE,
    claim_errors,
    cross_tables,
)

K, REPLICATES = 8, 200


def others(cross: np.ndarray) -> np.ndarray:
    """The claim of each model: the mean of its scores on the other datasets."""
    return (cross.sum(axis=1) - np.diag(cross)) / (len(cross) - 1)


def found_of(
    truth: np.ndarray, cross: np.ndarray, rng: np.random.Generator, metric: str = "auc"
) -> pd.DataFrame:
    """The table, with truths that test rows move all alike by 0.01."""
    replicates = truth[:, None] + 0.01 * rng.normal(size=REPLICATES)
    claims = {
        "oracle": truth,
        "naive": np.diag(cross),
        "dge_3": others(cross),
        f"dge_{len(cross)}": others(cross),
    }
    by_metric = {approach: {metric: values} for approach, values in claims.items()}
    table = claim_errors(by_metric, {metric: cross}, {metric: replicates}, task="binary")
    return table.set_index("approach")


def test_errors_are_means_over_members_of_distances_from_their_own_truth() -> None:
    truth = np.array([0.70, 0.80, 0.90])
    cross = np.array([[0.80, 0.72, 0.72], [0.83, 0.70, 0.83], [0.91, 0.91, 0.95]])
    table = found_of(truth, cross, np.random.default_rng(0))
    assert list(table.reset_index().columns) == CLAIM_COLUMNS
    assert table.loc["naive", "error"] == pytest.approx((0.10 + 0.10 + 0.05) / 3)
    assert table.loc["naive", "optimism"] == pytest.approx((0.10 - 0.10 + 0.05) / 3)
    assert table.loc["dge_3", "error"] == pytest.approx((0.02 + 0.03 + 0.01) / 3)
    assert table.loc["dge_3", "gain"] == pytest.approx((0.25 - 0.06) / 3)
    assert np.isnan(table.loc["naive", "gain"])
    assert table.loc["naive", "limit"] == 0.05


def test_a_loss_turns_optimism_and_has_a_limit_of_its_own_size() -> None:
    truth = np.array([0.10, 0.10, 0.10])
    cross = np.full((3, 3), 0.08)
    table = found_of(truth, cross, np.random.default_rng(0), metric="brier")
    assert table.loc["naive", "optimism"] == pytest.approx(0.02)
    assert table.loc["naive", "limit"] == pytest.approx(0.01)


def test_only_the_largest_ensemble_has_an_interval() -> None:
    rng = np.random.default_rng(0)
    table = found_of(np.full(K, 0.8), 0.8 + 0.02 * rng.normal(size=(K, K)), rng)
    assert table.loc["dge_3", "reason"] == LARGEST_ALONE
    assert table.loc[f"dge_{K}", "reason"] == ""
    assert (
        table.loc[f"dge_{K}", "low"] < table.loc[f"dge_{K}", "gain"] < table.loc[f"dge_{K}", "high"]
    )


def test_where_neither_is_nearer_one_is_said_to_be_as_rarely_as_the_interval_says() -> None:
    """Known truth: both claims of a model err by one distribution, so the expected gain is 0;
    two-sided at 5 %.
    """
    repeats, said = 200, 0
    for seed in range(repeats):
        rng = np.random.default_rng(seed)
        truth = 0.8 + 0.02 * rng.normal(size=K)
        cross = np.tile((truth + 0.03 * rng.normal(size=K))[:, None], (1, K))
        np.fill_diagonal(cross, truth + 0.03 * rng.normal(size=K))
        row = found_of(truth, cross, rng).loc[f"dge_{K}"]
        said += bool(row["low"] > 0 or row["high"] < 0)
    assert said / repeats < 0.05 + 4 * np.sqrt(0.05 * 0.95 / repeats)


@pytest.mark.parametrize(("own", "cross", "sign"), [(0.10, 0.02, 1), (0.02, 0.10, -1)])
def test_what_is_nearer_by_far_is_shown_to_be(own: float, cross: float, sign: int) -> None:
    rng = np.random.default_rng(3)
    truth = 0.8 + 0.01 * rng.normal(size=K)
    scores = truth[:, None] + cross + 0.005 * rng.normal(size=(K, K))
    np.fill_diagonal(scores, truth + own + 0.005 * rng.normal(size=K))
    row = found_of(truth, scores, rng).loc[f"dge_{K}"]
    assert sign * row["low"] > 0
    assert sign * row["high"] > 0


def test_claims_that_miss_to_one_side_on_any_rows_have_an_interval_of_members() -> None:
    """Then the rows do not matter: how far one claim is nearer is how far the two claims are apart."""
    rng = np.random.default_rng(4)
    truth = np.full(K, 0.6)
    scores = 0.9 + 0.01 * rng.normal(size=(K, K))
    np.fill_diagonal(scores, 0.95 + 0.01 * rng.normal(size=K))
    row = found_of(truth, scores, rng).loc[f"dge_{K}"]
    assert row["reason"] == ""
    assert 0 < row["low"] < 0.05 < row["high"] + 0.02


def test_two_members_have_errors_and_no_interval() -> None:
    table = found_of(
        np.array([0.7, 0.8]), np.array([[0.8, 0.7], [0.7, 0.8]]), np.random.default_rng(0)
    )
    assert "at least 3 members, found 2" in table.loc["dge_2", "reason"]


def test_cross_tables_have_models_downwards() -> None:
    rows = [(i, j, "auc", 10.0 * i + j) for i in range(3) for j in range(3)]
    frame = pd.DataFrame(rows, columns=["train_seed", "test_seed", "metric", "value"])
    np.testing.assert_array_equal(cross_tables(frame, ("auc",))["auc"][1], [10.0, 11.0, 12.0])
