"""Metrics against closed forms, scikit-learn, and what must hold for any input."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st

from dge_assets.core.errors import EvaluationError
from dge_assets.core.scores.metrics import (
    METRICS,
    metric_goal,
    metric_names,
    score,
    score_encoded,
    score_with_reasons,
)

few_examples = settings(max_examples=25)


def _binary(seed: int, n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = np.append(rng.integers(0, 2, n - 2), [0, 1])
    # Rounded, so that ties between rows and probabilities of exactly 0, 0.5 and 1 occur.
    return y, np.round(np.clip(rng.normal(0.3 + 0.4 * y, 0.3), 0, 1), 1)


def _multiclass(seed: int, n: int = 300, count: int = 4) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = np.append(rng.integers(0, count, n - count), range(count))
    return y, rng.dirichlet(np.ones(count), n) * 0.7 + 0.3 * np.eye(count)[y]


@few_examples
@given(seed=st.integers(0, 10_000))
def test_binary_metrics_are_those_of_scikit_learn(seed: int) -> None:
    y, p = _binary(seed)
    found = score(["auc", "accuracy", "f1", "precision", "recall", "nll", "brier"], y, p, [0, 1])
    hard = (p > 0.5).astype(int)
    expected = {
        "auc": sklearn.metrics.roc_auc_score(y, p),
        "accuracy": sklearn.metrics.accuracy_score(y, hard),
        "f1": sklearn.metrics.f1_score(y, hard),
        "precision": sklearn.metrics.precision_score(y, hard),
        "recall": sklearn.metrics.recall_score(y, hard),
        "nll": sklearn.metrics.log_loss(y, p),
        "brier": sklearn.metrics.brier_score_loss(y, p),
    }
    assert found == pytest.approx(expected, abs=1e-12)


@few_examples
@given(seed=st.integers(0, 10_000))
def test_multiclass_metrics_are_those_of_scikit_learn(seed: int) -> None:
    y, p = _multiclass(seed)
    hard = p.argmax(axis=1)
    found = score(
        ["auc", "accuracy", "f1", "precision", "recall", "nll", "brier"], y, p, [0, 1, 2, 3]
    )
    expected = {
        "auc": sklearn.metrics.roc_auc_score(y, p, multi_class="ovr", average="macro"),
        "accuracy": sklearn.metrics.accuracy_score(y, hard),
        "f1": sklearn.metrics.f1_score(y, hard, average="macro"),
        "precision": sklearn.metrics.precision_score(y, hard, average="macro"),
        "recall": sklearn.metrics.recall_score(y, hard, average="macro"),
        "nll": sklearn.metrics.log_loss(y, p),
        "brier": np.mean(np.sum((p - np.eye(4)[y]) ** 2, axis=1)),
    }
    assert found == pytest.approx(expected, abs=1e-12)


@few_examples
@given(seed=st.integers(0, 10_000))
def test_regression_metrics_are_those_of_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    y, members = rng.normal(size=50), rng.normal(size=(50, 5))
    mean = members.mean(axis=1)
    found = score(["rmse", "mae", "r2"], y, members)
    expected = {
        "rmse": sklearn.metrics.root_mean_squared_error(y, mean),
        "mae": sklearn.metrics.mean_absolute_error(y, mean),
        "r2": sklearn.metrics.r2_score(y, mean),
    }
    assert found == pytest.approx(expected, abs=1e-12)


@few_examples
@given(seed=st.integers(0, 10_000))
def test_crps_is_the_integral_of_the_squared_distance_between_the_distributions(seed: int) -> None:
    """CRPS is defined as the integral of (F(t) - [y <= t])^2; both are steps, so it is a finite
    sum.
    """
    rng = np.random.default_rng(seed)
    y, members = rng.normal(size=6), rng.normal(size=(6, 7))
    integrals = []
    for value, row in zip(y, members, strict=True):
        steps = np.sort(np.append(row, value))
        cdf = (row[:, None] <= steps[None, :-1]).mean(axis=0)
        integrals.append(np.sum((cdf - (value <= steps[:-1])) ** 2 * np.diff(steps)))
    assert score(["crps"], y, members)["crps"] == pytest.approx(np.mean(integrals), abs=1e-12)


def test_crps_of_one_prediction_is_the_mean_absolute_error() -> None:
    found = score(["crps", "mae"], [1.0, 2.0, 4.0], [1.5, 0.0, 4.0])
    assert found["crps"] == pytest.approx(2.5 / 3)
    assert found["crps"] == pytest.approx(found["mae"])


def test_ece_by_hand() -> None:
    """Bins of width 1/15: 0.10 and 0.12 share one, 0.9 is alone.

    |0.22 - 1|/4 + 2 * |0.9 - 1/2|/4.
    """
    found = score(["ece"], [0, 1, 0, 1], [0.10, 0.12, 0.90, 0.90], [0, 1])
    assert found["ece"] == pytest.approx((abs(0.22 - 1) + abs(1.8 - 1)) / 4)


def test_ece_of_a_calibrated_forecast_is_nearly_nothing() -> None:
    """Known truth: y drawn with probability p is calibrated; p^2 reported instead is off by mean(p
    - p^2) = 1/6.
    """
    rng = np.random.default_rng(0)
    p = rng.random(200_000)
    y = (rng.random(200_000) < p).astype(int)
    assert score(["ece"], y, p, [0, 1])["ece"] < 0.005
    assert score(["ece"], y, p**2, [0, 1])["ece"] == pytest.approx(1 / 6, abs=0.005)


def test_exactly_one_half_is_not_positive() -> None:
    assert score(["accuracy", "recall"], ["a", "b"], [0.5, 0.5], ["a", "b"]) == {
        "accuracy": 0.5,
        "recall": 0.0,
    }


def test_the_last_class_is_the_positive_one() -> None:
    p = [0.9, 0.2, 0.8]
    assert score(["recall", "brier"], ["x", "y", "x"], p, ["y", "x"]) == pytest.approx(
        {"recall": 1.0, "brier": (0.01 + 0.04 + 0.04) / 3}
    )


@few_examples
@given(seed=st.integers(0, 10_000), shift=st.permutations(range(4)))
def test_relabelling_classes_changes_no_multiclass_metric(seed: int, shift: list[int]) -> None:
    """Classes are names: permuting them with their columns permutes the terms of each average."""
    y, p = _multiclass(seed)
    names = metric_names("multiclass")
    before = score(names, y, p, [0, 1, 2, 3])
    after = score(names, np.argsort(shift)[y], p[:, shift], [0, 1, 2, 3])
    assert after == pytest.approx(before, abs=1e-12)


def test_swapping_binary_classes_keeps_what_is_symmetric() -> None:
    y, p = _binary(3)
    names = ["auc", "nll", "brier"]
    assert score(names, 1 - y, 1 - p, [0, 1]) == pytest.approx(
        score(names, y, p, [0, 1]), abs=1e-12
    )


@pytest.mark.parametrize(
    ("y", "p", "undefined"),
    [
        ([1, 1], [0.2, 0.8], {"auc"}),
        ([0, 0], [0.2, 0.8], {"auc", "recall"}),
        ([0, 1], [0.2, 0.3], {"precision"}),
        ([0, 0], [0.2, 0.3], {"auc", "recall", "precision", "f1"}),
    ],
)
def test_a_metric_without_a_value_is_nan_with_a_reason(
    y: list[int], p: list[float], undefined: set[str]
) -> None:
    found = score_with_reasons(metric_names("binary"), y, p, [0, 1])
    assert {name for name, value in found.values.items() if np.isnan(value)} == undefined
    assert set(found.reasons) == undefined
    assert all("positive class" in reason for reason in found.reasons.values())


def test_a_class_without_rows_leaves_macro_auc_undefined_and_says_which() -> None:
    found = score_with_reasons(
        ["auc", "accuracy"], [0, 1], [[0.6, 0.3, 0.1], [0.1, 0.8, 0.1]], [0, 1, 2]
    )
    assert np.isnan(found.values["auc"])
    assert found.values["accuracy"] == 1.0
    assert "class 2" in found.reasons["auc"]


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_no_rows_give_nan_for_every_metric(task: str) -> None:
    empty = np.empty((0, {"binary": 2, "multiclass": 3, "regression": 1}[task]))
    found = score_encoded(metric_names(task), np.empty(0, dtype=int), empty, task=task)
    assert all(np.isnan(value) for value in found.values.values())
    assert set(found.reasons.values()) == {"there are no rows"}


def test_r2_of_a_constant_target_is_undefined() -> None:
    found = score_with_reasons(["r2", "rmse"], [2.0, 2.0], [1.0, 3.0])
    assert np.isnan(found.values["r2"])
    assert "one value" in found.reasons["r2"]
    assert found.values["rmse"] == 1.0


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_values_stay_in_their_range_and_perfection_reaches_the_goal(task: str) -> None:
    y = np.arange(60) % 3 if task == "multiclass" else np.arange(60) % 2
    perfect = (
        y.astype(float)[:, None]
        if task == "regression"
        else np.eye(3 if task == "multiclass" else 2)[y]
    )
    rng = np.random.default_rng(0)
    noise = (
        rng.dirichlet(np.ones(perfect.shape[1]), 60)
        if task != "regression"
        else rng.normal(size=(60, 4))
    )
    names = list(METRICS[task])
    best = score_encoded(names, y, perfect, task=task).values
    some = score_encoded(names, y, noise, task=task).values
    for name, card in METRICS[task].items():
        low, high = card.range
        assert low <= some[name] <= high
        assert best[name] == pytest.approx(high if card.goal == "higher" else low, abs=1e-12)
        assert metric_goal(name) == card.goal


def test_impossible_requests_name_what_is_allowed() -> None:
    with pytest.raises(
        EvaluationError, match=r"no metric 'rmse' for task=binary; allowed are \['auc'"
    ):
        score(["rmse"], [0, 1], [0.1, 0.9], [0, 1])
    with pytest.raises(
        EvaluationError, match=r"labels \['c'\] are none of the classes \['a', 'b'\]"
    ):
        score(["auc"], ["a", "c"], [0.1, 0.9], ["a", "b"])
    with pytest.raises(EvaluationError, match="one column per class, 3"):
        score(["auc"], [0, 1], [0.1, 0.9], [0, 1, 2])
    with pytest.raises(EvaluationError, match="3 target values but 2 predictions"):
        score(["rmse"], [0, 1, 2], [0.1, 0.9])
    with pytest.raises(EvaluationError, match="no metric 'speed'"):
        metric_goal("speed")


def test_r2_of_a_target_with_one_value_is_undefined_however_its_mean_is_rounded() -> None:
    found = score_with_reasons(["r2"], np.full(3, 1000.2), np.array([1.0, 2.0, 3.0]))
    assert np.isnan(found.values["r2"])
    assert "one value only" in found.reasons["r2"]


@pytest.mark.parametrize("value", [np.nan, np.inf, 1.5, -0.5])
def test_what_is_no_probability_is_refused_and_not_counted_as_a_prediction(value: float) -> None:
    with pytest.raises(EvaluationError, match="in 1 of 3 rows"):
        score(["accuracy", "ece"], [0, 1, 1], [0.1, value, 0.7], [0, 1])


def test_values_that_are_not_finite_are_refused_in_a_regression() -> None:
    with pytest.raises(EvaluationError, match="predictions are not finite in 2 of 3 rows"):
        score(["rmse"], [0, 1, 2], [0, np.nan, np.inf])
    with pytest.raises(EvaluationError, match="y is not finite in 1 of 3 rows"):
        score(["rmse"], [0, np.nan, 2], [0, 1, 2])
