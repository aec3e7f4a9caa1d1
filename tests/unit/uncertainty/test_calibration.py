"""Reliability curves agree with the metric, do not depend on the order of rows, and say where
nothing is.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dge_assets.core.scores.metrics import score_encoded
from dge_assets.core.uncertainty.calibration import (
    accuracy_above_threshold,
    calibration_curves,
    expected_calibration_error,
    reliability_curve,
)

SEEDS = st.integers(0, 2**32 - 1)


def drawn(
    seed: int, classes: int, rows: int = 60, decimals: int = 12
) -> tuple[np.ndarray, np.ndarray]:
    """Random codes and probabilities; few decimals make ties, as knn does."""
    rng = np.random.default_rng(seed)
    raw = np.round(rng.dirichlet(np.ones(classes), rows), decimals)
    return rng.integers(0, classes, rows), raw / raw.sum(axis=1, keepdims=True)


@settings(max_examples=30)
@given(seed=SEEDS, classes=st.integers(2, 4), decimals=st.sampled_from([1, 12]))
def test_the_error_of_the_equal_width_curve_is_the_metric(
    seed: int, classes: int, decimals: int
) -> None:
    y, probabilities = drawn(seed, classes, decimals=decimals)
    task = "binary" if classes == 2 else "multiclass"
    expected = score_encoded(["ece"], y, probabilities, task=task).values["ece"]  # type: ignore[arg-type]
    assert expected_calibration_error(reliability_curve(y, probabilities)) == pytest.approx(
        expected, abs=1e-12
    )


@settings(max_examples=30)
@given(seed=SEEDS, classes=st.integers(2, 4), decimals=st.sampled_from([1, 12]))
def test_every_row_is_in_one_bin_and_the_order_of_rows_does_not_count(
    seed: int, classes: int, decimals: int
) -> None:
    y, probabilities = drawn(seed, classes, decimals=decimals)
    order = np.random.default_rng(seed).permutation(len(y))
    plain, turned = (
        calibration_curves(y, probabilities),
        calibration_curves(y[order], probabilities[order]),
    )
    pd.testing.assert_frame_equal(plain, turned)
    counts = plain.groupby("curve")["n"].sum()
    assert counts["equal_width"] == counts["equal_count"] == len(y)


def test_bins_of_equal_count_hold_equally_many_rows_where_nothing_ties() -> None:
    y, probabilities = drawn(0, 2, rows=60)
    assert reliability_curve(y, probabilities, equal_count=True)["n"].tolist() == [4] * 15


def test_fifths_are_in_the_same_bin_whatever_their_sum_was_rounded_to() -> None:
    """Means of five neighbours' votes lie on the edges of the 15 bins; in another order of members
    they differ by rounding.
    """
    votes = np.array([[0.2, 0.4, 0.6], [0.6, 0.4, 0.2], [0.4, 0.4, 0.4]])
    positive = np.array([sum(row) / 3 for row in votes])
    assert len(set(positive)) > 1
    table, y = np.column_stack([1 - positive, positive]), np.array([0, 1, 1])
    assert (reliability_curve(y, table)["n"] > 0).sum() == 1
    assert (reliability_curve(y, table, equal_count=True)["n"] > 0).sum() == 1
    assert score_encoded(["ece"], y, table, task="binary").values["ece"] == pytest.approx(
        2 / 3 - 0.4
    )


def test_a_calibrated_forecast_has_almost_no_error_and_a_boastful_one_has_its_excess() -> None:
    """Known truth: y drawn from p itself; then p pushed 0.1 up, so the error is 0.1 but for chance."""
    rng = np.random.default_rng(1)
    p = rng.uniform(0.05, 0.85, 200_000)
    y = (rng.random(len(p)) < p).astype(int)
    for equal_count in (False, True):
        fair = reliability_curve(y, np.column_stack([1 - p, p]), equal_count=equal_count)
        assert expected_calibration_error(fair) < 0.01
        boast = reliability_curve(y, np.column_stack([0.9 - p, p + 0.1]), equal_count=equal_count)
        assert expected_calibration_error(boast) == pytest.approx(0.1, abs=0.01)


def test_accuracy_above_a_threshold_is_over_the_rows_that_reach_it() -> None:
    probabilities = np.array([[0.5, 0.5], [0.1, 0.9], [0.7, 0.3], [0.2, 0.8]])
    table = accuracy_above_threshold(np.array([0, 1, 1, 1]), probabilities).set_index("bin")
    assert table["confidence"].iloc[[0, 20, -1]].tolist() == pytest.approx([0.5, 0.9, 1.0])
    assert table["n"].iloc[[0, 1, 10, 20, 21]].tolist() == [4, 3, 3, 1, 0]
    assert table["accuracy"].iloc[[0, 1, 20]].tolist() == pytest.approx([3 / 4, 2 / 3, 1.0])
    assert np.isnan(table["accuracy"].iloc[-1]), "no row is certain"


@settings(max_examples=30)
@given(seed=SEEDS, classes=st.integers(2, 5))
def test_the_lowest_threshold_keeps_every_row(seed: int, classes: int) -> None:
    y = np.zeros(30, dtype=int)
    uniform = np.full((30, classes), 1 / classes)
    assert accuracy_above_threshold(y, uniform)["n"].iloc[0] == 30
    assert accuracy_above_threshold(*drawn(seed, classes))["n"].is_monotonic_decreasing


def test_one_class_only_and_no_rows_have_curves_all_the_same() -> None:
    _, probabilities = drawn(0, 2)
    ones = reliability_curve(np.ones(60, dtype=int), probabilities)
    assert set(ones["accuracy"].dropna()) == {1.0}
    nothing = reliability_curve(np.empty(0, dtype=int), np.empty((0, 2)))
    assert nothing["n"].sum() == 0
    assert np.isnan(expected_calibration_error(nothing))
