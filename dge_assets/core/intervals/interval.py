"""Intervals: where a published number could have lain, and over what it could have been another.

Told apart by `over`: over which datasets or members one happens to get, over which test rows one
happens to have, or over both. An interval over one of them does not include the other's
uncertainty. Here: the intervals, and putting them into score tables. Not here: drawing replicates
(`resampling`), scoring them (`scores.replicates`), which number gets which interval
(`scores.intervals`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, exp, inf, isfinite, nan, sqrt
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri, stdtrit

from dge_assets.core.arrays import Replicates
from dge_assets.core.rounding import EQUAL

LEVEL = 0.95
FEWEST_SETS = 3
"""Below, an interval over sets of members would be wider than anybody could use: 15 standard
deviations for two.
"""
MOST_BIAS = 0.25
"""Of a standard error: the largest bias that may be ignored (Efron and Tibshirani 1993, section
10.3).
"""
ROUNDING = 1e-6
"""Relative: sums over weights are in single precision."""
TEST_ROWS = "test rows"
MEMBERS_AND_ROWS = "members and test rows"
_BIASED = (
    "the calibration error of resamples is biased upwards: its intervals miss the truth too often"
)
BIASED = {"ece": _BIASED, "ece_equal_count": _BIASED}
"""Metrics that get no interval over test rows, and why (docs/decisions/0017-intervals.md has the
measured coverage).
"""
BIN_ROWS = "test rows of the bin"
INTERVAL_COLUMNS = ["low", "high", "over", "reason"]


@dataclass(frozen=True)
class Interval:
    """An interval of level 0.95 unless said otherwise; NaN ends have a `reason`."""

    low: float
    high: float
    over: str
    reason: str = ""


def no_interval(reason: str, *, over: str = "") -> Interval:
    """Ends that are not known, and why."""
    return Interval(nan, nan, over, reason)


def over_test_rows(
    value: float, replicates: Replicates, *, metric: str = "", level: float = LEVEL
) -> Interval:
    """Percentile interval of a bootstrap of the test rows (Efron and Tibshirani 1993, section
    13.3).

    value: the metric, or a difference of it, on the rows themselves. replicates (replicates,): NaN
    where the metric has no value. Those count as below all others for the low end and as above them
    for the high end, so they can only widen the interval. No interval, with a reason, where that
    leaves an end open, and where the replicates lie to one side of the value by more than a quarter
    of their spread: then percentiles miss. Nor where all replicates are the same: a model that
    found none of five positives has not shown that it never finds one. Nor for metrics in `BIASED`.
    """
    if not isfinite(value):
        return no_interval("the value is not defined", over=TEST_ROWS)
    if metric in BIASED:
        return no_interval(BIASED[metric], over=TEST_ROWS)
    undefined = int(np.isnan(replicates).sum())
    tail = (1 - level) / 2
    if undefined > tail * len(replicates):
        reason = f"not defined in {undefined} of {len(replicates)} resamples of the test rows"
        return no_interval(reason, over=TEST_ROWS)
    defined = replicates[~np.isnan(replicates)] if undefined else replicates
    (low, high), (least, most) = _ends(defined, undefined, tail)
    if most - least <= ROUNDING * abs(value):
        return no_interval("all resamples of the test rows give the same value", over=TEST_ROWS)
    middle, spread = _mean_and_spread(defined)
    bias = middle - value
    # What is smaller is no bias but rounding.
    if abs(bias) > MOST_BIAS * spread + ROUNDING * max(abs(value), abs(least), abs(most)):
        share = f"{abs(bias) / spread:.1f} standard errors; 0.25 is allowed"
        return no_interval(f"resamples of the test rows are biased by {share}", over=TEST_ROWS)
    return Interval(low, high, TEST_ROWS)


def _ends(
    defined: Replicates, undefined: int, tail: float
) -> tuple[tuple[float, float], tuple[float, float]]:
    """The percentiles `tail` and 1 - `tail` as inverses of the distribution function, and the least
    and the largest replicate. What is `undefined` lies below all others for the low percentile, and
    above them for the high one.
    """
    count, last = len(defined) + undefined, len(defined) - 1
    low, high = (max(ceil(count * share) - 1, 0) for share in (tail, 1 - tail))
    low -= undefined
    ordered = np.partition(defined, sorted({0, max(low, 0), min(high, last), last}))
    percentiles = (
        float(ordered[low]) if low >= 0 else -inf,
        float(ordered[high]) if high <= last else inf,
    )
    return percentiles, (float(ordered[0]), float(ordered[last]))


def _mean_and_spread(values: Replicates) -> tuple[float, float]:
    """np.mean and np.std to the bit, without what numpy does besides: this runs for every interval."""
    count = len(values)
    mean = np.add.reduce(values) / count
    apart = values - mean
    return float(mean), sqrt(np.add.reduce(apart * apart) / count)


def jackknife_variance(without: npt.NDArray[np.float64]) -> float:
    """(n - 1) / n times the sum of squares about the mean, of values (n,) without each member in
    turn; NaN where one is.

    Source: Efron and Tibshirani 1993, chapter 11.
    """
    n = len(without)
    return (n - 1) / n * float(np.sum((without - without.mean()) ** 2))


def over_members_and_rows(
    value: float,
    replicates: Replicates,
    member_variance: float,
    members: int,
    *,
    rows: Interval | None = None,
    bounds: tuple[float, float] = (-np.inf, np.inf),
    is_one_signed: bool = False,
    level: float = LEVEL,
) -> Interval:
    """Where the expected score would lie: that of other members, made and scored alike on other
    test rows.

    That of `over_both_variances`, with the variance of the replicates. No interval either wherever
    there is none over test rows alone; `rows`: that one, where it is known already.
    """
    rows = rows or over_test_rows(value, replicates, level=level)
    if rows.reason:
        return no_interval(rows.reason, over=MEMBERS_AND_ROWS)
    row_variance = float(np.nanvar(replicates, ddof=1))
    return over_both_variances(
        value,
        row_variance,
        member_variance,
        members,
        bounds=bounds,
        is_one_signed=is_one_signed,
        level=level,
    )


def over_both_variances(
    value: float,
    row_variance: float,
    member_variance: float,
    members: int,
    *,
    bounds: tuple[float, float] = (-np.inf, np.inf),
    is_one_signed: bool = False,
    level: float = LEVEL,
) -> Interval:
    """value ± t(f) s, s² = member_variance + row_variance: members and rows are drawn
    independently. Cut at `bounds`.

    f are the degrees of freedom of the sum (Satterthwaite 1946), members - 1 of them for
    member_variance. is_one_signed: the expected value cannot have the other sign, as that of a
    variance; then the interval is one of its logarithm, since such values spread far to one side.
    No interval from fewer than three members.
    """
    if members < FEWEST_SETS:
        return no_interval(
            f"needs at least {FEWEST_SETS} members, found {members}", over=MEMBERS_AND_ROWS
        )
    if not isfinite(member_variance):
        return no_interval("the value is not defined for each member", over=MEMBERS_AND_ROWS)
    total = member_variance + row_variance
    degrees = (members - 1) * (total / member_variance) ** 2 if member_variance else np.inf
    reach = _t_quantile((1 + level) / 2, degrees) * sqrt(total)
    if is_one_signed:
        low, high = sorted(value * exp(min(sign * reach / abs(value), 700.0)) for sign in (-1, 1))
        return Interval(low, high, MEMBERS_AND_ROWS)
    return Interval(max(value - reach, bounds[0]), min(value + reach, bounds[1]), MEMBERS_AND_ROWS)


def _t_quantile(share: float, degrees: float) -> float:
    """Of Student's distribution, as scipy.stats.t has it, at a tenth of the price of asking there."""
    return float(stdtrit(degrees, share))


