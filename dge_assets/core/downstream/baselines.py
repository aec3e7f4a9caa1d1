"""The fits that an ensemble's models are compared with: the oracle on real rows, and the naive
ways.

Here: which rows and which model seeds each baseline takes. Not here: a single fit and prediction
(`fitting.py`), scores (`scores.tables`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dge_assets.core.downstream.fitting import (
    Dataset,
    FittedModel,
    fit_model,
    model_seed,
    stack_rows,
)
from dge_assets.core.downstream.models import model_card
from dge_assets.core.downstream.preprocessing import MOST_LEVELS
from dge_assets.core.downstream.targets import Target, encode_target
from dge_assets.core.errors import EvaluationError


@dataclass(frozen=True)
class Baselines:
    """The fits that need no generator but the first, or all of them at once.

    `oracle` and `naive_ensemble` hold one fit per model seed, or one in all where the seed does not
    matter.
    """

    oracle: tuple[FittedModel, ...]
    naive_ensemble: tuple[FittedModel, ...]
    naive_concat: FittedModel


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What all fits of one model class on one table share; `seed` is the run's, from which each fit
    gets its own.
    """

    target: Target
    model: str
    seed: int
    max_levels: int = MOST_LEVELS

    def fit(self, frame: pd.DataFrame, index: int, name: str) -> FittedModel:
        """Fit number `index` of this model class, on `frame` (n rows), which errors call `name`."""
        return fit_model(
            frame,
            self.target,
            self.model,
            seed=model_seed(self.seed, index),
            name=name,
            max_levels=self.max_levels,
        )

    @property
    def is_stochastic(self) -> bool:
        """Whether the fit depends on its seed; where it does not, one fit stands for all."""
        return model_card(self.model).is_stochastic


def fit_baselines(
    problem: Problem,
    real_train: pd.DataFrame,
    datasets: Sequence[Dataset],
    *,
    K: int,
    oracle_fits: int | None = None,
    first_member: FittedModel | None = None,
) -> Baselines:
    """All baselines of one model class: `fit_oracle` with `oracle_fits` (K when None) fits, and
    `fit_naive`.
    """
    _require_datasets(datasets)
    require_usable(real_train, datasets[0], problem.target)
    oracle = fit_oracle(problem, real_train, fits=K if oracle_fits is None else oracle_fits)
    return Baselines(oracle, *fit_naive(problem, datasets, K=K, first_member=first_member))


def fit_oracle(problem: Problem, real_train: pd.DataFrame, *, fits: int) -> tuple[FittedModel, ...]:
    """`fits` fits on real_train with different model seeds; one in all where the seed does not
    matter.
    """
    count = max(fits, 1) if problem.is_stochastic else 1
    return tuple(problem.fit(real_train, index, "real_train") for index in range(count))


def fit_naive(
    problem: Problem,
    datasets: Sequence[Dataset],
    *,
    K: int,
    first_member: FittedModel | None = None,
) -> tuple[tuple[FittedModel, ...], FittedModel]:
    """naive_ensemble, K fits on dataset 0 (one where the seed does not matter), and naive_concat,
    one on all rows.

    first_member: the full model of member 0, when there is one already; it is the naive ensemble's
    first fit.
    """
    _require_datasets(datasets)
    single = stack_rows(datasets[0], name="datasets[0]")
    first = first_member or problem.fit(single, 0, "datasets[0]")
    others = range(1, K if problem.is_stochastic else 1)
    ensemble = (first, *(problem.fit(single, index, "datasets[0]") for index in others))
    everything = stack_rows(
        [part for dataset in datasets for part in dataset], name="all datasets together"
    )
    return ensemble, problem.fit(everything, 0, "all datasets together")


def _require_datasets(datasets: Sequence[Dataset]) -> None:
    if not datasets:
        raise EvaluationError(
            "datasets is empty: the baselines need at least one synthetic dataset"
        )


def require_usable(real_train: pd.DataFrame, dataset: Dataset, target: Target) -> None:
    """EvaluationError when real_train cannot give a fair oracle.

    It needs the columns of the datasets, no more (an id would be a feature that only the oracle
    has) and no less, and for a classification at least two classes.
    """
    odd = sorted(map(str, set(real_train.columns) ^ set(dataset[0].columns)))
    if odd:
        raise EvaluationError(
            f"real_train and datasets[0]: columns {odd} are in one of them only; drop them first"
        )
    y = encode_target(real_train, target, name="real_train")
    if target.task != "regression" and len(np.unique(y)) < 2:
        found = [target.classes[int(code)] for code in np.unique(y)]
        raise EvaluationError(
            f"real_train: target {target.name!r} must have at least 2 classes, found {found}"
        )
