"""What a squared error of members consists of, and which part of it more members take away.

Source: Räisä and Honkela, "A bias-variance decomposition for ensembles over multiple synthetic datasets", arXiv
2402.03985: MSE_K = (MV + SDV) / K + RDV + bias² + noise. MV is the variance of the model given its dataset (its seed),
SDV that of the dataset given the real rows (its generator's seed and its sampling), RDV that of the real rows.

What can be told from what:
- K datasets and one model each: MV + SDV, the variance between members; not its parts.
- R >= 2 model seeds on at least one dataset as well: MV, the variance between those seeds, and SDV as the rest.
- RDV, bias and noise cannot be told apart from one real table; their sum is the floor that no K goes below.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import nan

import numpy as np
import pandas as pd

from dge_assets.core.contract import Task
from dge_assets.core.k_curve import SQUARED_ERROR
from dge_assets.core.metrics import score_encoded
from dge_assets.core.targets import Array, Codes

COMPONENT_COLUMNS = ["metric", "component", "value", "share", "note"]


def variance_components(
    y: Codes,
    members: Sequence[Array],
    reseeded: Sequence[Sequence[Array]] = (),
    *,
    task: Task,
    is_stochastic: bool = True,
) -> pd.DataFrame:
    """One row per component: `metric, component, value, share, note`; share is of a single member's error.

    y: encoded target of real_test (rows,). members: predictions of each full model on it. reseeded: for any of the
    datasets, the predictions of models that differ in their seed alone (R >= 2 arrays each; fewer tell nothing).
    is_stochastic: False for a model class whose fit depends on no seed; then MV is 0 exactly.
    Components: `error` (MSE_1), `model_and_dataset` (MV + SDV), `model` (MV), `dataset` (SDV), `floor` (the rest). What
    cannot be told is NaN, with the reason in `note`. SDV, a difference, may fall below zero by chance and is left so.
    """
    metric = SQUARED_ERROR[task]
    error = float(np.mean([score_encoded([metric], y, one, task=task).values[metric] for one in members]))
    both = between_members(members, task=task)
    model, model_note = _model_variance(reseeded, task=task, is_stochastic=is_stochastic)
    alone = "" if len(members) > 1 else f"K = {len(members)}: the variance between members needs at least 2"
    rows = [
        ("error", error, ""),
        ("model_and_dataset", both, alone),
        ("model", model, model_note),
        ("dataset", both - model, alone or model_note),
        ("floor", error - both, alone),
    ]
    return pd.DataFrame(
        [(metric, name, value, value / error if error else nan, note) for name, value, note in rows],
        columns=COMPONENT_COLUMNS,
    )


def between_members(predictions: Sequence[Array], *, task: Task) -> float:
    """Variance between predictions (ddof 1), mean over rows; NaN for fewer than two.

    For probabilities of C > 2 classes the sum over classes, as the Brier score sums; for two that of the last class.
    """
    if len(predictions) < 2:
        return nan
    variance = np.var(np.stack(predictions), axis=0, ddof=1)
    if task == "binary":
        variance = variance[:, 1]
    return float(variance.mean() if variance.ndim == 1 else variance.sum(axis=1).mean())


def _model_variance(reseeded: Sequence[Sequence[Array]], *, task: Task, is_stochastic: bool) -> tuple[float, str]:
    if not is_stochastic:
        return 0.0, ""
    usable = [fits for fits in reseeded if len(fits) > 1]
    if not usable:
        return nan, "needs several model seeds on at least one dataset"
    # Weighed by degrees of freedom, so that datasets with more seeds count for what they tell.
    weights = [len(fits) - 1 for fits in usable]
    return float(np.average([between_members(fits, task=task) for fits in usable], weights=weights)), ""
