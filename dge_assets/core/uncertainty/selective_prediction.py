"""Selective prediction: what is the risk when the model may stay silent where it is unsure?

Here: the risk-coverage curve of one ranking of rows, its area, and the best area that any ranking
could have. Not here: the rankings (`uncertainty.decomposition`, confidences), replicates
(`uncertainty.replicated_risk`), drawing. Source: El-Yaniv and Wiener 2010 (curve); Geifman, Uziel
and El-Yaniv, "Bias-reduced uncertainty estimation for deep neural classifiers", ICLR 2019 (AURC,
excess AURC).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from dge_assets.core.arrays import Array
from dge_assets.core.errors import EvaluationError

MOST_COVERAGES = 50


@dataclass(frozen=True)
class Selective:
    """How well one ranking finds the rows to stay silent on.

    curve: `coverage, risk`. aurc: the mean risk over all coverages 1/n ... 1, in units of the loss.
    excess_aurc: aurc less that of the ranking by the losses themselves, which nobody can know: 0 is
    perfect.
    """

    curve: pd.DataFrame
    aurc: float
    excess_aurc: float


def selective(losses: Array, uncertainty: Array) -> Selective:
    """Keep the rows of least uncertainty first: the mean loss of those kept (risk) for each share
    kept (coverage).

    losses: (n,), 0 or 1 for a classification's errors, squared errors for a regression.
    uncertainty: (n,), any scale. Rows of equal uncertainty are kept in random order, and the risk
    is the expected one: a ranking that says nothing is a flat line, whatever the rows' order. The
    curve has at most 50 coverages, the areas are over all n. Raises EvaluationError for no rows,
    arrays of different length and values that are not finite.
    """
    _require_rows(losses, uncertainty)
    risks = risks_by_position(losses, uncertainty)
    aurc = float(risks.mean())
    best = float(risks_by_position(losses, losses).mean())
    return Selective(_curve(risks), aurc, max(aurc - best, 0.0))


def risks_by_position(losses: Array, uncertainty: Array) -> Array:
    """Expected mean loss (n,) of the m rows kept first, for m = 1..n."""
    _, group, sizes = np.unique(uncertainty, return_inverse=True, return_counts=True)
    mean_loss = np.bincount(group, weights=losses) / sizes
    expected = np.repeat(mean_loss, sizes)
    return np.asarray(np.cumsum(expected) / np.arange(1, len(losses) + 1))


def rows_kept(rows: int) -> npt.NDArray[np.int64]:
    """How many of the rows are kept at each coverage of a curve; the last keeps all."""
    points = min(rows, MOST_COVERAGES)
    return np.ceil(np.arange(1, points + 1) * rows / max(points, 1)).astype(np.int64)


def _curve(risks: Array) -> pd.DataFrame:
    kept = rows_kept(len(risks))
    return pd.DataFrame({"coverage": kept / len(risks), "risk": risks[kept - 1]})


def _require_rows(losses: Array, uncertainty: Array) -> None:
    if not len(losses):
        raise EvaluationError(
            "selective prediction: there are no rows; real_test must have at least one"
        )
    if len(losses) != len(uncertainty):
        raise EvaluationError(
            f"selective prediction: {len(losses)} losses but {len(uncertainty)} uncertainties"
        )
    for name, values in (("losses", losses), ("uncertainties", uncertainty)):
        bad = int((~np.isfinite(values)).sum())
        if bad:
            raise EvaluationError(
                f"selective prediction: {name} are not finite in {bad} of {len(values)} rows"
            )