def over_sets(
    mean: float,
    std: float,
    sets: int,
    *,
    over: str,
    bounds: tuple[float, float] = (-np.inf, np.inf),
    level: float = LEVEL,
) -> Interval:
    """Where the score of one more such set would lie: mean ± t(sets - 1) · std · sqrt(1 + 1/sets),
    within `bounds`.

    mean, std (ddof 1): of the scores of `sets` sets of members that share no member. Student's
    prediction interval (Hahn and Meeker, "Statistical intervals", 1991, section 4.7): exact for
    scores that spread normally. No interval where all of them have one score: three models that
    find no positive have not shown that a fourth finds none.
    """
    if not (isfinite(mean) and isfinite(std)):
        return no_interval(f"{over}: the value is not defined for each of them", over=over)
    if sets < FEWEST_SETS:
        return no_interval(
            f"{over}: an interval needs at least {FEWEST_SETS} of them, found {sets}", over=over
        )
    if std <= EQUAL * abs(mean):
        return no_interval(f"{over}: all {sets} of them give the same value", over=over)
    reach = _t_quantile((1 + level) / 2, sets - 1) * std * sqrt(1 + 1 / sets)
    return Interval(max(mean - reach, bounds[0]), min(mean + reach, bounds[1]), over)


def over_bin_rows(share: float, rows: int, *, level: float = LEVEL) -> Interval:
    """Wilson's interval of a share among `rows` test rows (Wilson 1927; Brown, Cai and DasGupta
    2001).

    The number of rows is taken as given. Where the rows of a bin have different chances, it is a
    little too wide.
    """
    if not rows:
        return no_interval("the bin has no rows", over=BIN_ROWS)
    return Interval(*wilson(share, float(ndtri((1 + level) / 2)) ** 2 / rows), BIN_ROWS)


