"""Estimates with their variances: closed forms, known truth by simulation, and reasons where there
is no estimate.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dge_assets.core.statistics.estimates import (
    Estimate,
    Feature,
    estimate_linear,
    estimate_logistic,
    estimate_mean,
    estimate_proportion,
    estimate_quantile,
    is_separated,
)

GROUP = Feature(name="group", levels=("a", "b", "c"))
X = Feature(name="x")


def sample(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x, group = rng.normal(2, 3, n), rng.choice(["a", "b", "c"], n)
    mean = 1 + 0.5 * x - 2 * (group == "c")
    yes = rng.random(n) < 1 / (1 + np.exp(-(0.3 * x - 1 + (group == "b"))))
    return pd.DataFrame(
        {"x": x, "group": group, "y": mean + rng.normal(0, 2, n), "yes": np.where(yes, "yes", "no")}
    )


def by_term(found: list[Estimate]) -> dict[str, Estimate]:
    assert len({item.term for item in found}) == len(found)
    return {item.term: item for item in found}


def test_means_and_proportions_are_the_textbook_s_and_leave_gaps_out() -> None:
    (mean,) = estimate_mean(pd.Series([1.0, 2.0, 6.0, np.nan]))
    assert (mean.value, mean.rows) == (3.0, 3)
    assert mean.variance == pytest.approx(7 / 3)
    (share,) = estimate_proportion(pd.Series([1, 0, 1, None], dtype="Int64"), 1)
    assert (share.term, share.value, share.rows) == ("1", pytest.approx(2 / 3), 3)
    assert share.variance == pytest.approx(2 / 27)


def test_a_level_is_found_whatever_type_carries_it() -> None:
    for values in (
        pd.Series([1, 2, 1]),
        pd.Series([1.0, 2.0, 1.0]),
        pd.Series(pd.Categorical([1, 2, 1])),
        pd.Series([1, 2, 1], dtype=object),
    ):
        assert estimate_proportion(values, 1)[0].value == pytest.approx(2 / 3)
    assert estimate_proportion(pd.Series([True, False, False]), True)[0].value == pytest.approx(
        1 / 3
    )
    assert estimate_proportion(pd.Series(["a", "b"]), "c")[0].value == 0


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.9])
def test_the_variance_of_a_quantile_is_what_repeated_samples_show(probability: float) -> None:
    """Known truth: the spread of the quantile over 600 samples of an exponential."""
    rng = np.random.default_rng(5)
    found = [
        estimate_quantile(pd.Series(rng.exponential(size=200)), probability)[0] for _ in range(600)
    ]
    expected = np.var([item.value for item in found])
    assert np.mean([item.variance for item in found]) == pytest.approx(expected, rel=0.3)


@pytest.mark.parametrize(
    ("probability", "n", "low", "high"), [(0.99, 200, 1.4, 2.2), (0.95, 200, 1.1, 1.6)]
)
def test_the_variance_of_a_quantile_far_out_is_too_large_as_its_docstring_says(
    probability: float, n: int, low: float, high: float
) -> None:
    """Known truth: 1,000 samples of a normal; 2 rows lie beyond the first quantile and 10 beyond
    the other.
    """
    rng = np.random.default_rng(6)
    found = [estimate_quantile(pd.Series(rng.normal(size=n)), probability)[0] for _ in range(1000)]
    expected = np.var([item.value for item in found])
    assert low < np.mean([item.variance for item in found]) / expected < high


@pytest.mark.parametrize("kind", ["linear", "logistic"])
def test_coefficients_are_near_the_truth_and_their_variances_honest(kind: str) -> None:
    """Known truth: 150 samples; estimates scatter about the true coefficients as their variances
    say.
    """
    runs = []
    for seed in range(150):
        frame = sample(250, seed)
        found = (
            estimate_linear(frame, "y", [X, GROUP])
            if kind == "linear"
            else estimate_logistic(frame, "yes", "yes", [X, GROUP])
        )
        runs.append(found)
    true = {"linear": [1, 0.5, 0, -2], "logistic": [-1, 0.3, 1, 0]}[kind]
    assert [item.term for item in runs[0]] == ["intercept", "x", "group=b", "group=c"]
    values = np.array([[item.value for item in found] for found in runs])
    variances = np.array([[item.variance for item in found] for found in runs])
    z = (values.mean(axis=0) - true) / (values.std(axis=0) / np.sqrt(150))
    assert np.abs(z).max() < 4
    assert variances.mean(axis=0) == pytest.approx(values.var(axis=0), rel=0.4)


def test_large_units_do_not_spoil_a_regression() -> None:
    frame = sample(300, 1)
    large = frame.assign(x=frame["x"] * 1e9 + 1e12)
    for one, other in (
        (estimate_linear(frame, "y", [X]), estimate_linear(large, "y", [X])),
        (estimate_logistic(frame, "yes", "yes", [X]), estimate_logistic(large, "yes", "yes", [X])),
    ):
        ours, theirs = by_term(one)["x"], by_term(other)["x"]
        assert theirs.value * 1e9 == pytest.approx(ours.value, rel=1e-3)
        assert theirs.variance * 1e18 == pytest.approx(ours.variance, rel=1e-3)


def test_separated_outcomes_have_a_reason_and_no_number() -> None:
    frame = pd.DataFrame({"x": np.arange(20.0), "yes": ["no"] * 9 + ["yes"] * 11})
    for item in estimate_logistic(frame, "yes", "yes", [X]):
        assert np.isnan([item.value, item.variance]).all()
        assert "separate the outcome" in item.reason
    quasi = sample(200, 2).assign(
        yes=lambda rows: np.where(rows["group"] == "b", "yes", rows["yes"])
    )
    assert "separate" in estimate_logistic(quasi, "yes", "yes", [X, GROUP])[0].reason


def test_a_steep_slope_is_no_separation() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=4000)
    frame = pd.DataFrame({"x": x, "yes": rng.random(4000) < 1 / (1 + np.exp(-8 * x))})
    found = by_term(estimate_logistic(frame, "yes", True, [X]))["x"]
    assert found.reason == ""
    assert found.value == pytest.approx(8, abs=4 * np.sqrt(found.variance))
    design = np.column_stack([np.ones(4000), x])
    assert not is_separated(design, frame["yes"].to_numpy(np.int64))
    assert is_separated(design, (x > 0.3).astype(np.int64))


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (
            lambda f: estimate_mean(pd.Series([1.0, np.nan])),
            "1 present values: a mean with a variance needs 2",
        ),
        (lambda f: estimate_proportion(pd.Series([], dtype=object), 1), "no present values"),
        (
            lambda f: estimate_quantile(f["x"][:15], 0.9),
            "15 present values: the 0.9-quantile needs 20",
        ),
        (lambda f: estimate_linear(f.assign(x=2.0), "y", [X]), "the same value in all rows"),
        (lambda f: estimate_linear(f[:2], "y", [X]), "2 complete rows for 2 coefficients"),
        (lambda f: estimate_linear(f.assign(x=np.nan), "y", [X]), "none of 300 rows is complete"),
        (
            lambda f: estimate_logistic(f.assign(yes="no"), "yes", "yes", [X]),
            "0 of 300 rows have 'yes'",
        ),
    ],
)
def test_what_has_no_estimate_says_why(found: object, reason: str) -> None:
    items = found(sample(300, 3))  # type: ignore[operator]
    assert items
    for item in items:
        assert np.isnan([item.value, item.variance]).all()
        assert reason in item.reason


def test_a_constant_column_has_a_mean_without_variance() -> None:
    (mean,) = estimate_mean(pd.Series([7, 7, 7]))
    assert (mean.value, mean.variance, mean.reason) == (7.0, 0.0, "")
    assert estimate_quantile(pd.Series([7] * 50), 0.5)[0].variance == 0
