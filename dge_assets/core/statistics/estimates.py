"""Estimates: a statistic of one table of rows, with the variance it would have if the rows were a
sample.

Here: means, proportions, quantiles, coefficients of linear and logistic regressions. Not here:
which coefficients the rows can tell (`statistics.design`), which statistics are asked for
(`declaration.statistics`), combining those of K datasets (`statistics.combining_rules`).

An estimate that cannot be had on the rows at hand is NaN with a reason, never 0. Rows with a
missing value in a column that a statistic reads are left out of it; `rows` says how many were used.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.linalg import solve_triangular
from scipy.optimize import linprog
from scipy.special import betainc
from sklearn.linear_model import LogisticRegression

from dge_assets.core.arrays import Array
from dge_assets.core.contract.contract import Level
from dge_assets.core.contract.values import coded, plain_level
from dge_assets.core.statistics.design import Design, standardized

INTERCEPT = "intercept"
SUSPICIOUS_LOGIT = 10.0
"""A fitted log-odds beyond this is either a sure case or a sign of separation, which is then looked
for exactly.
"""
ENOUGH_IMPROVEMENT = 1e-6


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """One number: `term` is the level, the probability or the coefficient that it is of."""

    term: str
    value: float
    variance: float
    rows: int
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Feature:
    """A regression's feature; `levels` of a category in order, the first is what the others are
    compared with.
    """

    name: str
    levels: tuple[Level, ...] | None = None

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the coefficients that this feature has."""
        return (
            (self.name,)
            if self.levels is None
            else tuple(f"{self.name}={level}" for level in self.levels[1:])
        )


class NoEstimateError(ValueError):
    """The statistic has no value on these rows; its message is the reason."""


def estimate_mean(values: pd.Series) -> list[Estimate]:
    """Mean of a numeric column and s² / n (ddof 1), from its n present values."""
    present = _numbers(values)
    if len(present) < 2:
        return [
            _undefined(
                "", len(present), f"{len(present)} present values: a mean with a variance needs 2"
            )
        ]
    variance = float(np.var(present, ddof=1)) / len(present)
    return [Estimate(term="", value=float(np.mean(present)), variance=variance, rows=len(present))]


def estimate_proportion(values: pd.Series, level: Level) -> list[Estimate]:
    """Share p of `level` among the n present values, and p (1 - p) / n."""
    present = values.dropna()
    if present.empty:
        return [_undefined(str(level), 0, "no present values")]
    share = float(np.mean(_is_level(present, level)))
    variance = share * (1 - share) / len(present)
    return [Estimate(term=str(level), value=share, variance=variance, rows=len(present))]


def estimate_quantile(values: pd.Series, probability: float) -> list[Estimate]:
    """Sample quantile (linear interpolation) and its variance by Maritz and Jarrett (1978).

    Their estimator weighs the order statistics by the beta distribution that the quantile's rank
    has (here with the parameters (n + 1) p and (n + 1)(1 - p) of Harrell and Davis 1982). So it
    needs no density and no bandwidth, which columns with ties and spikes would mislead. Where ties
    hold the quantile fast it is near zero, and the true variance is too. In the tails it is too
    large, the more the fewer rows lie beyond the quantile: by a third and more where ten do, up to
    twice where two do, which are the fewest allowed.
    """
    present = _numbers(values)
    fewest = 2 / min(probability, 1 - probability)
    if len(present) < fewest:
        reason = f"{len(present)} present values: the {probability:g}-quantile needs {fewest:.0f}"
        return [_undefined(f"{probability:g}", len(present), reason)]
    value, ranks = float(np.quantile(present, probability)), len(present) + 1
    steps = np.arange(ranks) / (ranks - 1)
    weights = np.diff(betainc(ranks * probability, ranks * (1 - probability), steps))
    centred = np.sort(present) - value
    variance = float(weights @ (centred - weights @ centred) ** 2)
    return [Estimate(term=f"{probability:g}", value=value, variance=variance, rows=len(present))]


def estimate_linear(
    frame: pd.DataFrame, outcome: str, features: Sequence[Feature]
) -> list[Estimate]:
    """Coefficients of least squares, intercept first, with s² (X'X)^-1 (s² with ddof the number of
    those told).

    A coefficient that the rows cannot tell, such as that of a level without rows, is NaN with its
    reason; the others are what they are in any case (see `standardized`).
    """
    terms = _terms(features)
    try:
        used = _complete(frame, [outcome, *(feature.name for feature in features)])
        y = _numbers(used[outcome])
        design = standardized(design_matrix(used, features), terms)
        if len(y) <= design.asked:
            raise NoEstimateError(f"{len(y)} complete rows for {design.asked} coefficients")
    except NoEstimateError as reason:
        return [_undefined(term, len(frame), str(reason)) for term in terms]
    coefficients = np.asarray(np.linalg.lstsq(design.Z, y, rcond=None)[0], dtype=np.float64)
    residual = float(np.sum((y - design.Z @ coefficients) ** 2)) / (len(y) - design.Z.shape[1])
    return _coefficients(terms, design, coefficients, np.ones(len(y)), residual)


