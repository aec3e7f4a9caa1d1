"""Splitting rows: the real table into real_train and real_test, a dataset into its own parts."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dge_assets.core.contract.contract import Contract
from dge_assets.core.errors import ContractError
from dge_assets.core.randomness import generator, seed_sequence

FEWEST_ROWS = 20
"""Below this no split leaves anything to learn from or to score on."""
FEWEST_TO_LEARN_FROM = 2
"""One row has no spread, and is alike to every copy of itself."""
FEWEST_PER_CLASS = 2
"""A class needs one row on either side."""


def split_real(
    frame: pd.DataFrame, contract: Contract, *, test_share: float, table: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """real_train and real_test, disjoint, each with `row_id` (position in the source) as its first
    column.

    Stratified on the target's classes; deterministic in (table, rows). Raises ContractError when
    there are fewer rows, or fewer rows of a class, than a split needs.
    """
    _require_enough(frame, contract, table)
    rows = frame.copy()
    rows.insert(0, "row_id", np.arange(len(frame), dtype=np.int64))
    rng = generator(seed_sequence(table=table, purpose="split"))
    strata = (
        [np.arange(len(frame))]
        if contract.task == "regression"
        else _strata(frame[contract.target])
    )
    in_test = np.zeros(len(frame), dtype=bool)
    for positions in strata:
        count = min(max(round(len(positions) * test_share), 1), len(positions) - 1)
        in_test[rng.permutation(positions)[:count]] = True
    left = int((~in_test).sum())
    if left < FEWEST_TO_LEARN_FROM:
        raise ContractError(
            f"table {table!r}: test_share {test_share:g} leaves {left} of {len(frame)} rows to learn from, needed are at least "
            f"{FEWEST_TO_LEARN_FROM}; lower test_share, or give more rows"
        )
    return rows[~in_test].reset_index(drop=True), rows[in_test].reset_index(drop=True)


def split_dataset(
    frame: pd.DataFrame, *, test_share: float, seed: np.random.SeedSequence
) -> pd.Series:
    """A label per row of a synthetic dataset, "train" or "test": the parts that evaluation on own
    data needs.
    """
    count = min(max(round(len(frame) * test_share), 1), len(frame) - 1)
    labels = np.full(len(frame), "train", dtype=object)
    labels[generator(seed).permutation(len(frame))[:count]] = "test"
    return pd.Series(labels, index=frame.index, name="split")


def _strata(target: pd.Series) -> list[np.ndarray[tuple[int], np.dtype[np.intp]]]:
    codes, _ = pd.factorize(target, sort=True)
    return [np.flatnonzero(codes == code) for code in np.unique(codes)]


def _require_enough(frame: pd.DataFrame, contract: Contract, table: str) -> None:
    if len(frame) < FEWEST_ROWS:
        raise ContractError(
            f"table {table!r}: has {len(frame)} rows, a split needs at least {FEWEST_ROWS}"
        )
    if contract.task == "regression":
        return
    counts = frame[contract.target].value_counts()
    few = sum(0 < count < FEWEST_PER_CLASS for count in counts)
    if few:
        raise ContractError(
            f"table {table!r}, target {contract.target!r}: {few} of {sum(counts > 0)} classes have fewer than "
            f"{FEWEST_PER_CLASS} rows, so they cannot be in both real_train and real_test; drop these rows or merge the classes"
        )
