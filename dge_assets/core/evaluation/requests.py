"""What the parts of an evaluation are given, and what they give back: plain data that travels
between processes.

Not here: the work itself (`evaluation.family_model`, `augmentation.scores`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from dge_assets.core.arrays import Array
from dge_assets.core.cards.table_card import TableCard
from dge_assets.core.contract.contract import Contract
from dge_assets.core.declaration.table import GAIN_PER_SECOND
from dge_assets.core.downstream.baselines import Problem
from dge_assets.core.downstream.member_models import run_seed
from dge_assets.core.downstream.targets import Target
from dge_assets.core.groups.scores import TestGroup
from dge_assets.core.intervals.resampling import REPLICATES
from dge_assets.core.scores.tables import MemberScores


@dataclass(frozen=True, kw_only=True)
class ModelRequest:
    """What any work on one model class of one table needs: the real rows, and how a target is
    predicted from them.
    """

    table: str
    model: str
    contract: Contract
    real_train: pd.DataFrame
    real_test: pd.DataFrame
    max_levels: int

    @property
    def problem(self) -> Problem:
        """What all fits of this task share."""
        return Problem(
            target=Target.of(self.contract),
            model=self.model,
            seed=run_seed(self.table),
            max_levels=self.max_levels,
        )


@dataclass(frozen=True, kw_only=True)
class EnsembleRequest(ModelRequest):
    """The same on one family's ensemble; `datasets`: whole datasets by seed."""

    family: str
    datasets: dict[int, pd.DataFrame]


@dataclass(frozen=True, kw_only=True)
class OracleRequest(ModelRequest):
    """Fit one model class on real_train, `fits` times where its seed matters, and predict
    real_test.
    """

    fits: int


@dataclass(frozen=True)
class OraclePredictions:
    """Predictions on real_test, one array per fit; `not_converged` counts fits that stopped at
    their limit.

    `on_grid`: predictions at the points of the table's map, one array per fit; empty where it has
    none.
    """

    arrays: tuple[Array, ...]
    not_converged: int
    on_grid: tuple[Array, ...] = ()


@dataclass(frozen=True, kw_only=True)
class GroupRequest:
    """Find the groups of one table, once for all families and models."""

    real_train: pd.DataFrame
    real_test: pd.DataFrame
    target: str


@dataclass(frozen=True, kw_only=True)
class FamilyModelRequest(EnsembleRequest):
    """All that scoring one model class on one family's ensemble needs.

    `cards`: those of the tables that are wanted. `stored`: files of each member's downstream
    models, by seed. `seconds`: of CPU time that each member cost, by seed (its generator, its
    dataset and its fits). `replicates`: of the bootstrap of test rows. `groups`: those of the
    table, found anew when None.
    """

    cards: tuple[TableCard, ...]
    stored: dict[int, dict[str, bytes]]
    seconds: dict[int, float]
    oracle: OraclePredictions
    ks: tuple[int, ...]
    test_share: float
    replicates: int = REPLICATES
    groups: tuple[TestGroup, ...] | None = None
    gain_per_second: float = GAIN_PER_SECOND


@dataclass(frozen=True)
class FamilyModelScores:
    """The tables of one (family, model) pair, without those two columns, and remarks for people; a
    table that the pair has nothing for is not there.

    `on_real`: what each member's full model predicts on real_test, by seed, in half the space, for
    comparing families. `by_member`: what `evaluation_scores` has the means of, for ranking the
    models of a family.
    """

    tables: dict[str, pd.DataFrame]
    notes: list[str] = field(default_factory=list)
    on_real: dict[int, npt.NDArray[np.float32]] = field(default_factory=dict)
    by_member: MemberScores = field(default_factory=dict)
