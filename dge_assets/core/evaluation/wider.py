"""What tables see that no single pair can give: one family with all of its models, one model with
all families, and everything.

Not here: those tables (`wider_tables`), a single pair (`pair`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from dge_assets.core.contract.contract import Contract
from dge_assets.core.declaration.statistics import StatisticDeclaration, default_statistics
from dge_assets.core.downstream.targets import Target, encode_target
from dge_assets.core.ensemble.error_correlation import ErrorProducts, error_products
from dge_assets.core.evaluation.pair import resamples_of_real_test
from dge_assets.core.evaluation.requests import FamilyModelScores, OraclePredictions
from dge_assets.core.intervals.resampling import Resamples
from dge_assets.core.scores.tables import selection


@dataclass(frozen=True, eq=False, kw_only=True)
class FamilyEvaluation:
    """One family: its datasets in seed order, and what its models scored, by model.

    `declared`: the statistics of the declaration; None where it names none.
    """

    contract: Contract
    real_train: pd.DataFrame
    datasets: Sequence[pd.DataFrame]
    scores: Mapping[str, FamilyModelScores]
    declared: Sequence[StatisticDeclaration] | None = None

    @property
    def statistics(self) -> Sequence[StatisticDeclaration]:
        """The statistics that are asked of it."""
        return default_statistics(self.contract) if self.declared is None else self.declared

    @cached_property
    def ranked(self) -> pd.DataFrame:
        """How each approach ranks the models; by the training scores where nothing is claimed."""
        claimed = {
            model: of.tables.get("evaluation_scores", of.tables["training_scores"])
            for model, of in self.scores.items()
        }
        return selection(claimed)


@dataclass(frozen=True, eq=False, kw_only=True)
class ModelEvaluation:
    """One model class: what its members predict on real_test, family -> seed -> array, and the
    oracle's predictions.
    """

    table: str
    contract: Contract
    real_test: pd.DataFrame
    on_real: Mapping[str, Mapping[int, npt.NDArray[np.float32]]]
    oracle: OraclePredictions

    @cached_property
    def products(self) -> tuple[ErrorProducts, ...]:
        """Mean products of the members' errors, of both kinds."""
        target = Target.of(self.contract)
        y = encode_target(self.real_test, target, name="real_test")
        members = {
            (family, seed): array.astype(np.float64)
            for family, of in self.on_real.items()
            for seed, array in of.items()
        }
        return tuple(error_products(y, members, self.oracle.arrays, task=target.task))

    @property
    def resamples(self) -> Resamples:
        """Replicates of the rows of real_test."""
        return resamples_of_real_test(self.table, len(self.real_test))


@dataclass(frozen=True, eq=False, kw_only=True)
class WholeEvaluation:
    """Everything: the tables made so far with what one row of each is, and remarks by (family,
    model).
    """

    frames: Mapping[str, pd.DataFrame]
    descriptions: Mapping[str, str]
    notes: Mapping[tuple[str, ...], Sequence[str]]
