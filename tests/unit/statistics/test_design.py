"""Coefficients that some rows cannot tell: NaN for these alone, with a reason; the others as a
smaller model has them.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from dge_assets.core.statistics.design import standardized
from dge_assets.core.statistics.estimates import (
    Estimate,
    Feature,
    estimate_linear,
    estimate_logistic,
)
from tests.unit.statistics.test_estimates import GROUP, X, by_term, sample

Fit = Callable[[pd.DataFrame, list[Feature]], list[Estimate]]
FITS: dict[str, Fit] = {
    "linear": lambda frame, features: estimate_linear(frame, "y", features),
    "logistic": lambda frame, features: estimate_logistic(frame, "yes", "yes", features),
}


def same(ours: Estimate, theirs: Estimate) -> None:
    assert ours.reason == ""
    assert ours.value == pytest.approx(theirs.value, rel=1e-6, abs=1e-9)
    assert ours.variance == pytest.approx(theirs.variance, rel=1e-6)


@pytest.mark.parametrize("fit", FITS.values(), ids=FITS)
def test_a_level_without_rows_costs_its_own_coefficient_alone(fit: Fit) -> None:
    frame = sample(300, 3)
    frame = frame[frame["group"] != "c"]
    found = by_term(fit(frame, [X, GROUP]))
    smaller = by_term(fit(frame, [X, Feature(name="group", levels=("a", "b"))]))
    for term in ("intercept", "x", "group=b"):
        same(found[term], smaller[term])
    assert np.isnan([found["group=c"].value, found["group=c"].variance]).all()
    assert (
        found["group=c"].reason
        == "group=c has the same value in all rows (0): its coefficient is not identified"
    )


@pytest.mark.parametrize("fit", FITS.values(), ids=FITS)
def test_without_the_level_of_comparison_other_features_still_have_theirs(fit: Fit) -> None:
    frame = sample(300, 3)
    frame = frame[frame["group"] != "a"]
    found = by_term(fit(frame, [X, GROUP]))
    smaller = by_term(fit(frame, [X, Feature(name="group", levels=("b", "c"))]))
    same(found["x"], smaller["x"])
    for term in ("intercept", "group=b", "group=c"):
        assert np.isnan(found[term].value)
        assert "linearly dependent" in found[term].reason


def test_one_level_only_leaves_the_slope() -> None:
    frame = sample(300, 3)
    frame = frame[frame["group"] == "b"]
    found = by_term(estimate_linear(frame, "y", [X, GROUP]))
    same(found["x"], by_term(estimate_linear(frame, "y", [X]))["x"])
    assert (
        found["intercept"].reason
        == "intercept is not identified beside group=b, the same value in all rows"
    )
    assert found["group=b"].reason.startswith("group=b has the same value in all rows (1)")


def test_a_feature_twice_leaves_the_others() -> None:
    frame = sample(300, 3).assign(z=lambda rows: 3 * rows["x"] + 5)
    found = by_term(estimate_linear(frame, "y", [X, Feature(name="z"), GROUP]))
    alone = by_term(estimate_linear(frame, "y", [X, GROUP]))
    for term in ("group=b", "group=c"):
        same(found[term], alone[term])
    assert found["x"].reason == "the columns ['intercept', 'x', 'z'] are linearly dependent"
    assert np.isnan(found["intercept"].value), "what z adds to it cannot be told"


def test_a_copy_without_shift_leaves_the_intercept_too() -> None:
    frame = sample(300, 3).assign(z=lambda rows: rows["x"])
    found = by_term(estimate_linear(frame, "y", [X, Feature(name="z")]))
    same(found["intercept"], by_term(estimate_linear(frame, "y", [X]))["intercept"])
    assert found["z"].reason == "the columns ['x', 'z'] are linearly dependent"


def test_large_units_make_nothing_dependent() -> None:
    rng = np.random.default_rng(0)
    X = np.column_stack(
        [np.ones(200), 1e12 + 1e9 * rng.normal(size=200), 1e-9 * rng.normal(size=200)]
    )
    design = standardized(X, ("intercept", "large", "small"))
    assert design.reasons == ("", "", "")
    np.testing.assert_allclose(design.Z @ np.linalg.inv(design.back), X, rtol=1e-9, atol=1e-15)


def test_nearly_dependent_columns_have_variances_of_their_own_size() -> None:
    """Kilometres and the same in miles, rounded: exact rational arithmetic gives the truth."""
    rng = np.random.default_rng(1)
    km = np.round(rng.normal(20, 4, 60), 3)
    frame = pd.DataFrame(
        {"km": km, "miles": np.round(km / 1.609344, 8), "y": 0.1 * km + rng.normal(size=60)}
    )
    found = by_term(estimate_linear(frame, "y", [Feature(name="km"), Feature(name="miles")]))
    rows = [
        [Fraction(1), Fraction(a), Fraction(b)]
        for a, b in zip(frame["km"], frame["miles"], strict=True)
    ]
    products = [[sum(row[i] * row[j] for row in rows) for j in range(3)] for i in range(3)]
    # The intercept's variance over s^2, from the adjugate of X'X.
    minor = products[1][1] * products[2][2] - products[1][2] ** 2
    whole = (
        products[0][0] * minor
        - products[0][1] * (products[0][1] * products[2][2] - products[1][2] * products[0][2])
        + products[0][2] * (products[0][1] * products[1][2] - products[1][1] * products[0][2])
    )
    values = np.array([found[term].value for term in ("intercept", "km", "miles")])
    design = np.column_stack([np.ones(60), frame["km"], frame["miles"]])
    residual = float(np.sum((frame["y"].to_numpy() - design @ values) ** 2)) / 57
    assert found["intercept"].variance == pytest.approx(residual * float(minor / whole), rel=1e-3)
    assert all(item.variance > 0 for item in found.values())


def test_features_in_units_beyond_squares_have_coefficients_or_a_reason() -> None:
    frame = sample(300, 3)
    plain = by_term(estimate_linear(frame, "y", [X]))["x"]
    for unit in (1e100, 1e160):
        large = by_term(estimate_linear(frame.assign(x=frame["x"] * unit), "y", [X]))["x"]
        assert large.value * unit == pytest.approx(plain.value)
    small = by_term(estimate_linear(frame.assign(x=frame["x"] * 1e-200), "y", [X]))
    assert "beyond the largest number" in small["x"].reason
    assert small["intercept"].value == pytest.approx(
        by_term(estimate_linear(frame, "y", [X]))["intercept"].value
    )


def test_many_rows_need_no_square_array() -> None:
    """An array of rows by rows would be 80 GB here."""
    X = np.column_stack([np.ones(100_000), np.arange(100_000.0)])
    assert standardized(X, ("intercept", "x")).Z.shape == (100_000, 2)
