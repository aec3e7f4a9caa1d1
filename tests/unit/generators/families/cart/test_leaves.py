"""Leaves: values are drawn by their weights, and smoothing keeps mean and range and copies nothing
that stands alone.
"""

from __future__ import annotations

import numpy as np
import pytest

from dge_assets.core.generators.families.cart.leaves import Pools, pooled

EVENLY = (np.arange(200_000) + 0.5) / 200_000


def _one_leaf(values: list[float], weights: np.ndarray | None = None) -> Pools:
    given = np.array(values)
    of_rows = np.ones(len(given)) if weights is None else weights
    return pooled(np.zeros(len(given), dtype=np.int64), given, of_rows, 1)


def _smoothed_rows(values: list[float]) -> np.ndarray:
    """Draws from one leaf that go through all of its rows and all of each row's cell evenly."""
    pools = _one_leaf(values)
    places = pools.draw(np.zeros(len(EVENLY), dtype=np.int64), EVENLY)
    moves = np.random.default_rng(0).permutation(EVENLY)
    return pools.smoothed(places, moves)


def test_values_are_drawn_by_the_weights_of_their_rows_within_their_leaf() -> None:
    leaf = np.array([1, 0, 1, 0, 1])
    pools = pooled(leaf, np.array([5, 7, 5, 8, 6]), np.array([1.0, 3.0, 2.0, 1.0, 1.0]), 2)
    assert pools.starts.tolist() == [0, 2, 4]
    assert pools.counts.tolist() == [1, 1, 2, 1]
    drawn = [
        pools.values[pools.draw(np.full(len(EVENLY), each), EVENLY)].tolist() for each in (0, 1)
    ]
    assert drawn[0].count(7) / len(EVENLY) == pytest.approx(0.75, abs=1e-4)
    assert drawn[1].count(5) / len(EVENLY) == pytest.approx(0.75, abs=1e-4)
    assert set(drawn[0]) == {7, 8}
    assert set(drawn[1]) == {5, 6}


def test_draws_at_the_ends_stay_in_their_leaf() -> None:
    rng = np.random.default_rng(0)
    leaf = np.repeat(np.arange(50), 20)
    pools = pooled(leaf, rng.random(1000), rng.standard_exponential(1000), 50)
    for uniform in (0.0, 1.0 - 2**-53):
        places = pools.draw(np.arange(50), np.full(50, uniform))
        assert np.array_equal(places // 20, np.arange(50))


@pytest.mark.parametrize(
    "values", [[1.0, 2.0, 4.0, 30.0], [0.0, 0.0, 0.0, 5.0, 6.0], [3.0, 3.0, 9.0], [1.0, 8.0]]
)
def test_smoothing_keeps_a_leafs_mean_and_range(values: list[float]) -> None:
    found = _smoothed_rows(values)
    assert found.mean() == pytest.approx(np.mean(values), rel=5e-3)
    assert min(values) <= found.min()
    assert found.max() <= max(values)


def test_what_stands_alone_is_never_copied_and_moves_the_farther_the_more_alone_it_is() -> None:
    values = [1.0, 2.0, 3.0, 100.0]
    found = _smoothed_rows(values)
    assert not np.isin(found, values).any()
    assert (found > 51.5).mean() == pytest.approx(0.25, abs=1e-3)  # its cell: halfway to 3, and 100
    assert found[found > 51.5].std() > 10


def test_what_many_rows_share_stays() -> None:
    found = _smoothed_rows([7.0] * 98 + [0.0, 9.0])
    assert (found == 7.0).mean() == pytest.approx(0.96, abs=1e-3)


def test_equal_rows_are_equal_draws() -> None:
    assert set(_smoothed_rows([4.0] * 5)) == {4.0}
    assert set(_smoothed_rows([4.0])) == {4.0}


def test_a_weight_that_is_too_small_for_single_precision_leaves_its_row_in_the_pool() -> None:
    pools = _one_leaf([1.0, 2.0], np.array([1e-300, 1e-300]))
    assert (pools.weights > 0).all()
    assert set(pools.values[pools.draw(np.zeros(2, dtype=np.int64), np.array([0.1, 0.9]))]) == {
        1,
        2,
    }
