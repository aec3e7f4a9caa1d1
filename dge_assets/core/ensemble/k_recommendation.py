"""How many members are worth their work: the smallest K whose next member gains too little, and how
sure that is.

Source of the gain: Räisä and Honkela, arXiv 2402.03985. From MSE_K = floor + V / K, with V = 2
(MSE_1 - MSE_2), member K + 1 gains V / (K (K + 1)). Work is CPU seconds, which are as many on a
busy machine. Not here: measuring the curve (`k_curve`), drawing it (`charts`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, isfinite, nan, sqrt

import numpy as np
import pandas as pd

from dge_assets.core.arrays import Array, Codes
from dge_assets.core.contract.contract import Task
from dge_assets.core.declaration.table import GAIN_PER_SECOND
from dge_assets.core.ensemble.cards import K_RECOMMENDATION
from dge_assets.core.ensemble.variance_components import variance_by_row
from dge_assets.core.errors import EvaluationError
from dge_assets.core.intervals.interval import (
    FEWEST_SETS,
    MEMBERS_AND_ROWS,
    Interval,
    jackknife_variance,
    no_interval,
    over_both_variances,
)
from dge_assets.core.rounding import unit_of
from dge_assets.core.scores.metrics import SQUARED_ERROR
from dge_assets.core.scores.scored import Scored

MOST_RECOMMENDED = 1000
RECOMMENDATION_COLUMNS = K_RECOMMENDATION.made_columns


@dataclass(frozen=True, kw_only=True)
class Recommendation:
    """K, what member K + 1 would gain, what all members without end would; NaN gains where `note`
    says why.
    """

    K: int
    gain_of_next: float
    gain_of_all: float
    note: str = ""


def gain_of_next(variance: float, K: int) -> float:
    """By how much member K + 1 lowers the squared error: V / (K (K + 1)) (arXiv 2402.03985).

    >>> gain_of_next(0.6, 2)
    0.1
    """
    return variance / (K * (K + 1))


def recommend(
    variance: float, *, seconds_per_member: float, gain_per_second: float
) -> Recommendation:
    """The smallest K >= 1 with gain_of_next / seconds_per_member < gain_per_second.

    variance: V, of which 1 / K remains in an ensemble of K. K is at most `MOST_RECOMMENDED`, as
    many as there may be seeds. EvaluationError for a cost or a worth that is not above zero.
    """
    for name, value in (
        ("seconds_per_member", seconds_per_member),
        ("gain_per_second", gain_per_second),
    ):
        if not (isfinite(value) and value > 0):
            raise EvaluationError(f"{name} must be a number above zero, found {value}")
    # A product too small for a number would be 0.
    worth = max(gain_per_second * seconds_per_member, float(np.finfo(np.float64).tiny))
    ratio = min(max(variance, 0.0) / worth, float(MOST_RECOMMENDED) ** 3)
    # K (K + 1) > V / worth, from the root of the quadratic; then by one step, where rounding
    # decides.
    K = max(1, ceil((sqrt(1 + 4 * ratio) - 1) / 2))
    while gain_of_next(variance, K) >= worth and K < MOST_RECOMMENDED:
        K += 1
    note = ""
    if K > MOST_RECOMMENDED or gain_of_next(variance, K) >= worth:
        K, note = (
            MOST_RECOMMENDED,
            f"more than {MOST_RECOMMENDED} members would still be worth their seconds",
        )
    return Recommendation(
        K=K, gain_of_next=gain_of_next(variance, K), gain_of_all=variance / K, note=note
    )


def k_recommendation(
    scored: Scored, seconds: Sequence[float], *, gain_per_second: float = GAIN_PER_SECOND
) -> pd.DataFrame:
    """One row with `RECOMMENDATION_COLUMNS`.

    seconds: of CPU time that each member cost. Gains are in units of `metric`: the Brier score, or for a
    regression the squared error as a share of the variance of y (then `mse_share`), so that one
    worth serves all tables. gain_of_next is that of member K + 1, gain_of_all that of members
    without end; seconds what K members cost. gain_low, gain_high: of gain_of_next with other
    members and test rows; K_low, K_high: the K of these ends; reason: why they are missing. K may
    be above the members that there are: then it is foretold, not measured, and `note` says so. K is
    missing with a note from fewer than two members or without known seconds.
    """
    y, members, task = scored.y, scored.predictions.members, scored.task
    metric, variances = _variance_by_row(y, members, task=task)
    V, cost = float(variances.mean()), float(np.mean(seconds)) if len(seconds) else nan
    row: dict[str, object] = {"metric": metric, "members": len(members), "seconds_per_member": cost}
    row |= {
        "gain_per_second": gain_per_second,
        "over": MEMBERS_AND_ROWS,
        "note": _why_undefined(len(members), V, cost),
    }
    if row["note"]:
        row["reason"] = row["note"]
    else:
        work = {"seconds_per_member": cost, "gain_per_second": gain_per_second}
        found = recommend(V, **work)
        row |= {"K": found.K, "gain_of_next": found.gain_of_next, "gain_of_all": found.gain_of_all}
        row |= {"seconds": found.K * cost, "note": _note(found, len(members))}
        row |= _ends(_over_both(V, variances, members, y, task=task), found.K, work)
    frame = pd.DataFrame([row]).reindex(columns=RECOMMENDATION_COLUMNS)
    return frame.astype(
        {**dict.fromkeys(("K", "K_low", "K_high"), "Int64"), **dict.fromkeys(_NUMBERS, "float64")}
    )


_NUMBERS = ("gain_of_next", "gain_low", "gain_high", "gain_of_all", "seconds")


def _note(found: Recommendation, members: int) -> str:
    beyond = f"predicted, not measured: there are {members} members" if members < found.K else ""
    return "; ".join(part for part in (found.note, beyond) if part)


def _ends(of_variance: Interval, K: int, work: dict[str, float]) -> dict[str, object]:
    """From the interval of V those of the next member's gain and of K."""
    if of_variance.reason:
        return {"reason": of_variance.reason}
    low, high = of_variance.low, of_variance.high
    sizes = {"K_low": recommend(low, **work).K, "K_high": recommend(high, **work).K}
    return {
        **sizes,
        "gain_low": gain_of_next(low, K),
        "gain_high": gain_of_next(high, K),
        "reason": "",
    }