def wilson(share: float, ratio: float) -> tuple[float, float]:
    """The p with (p - share)² = p (1 - p) ratio (Wilson 1927), where ratio is z² / n for n rows and
    the quantile z.
    """
    middle = (share + ratio / 2) / (1 + ratio)
    reach = sqrt(ratio * (share * (1 - share) + ratio / 4)) / (1 + ratio)
    # Rounding may leave the ends a hair beyond 0..1, or the share outside a narrow interval.
    return max(min(middle - reach, share), 0.0), min(max(middle + reach, share), 1.0)


def append_intervals(frame: pd.DataFrame, found: Sequence[Interval]) -> pd.DataFrame:
    """`frame` with the columns `low, high, over, reason` of one interval per row."""
    columns = {name: [getattr(item, name) for item in found] for name in INTERVAL_COLUMNS}
    kinds = {"low": "float64", "high": "float64", "over": object, "reason": object}
    return frame.assign(
        **{
            name: pd.Series(columns[name], index=frame.index, dtype=kinds[name])
            for name in INTERVAL_COLUMNS
        }
    )


def with_intervals(
    frame: pd.DataFrame, intervals: Mapping[Any, Interval], keys: Sequence[str]
) -> pd.DataFrame:
    """`frame` with the columns `low, high, over, reason`; intervals are found by the values of
    `keys`.

    reason: why the row's value has none (from `attrs["reasons"]`, by its keys joined with "/"),
    else why the interval has none, else empty. Keeps attrs.
    """
    places = list(frame[list(keys)].itertuples(index=False, name=None))
    found = [intervals[place] for place in places]
    of_value = [
        frame.attrs.get("reasons", {}).get("/".join(map(str, place)), "") for place in places
    ]
    extended = append_intervals(frame, found)
    extended["reason"] = pd.Series(
        [why or item.reason for why, item in zip(of_value, found, strict=True)],
        index=frame.index,
        dtype=object,
    )
    extended.attrs = dict(frame.attrs)
    return extended
