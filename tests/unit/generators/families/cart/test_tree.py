"""Trees: what scikit-learn grows is walked as it walks it, and levels stand in the order that splits
them best.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from sklearn.tree import DecisionTreeRegressor

from dge_assets.core.generators.families.cart.tree import (
    LEAF,
    ROOT_ALONE,
    grow,
    level_scores,
    with_scores,
)


def _table(n: int = 500) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(n, 3)).astype(np.float32)
    return features, features[:, 0] ** 2 + rng.normal(size=n)


def test_rows_come_to_the_leaves_that_scikit_learn_brings_them_to() -> None:
    features, target = _table()
    grown = DecisionTreeRegressor(min_samples_leaf=7, max_depth=6, random_state=3)
    expected = grown.fit(features, target).apply(features)
    tree = grow(features, target, min_samples_leaf=7, max_depth=6, weights=None, seed=3)
    found = tree.leaf_of(features)
    assert np.array_equal(np.flatnonzero(tree.feature == LEAF)[found], expected)
    assert np.array_equal(np.unique(found), np.arange(tree.leaves))


def test_leaves_have_so_many_rows_whatever_their_weights() -> None:
    features, target = _table()
    weights = np.random.default_rng(1).standard_exponential(len(target))
    tree = grow(features, target, min_samples_leaf=25, max_depth=None, weights=weights, seed=0)
    assert tree.leaves > 5
    assert np.bincount(tree.leaf_of(features)).min() >= 25


def test_a_column_without_predictors_has_one_leaf() -> None:
    nothing = np.empty((9, 0), dtype=np.float32)
    tree = grow(nothing, np.arange(9.0), min_samples_leaf=1, max_depth=None, weights=None, seed=0)
    assert tree is ROOT_ALONE
    assert tree.leaf_of(nothing).tolist() == [0] * 9


@pytest.mark.parametrize("target_levels", [None, 2])
def test_the_order_of_levels_holds_the_best_of_all_splits(target_levels: int | None) -> None:
    """Breiman's theorem, tried against every subset of six levels."""
    rng = np.random.default_rng(4)
    codes = rng.integers(0, 6, 300)
    effects = rng.random(6)
    target = effects[codes] + rng.normal(size=300)
    if target_levels:
        target = (rng.random(300) < effects[codes]).astype(np.int32)
    scores = level_scores(codes, 6, target, target_levels, None)

    def error(left: np.ndarray) -> float:
        parts = [target[left], target[~left]]
        return float(sum(((part - part.mean()) ** 2).sum() for part in parts if len(part)))

    best = min(
        error(np.isin(codes, subset))
        for size in range(1, 6)
        for subset in itertools.combinations(range(6), size)
    )
    along = min(error(scores[codes] <= cut) for cut in np.sort(scores)[:-1])
    assert along == pytest.approx(best)


def test_levels_of_the_same_classes_stand_together() -> None:
    """Three classes by two kinds of levels: the first principal component tells the kinds apart."""
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 10, 4000)
    shares = np.where(np.arange(10)[:, None] % 2, [0.8, 0.1, 0.1], [0.1, 0.1, 0.8])
    target = (rng.random(4000)[:, None] > shares[codes].cumsum(axis=1)).sum(axis=1)
    scores = level_scores(codes, 10, target, 3, None)
    odd, even = scores[1::2], scores[::2]
    assert odd.max() < even.min() or even.max() < odd.min()


def test_a_level_without_rows_stands_in_the_middle() -> None:
    scores = level_scores(np.array([0, 0, 2, 2]), 3, np.array([1.0, 1.0, 3.0, 3.0]), None, None)
    assert scores.tolist() == [-1.0, 0.0, 1.0]
    features = np.array([[2, 7], [0, 8]], dtype=np.float32)
    assert with_scores(features, {0: scores}).tolist() == [[1.0, 7.0], [-1.0, 8.0]]
