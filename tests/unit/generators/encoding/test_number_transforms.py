"""Transforms of numbers: undone exactly, increasing, finite; and only where the numbers call for
one.
"""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dge_assets.core.generators.encoding.number_transforms import (
    PLAIN,
    Transform,
    further_transforms,
    initial_transform,
    spread_of,
)

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("scale", [1e-2, 1.0, 50.0, 1e5])
def test_ordinary_columns_are_learnt_in_their_own_units(scale: float) -> None:
    assert initial_transform(RNG.normal(3, 1, 1000) * 1.1 * scale) == PLAIN


@pytest.mark.parametrize(
    ("numbers", "shape"),
    [
        (RNG.normal(0, 1e-4, 500), "standard"),
        (RNG.normal(1e30, 1e29, 500), "standard"),
        (np.r_[RNG.normal(size=500), 1e30], "asinh"),
        (np.r_[RNG.normal(size=500), 1e200], "asinh"),
        (RNG.random(500) * np.where(RNG.random(500) < 0.5, -1.7e308, 1.7e308), "standard"),
        (RNG.integers(1, 50, 500) * 5e-324, "standard"),
    ],
)
def test_other_scales_are_learnt_in_units_of_their_spread(numbers: np.ndarray, shape: str) -> None:
    transform = initial_transform(numbers)
    assert transform.shape == shape
    assert np.abs(transform.apply(numbers)).max() < 1e3
    np.testing.assert_allclose(
        transform.undo(transform.apply(numbers)), numbers, rtol=1e-12, atol=1e-300
    )


def test_a_few_values_far_away_do_not_move_the_spread() -> None:
    numbers = RNG.normal(0, 2, 10_000)
    assert spread_of(numbers) == pytest.approx(2, rel=0.05)
    assert spread_of(np.r_[numbers, 1e300]) == pytest.approx(2, rel=0.05)
    assert spread_of(np.r_[np.zeros(8000), numbers[:2000]]) == pytest.approx(0.85, rel=0.2), (
        "most are equal"
    )
    assert spread_of(np.zeros(5)) == 1.0


@settings(max_examples=100)
@example(
    [0.0, 1.5474250491066915e26, 1.1117663877459259e-282, -1.0]
)  # more octaves than floats have
@given(st.lists(st.floats(-1e100, 1e100), min_size=3, max_size=40, unique=True))
def test_every_transform_is_undone_and_keeps_the_order(values: list[float]) -> None:
    numbers = np.sort(np.array(values))
    for transform in (initial_transform(numbers), *further_transforms(numbers)):
        learnt = transform.apply(numbers)
        assert np.isfinite(learnt).all()
        assert (np.diff(learnt) >= -1e-12 * np.abs(learnt).max()).all()
        back = transform.undo(learnt)
        far = np.abs(numbers).max()
        np.testing.assert_allclose(
            back, numbers, rtol=1e-9, atol=1e-13 * max(spread_of(numbers), far * 1e-2)
        )
        assert Transform.from_document(json.loads(json.dumps(asdict(transform)))) == transform


def test_what_is_sampled_far_out_stays_finite() -> None:
    numbers = np.r_[RNG.normal(size=500), 1e300]
    for transform in further_transforms(numbers):
        assert np.isfinite(transform.undo(np.array([-1e300, -1e4, 0.0, 1e4, 1e300]))).all()
