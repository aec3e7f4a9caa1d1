"""Weighted metrics: a replicate scores as the rows repeated as often as its weights say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dge_assets.core.contract.contract import Task
from dge_assets.core.errors import EvaluationError
from dge_assets.core.intervals.resampling import PartOfResamples, Resamples
from dge_assets.core.scores.metrics import METRICS, score_encoded
from dge_assets.core.scores.replicated_auc import PLACES
from dge_assets.core.scores.replicates import replicate_means, replicate_scores, score_weighted

TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression")


def rows_of(task: Task, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Targets and predictions with many ties, as few distinct probabilities make them."""
    rng = np.random.default_rng(seed)
    if task == "regression":
        return rng.normal(1000, 3, n), np.round(rng.normal(1000, 3, (n, 3)), 1)
    classes = 2 if task == "binary" else 3
    table = rng.multinomial(8, np.ones(classes) / classes, n) / 8
    return rng.integers(0, classes, n), table


@pytest.mark.parametrize("task", TASKS)
@settings(max_examples=40)
@given(n=st.integers(1, 40), seed=st.integers(0, 2**32 - 1), rate=st.sampled_from([0.3, 1.0, 3.0]))
def test_a_weight_is_a_number_of_repetitions(task: Task, n: int, seed: int, rate: float) -> None:
    y, table = rows_of(task, n, seed)
    weights = np.random.default_rng(seed + 1).poisson(rate, (n, 4)).astype(np.float32)
    names = list(METRICS[task])
    found = score_weighted(names, y, table, weights, task=task)
    for column in range(4):
        repeated = np.repeat(np.arange(n), weights[:, column].astype(int))
        expected = score_encoded(names, y[repeated], table[repeated], task=task).values
        # The variance by which r2 divides is a difference of sums in single precision: rows alike
        # in a replicate cost digits, and of nearly equal ones no r2 is told.
        spread = (
            np.var(y[repeated]) / np.var(y)
            if task == "regression" and len(repeated) and np.ptp(y)
            else 0.0
        )
        for name in (
            names if spread == 0 or spread > 1e-5 else [name for name in names if name != "r2"]
        ):
            near = 2e-4 + (2e-6 / spread if name == "r2" and spread else 0.0)
            assert found[name][column] == pytest.approx(
                expected[name], rel=near, abs=2e-5, nan_ok=True
            ), name


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_a_mask_takes_rows_away_and_the_whole_mask_none(seed: int) -> None:
    y, table = rows_of("binary", 60, seed)
    resamples = Resamples(60, np.random.SeedSequence(seed), 20)
    names = list(METRICS["binary"])
    whole = replicate_scores(names, y, table, resamples, task="binary")
    every = PartOfResamples(resamples, np.ones(60, dtype=bool))
    masked = replicate_scores(names, y, table, every, task="binary")
    half = np.arange(60) < 30
    of_half = PartOfResamples(resamples, half)
    part = replicate_scores(names, y[half], table[half], of_half, task="binary")
    weights = next(resamples.blocks())[half]
    expected = score_weighted(names, y[half], table[half], weights, task="binary")
    for name in names:
        np.testing.assert_array_equal(whole[name], masked[name])
        np.testing.assert_array_equal(part[name], expected[name])


def test_replicates_of_other_rows_are_refused() -> None:
    y, table = rows_of("binary", 10, 0)
    with pytest.raises(EvaluationError, match="10 target values for replicates of 9 rows"):
        replicate_scores(["auc"], y, table, Resamples(9, np.random.SeedSequence(0)), task="binary")


@pytest.mark.parametrize(
    ("n", "share", "decimals"), [(4000, 0.3, 9), (4000, 0.02, 9), (4000, 0.3, 3), (900, 0.5, 2)]
)
def test_the_area_of_many_distinct_scores_is_that_of_the_repeated_rows(
    n: int, share: float, decimals: int
) -> None:
    rng = np.random.default_rng(n)
    y = (rng.random(n) < share).astype(int)
    positive = np.round(1 / (1 + np.exp(-rng.normal(1.5 * y - 0.5))), decimals)
    table, resamples = (
        np.column_stack([1 - positive, positive]),
        Resamples(n, np.random.SeedSequence(1), 60),
    )
    (found,) = replicate_scores(["auc"], y, table, resamples, task="binary").values()
    repeated = [
        np.repeat(np.arange(n), column.astype(int)) for column in next(resamples.blocks()).T
    ]
    expected = [
        score_encoded(["auc"], y[rows], table[rows], task="binary").values["auc"]
        for rows in repeated
    ]
    exact = len(np.unique(positive)) <= PLACES
    assert exact == (decimals == 2)
    assert np.std(found - expected) < (1e-7 if exact else 0.01) * np.std(expected)
    ones = score_weighted(["auc"], y, table, np.ones((n, 1), dtype=np.float32), task="binary")[
        "auc"
    ]
    assert ones == pytest.approx(
        score_encoded(["auc"], y, table, task="binary").values["auc"], abs=1e-7
    )


def test_an_unknown_metric_is_told_with_the_known_ones() -> None:
    y, table = rows_of("binary", 10, 0)
    with pytest.raises(EvaluationError, match="no metric 'gini' for task=binary"):
        score_weighted(["gini"], y, table, np.ones((10, 2), dtype=np.float32), task="binary")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("unit", [1e-250, 1e-25, 1e20, 1e120, 1e250])
def test_scores_and_replicates_do_not_depend_on_the_unit_of_the_target(unit: float) -> None:
    y, table = rows_of("regression", 40, 1)
    resamples, names = (
        Resamples(40, np.random.SeedSequence(1), replicates=20),
        ["rmse", "mae", "r2", "crps"],
    )
    units = {name: 1.0 if name == "r2" else unit for name in names}
    expected = score_encoded(names, y, table, task="regression")
    found = score_encoded(names, y * unit, table * unit, task="regression")
    assert not found.reasons
    assert {name: found.values[name] / units[name] for name in names} == pytest.approx(
        expected.values
    )
    drawn = replicate_scores(names, y, table, resamples, task="regression")
    scaled = replicate_scores(names, y * unit, table * unit, resamples, task="regression")
    for name in names:
        assert scaled[name] / units[name] == pytest.approx(drawn[name], rel=1e-5, abs=1e-6)


def test_a_squared_error_beyond_all_numbers_is_not_defined() -> None:
    found = score_encoded(["mse"], np.array([0.0, 1e200]), np.zeros(2), task="regression")
    assert np.isnan(found.values["mse"])
    assert "the largest number" in found.reasons["mse"]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "values", [[1e8 + 5, *range(9)], np.arange(10) * 1e40, np.arange(10) * 1e-60]
)
def test_means_of_replicates_keep_their_digits_beside_a_far_row_and_at_any_scale(
    values: list[float],
) -> None:
    resamples = Resamples(10, np.random.SeedSequence(1), replicates=50)
    (found,) = replicate_means([np.asarray(values, dtype=np.float64)], resamples)
    weights = np.concatenate([*resamples.blocks()], axis=1).astype(np.float64)
    assert found == pytest.approx(np.asarray(values) @ weights / 10, rel=1e-6)
