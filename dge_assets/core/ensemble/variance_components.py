"""What a squared error of members consists of, and which part of it more members take away.

Source: Räisä and Honkela, "A bias-variance decomposition for ensembles over multiple synthetic
datasets", arXiv 2402.03985: MSE_K = (MV + SDV) / K + RDV + bias² + noise. MV is the variance of the
model given its dataset (its seed), SDV that of the dataset given the real rows (its generator's
seed and its sampling), RDV that of the real rows.

What can be told from what:
- K datasets and one model each: MV + SDV, the variance between members; not its parts.
- R >= 2 model seeds on at least one dataset as well: MV, the variance between those seeds, and SDV
  as the rest.
- RDV, bias and noise cannot be told apart from one real table; their sum is the floor that no K
  goes below.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import nan

import numpy as np
import pandas as pd

from dge_assets.core.arrays import Array, Codes, Replicates
from dge_assets.core.contract.contract import Task
from dge_assets.core.ensemble.cards import VARIANCE_COMPONENTS
from dge_assets.core.intervals.interval import TEST_ROWS, Interval, no_interval, over_test_rows
from dge_assets.core.scores.metrics import SQUARED_ERROR, squared_errors
from dge_assets.core.scores.replicates import replicate_means
from dge_assets.core.scores.scored import Scored

COMPONENT_COLUMNS = VARIANCE_COMPONENTS.made_columns


def variance_components(
    scored: Scored,
    reseeded: Sequence[Sequence[Array]] = (),
    *,
    is_stochastic: bool = True,
) -> pd.DataFrame:
    """One row per component: `metric, component, value, share, note` and intervals; share is of a
    single member's error.

    reseeded: for any of the datasets, the predictions on real_test of models that differ in their
    seed alone (R >= 2 arrays each; fewer tell nothing). is_stochastic: False for a model class whose fit depends on no
    seed; then MV is 0 exactly. Components: `error` (MSE_1), `model_and_dataset` (MV + SDV), `model`
    (MV), `dataset` (SDV), `floor` (the rest). What is not identified is NaN, with the reason in
    `note`. SDV, a difference, may fall below zero by chance and is left so.

    low, high, share_low, share_high: over the test rows, with these members and no
    others: every component is a mean over rows, of which the replicates are weighted ones. A few
    members' variance may be far from that of all that could be trained, which these intervals do
    not hold. reason: of a missing interval; that of the value where it is NaN.
    """
    members, y, task = scored.predictions.members, scored.y, scored.task
    metric = SQUARED_ERROR[task]
    alone = (
        ""
        if len(members) > 1
        else f"K = {len(members)}: the variance between members needs at least 2"
    )
    per_row, model_note = {}, _why_no_model_variance(reseeded, is_stochastic=is_stochastic)
    per_row["error"] = np.mean([_squared_error(y, one, task=task) for one in members], axis=0)
    if not alone:
        per_row["model_and_dataset"] = variance_by_row(members, task=task)
        per_row["floor"] = per_row["error"] - per_row["model_and_dataset"]
    if not model_note:
        per_row["model"] = _model_variance(reseeded, len(y), task=task, is_stochastic=is_stochastic)
        if not alone:
            per_row["dataset"] = per_row["model_and_dataset"] - per_row["model"]
    drawn = dict(zip(per_row, replicate_means(list(per_row.values()), scored.drawn()), strict=True))
    notes = {
        "model_and_dataset": alone,
        "model": model_note,
        "dataset": alone or model_note,
        "floor": alone,
    }
    error = float(per_row["error"].mean())
    rows = []
    for name in ("error", "model_and_dataset", "model", "dataset", "floor"):
        if name not in per_row:
            rows.append(
                (metric, name, nan, nan, notes[name], nan, nan, nan, nan, TEST_ROWS, notes[name])
            )
            continue
        value = float(per_row[name].mean())
        of_value = over_test_rows(value, drawn[name])
        share = value / error if error else nan
        of_share = _over_share(share, drawn[name], drawn["error"])
        ends = (of_value.low, of_value.high, of_share.low, of_share.high)
        rows.append(
            (metric, name, value, share, "", *ends, TEST_ROWS, of_value.reason or of_share.reason)
        )
    return pd.DataFrame(rows, columns=COMPONENT_COLUMNS)


def _over_share(share: float, part: Replicates, whole: Replicates) -> Interval:
    """A share that is 0 or 1 by definition, as the error's own, gets no interval and says so."""
    shares = np.divide(part, whole, out=np.full_like(part, nan), where=whole > 0)
    if np.isfinite(share) and np.array_equal(part, whole):
        return no_interval("a component's share of itself is 1 in every resample", over=TEST_ROWS)
    return over_test_rows(share, shares)


def _squared_error(y: Codes, prediction: Array, *, task: Task) -> Array:
    """By row (rows,): its mean is the metric of `SQUARED_ERROR`."""
    if task == "regression":
        return np.asarray((prediction - y) ** 2)
    return squared_errors(y, prediction)


def between_members(predictions: Sequence[Array], *, task: Task) -> float:
    """Variance between predictions (ddof 1), mean over rows; NaN for fewer than two.

    For probabilities of C > 2 classes the sum over classes, as the Brier score sums; for two that
    of the last class.
    """
    if len(predictions) < 2:
        return nan
    return float(variance_by_row(predictions, task=task).mean())


def variance_by_row(predictions: Sequence[Array], *, task: Task) -> Array:
    """Variance between at least two predictions (ddof 1), (rows,): its mean is `between_members`."""
    variance = np.var(np.stack(predictions), axis=0, ddof=1)
    if task == "binary":
        return np.asarray(variance[:, 1])
    return np.asarray(variance if variance.ndim == 1 else variance.sum(axis=1))


def _why_no_model_variance(reseeded: Sequence[Sequence[Array]], *, is_stochastic: bool) -> str:
    known = not is_stochastic or any(len(fits) > 1 for fits in reseeded)
    return "" if known else "needs several model seeds on at least one dataset"


def _model_variance(
    reseeded: Sequence[Sequence[Array]], rows: int, *, task: Task, is_stochastic: bool
) -> Array:
    """MV by row (rows,)."""
    if not is_stochastic:
        return np.zeros(rows)
    usable = [fits for fits in reseeded if len(fits) > 1]
    # Weighed by degrees of freedom, so that datasets with more seeds count for what they tell.
    weights = [len(fits) - 1 for fits in usable]
    return np.asarray(
        np.average([variance_by_row(fits, task=task) for fits in usable], axis=0, weights=weights)
    )
