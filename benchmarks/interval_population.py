"""The population of `make interval-coverage`, whose truth is known, and how often an interval holds it.

Here: rows, outcomes, members that are off by errors of their own, and the count of what held. Not
here: which intervals are asked (`interval_coverage`, `claim_coverage`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

from dge_assets.core.arrays import Array

FEATURES, OWN, SHARED, NOISE = 4, 0.6, 0.3, 0.02
"""Standard deviations of a coefficient's error: a member's own, and that of all members; of the
oracle's.
"""


@dataclass(frozen=True)
class Population:
    """Outcomes by a logistic model; `intercept` sets the share of positives, `shared` is the error
    of all members.
    """

    intercept: float
    slopes: Array
    shared: Array
    oracle: Array

    @classmethod
    def of(cls, positives: float, stream: np.random.Generator) -> Population:
        """With about the share `positives` of positive outcomes."""
        slopes = np.array([1.0, -0.8, 0.5, 0.0])
        scores = stream.normal(size=(200_000, FEATURES)) @ slopes
        low, high = -10.0, 10.0
        while high - low > 1e-6:
            middle = (low + high) / 2
            low, high = (
                (middle, high) if expit(scores + middle).mean() < positives else (low, middle)
            )
        shared = stream.normal(0, SHARED, FEATURES)
        return cls(low, slopes, shared, stream.normal(0, NOISE, FEATURES))

    def rows(self, count: int, stream: np.random.Generator) -> tuple[Array, npt.NDArray[np.int64]]:
        """Features (count, FEATURES) and outcomes (count,)."""
        X = stream.normal(size=(count, FEATURES))
        return X, (stream.random(count) < expit(X @ self.slopes + self.intercept)).astype(np.int64)

    def synthetic_rows(
        self, count: int, error: Array, stream: np.random.Generator
    ) -> tuple[Array, npt.NDArray[np.int64]]:
        """Rows of a generator whose coefficients are off by `error` (FEATURES,)."""
        X = stream.normal(size=(count, FEATURES))
        (predicted,) = self.predictions(X, error[None])
        return X, (stream.random(count) < predicted[:, 1]).astype(np.int64)

    def predictions(self, X: Array, errors: Array) -> tuple[Array, ...]:
        """Probabilities (rows, 2) of each member, whose coefficients are off by `errors` (members,
        FEATURES).
        """
        positive = expit(X @ (self.slopes + self.shared + errors).T + self.intercept)
        return tuple(np.column_stack([1 - p, p]) for p in positive.T)

    def of_oracle(self, X: Array) -> tuple[Array, ...]:
        """What a model fitted on real rows predicts."""
        positive = expit(X @ (self.slopes + self.oracle) + self.intercept)
        return (np.column_stack([1 - positive, positive]),)


def member_errors(members: int, stream: np.random.Generator) -> Array:
    """(members, FEATURES) errors of their coefficients; some members are far worse than others, as
    trained ones are.
    """
    size = stream.gamma(4.0, 0.25, size=(members, 1))
    return np.asarray(stream.normal(0, OWN, size=(members, FEATURES)) * size)


def hit(low: float, high: float, true: float) -> dict[str, object]:
    """Whether an interval is known, holds the truth, and its width."""
    known = bool(np.isfinite(low) and np.isfinite(high))
    return {"known": known, "held": bool(known and low <= true <= high), "width": float(high - low)}


def summary(records: pd.DataFrame) -> pd.DataFrame:
    """Of records with `what, metric, over, K` and what `hit` gives: the share that held."""
    groups = records[records["known"]].groupby(["what", "metric", "over", "K"], sort=False)
    return groups.agg(
        held=("held", "mean"), width=("width", "median"), repeats=("held", "size")
    ).reset_index()
