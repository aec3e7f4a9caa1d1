"""One member's trees, grown on a modelling frame: plain arrays, from which rows are drawn without
scikit-learn.

Here: a tree and its leaves for each column, and the streams of random numbers that they take. Not
here: drawing rows (`sampling.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd

from dge_assets.core.generators.families.cart.columns import (
    VisitedColumn,
    coded,
    is_real,
    predictor,
)
from dge_assets.core.generators.families.cart.leaves import Pools, pooled
from dge_assets.core.generators.families.cart.tree import (
    Tree,
    grow,
    level_scores,
    scored_places,
    with_scores,
)
from dge_assets.core.randomness import generator

Array = np.ndarray[Any, Any]
Arrays = dict[str, Array]


@dataclass(frozen=True, kw_only=True)
class Growth:
    """How trees are grown; see `CartParameters`."""

    min_samples_leaf: int
    max_depth: int | None
    proper: bool
    split_rows: int


@dataclass(frozen=True)
class ColumnModel:
    """How one column is drawn, given those before it."""

    tree: Tree
    scores: dict[int, Array]
    """For predictors of more than two levels, by their place: the score of each level."""
    pools: Pools

    def to_arrays(self, key: str) -> Arrays:
        """Arrays by name, all of which start with the column's key."""
        scores = {f"scores/{place}": values for place, values in self.scores.items()}
        parts = {**_fields_of(self.tree), **_fields_of(self.pools), **scores}
        return {f"{key}/{name}": values for name, values in parts.items()}

    @classmethod
    def from_arrays(cls, key: str, arrays: Mapping[str, Array]) -> ColumnModel:
        """The model that `to_arrays` wrote."""
        own = {
            name.removeprefix(f"{key}/"): values
            for name, values in arrays.items()
            if name.startswith(f"{key}/")
        }
        scores = {
            int(name.removeprefix("scores/")): values
            for name, values in own.items()
            if name.startswith("scores/")
        }
        tree, pools = (
            {field.name: own[field.name] for field in fields(of)} for of in (Tree, Pools)
        )
        return cls(Tree(**tree), scores, Pools(**pools))


def _fields_of(part: Tree | Pools) -> Arrays:
    return {field.name: getattr(part, field.name) for field in fields(part)}


def child_stream(stream: np.random.SeedSequence, *place: int) -> np.random.Generator:
    """Random numbers of one purpose within `stream`; the same `place` gives the same ones, whatever
    was drawn before.
    """
    return generator(np.random.SeedSequence(stream.entropy, spawn_key=(*stream.spawn_key, *place)))


def fit_columns(
    modelled: pd.DataFrame,
    columns: Sequence[VisitedColumn],
    growth: Growth,
    stream: np.random.SeedSequence,
    progress: Callable[[int, int], None],
) -> Arrays:
    """The trees and leaves of all `columns` (visited in their order) of a modelling frame (n rows).

    `progress` is called with (trees done, trees in all).
    """
    cells = coded(modelled, columns)
    features = np.empty((len(modelled), len(columns)), dtype=np.float32)
    arrays: Arrays = {}
    for place, column in enumerate(columns):
        model = _fit_column(columns[: place + 1], cells, features, growth, stream)
        arrays |= model.to_arrays(column.key)
        features[:, place] = predictor(column, cells, columns)
        progress(place + 1, len(columns))
    return arrays


def _fit_column(
    columns: Sequence[VisitedColumn],
    cells: Mapping[str, Array],
    features: Array,
    growth: Growth,
    stream: np.random.SeedSequence,
) -> ColumnModel:
    """The model of the last of `columns`, given the others, whose predictors `features` (n, at
    least p - 1) hold.

    Each row has a weight drawn from the exponential distribution: a Bayesian bootstrap (Rubin
    1981), in each leaf as in the whole.
    """
    *before, column = columns
    known, values = features[:, : len(before)], cells[column.key]
    real = is_real(column, cells, columns)
    if real is not None and real.any():
        known, values = known[real], values[real]
    numbers = child_stream(stream, len(before))
    weights = numbers.standard_exponential(len(values))
    target = values if column.levels is not None else column.standardized(values)
    of_rows = weights if growth.proper else None
    scores = {
        place: level_scores(
            known[:, place].astype(np.int64),
            len(before[place].levels or ()),
            target,
            None if column.levels is None else len(column.levels),
            of_rows,
        )
        for place in scored_places(before)
    }
    known = with_scores(known, scores)
    tree = _grown(known, target, of_rows, growth, numbers)
    pools = pooled(tree.leaf_of(known), values, weights, tree.leaves)
    return ColumnModel(tree, scores, pools)


def _grown(
    known: Array,
    target: Array,
    weights: Array | None,
    growth: Growth,
    numbers: np.random.Generator,
) -> Tree:
    """The tree, grown on at most `split_rows` rows, drawn without replacement."""
    seed = int(numbers.integers(2**31))
    if len(target) > growth.split_rows:
        taken = np.sort(numbers.choice(len(target), growth.split_rows, replace=False))
        known, target = known[taken], target[taken]
        weights = None if weights is None else weights[taken]
    return grow(
        known,
        target,
        min_samples_leaf=growth.min_samples_leaf,
        max_depth=growth.max_depth,
        weights=weights,
        seed=seed,
    )
