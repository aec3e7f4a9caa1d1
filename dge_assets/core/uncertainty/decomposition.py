"""How unsure an ensemble is of each row, and how much of that its members' disagreement adds.

Here: the decomposition of the uncertainty of one prediction into what each member says itself
(aleatoric) and what is between the members (generator). Not here: whether the uncertainty is right
(`calibration`, `uncertainty.selective_prediction`), the tables of all approaches
(`uncertainty.tables`).

Symbols: K members, n rows, C classes; p_k is member k's probabilities (n, C), f_k its values (n,).
What is between the members of a DGE comes from the generators and, for a model class that depends on
its seed, of the model seeds as well: the same quantity of the naive ensemble, whose members differ
in the model seed alone, tells how much that is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import entr

from dge_assets.core.arrays import Array
from dge_assets.core.contract.contract import Task
from dge_assets.core.errors import EvaluationError
from dge_assets.core.rounding import mean_of
from dge_assets.core.scores.metrics import ROUNDING

ROWS_NAMED = 5


@dataclass(frozen=True)
class Uncertainty:
    """Per row (n,): total = aleatoric + generator, none below zero; nats, or squared units of a
    regression's target.

    aleatoric and total are NaN for a regression whose members' noise is not known.
    """

    total: Array
    aleatoric: Array
    generator: Array


def uncertainty_of(
    members: Sequence[Array],
    *,
    task: Task,
    noise_variances: Sequence[float] | None = None,
    name: str = "the ensemble",
) -> Uncertainty:
    """The uncertainty of an ensemble's prediction of each row: `entropy_parts` or `variance_parts`
    by task.
    """
    if task == "regression":
        return variance_parts(members, noise_variances=noise_variances, name=name)
    return entropy_parts(members, name=name)


def entropy_parts(members: Sequence[Array], *, name: str = "the ensemble") -> Uncertainty:
    """Uncertainty of a classification, in nats: total = H[mean_k p_k], aleatoric = mean_k H[p_k].

    generator is their difference, the mutual information of the class and the member (Depeweg et
    al., "Decomposition of uncertainty in Bayesian deep learning", ICML 2018): zero where all
    members say the same, at most log K. members: (n, C) probabilities each. Raises EvaluationError
    naming `name`, the member and rows for what are no probabilities.

    >>> parts = entropy_parts([np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])])
    >>> bool(np.isclose(parts.generator[0], np.log(2))), float(parts.aleatoric[0])
    (True, 0.0)
    """
    _require_members(members, name=name, dimensions=2)
    _require_probabilities(members, name=name)
    entropies = [entr(np.clip(member, 0, 1)).sum(axis=1) for member in members]
    aleatoric = mean_of(entropies)
    whole = entr(np.clip(mean_of(members), 0, 1)).sum(axis=1)
    # By Jensen's inequality the difference is never negative; rounding can make it so.
    generator = np.maximum(whole - aleatoric, 0)
    return Uncertainty(aleatoric + generator, aleatoric, generator)


def variance_parts(
    members: Sequence[Array],
    *,
    noise_variances: Sequence[float] | None = None,
    name: str = "the ensemble",
) -> Uncertainty:
    """Uncertainty of a regression, in squared units of the target, by the law of total variance
    over the members.

    generator = mean_k (f_k - mean f)^2, the variance of the members' predictions; aleatoric =
    mean_k s_k^2. A model that predicts points says nothing of the noise s_k^2 around them:
    `noise_variances` (K,) states it from outside, one value per member, the same for all rows (such
    as the mean squared residual on rows that the member did not see, which counts what the model
    class cannot fit as noise). Without it aleatoric and total are not known: NaN, not zero.
    members: (n,) values each. Raises EvaluationError naming `name`, the member and rows for values
    that are not finite.
    """
    _require_members(members, name=name, dimensions=1)
    centre = mean_of(members)
    generator = mean_of([(member - centre) ** 2 for member in members])
    noise = (
        float("nan")
        if noise_variances is None
        else _noise(noise_variances, len(members), name=name)
    )
    aleatoric = np.full(len(centre), noise)
    return Uncertainty(aleatoric + generator, aleatoric, generator)


def _noise(variances: Sequence[float], members: int, *, name: str) -> float:
    if len(variances) != members:
        raise EvaluationError(
            f"{name}: {len(variances)} noise variances for {members} members; give one per member"
        )
    bad = [
        k for k, variance in enumerate(variances) if not (np.isfinite(variance) and variance >= 0)
    ]
    if bad:
        raise EvaluationError(
            f"{name}: noise variances must be finite and at least 0, found {variances[bad[0]]}"
        )
    return float(np.mean(variances))


def _require_members(members: Sequence[Array], *, name: str, dimensions: int) -> None:
    if not members:
        raise EvaluationError(
            f"{name}: no members; uncertainty needs the predictions of at least one model"
        )
    shape = members[0].shape
    for k, member in enumerate(members):
        if member.ndim != dimensions or member.shape != shape:
            wanted = "(rows, classes)" if dimensions == 2 else "(rows,)"
            raise EvaluationError(
                f"{name}, member {k}: predictions must have shape {wanted}, the same for all members: found "
                f"{member.shape}, and {shape} for member 0"
            )
        _require_rows(np.isfinite(member), f"{name}, member {k}: predictions are not finite")


def _require_probabilities(members: Sequence[Array], *, name: str) -> None:
    for k, member in enumerate(members):
        inside = (member >= -ROUNDING) & (member <= 1 + ROUNDING)
        _require_rows(inside, f"{name}, member {k}: probabilities are outside 0 to 1")
        _require_rows(
            np.abs(member.sum(axis=1) - 1) <= ROUNDING,
            f"{name}, member {k}: probabilities do not sum to 1",
        )


def _require_rows(holds: npt.NDArray[np.bool_], problem: str) -> None:
    rows = np.flatnonzero(~(holds.all(axis=1) if holds.ndim == 2 else holds))
    if len(rows):
        shown = ", ".join(map(str, rows[:ROWS_NAMED])) + (", ..." if len(rows) > ROWS_NAMED else "")
        raise EvaluationError(
            f"{problem} in {len(rows)} of {len(holds)} rows ({shown}); fit that model anew"
        )
