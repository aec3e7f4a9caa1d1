"""Intervals of correlations of members' errors over test rows.

Here: the standard error of each pair's correlation, and replicates of the mean correlation of two
groups of members. Not here: what is correlated (`error_correlation`).

There are as many pairs as members squared, so hundreds of replicates of each would cost more than
the evaluation. A correlation about zero r = S_ab / sqrt(S_aa S_bb) is a smooth function of three
means over rows, whose change when row i counts a little more is known: u v - r (u^2 + v^2) / 2 with
u, v the errors of that row in units of their root mean squares. Its mean square over rows, by n, is
the squared standard error (infinitesimal jackknife; Efron and Tibshirani 1993, chapter 21), for all
pairs at the price of three matrix products, and whatever the errors' distribution.
"""

from __future__ import annotations

from math import atanh, isfinite, tanh

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from dge_assets.core.arrays import Array, Replicates
from dge_assets.core.intervals.interval import LEVEL, TEST_ROWS, Interval, no_interval
from dge_assets.core.intervals.resampling import Resamples
from dge_assets.core.scores.replicates import replicate_means

MOST_CELLS = 20_000_000
"""Products of errors held at once, 160 MB: large test sets are taken in parts."""


def pair_errors(by_row: Array) -> npt.NDArray[np.float64]:
    """Standard errors (members, members) of the correlations about zero; NaN for members without
    any error.

    by_row: (members, rows, C); the C values of a row belong together and count as one draw.
    """
    members, rows, classes = by_row.shape
    step = max(1, MOST_CELLS // (members * classes**2))
    scale = np.sqrt(np.mean(np.sum(by_row**2, axis=2), axis=1))
    correlation, both, crossed, squares = (np.zeros((members, members)) for _ in range(4))
    for start in range(0, rows, step):
        part = by_row[:, start : start + step]
        unit = np.divide(
            part, scale[:, None, None], out=np.zeros_like(part), where=scale[:, None, None] > 0
        )
        flat, size = unit.reshape(members, -1), np.sum(unit**2, axis=2)
        products = np.einsum("arc,ard->arcd", unit, unit).reshape(members, -1)
        correlation += flat @ flat.T
        both += products @ products.T
        crossed += (unit * size[:, :, None]).reshape(members, -1) @ flat.T
        squares += size @ size.T
    r, own = correlation / rows, np.diag(squares)
    of_sizes = own[:, None] + own[None, :] + 2 * squares
    variance = (both - r * (crossed + crossed.T) + r**2 / 4 * of_sizes) / rows**2
    known = (scale > 0)[:, None] & (scale > 0)[None, :]
    return np.asarray(np.where(known, np.sqrt(np.maximum(variance, 0)), np.nan))


def over_correlation(value: float, error: float, *, level: float = LEVEL) -> Interval:
    """tanh(atanh r ± z error / (1 - r²)): Fisher's z, whose spread is nearer to normal and which
    stays within -1 to 1.
    """
    if not (isfinite(value) and isfinite(error)):
        return no_interval("the value is not defined", over=TEST_ROWS)
    # What is left of equal errors is rounding: sqrt of the digits of double precision.
    if 1 - abs(value) < 1e-12 or error < 1e-7:
        return no_interval("the two errors are in one proportion on all test rows", over=TEST_ROWS)
    reach = float(ndtri((1 + level) / 2)) * error / (1 - value**2)
    return Interval(tanh(atanh(value) - reach), tanh(atanh(value) + reach), TEST_ROWS)


def rho_replicates(one: Array, other: Array, resamples: Resamples, *, same: bool) -> Replicates:
    """Mean product of two members' errors over the mean square of one, in each replicate of the
    rows (replicates,).

    one, other: (members, rows, C) of two groups, or twice the same group, whose members are not
    compared with themselves.
    """
    squares = [np.mean(np.sum(group**2, axis=2), axis=0) for group in (one, other)]
    sums = [group.sum(axis=0) for group in (one, other)]
    product = np.sum(sums[0] * sums[1], axis=1)
    with_itself, pairs = (
        (len(one) * squares[0], len(one) * (len(one) - 1)) if same else (0.0, len(one) * len(other))
    )
    between, first, second = replicate_means([(product - with_itself) / pairs, *squares], resamples)
    size = np.sqrt(np.maximum(first * second, 0))
    return np.asarray(np.divide(between, size, out=np.full_like(between, np.nan), where=size > 0))