def _over_both(
    V: float, variances: Array, members: Sequence[Array], y: Codes, *, task: Task
) -> Interval:
    """Of V, over members (jackknife) and test rows: of its logarithm, as a variance spreads far to
    one side.
    """
    n = len(members)
    if not V:
        return no_interval("the members predict the same", over=MEMBERS_AND_ROWS)
    if n < FEWEST_SETS:
        return no_interval(
            f"needs at least {FEWEST_SETS} members, found {n}", over=MEMBERS_AND_ROWS
        )
    rest = [
        _variance_by_row(y, [*members[:i], *members[i + 1 :]], task=task)[1].mean()
        for i in range(n)
    ]
    member_variance = jackknife_variance(np.array(rest))
    row_variance = float(np.var(variances, ddof=1)) / len(variances)
    return over_both_variances(V, row_variance, member_variance, n, is_one_signed=True)


def _variance_by_row(y: Codes, members: Sequence[Array], *, task: Task) -> tuple[str, Array]:
    """The metric and (rows,), whose mean is V: 2 (MSE_1 - MSE_2) over all members and pairs is
    exactly that.
    """
    if len(members) < 2:
        return SQUARED_ERROR[task] if task != "regression" else "mse_share", np.full(1, nan)
    if task != "regression":
        return SQUARED_ERROR[task], variance_by_row(members, task=task)
    # Not the spread alone, which rounding of the mean keeps from being exactly 0.
    if not np.ptp(y):
        return "mse_share", np.full(1, nan)
    unit = unit_of(y)
    return "mse_share", variance_by_row([one / unit for one in members], task=task) / float(
        np.var(y / unit)
    )


def _why_undefined(members: int, variance: float, cost: float) -> str:
    if members < 2:
        return f"K = {members}: the gain of a further member is predicted from at least 2"
    if not isfinite(variance):
        return "the target has one value only, so no share of its variance is defined"
    return "" if cost > 0 else "the seconds of the members are not known"
