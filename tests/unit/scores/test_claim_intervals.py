"""Intervals of a DGE evaluation: held against known truths, against a jackknife by hand, and
against bad input.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t as student_t

from dge_assets.core.errors import EvaluationError
from dge_assets.core.scores.claim_intervals import (
    CLAIM_INTERVAL_COLUMNS,
    SAME,
    evaluation_intervals,
    mean_over_pairs,
    members_error,
    models_error,
)


def scores(
    seed: int,
    K: int,
    *,
    of_models: float = 0.03,
    of_datasets: float = 0.02,
    of_pairs: float = 0.005,
) -> np.ndarray:
    """S[i, j] = 0.8 + a[i] + b[j] + c[i, j] with known standard deviations."""
    rng = np.random.default_rng(seed)
    a, b, c = (
        rng.normal(size=K) * of_models,
        rng.normal(size=K) * of_datasets,
        rng.normal(size=(K, K)) * of_pairs,
    )
    return 0.8 + a[:, None] + b[None, :] + c


def frame(table: np.ndarray, metric: str = "accuracy") -> pd.DataFrame:
    pairs = [(i, j, metric, table[i, j]) for i in range(len(table)) for j in range(len(table))]
    return pd.DataFrame(pairs, columns=["train_seed", "test_seed", "metric", "value"])


def test_the_jackknife_takes_out_a_members_model_and_dataset_together() -> None:
    """By hand: the mean over pairs without row and column m, for each m."""
    table, K = scores(0, 6), 6
    without = [mean_over_pairs(np.delete(np.delete(table, m, axis=0), m, axis=1)) for m in range(K)]
    expected = np.sqrt((K - 1) / K * np.sum((np.array(without) - np.mean(without)) ** 2))
    assert members_error(table) == pytest.approx(expected, rel=1e-12)


def test_datasets_that_differ_and_nothing_else_give_the_error_of_their_mean() -> None:
    """Known truth: with S[i, j] = b[j] the mean over pairs is the mean of b, both errors are std(b)
    / sqrt(K).
    """
    b = np.array([0.7, 0.8, 0.75, 0.9, 0.82])
    table = np.tile(b, (5, 1))
    expected = np.std(b, ddof=1) / np.sqrt(5)
    assert mean_over_pairs(table) == pytest.approx(b.mean())
    assert models_error(table) == pytest.approx(expected, rel=1e-12)
    assert members_error(table) == pytest.approx(expected, rel=1e-12)


def test_models_that_differ_and_nothing_else_are_error_for_members_alone() -> None:
    table = np.tile(np.array([0.7, 0.8, 0.75, 0.9, 0.82])[:, None], (1, 5))
    assert models_error(table) == pytest.approx(0, abs=1e-15)
    assert members_error(table) > 0.01


@settings(max_examples=25)
@given(st.integers(0, 2**31), st.integers(3, 9), st.floats(0.1, 10), st.floats(-5, 5))
def test_errors_follow_scale_shift_and_order(seed: int, K: int, scale: float, shift: float) -> None:
    """Units do not matter, a constant adds nothing, and members have no order."""
    table = scores(seed, K)
    order = np.random.default_rng(seed).permutation(K)
    for error in (models_error, members_error):
        assert error(scale * table + shift) == pytest.approx(scale * error(table), rel=1e-6)
        assert error(table[np.ix_(order, order)]) == pytest.approx(error(table), rel=1e-9)
        other_diagonal = np.where(np.eye(K, dtype=bool), 99.0, table)
        assert error(other_diagonal) == pytest.approx(error(table), rel=1e-12)


@pytest.mark.parametrize(("of_models", "of_datasets"), [(0.03, 0.02), (0.001, 0.02), (0.03, 0.001)])
def test_intervals_hold_the_truth_as_often_as_they_say(
    of_models: float, of_datasets: float
) -> None:
    """Known truth 0.8 (any model) and 0.8 + mean a (these models); 600 draws, two-sided at four
    binomial errors.
    """
    K, repeats, held = 8, 600, {"models": 0, "members": 0}
    reach = student_t.ppf(0.975, K - 1)
    for seed in range(repeats):
        table = scores(seed, K, of_models=of_models, of_datasets=of_datasets)
        a = np.random.default_rng(seed).normal(size=K) * of_models
        value = mean_over_pairs(table)
        held["models"] += bool(abs(value - 0.8 - a.mean()) <= reach * models_error(table))
        held["members"] += bool(abs(value - 0.8) <= reach * members_error(table))
    assert 0.95 - 4 * np.sqrt(0.95 * 0.05 / repeats) < held["models"] / repeats
    assert 0.95 - 4 * np.sqrt(0.95 * 0.05 / repeats) < held["members"] / repeats
    if (
        of_datasets > 0.01
    ):  # elsewhere c dominates, for which the error of `models` is on the safe side
        assert held["models"] / repeats < 0.95 + 4 * np.sqrt(0.95 * 0.05 / repeats)


def test_a_smaller_ensemble_is_its_own_members_alone() -> None:
    table = scores(3, 8)
    of_five = (
        evaluation_intervals(frame(table), [5, 8], task="binary")
        .query("approach == 'first_5'")
        .reset_index(drop=True)
    )
    alone = evaluation_intervals(frame(table[:5, :5]), [5], task="binary")
    pd.testing.assert_frame_equal(of_five, alone)
    assert list(alone.columns) == CLAIM_INTERVAL_COLUMNS
    assert (alone["low"] < alone["value"]).all()


@pytest.mark.parametrize("score", [0.0, 0.75, 0.1])
def test_pairs_that_all_score_alike_have_a_value_and_no_certain_interval(score: float) -> None:
    """Five models that find none of a few positives have not shown that the next one finds none."""
    found = evaluation_intervals(frame(np.full((5, 5), score), "recall"), [5], task="binary")
    np.testing.assert_allclose(found["value"], score)
    assert found[["standard_error", "low", "high"]].isna().all().all()
    assert set(found["reason"]) == {SAME}


def test_what_cannot_be_said_is_a_nan_with_a_reason() -> None:
    table = scores(0, 4)
    table[2, 1] = np.nan
    both = pd.concat([frame(table, "auc"), frame(scores(0, 4))])
    found = (
        evaluation_intervals(both, [2, 4], task="binary")
        .set_index(["approach", "metric", "over"])
        .sort_index()
    )
    assert found.loc[("first_4", "auc"), ["value", "low", "high"]].isna().all().all()
    assert found.loc["first_4", "accuracy"].notna().all().all()
    assert found.loc[("first_2", "accuracy", "members"), ["low", "high"]].isna().all()
    assert not np.isnan(found.loc[("first_2", "accuracy", "members"), "value"])
    assert set(found.loc[("first_4", "auc"), "reason"]) == {
        "1 of 12 pairs of members have no value"
    }
    assert set(found.loc[("first_2", "accuracy"), "reason"]) == {
        "an interval needs at least 3 members, found 2"
    }
    assert set(found.loc[("first_4", "accuracy"), "reason"]) == {""}


def test_impossible_requests_are_named() -> None:
    with pytest.raises(EvaluationError, match="asks for an ensemble of 9 members, but there are 4"):
        evaluation_intervals(frame(scores(0, 4)), [9], task="binary")
    with pytest.raises(EvaluationError, match="between 0 and 1, found 95"):
        evaluation_intervals(frame(scores(0, 4)), [4], task="binary", level=95)


def test_an_interval_stays_within_the_range_of_its_metric() -> None:
    """Few members near the top of the range: value ± t error goes beyond 1."""
    table = 0.97 + 0.02 * np.array([[0, 1, -1], [1, 0, -1], [1, -1, 0]])
    found = evaluation_intervals(frame(table, "auc"), [3], task="binary")
    assert (found["value"] + student_t.ppf(0.975, 2) * found["standard_error"] > 1).any()
    assert found["high"].max() == 1.0
    assert (found["low"] < found["value"]).all()
