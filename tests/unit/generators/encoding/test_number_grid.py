"""The grid of a column's values: found where there is one, not where there is none, and never left
by what is decoded.
"""

from __future__ import annotations

import numpy as np
import pytest

from dge_assets.core.generators.encoding.number_grid import (
    counts_on_grid,
    numbers_on_grid,
    step_of_counts,
    step_of_numbers,
)

RNG = np.random.default_rng(0)
HOUR = 3_600_000_000_000
FEWEST = 10


@pytest.mark.parametrize(
    ("numbers", "step"),
    [
        (np.round(RNG.lognormal(2, 1, 500), 2), (1, 100)),
        (np.round(RNG.normal(0, 1e-6, 500), 9), (1, 10**9)),
        (RNG.integers(0, 40, 500) / 4, (25, 100)),
        (RNG.integers(0, 40, 500) / 2, (5, 10)),
        (RNG.integers(0, 400, 500) / 8, (1, 8)),
        (RNG.integers(0, 40, 500) * 5.0, (5, 1)),
        (RNG.integers(0, 40, 500) * 1000.0, (1000, 1)),
        (RNG.integers(-99, 99, 500) * 1.0, (1, 1)),
        (np.array([0.5, 0.25, 17.75]), (1, 100)),
        (RNG.normal(size=500), None),
        (RNG.random(500).astype("float32").astype(float), None),
        (RNG.normal(0, 1e-19, 500), None),
        (RNG.integers(1, 50, 500) * 5e-324, None),
        (np.zeros(50), None),
    ],
)
def test_steps_of_numbers_are_found(numbers: np.ndarray, step: tuple[int, int] | None) -> None:
    assert step_of_numbers(numbers, fewest=FEWEST) == step


@pytest.mark.parametrize(
    ("counts", "moments", "step"),
    [
        (RNG.integers(0, 500, 500), False, 1),
        (RNG.integers(0, 500, 500) * 5, False, 5),
        (RNG.integers(0, 500, 500) * 12, False, 12),
        (RNG.integers(0, 500, 500) * 60, False, 60),
        (np.array([2, 4, 8]), False, 1),
        (RNG.integers(0, 9000, 500) * 24 * HOUR, True, 24 * HOUR),
        (RNG.integers(0, 9000, 500) * HOUR, True, HOUR),
        (RNG.integers(0, 9000, 500) * HOUR // 4, True, HOUR // 4),
        (RNG.integers(0, 9000, 500) * HOUR // 60, True, HOUR // 60),
        (RNG.integers(0, 10**6, 500) * 10**9, True, 10**9),
        (RNG.integers(0, 10**16, 500), True, 1),
        (np.array([6, 12, 18]) * HOUR, True, HOUR),
    ],
)
def test_steps_of_counts_are_found(counts: np.ndarray, moments: bool, step: int) -> None:
    assert step_of_counts(counts, fewest=FEWEST, moments=moments) == step


@pytest.mark.parametrize(("finer", "found"), [(1, (1, 100)), (9, (1, 100)), (10, (1, 10**6))])
def test_fewer_than_ten_finer_values_do_not_set_the_resolution(
    finer: int, found: tuple[int, int]
) -> None:
    """Else a single row's digits would show in all datasets."""
    numbers = np.round(RNG.normal(50, 10, 1000), 2)
    numbers[:finer] = np.round(numbers[:finer], 1) + 0.012345
    numbers[:finer] = np.round(numbers[:finer], 6)
    assert step_of_numbers(numbers, fewest=FEWEST) == found


def test_in_a_short_column_no_value_is_left_aside() -> None:
    assert step_of_numbers(np.array([1.0, 2.0, 3.0, 4.5]), fewest=FEWEST) == (1, 10)


def test_numbers_move_to_the_nearest_multiple_within_the_bounds() -> None:
    moved = numbers_on_grid(np.array([-1e300, 0.126, 0.1249, 7.0, 1e308]), (1, 100), 0.055, 6.999)
    assert moved.tolist() == [0.06, 0.13, 0.12, 6.99, 6.99]
    assert numbers_on_grid(np.array([-9.0, 0.3, 9.0]), (1, 1), 0.2, 0.4).tolist() == [
        0.2,
        0.3,
        0.4,
    ], "no multiple there"


def test_counts_move_to_the_nearest_multiple_within_the_bounds() -> None:
    end = 2**63 - 1
    moved = counts_on_grid(np.array([-end, -1, 2, 3, end]), 5, -7, end)
    assert moved.tolist() == [-5, 0, 0, 5, end // 5 * 5]
    assert counts_on_grid(np.array([1, 2, 9]), 5, 2, 4).tolist() == [2, 2, 4], "no multiple there"
