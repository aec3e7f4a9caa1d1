"""Groups by density: rows that have few real_train rows near them, by deciles of the distance to a
near neighbour.

Numbers are standardised and categories one-hot encoded: a category that differs counts as much as a
number that is √2 standard deviations away. Not here: groups told by single features
(`feature_groups`), scores.

Source: the distance to the k-th neighbour as an inverse density is that of Loftsgaarden and
Quesenberry 1965.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.neighbors import NearestNeighbors

from dge_assets.core.downstream.preprocessing import build_preprocessing
from dge_assets.core.scores.metrics import Bools

NEIGHBOURS = 5
DECILES = 10
MOST_REFERENCE_ROWS = 30_000
"""Rows of real_train that neighbours are looked for among: evenly spaced ones of a longer table."""
_DECIMALS = 6
"""Distances are rounded, so that equal rows are at equal distances whatever the order of summing.
"""
Distances = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class DensityGroup:
    """Rows of one decile, or of several that ties put together.

    share (0..1): of real_train; rows: of real_test.
    """

    label: str
    share: float
    rows: Bools


def neighbour_distances(
    real_train: pd.DataFrame, real_test: pd.DataFrame, target: str, *, neighbours: int = NEIGHBOURS
) -> tuple[Distances, Distances]:
    """Distance of each row to its k-th nearest row of real_train, in units of standardised
    features.

    Returns those of real_train's rows (reference rows,), of which a row is not its own neighbour,
    and those of real_test's rows (rows,). Needs more than `neighbours` rows in real_train.
    """
    every = -(-len(real_train) // MOST_REFERENCE_ROWS)
    features = real_train.drop(columns=target).iloc[::every].rename(columns=str)
    encoder = build_preprocessing(features)
    reference = np.asarray(encoder.fit_transform(features), dtype=np.float64)
    tested = real_test.drop(columns=target, errors="ignore").rename(columns=str)
    search = NearestNeighbors(n_neighbors=neighbours + 1).fit(reference)
    own = search.kneighbors(reference)[0][:, -1]
    other = (
        search.kneighbors(encoder.transform(tested), n_neighbors=neighbours)[0][:, -1]
        if len(tested)
        else own[:0]
    )
    return np.round(own, _DECIMALS), np.round(other, _DECIMALS)


def density_groups(
    real_train: pd.DataFrame, real_test: pd.DataFrame, target: str, *, neighbours: int = NEIGHBOURS
) -> tuple[DensityGroup, ...]:
    """The rows of real_test by decile of `neighbour_distances`, densest first; each row is in
    exactly one.

    The limits between deciles are those of real_train's own distances. Deciles whose limits are
    equal, as in tables of many equal rows, are one group. No groups where all distances are equal
    or rows are too few to have such neighbours.
    """
    if len(real_train) <= neighbours:
        return ()
    own, other = neighbour_distances(real_train, real_test, target, neighbours=neighbours)
    if not np.ptp(own):
        return ()
    quantiles = np.quantile(own, np.arange(1, DECILES) / DECILES)
    limits = np.unique(quantiles)
    bins, tested = np.searchsorted(limits, own), np.searchsorted(limits, other)
    occupied = [
        index
        for index in range(len(limits) + 1)
        if (bins == index).any() or (tested == index).any()
    ]
    if len(occupied) < 2:
        return ()
    return tuple(
        DensityGroup(
            _label(index, limits, quantiles, neighbours),
            float(np.mean(bins == index)),
            tested == index,
        )
        for index in occupied
    )


def _label(index: int, limits: Distances, quantiles: Distances, neighbours: int) -> str:
    """`density decile 10 of 10, 5th neighbour beyond 1.2`; ties give `density deciles 1 to 3 of 10,
    ...`.
    """
    last = index == len(limits)
    first_decile = (
        1 if not index else int(np.searchsorted(quantiles, limits[index - 1], "right")) + 1
    )
    last_decile = DECILES if last else int(np.searchsorted(quantiles, limits[index], "right"))
    named = (
        f"decile {first_decile}"
        if first_decile >= last_decile
        else f"deciles {first_decile} to {last_decile}"
    )
    place = f"beyond {limits[-1]:.3g}" if last else f"within {limits[index]:.3g}"
    return f"density {named} of {DECILES} (neighbour {neighbours} {place})"