def estimate_logistic(
    frame: pd.DataFrame, outcome: str, level: Level, features: Sequence[Feature]
) -> list[Estimate]:
    """Maximum likelihood coefficients (log-odds of `level`), intercept first, with (X'WX)^-1, W = p
    (1 - p).

    Where the features separate the outcome (Albert and Anderson 1984), the likelihood has no
    maximum: NaN with that reason, found by linear programming (Konis 2007). A coefficient that the
    rows cannot tell is NaN as in `estimate_linear`.
    """
    terms = _terms(features)
    try:
        used = _complete(frame, [outcome, *(feature.name for feature in features)])
        y = _is_level(used[outcome], level).astype(np.int64)
        design = standardized(design_matrix(used, features), terms)
        coefficients = _maximum_likelihood(design.Z, y, level)
    except NoEstimateError as reason:
        return [_undefined(term, len(frame), str(reason)) for term in terms]
    probability = 1 / (1 + np.exp(-(design.Z @ coefficients)))
    return _coefficients(terms, design, coefficients, probability * (1 - probability), 1.0)


def _maximum_likelihood(Z: Array, y: npt.NDArray[np.int64], level: Level) -> Array:
    positives = int(y.sum())
    if not 0 < positives < len(y):
        raise NoEstimateError(
            f"{positives} of {len(y)} rows have {level!r}: log-odds need rows with it and without it"
        )
    model = LogisticRegression(
        C=np.inf, fit_intercept=False, solver="newton-cholesky", tol=1e-8, max_iter=100
    )
    with warnings.catch_warnings():
        # Separated rows make the optimizer complain in several ways; what it means is found out
        # below.
        warnings.simplefilter("ignore")
        fitted = np.asarray(model.fit(Z, y).coef_[0], dtype=np.float64)
    is_suspicious = (
        np.abs(Z @ fitted).max() > SUSPICIOUS_LOGIT or int(model.n_iter_[0]) >= model.max_iter
    )
    if is_suspicious and is_separated(Z, y):
        raise NoEstimateError("the features separate the outcome: the likelihood has no maximum")
    return fitted


def is_separated(X: Array, y: npt.NDArray[np.int64]) -> bool:
    """Whether some direction of X (n, terms) tells y (n,) of 0 and 1 apart, perfectly or but for
    ties.

    The linear program of Konis (2007): maximize the sum of s_i x_i'd over d in [-1, 1] with all s_i
    x_i'd >= 0, where s is the sign of the outcome; y is separated where the maximum is above zero.
    """
    signed = X * np.where(y == 1, 1.0, -1.0)[:, None]
    found = linprog(
        -signed.sum(axis=0), A_ub=-signed, b_ub=np.zeros(len(X)), bounds=(-1, 1), method="highs"
    )
    return bool(found.status == 0 and -found.fun > ENOUGH_IMPROVEMENT)


def design_matrix(frame: pd.DataFrame, features: Sequence[Feature]) -> Array:
    """Columns of ones, of numbers, and of one indicator per level but the first: (n, terms)."""
    columns = [np.ones(len(frame))]
    for feature in features:
        values = frame[feature.name]
        if feature.levels is None:
            columns.append(_numbers(values))
        else:
            columns += [_is_level(values, level).astype(np.float64) for level in feature.levels[1:]]
    return np.column_stack(columns)


def _terms(features: Sequence[Feature]) -> tuple[str, ...]:
    return (INTERCEPT, *(term for feature in features for term in feature.terms))


def _numbers(values: pd.Series) -> Array:
    return np.asarray(values.dropna().to_numpy(dtype=np.float64))


def _is_level(values: pd.Series, level: Level) -> npt.NDArray[np.bool_]:
    """Which of `values`, none missing, are `level`, whatever type carries it (1, 1.0 and a category
    of either).
    """
    codes, found = coded(values)
    is_it = np.array([plain_level(value) == plain_level(level) for value in found], dtype=bool)
    return np.asarray(is_it[codes], dtype=bool)


def _complete(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    complete = frame[list(columns)].dropna()
    if complete.empty:
        raise NoEstimateError(f"none of {len(frame)} rows is complete in {list(columns)}")
    return complete


def _coefficients(
    terms: Sequence[str], design: Design, values: Array, weights: Array, residual: float
) -> list[Estimate]:
    """One estimate per term from those of the columns of Z, `values` (columns,), whose covariance
    is residual (Z'WZ)^-1.

    With the triangle R of a QR decomposition of W^½ Z, which squares no condition number, a term's
    variance is a sum of squares: nearly dependent columns cannot make it negative, as differences
    of large covariances do.
    """
    triangle = np.linalg.qr(design.Z * np.sqrt(weights)[:, None], mode="r")
    roots = solve_triangular(triangle, design.back.T, trans="T")
    with np.errstate(over="ignore"):
        originals, variances = design.back @ values, residual * np.sum(roots**2, axis=0)
    beyond = "in these units the coefficient or its variance is beyond the largest number"
    told = np.isfinite(originals) & np.isfinite(variances)
    reasons = [
        reason or ("" if is_told else beyond)
        for reason, is_told in zip(design.reasons, told, strict=True)
    ]
    return [
        _undefined(term, len(design.Z), reason)
        if reason
        else Estimate(term=term, value=float(value), variance=float(variance), rows=len(design.Z))
        for term, value, variance, reason in zip(terms, originals, variances, reasons, strict=True)
    ]


def _undefined(term: str, rows: int, reason: str) -> Estimate:
    return Estimate(term=term, value=nan, variance=nan, rows=rows, reason=reason)
