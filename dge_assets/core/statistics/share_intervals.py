"""Intervals of a share from K synthetic datasets by each combining rule, always within 0..1.

Here: `combine_shares`, the rules of `statistics.combining_rules` for proportions. Not here: the
rules themselves, and other statistics.

A rule's interval is estimate ± t √T. For a share near 0 or 1, and wherever T is large, its ends
leave 0..1; for a share of exactly 0 or 1, T is 0 and the interval is a point, as if the level could
not occur. Three mendings were weighed:

- clipping keeps the ends within 0..1, and leaves the point at 0 and the coverage near the ends as
  bad as they were;
- the logit of each dataset's share has neither value nor variance where one dataset lacks the
  level, which is common;
- Wilson's interval asks which shares p would have given the estimate, with the variance that p, not
  the estimate, has.

Wilson's is taken, in the form that Lott and Reiter ("Wilson Confidence Intervals for Binomial
Proportions With Multiple Imputation for Missing Data", The American Statistician 74(2), 2020) give
it for combined datasets: T / (q̄ (1 - q̄)) is read as 1 / n of an effective number of rows n.
`raisa_2023` has no T: it mixes posteriors, and the posterior of a share from n rows is a beta
distribution (here with Jeffreys' prior), not a normal one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import isfinite

import numpy as np
from scipy.special import betainc, betaincinv, ndtri, stdtrit

from dge_assets.core.arrays import Array
from dge_assets.core.errors import EvaluationError
from dge_assets.core.intervals.interval import wilson
from dge_assets.core.statistics.combining_rules import (
    CONFIDENCE,
    CombinedEstimate,
    combine_estimates,
    root_between,
    rule_card,
)


def combine_shares(
    q: Sequence[float] | Array,
    u: Sequence[float] | Array,
    *,
    rule: str,
    n_real: int,
    n_synthetic: int,
    confidence: float = CONFIDENCE,
) -> CombinedEstimate:
    """`combining_rules.combine_estimates` for shares q (K,) in 0..1 with variances u (K,), its ends within 0..1.

    Estimate, variance, degrees, flag and reason are those of `combine_estimates`, but where T is 0, as for a
    mean share of exactly 0 or 1: every dataset's u is 0 there, and T is taken as the rule gives it
    for u of 1 / n_synthetic, per q̄ (1 - q̄). So an interval is not symmetric about its estimate,
    and has a width wherever n_synthetic is finite. EvaluationError for shares outside 0..1, and for
    what `combine_estimates` refuses.

    >>> found = combine_shares([0.0, 0.0], [0.0, 0.0], rule="rubin_1987", n_real=100, n_synthetic=100)
    >>> found.low, round(found.high, 3)
    (0.0, 0.037)
    """
    shares = np.asarray(q, dtype=np.float64)
    if (shares[np.isfinite(shares)] < 0).any() or (shares[np.isfinite(shares)] > 1).any():
        raise EvaluationError(f"a share lies between 0 and 1, found {shares.tolist()}")
    interval = combine_estimates(
        q, u, rule=rule, n_real=n_real, n_synthetic=n_synthetic, confidence=confidence
    )
    if interval.reason:
        return interval
    if rule == "raisa_2023":
        low, high = _beta_mixture(
            shares[: rule_card(rule).reads], n_synthetic, interval.estimate, confidence
        )
        return replace(interval, low=low, high=high)
    spread = interval.estimate * (1 - interval.estimate)
    if spread > 0 and interval.variance > 0:
        low, high = _wilson(
            interval.estimate, interval.variance / spread, interval.degrees, confidence
        )
        return replace(interval, low=low, high=high)
    per_row = np.full(len(shares), 1 / n_synthetic)
    unit = combine_estimates(
        q, per_row, rule=rule, n_real=n_real, n_synthetic=n_synthetic, confidence=confidence
    )
    low, high = _wilson(interval.estimate, unit.variance, unit.degrees, confidence)
    return replace(unit, variance=interval.variance, low=low, high=high)


def _wilson(
    estimate: float, per_row: float, degrees: float, confidence: float
) -> tuple[float, float]:
    """Wilson's ends, where per_row is 1 / n, with t of `degrees` (inf: normal) instead of z."""
    upper = 0.5 + confidence / 2
    quantile = float(stdtrit(degrees, upper) if isfinite(degrees) else ndtri(upper))
    ratio = quantile**2 * per_row
    return wilson(estimate, ratio) if isfinite(ratio) else (0.0, 1.0)


def _beta_mixture(
    shares: Array, rows: int, estimate: float, confidence: float
) -> tuple[float, float]:
    """Central interval of the equal mixture of Beta(rows q_k + 1/2, rows (1 - q_k) + 1/2).

    It is widened to the estimate where that lies outside, as at a share of 0 or 1 (Brown, Cai and
    DasGupta 2001, "Interval Estimation for a Binomial Proportion", Statistical Science 16, do so
    for one dataset).
    """
    ones, others = rows * shares + 0.5, rows * (1 - shares) + 0.5
    tails = (0.5 - confidence / 2, 0.5 + confidence / 2)
    low, high = (_mixture_quantile(ones, others, tail) for tail in tails)
    return min(low, estimate), max(high, estimate)


def _mixture_quantile(ones: Array, others: Array, probability: float) -> float:
    ends = betaincinv(ones, others, probability)
    lowest, highest = float(ends.min()), float(ends.max())

    def excess(x: float) -> float:
        return float(np.mean(betainc(ones, others, x))) - probability

    return (
        lowest
        if highest - lowest < 1e-12
        else root_between(excess, lowest, highest, tolerance=1e-12)
    )
