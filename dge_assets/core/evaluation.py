"""Evaluation as work that runs side by side: the oracle of one model class, and one (family, model) pair.

Each model is fitted once and predicts each set of rows once; every table is made from those predictions. Not here: what
the scores mean (`scoring`, `groups`, `k_curve`), what is read and kept (the assets).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pandas as pd

from dge_assets.core.baselines import Baselines, Problem, fit_naive, fit_oracle
from dge_assets.core.contract import Contract
from dge_assets.core.downstream import dataset_parts, from_files, run_seed, task_and_classes
from dge_assets.core.evaluation_interval import evaluation_intervals
from dge_assets.core.fitting import Dataset, FittedModel, MemberModels, predict, stack_rows
from dge_assets.core.groups import group_scores
from dge_assets.core.k_curve import k_curve
from dge_assets.core.protocols import evaluation_targets, predict_member, predict_training
from dge_assets.core.scoring import cross_scores, score_evaluation, score_training
from dge_assets.core.targets import Array, encode_target

Report = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class OracleTask:
    """Fit one model class on real_train, `fits` times where its seed matters, and predict real_test."""

    table: str
    model: str
    contract: Contract
    real_train: pd.DataFrame
    real_test: pd.DataFrame
    fits: int
    max_levels: int


@dataclass(frozen=True)
class OraclePredictions:
    """Predictions on real_test, one array per fit; `not_converged` counts fits that stopped at their limit."""

    arrays: tuple[Array, ...]
    not_converged: int


def predict_oracle(task: OracleTask, report: Report) -> OraclePredictions:
    """The oracle: what the model class reaches when it may learn from the real rows."""
    fitted = fit_oracle(_problem(task), task.real_train, fits=task.fits)
    report(1, 2)
    arrays = tuple(predict(model, task.real_test, name="real_test") for model in fitted)
    return OraclePredictions(arrays, sum(not model.converged for model in fitted))


@dataclass(frozen=True, kw_only=True)
class FamilyModelTask:
    """All that scoring one model class on one family's ensemble needs.

    `datasets`: whole datasets by seed. `stored`: files of each member's downstream models, by seed. `seconds`: what
    each member cost, by seed (its generator, its dataset and its fits).
    """

    table: str
    family: str
    model: str
    contract: Contract
    real_train: pd.DataFrame
    real_test: pd.DataFrame
    datasets: dict[int, pd.DataFrame]
    stored: dict[int, dict[str, bytes]]
    seconds: dict[int, float]
    oracle: OraclePredictions
    ks: tuple[int, ...]
    test_share: float
    max_levels: int


@dataclass(frozen=True)
class FamilyModelScores:
    """The tables of one (family, model) pair, without those two columns, and remarks for people."""

    tables: dict[str, pd.DataFrame]
    notes: list[str] = field(default_factory=list)


def score_family_model(task: FamilyModelTask, report: Report) -> FamilyModelScores:
    """All tables of one model class on one family's ensemble; members are taken in seed order."""
    kind, classes = task_and_classes(task.contract)
    seeds = sorted(task.datasets)
    datasets = [_parts(task, seed) for seed in seeds]
    members = [_stored_models(task, seed) for seed in seeds]
    full = [member.full for member in members]
    naive = fit_naive(_problem(task), datasets, K=len(seeds), first_member=full[0])
    report(1, 4)
    on_real = predict_training(full, Baselines((), *naive), task.real_test)
    predictions = replace(on_real, oracle=task.oracle.arrays)
    y = encode_target(task.real_test, task.contract.target, task=kind, classes=classes, name="real_test")
    report(2, 4)
    tables = {
        "training_scores": score_training(y, predictions, task.ks, task=kind),
        "k_curve": k_curve(
            y, predictions.members, range(1, len(seeds) + 1), task=kind, seconds=[task.seconds[s] for s in seeds]
        ),
        "group_scores": group_scores(
            task.real_train, task.real_test, task.contract.target, y, predictions, task=kind, K=len(seeds)
        ),
        **_own_and_other_datasets(task, seeds, datasets, members),
    }
    return FamilyModelScores(tables, _notes(task, full))


def _problem(task: OracleTask | FamilyModelTask) -> Problem:
    kind, classes = task_and_classes(task.contract)
    return Problem(
        target=task.contract.target,
        model=task.model,
        task=kind,
        classes=classes,
        seed=run_seed(task.table),
        max_levels=task.max_levels,
    )


def _parts(task: FamilyModelTask, seed: int) -> Dataset:
    return dataset_parts(
        task.datasets[seed], table=task.table, family=task.family, seed=seed, test_share=task.test_share
    )


def _stored_models(task: FamilyModelTask, seed: int) -> MemberModels:
    place = f"{task.table}/{task.family}/downstream[{seed:03d}]"
    return from_files(task.stored[seed], task.model, place=place)


def _own_and_other_datasets(
    task: FamilyModelTask, seeds: list[int], datasets: list[Dataset], members: list[MemberModels]
) -> dict[str, pd.DataFrame]:
    """The part models on real_test, on their own test part and on all other datasets."""
    if len(seeds) < 2:
        return {}
    kind, classes = task_and_classes(task.contract)
    whole = [stack_rows(parts, name=f"dataset {seed}") for seed, parts in zip(seeds, datasets, strict=True)]
    targets = evaluation_targets(task.real_test, datasets, whole, task.contract.target, task=kind, classes=classes)
    stacked = stack_rows(whole, name="all datasets together")
    predicted = [
        predict_member(index, member.part, task.real_test, datasets[index][1], whole, stacked=stacked)
        for index, member in enumerate(members)
    ]
    ks = tuple(k for k in task.ks if k >= 2)
    crossed = cross_scores(predicted, targets, task=kind, seeds=seeds)
    return {
        "evaluation_scores": score_evaluation(predicted, targets, ks, task=kind),
        "cross_scores": crossed,
        "evaluation_intervals": evaluation_intervals(crossed, ks),
    }


def _notes(task: FamilyModelTask, full: list[FittedModel]) -> list[str]:
    place = f"{task.family}, {task.model}"
    notes = []
    slow = [model for model in full if not model.converged]
    if slow:
        notes.append(f"{place}: {len(slow)} of {len(full)} members' models stopped before they converged")
    if task.oracle.not_converged:
        notes.append(f"{task.model}: {task.oracle.not_converged} fits of the oracle stopped before they converged")
    constant = [model for model in full if model.is_constant]
    if constant:
        notes.append(f"{place}: {len(constant)} of {len(full)} datasets have one class only; their models are constant")
    if len(task.datasets) < 2:
        notes.append(f"{place}: evaluation on other generators' datasets needs at least 2 members, found 1")
    return notes
