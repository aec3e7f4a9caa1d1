"""Which coefficients of a regression are identified by some rows, and a design matrix of full rank
for a fit that gives them.

Here: from a design matrix to one that a fit can use, the way back, and the reasons. Not here: fits
(`estimates`).

A dataset that lacks a level of a feature has a column of zeros: that level's coefficient may be
anything, and all others are as if it were not asked for. Without the level that the others are
compared with, these and the intercept are not identified, but every other feature's coefficient is.
In general a coefficient is identified (estimable: Searle, "Linear Models", 1971, section 5.4) where
no direction that leaves every row's prediction as it is moves it. Then it is the same for every
solution of the fit, so any reduction of the columns to full rank gives it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dge_assets.core.arrays import Array
from dge_assets.core.rounding import unit_of

NEGLIGIBLE = 1e-8
"""A part of a coefficient's direction, of length 1, that is rounding."""


@dataclass(frozen=True, eq=False)
class Design:
    """Z (n, rank) for the fit; `back` (terms, rank) gives the terms' coefficients from those of Z.

    reasons: per term why it has no coefficient, empty where it has one (its row of `back` is of use
    only there). asked: how many terms have a column that varies, the intercept included.
    """

    Z: Array
    back: Array
    reasons: tuple[str, ...]
    asked: int


def standardized(X: Array, terms: Sequence[str]) -> Design:
    """The design of X (n, terms), whose first column is ones, in centred columns with spread one
    and of full rank.

    Without centring a column of large numbers, such as a year or an amount, would spoil the
    precision of the fit.
    """
    units = np.array([unit_of(column) for column in X.T])
    told, X = X, X / units
    varies = np.ptp(X, axis=0) > 0
    kept = [0, *(int(index) for index in np.flatnonzero(varies))]
    mean, scale = X[:, kept].mean(axis=0), X[:, kept].std(axis=0)
    mean[0], scale[0] = 0.0, 1.0
    Z = (X[:, kept] - mean) / scale
    of_kept = np.diag(1 / scale)
    of_kept[0] -= mean / scale
    constant = {
        terms[index]: float(told[0, index]) for index in range(1, len(terms)) if not varies[index]
    }
    reasons = {
        term: f"{term} has the same value in all rows ({value:g}): its coefficient is not identified"
        for term, value in constant.items()
    }
    raised = [term for term, value in constant.items() if value]
    if raised:
        reasons[terms[0]] = (
            f"{terms[0]} is not identified beside {', '.join(raised)}, the same value in all rows"
        )
    # Of the triangle, as that of Z itself would be an array of n by n for all directions.
    _, singular, directions = np.linalg.svd(np.linalg.qr(Z, mode="r"), full_matrices=True)
    rank = int(np.sum(singular > singular[0] * max(Z.shape) * np.finfo(np.float64).eps))
    if rank < len(kept):
        lost = np.linalg.norm(of_kept @ directions[rank:].T, axis=1) > NEGLIGIBLE * np.linalg.norm(
            of_kept, axis=1
        )
        names = [terms[index] for index, is_lost in zip(kept, lost, strict=True) if is_lost]
        for name in names:
            reasons.setdefault(name, f"the columns {names} are linearly dependent")
        Z, of_kept = Z @ directions[:rank].T, of_kept @ directions[:rank].T
    back = np.zeros((len(terms), rank))
    back[kept] = of_kept / units[kept, None]
    return Design(Z, back, tuple(reasons.get(term, "") for term in terms), len(kept))
