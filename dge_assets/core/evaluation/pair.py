"""One (family, model) pair as its tables see it: predicted once, asked by all of them.

Here: models, predictions and what several tables share, each computed when it is first asked. Not
here: the tables (`pair_tables`), the work that goes through them (`family_model`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from dge_assets.core.arrays import Array
from dge_assets.core.contract.contract import Task
from dge_assets.core.downstream.baselines import Baselines, fit_naive
from dge_assets.core.downstream.fitting import (
    Dataset,
    FittedModel,
    MemberModels,
    predict,
    stack_rows,
)
from dge_assets.core.downstream.member_models import dataset_parts, from_files
from dge_assets.core.downstream.targets import Target, encode_target
from dge_assets.core.evaluation.requests import FamilyModelRequest
from dge_assets.core.groups.scores import GroupTables, group_scores, groups_of_test
from dge_assets.core.intervals.resampling import REPLICATES, Resamples
from dge_assets.core.protocols import evaluation_targets, predict_member, predict_training
from dge_assets.core.randomness import seed_sequence
from dge_assets.core.scores.claim_errors import true_replicates
from dge_assets.core.scores.scored import Scored
from dge_assets.core.scores.tables import (
    MemberScores,
    by_member,
    cross_scores,
    score_members,
    summarize_members,
)
from dge_assets.core.uncertainty.tables import uncertainty_tables


@dataclass(frozen=True, eq=False)
class Claims:
    """What the part models score on real_test, on their own test parts and on all other datasets."""

    summary: pd.DataFrame
    crossed: pd.DataFrame
    by_member: MemberScores
    truths: dict[str, Array]
    """Headline metric -> the members' true scores on resampled test rows, (n, replicates)."""
    ks: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class PairEvaluation:
    """One model class on one family's ensemble; members are taken in seed order."""

    request: FamilyModelRequest

    @property
    def target(self) -> Target:
        """What is predicted."""
        return Target.of(self.request.contract)

    @property
    def task(self) -> Task:
        """A class, one of several, or a number."""
        return self.target.task

    @cached_property
    def seeds(self) -> list[int]:
        """Seeds of the members."""
        return sorted(self.request.datasets)

    @cached_property
    def datasets(self) -> list[Dataset]:
        """Train and test part of each member's dataset."""
        request = self.request
        return [
            dataset_parts(
                request.datasets[seed],
                table=request.table,
                family=request.family,
                seed=seed,
                test_share=request.test_share,
            )
            for seed in self.seeds
        ]

    @cached_property
    def members(self) -> list[MemberModels]:
        """The stored models of each member."""
        request = self.request
        return [
            from_files(
                request.stored[seed],
                request.model,
                place=f"{request.table}/{request.family}/downstream[{seed:03d}]",
            )
            for seed in self.seeds
        ]

    @cached_property
    def full(self) -> list[FittedModel]:
        """Each member's model of its whole dataset."""
        return [member.full for member in self.members]

    @cached_property
    def seconds(self) -> list[float]:
        """CPU seconds that each member took."""
        return [self.request.seconds[seed] for seed in self.seeds]

    @cached_property
    def naive(self) -> tuple[tuple[FittedModel, ...], FittedModel]:
        """The models of naive_ensemble, and that of naive_concat."""
        problem, first = self.request.problem, self.full[0]
        return fit_naive(problem, self.datasets, K=len(self.seeds), first_member=first)

    @cached_property
    def scored(self) -> Scored:
        """All approaches on real_test, each scored once."""
        request = self.request
        on_real = predict_training(self.full, Baselines((), *self.naive), request.real_test)
        predictions = replace(on_real, oracle=request.oracle.arrays)
        y = encode_target(request.real_test, self.target, name="real_test")
        return Scored(y, predictions, request.ks, self.task, self.resamples)

    @cached_property
    def resamples(self) -> Resamples:
        """Replicates of the rows of real_test."""
        request = self.request
        return resamples_of_real_test(
            request.table, len(request.real_test), replicates=request.replicates
        )

    @cached_property
    def groups(self) -> GroupTables:
        """Scores and gaps of the groups of real_test."""
        request, groups = self.request, self.request.groups
        if groups is None:
            groups = groups_of_test(request.real_train, request.real_test, request.contract.target)
        return group_scores(groups, self.scored)

    @cached_property
    def uncertainty(self) -> dict[str, pd.DataFrame]:
        """How unsure each approach is, and whether it is right to be: three tables by name."""
        return uncertainty_tables(self.scored, noise_variances=self.noise_variances)

    @cached_property
    def noise_variances(self) -> list[float] | None:
        """Mean squared residual of each part model on its dataset's own test part: what a consumer
        can know of a regression's noise.
        """
        if self.task != "regression":
            return None
        return [
            float(
                np.mean(
                    (
                        predict(member.part, test_part)
                        - encode_target(test_part, self.target, name="a dataset's test part")
                    )
                    ** 2
                )
            )
            for (_, test_part), member in zip(self.datasets, self.members, strict=True)
        ]

    @cached_property
    def claims(self) -> Claims | None:
        """What scores computed on synthetic rows claim; None for one member, which has no other."""
        if len(self.seeds) < 2:
            return None
        request = self.request
        whole = [
            stack_rows(parts, name=f"dataset {seed}")
            for seed, parts in zip(self.seeds, self.datasets, strict=True)
        ]
        targets = evaluation_targets(request.real_test, self.datasets, whole, self.target)
        stacked = stack_rows(whole, name="all datasets together")
        predicted = [
            predict_member(
                index,
                member.part,
                request.real_test,
                self.datasets[index][1],
                whole,
                stacked=stacked,
            )
            for index, member in enumerate(self.members)
        ]
        ks = tuple(k for k in request.ks if k >= 2)
        each = score_members(predicted, targets, ks, task=self.task)
        return Claims(
            summary=summarize_members(each),
            crossed=cross_scores(predicted, targets, task=self.task, seeds=self.seeds),
            by_member=by_member(each),
            truths=true_replicates(predicted, targets, self.resamples, task=self.task),
            ks=ks,
        )


def resamples_of_real_test(table: str, rows: int, *, replicates: int = REPLICATES) -> Resamples:
    """Replicates of a table's `rows` test rows, the same for all families, models and approaches."""
    return Resamples(rows, seed_sequence(table=table, purpose="test rows"), replicates)
