"""Are the members' errors uncorrelated? Their correlations, within a family and across families.

An ensemble averages away what its members get wrong independently, and nothing of what they all get
wrong. Errors are taken about zero, not about their mean, since a bias that members share is an
error that they share. Then, with rho the mean product of two members' errors over the mean square
of one, MSE_K = MSE_1 (1 + (K - 1) rho) / K holds exactly, and K / (1 + (K - 1) rho) is the
effective number of members: as many independent ones would do as much.

Two kinds answer two questions:
- `error`: prediction minus outcome on the same real rows. What averaging does to the score; the
  noise of the outcome is common to all members and no ensemble removes it, so rho is high even
  where generators err independently.
- `deviation`: prediction minus that of the oracle (the same model class fitted on real rows), which
  leaves the noise out: whether the generators fail alike. The oracle's own chance error is common
  to all deviations, so this rho is somewhat too high, the more so where members are nearly as good
  as the oracle.

Not here: predictions (`protocols`), how intervals are made (`correlation_intervals`), the heat map
(`correlation_charts`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, combinations_with_replacement
from math import nan
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from dge_assets.core.arrays import Array, Codes
from dge_assets.core.contract.contract import Task
from dge_assets.core.ensemble.cards import EFFECTIVE_MEMBERS, ERROR_CORRELATION
from dge_assets.core.ensemble.correlation_intervals import (
    over_correlation,
    pair_errors,
    rho_replicates,
)
from dge_assets.core.errors import EvaluationError
from dge_assets.core.intervals.interval import (
    FEWEST_SETS,
    MEMBERS_AND_ROWS,
    TEST_ROWS,
    jackknife_variance,
    no_interval,
    over_members_and_rows,
    over_test_rows,
)
from dge_assets.core.intervals.resampling import Resamples
from dge_assets.core.rounding import unit_of

Kind = Literal["error", "deviation"]
Member = tuple[str, int]
"""Family and seed."""
ALL = "all"
"""Stands for the union of all families."""
PAIR_COLUMNS = ERROR_CORRELATION.made_columns
EFFECTIVE_COLUMNS = EFFECTIVE_MEMBERS.made_columns


@dataclass(frozen=True)
class ErrorProducts:
    """Mean products of errors (members, members) on the same rows; the diagonal holds the mean
    squares.

    by_row: the errors (members, rows, C) themselves, C = 1 but for several classes.
    """

    members: tuple[Member, ...]
    kind: Kind
    products: Array
    by_row: Array


def errors_of(y: Codes, prediction: Array, *, task: Task) -> Array:
    """Prediction minus outcome, flat: (rows,) for two classes (of the last one) and regression,
    (rows · C,) for C classes.
    """
    return _flat(prediction, task) - _flat(_outcome(y, prediction, task), task)


def _outcome(y: Codes, prediction: Array, task: Task) -> Array:
    if task == "regression":
        return np.asarray(y, dtype=np.float64)
    return np.asarray(np.eye(prediction.shape[1])[y.astype(np.int64)])


def _flat(values: Array, task: Task) -> Array:
    return values[:, 1] if task == "binary" else values.reshape(-1)


def error_products(
    y: Codes, predictions: Mapping[Member, Array], oracle: Sequence[Array], *, task: Task
) -> tuple[ErrorProducts, ...]:
    """The mean products of both kinds. predictions: of each member's full model on real_test (y
    encoded).

    oracle: its predictions on the same rows, one array per fit, of which the mean counts; without
    any there is no `deviation`. EvaluationError without members or rows, or where arrays are not of
    the same rows.
    """
    if not predictions or not len(y):
        raise EvaluationError(
            f"error correlation needs members and rows, found {len(predictions)} and {len(y)}"
        )
    odd = [member for member, array in predictions.items() if len(array) != len(y)]
    if odd:
        raise EvaluationError(f"predictions of {odd[0]} are not of the {len(y)} rows of real_test")
    members = tuple(predictions)
    errors = np.stack([errors_of(y, predictions[member], task=task) for member in members])
    found = [_products(members, "error", errors, len(y))]
    if len(oracle):
        deviations = errors - errors_of(y, np.mean(np.stack(oracle), axis=0), task=task)
        found.append(_products(members, "deviation", deviations, len(y)))
    return tuple(found)


def _products(members: tuple[Member, ...], kind: Kind, errors: Array, rows: int) -> ErrorProducts:
    """errors: (members, rows · C), of which only ratios count: in a unit whose squares are numbers."""
    errors = errors / unit_of(errors)
    products = errors @ errors.T / errors.shape[1]
    return ErrorProducts(members, kind, products, errors.reshape(len(members), rows, -1))


def error_correlation(found: Sequence[ErrorProducts]) -> pd.DataFrame:
    """One row per kind and pair of different members: `family_a, seed_a, family_b, seed_b, kind,
    value`, interval.

    value: mean product of their errors over the root of both mean squares, in [-1, 1]. NaN where a
    member makes no error at all, with the reason in `attrs["reasons"]` by "kind/family[seed]". Each
    pair stands once. The interval is over test rows, from the standard error of
    `correlation_intervals.pair_errors`.
    """
    rows: list[tuple[object, ...]] = []
    reasons = {}
    for item in found:
        squares = np.diag(item.products)
        for index in np.flatnonzero(squares == 0):
            family, seed = item.members[index]
            reasons[f"{item.kind}/{family}[{seed:03d}]"] = (
                f"no {item.kind} on any row, so nothing to correlate"
            )
        errors = pair_errors(item.by_row)
        for i, j in combinations(range(len(item.members)), 2):
            size = float(np.sqrt(squares[i] * squares[j]))
            value = float(np.clip(item.products[i, j] / size, -1.0, 1.0)) if size else nan
            interval = over_correlation(value, float(errors[i, j]))
            if np.isnan(value):
                interval = no_interval(
                    f"no {item.kind} on any row, so nothing to correlate", over=TEST_ROWS
                )
            ends = (interval.low, interval.high, interval.over, interval.reason)
            rows.append((*item.members[i], *item.members[j], item.kind, value, *ends))
    table = pd.DataFrame(rows, columns=PAIR_COLUMNS)
    table.attrs["reasons"] = reasons
    return table


def effective_members(found: Sequence[ErrorProducts], resamples: Resamples) -> pd.DataFrame:
    """One row per kind and pair of families: `family_a, family_b, kind, K, rho, effective, note`
    and intervals.

    - family_a = family_b: the K members of one family;
    - two families: rho between a member of one and a member of the other, and the effective number
      of such a pair (K = 2);
    - both `all`, where there are several families: all their members as one ensemble. rho: mean
      product of two different members' errors over the mean square of one (the root of both
      families' where they differ). effective: K / (1 + (K - 1) rho), which within a family is MSE_1
      / MSE_K. It is above K where errors cancel, and NaN with a reason in `note` where rho is, or
      where errors cancel to nothing. rho_low, rho_high, effective_low, effective_high: over the
      test rows of `resamples`, with these members and no others; `reason` says why there is none.
      expected_rho_low ... expected_effective_high: over members and test rows, what other members
      would show.
    """
    rows = []
    for item in found:
        families = list(dict.fromkeys(family for family, _ in item.members))
        pairs = [
            *combinations_with_replacement(families, 2),
            *([(ALL, ALL)] if len(families) > 1 else []),
        ]
        for one, other in pairs:
            K = 2 if one != other else _members_of(item, one).sum()
            rho, note = _rho(item, one, other)
            effective, note = (1.0, note) if K == 1 else _effective(int(K), rho, note)
            ends = _intervals(item, one, other, int(K), rho, effective, note, resamples)
            rows.append((one, other, item.kind, int(K), rho, effective, note, *ends))
    return pd.DataFrame(rows, columns=EFFECTIVE_COLUMNS)


def effective_number(K: int, rho: float) -> float:
    """K / (1 + (K - 1) rho): how many independent members would average as much away as K of
    correlation rho.

    >>> effective_number(5, 0.0), effective_number(5, 1.0)
    (5.0, 1.0)
    """
    return K / (1 + (K - 1) * rho)


def _effective(K: int, rho: float, note: str) -> tuple[float, str]:
    if np.isnan(rho):
        return nan, note
    if 1 + (K - 1) * rho <= 1e-12:
        return (
            nan,
            "the members' errors cancel to nothing, so no number of independent members does as much",
        )
    return effective_number(K, rho), note


def _members_of(item: ErrorProducts, family: str) -> npt.NDArray[np.bool_]:
    return np.array([family in (ALL, own) for own, _ in item.members], dtype=bool)


def _intervals(
    item: ErrorProducts,
    one: str,
    other: str,
    K: int,
    rho: float,
    effective: float,
    note: str,
    resamples: Resamples,
) -> tuple[float | str, ...]:
    """Ends of rho and of the effective number, over what, and why not: for these members, then for
    others.
    """
    if np.isnan(rho):
        unknown = (nan, nan, nan, nan)
        return (*unknown, TEST_ROWS, note, *unknown, MEMBERS_AND_ROWS, note)
    groups = [item.by_row[_members_of(item, family)] for family in (one, other)]
    drawn = rho_replicates(groups[0], groups[1], resamples, same=one == other)
    of_rho = over_test_rows(rho, drawn)
    below = 1 + (K - 1) * drawn
    numbers = np.divide(K, below, out=np.full_like(below, nan), where=below > 1e-12)
    of_number = over_test_rows(effective, numbers)
    these = (
        of_rho.low,
        of_rho.high,
        of_number.low,
        of_number.high,
        TEST_ROWS,
        of_rho.reason or of_number.reason,
    )
    variance, members = _member_variance(item, one, other)
    # 1 - rho is what the members' own errors have of it all: a share of variances, which spreads to
    # one side as these do.
    own = over_members_and_rows(1 - rho, 1 - drawn, variance, members, is_one_signed=True)
    low, high = max(1 - own.high, -1.0), 1 - own.low
    ends = [_effective(K, end, "")[0] for end in (high, low)]
    return (*these, low, high, *ends, MEMBERS_AND_ROWS, own.reason)


def _member_variance(item: ErrorProducts, one: str, other: str) -> tuple[float, int]:
    """The jackknife variance of rho over members, those of each family being drawn by themselves;
    the fewest of a family.
    """
    chosen = _members_of(item, one) | _members_of(item, other)
    places: dict[str, list[int]] = {}
    for index in np.flatnonzero(chosen):
        places.setdefault(item.members[index][0], []).append(int(index))
    fewest = min(map(len, places.values()))
    if fewest < FEWEST_SETS:
        return nan, fewest
    variance = 0.0
    for of_family in places.values():
        without = np.array([_rho(_without(item, index), one, other)[0] for index in of_family])
        variance += jackknife_variance(without)
    return variance, fewest


def _without(item: ErrorProducts, index: int) -> ErrorProducts:
    """All members but one; their errors by row are not looked at and stay as they are."""
    members = (*item.members[:index], *item.members[index + 1 :])
    products = np.delete(np.delete(item.products, index, axis=0), index, axis=1)
    return replace(item, members=members, products=products)


def _rho(item: ErrorProducts, one: str, other: str) -> tuple[float, str]:
    first, second = _members_of(item, one), _members_of(item, other)
    squares = np.diag(item.products)
    size = float(np.sqrt(squares[first].mean() * squares[second].mean()))
    block = item.products[np.ix_(first, second)]
    if one == other:
        if len(block) < 2:
            return nan, "one member has no other to be compared with"
        block = block[~np.eye(len(block), dtype=bool)]
    return (
        (float(block.mean()) / size, "")
        if size
        else (nan, f"no {item.kind} on any row, so nothing to correlate")
    )
