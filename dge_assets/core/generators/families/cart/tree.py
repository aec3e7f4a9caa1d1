"""One tree: grown by scikit-learn, kept and walked as plain arrays.

Here: growing, the scores that put a predictor's levels into an order, and the leaf of a row. Not
here: what is in the leaves (`leaves.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dge_assets.core.generators.families.cart.columns import VisitedColumn

Array = np.ndarray[Any, Any]
LEAF = -1
"""In place of a feature, where a node has no split."""


@dataclass(frozen=True)
class Tree:
    """A binary tree: a row goes left where its feature is at most the threshold. Node 0 is the
    root.
    """

    feature: Array
    """(nodes,) int32; `LEAF` in leaves."""
    threshold: Array
    """(nodes,) float64."""
    left: Array
    right: Array
    """Children (nodes,) int32."""

    @property
    def leaves(self) -> int:
        """How many there are."""
        return int((self.feature == LEAF).sum())

    def leaf_of(self, features: Array) -> Array:
        """The leaf (n,), numbered from 0 in the order of nodes, of rows of predictors (n, p)
        float32.
        """
        node = np.zeros(len(features), dtype=np.int64)
        going = np.arange(len(features))
        while len(going):
            at = node[going]
            feature = self.feature[at]
            inner = feature != LEAF
            going, at, feature = going[inner], at[inner], feature[inner]
            is_left = features[going, feature] <= self.threshold[at]
            node[going] = np.where(is_left, self.left[at], self.right[at])
        numbered: Array = np.cumsum(self.feature == LEAF) - 1
        return numbered[node]


ROOT_ALONE = Tree(
    np.array([LEAF], dtype=np.int32),
    np.zeros(1),
    np.zeros(1, dtype=np.int32),
    np.zeros(1, dtype=np.int32),
)
"""The tree of a column without predictors."""


def grow(
    features: Array,
    target: Array,
    *,
    min_samples_leaf: int,
    max_depth: int | None,
    weights: Array | None,
    seed: int,
) -> Tree:
    """The tree on predictors (n, p) float32 that makes a target (n,) pure: the squared error of
    float numbers, Gini's impurity of integer codes.

    weights: of the rows (n,), or None. Leaves have `min_samples_leaf` rows at least, whatever their
    weights. `seed` decides between splits that are equally good.
    """
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    if not features.shape[1]:
        return ROOT_ALONE
    of_kind = DecisionTreeRegressor if target.dtype.kind == "f" else DecisionTreeClassifier
    model = of_kind(min_samples_leaf=min_samples_leaf, max_depth=max_depth, random_state=seed)
    grown = model.fit(features, target, sample_weight=weights, check_input=False).tree_
    return Tree(
        np.maximum(grown.feature, LEAF).astype(np.int32),
        grown.threshold.astype(np.float64),
        grown.children_left.astype(np.int32),
        grown.children_right.astype(np.int32),
    )


def level_scores(
    predictor: Array, levels: int, target: Array, target_levels: int | None, weights: Array | None
) -> Array:
    """Scores (levels,) float32 that put a predictor's levels into the order in which a tree splits
    them for this target.

    predictor: codes (n,). target: standardized numbers (n,), or codes. For numbers and two classes
    the order of the levels' means holds the best split of all subsets (Breiman et al. 1984,
    theorem 4.5); for more classes it is that of their first principal component (Coppersmith, Hong
    and Hosking 1999). A level without rows is in the middle.
    """
    rows = np.bincount(predictor, weights, minlength=levels)
    if target_levels is None:
        sums = np.bincount(
            predictor, target if weights is None else target * weights, minlength=levels
        )[:, None]
    else:
        cells = predictor.astype(np.int64) * target_levels + target
        sums = np.bincount(cells, weights, minlength=levels * target_levels).astype(float)
        sums = sums.reshape(levels, target_levels)
    means = sums / np.maximum(rows, np.finfo(float).tiny)[:, None]
    centred = np.where(rows[:, None] > 0, means - sums.sum(axis=0) / rows.sum(), 0.0)
    if centred.shape[1] == 1:
        return centred[:, 0].astype(np.float32)
    axes = np.linalg.svd(np.sqrt(rows)[:, None] * centred, full_matrices=False)[2]
    first = axes[0] * np.sign(axes[0][np.abs(axes[0]).argmax()])
    return np.asarray(centred @ first, dtype=np.float32)


def scored_places(columns: Sequence[VisitedColumn]) -> list[int]:
    """Which of the predictors `columns` have levels that need an order: more than two."""
    return [
        place
        for place, column in enumerate(columns)
        if column.levels is not None and len(column.levels) > 2
    ]


def with_scores(features: Array, scores: dict[int, Array]) -> Array:
    """Predictors (n, p) float32 with codes replaced by their scores, by place."""
    if not scores:
        return features
    scored = features.copy()
    for place, of_level in scores.items():
        scored[:, place] = of_level[features[:, place].astype(np.int64)]
    return scored
