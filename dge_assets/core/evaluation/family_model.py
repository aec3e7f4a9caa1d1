"""Evaluation as work that runs side by side: the oracle of one model class, and one (family, model)
pair.

Each model is fitted once and predicts each set of rows once; every table is made from those
predictions. Not here: what the scores mean (`scores.tables`, `groups.scores`, `k_curve`), what is
read and kept (the assets).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from dge_assets.core.arrays import Array
from dge_assets.core.contract.contract import Contract
from dge_assets.core.downstream.baselines import Baselines, fit_naive, fit_oracle
from dge_assets.core.downstream.fitting import (
    Dataset,
    FittedModel,
    MemberModels,
    predict,
    stack_rows,
)
from dge_assets.core.downstream.member_models import dataset_parts, from_files, task_and_classes
from dge_assets.core.downstream.targets import encode_target
from dge_assets.core.ensemble.error_correlation import (
    effective_members,
    error_correlation,
    error_products,
)
from dge_assets.core.ensemble.k_curve import k_curve
from dge_assets.core.ensemble.k_recommendation import k_recommendation
from dge_assets.core.ensemble.variance_components import variance_components
from dge_assets.core.evaluation.requests import (
    FamilyModelScores,
    FamilyModelTask,
    GroupTask,
    OraclePredictions,
    OracleTask,
)
from dge_assets.core.groups.scores import TestGroup, group_scores, groups_of_test
from dge_assets.core.intervals.resampling import REPLICATES, Resamples
from dge_assets.core.protocols import evaluation_targets, predict_member, predict_training
from dge_assets.core.randomness import seed_sequence
from dge_assets.core.rows.tables import no_rows
from dge_assets.core.scores.approach import NAIVE_ENSEMBLE, ORACLE, dge
from dge_assets.core.scores.claim_errors import claim_errors, cross_tables, true_replicates
from dge_assets.core.scores.claim_intervals import evaluation_intervals
from dge_assets.core.scores.intervals import (
    approach_differences,
    curve_with_intervals,
    ensemble_intervals,
    evaluation_with_intervals,
    training_with_intervals,
)
from dge_assets.core.scores.scored import Scored
from dge_assets.core.scores.tables import (
    MemberScores,
    by_member,
    cross_scores,
    score_members,
    summarize_members,
)
from dge_assets.core.uncertainty.prediction_map import MAP_TYPES, map_grid, prediction_map
from dge_assets.core.uncertainty.tables import uncertainty_tables

Report = Callable[[int, int], None]


def predict_oracle(task: OracleTask, report: Report) -> OraclePredictions:
    """The oracle: what the model class reaches when it may learn from the real rows."""
    fitted = fit_oracle(task.problem, task.real_train, fits=task.fits)
    report(1, 2)
    arrays = tuple(predict(model, task.real_test, name="real_test") for model in fitted)
    grid = map_grid(task.contract, task.real_train)
    on_grid = (
        () if grid is None else tuple(predict(model, grid, name="the map") for model in fitted)
    )
    return OraclePredictions(arrays, sum(not model.converged for model in fitted), on_grid)


def find_test_groups(task: GroupTask, report: Report) -> tuple[TestGroup, ...]:
    """The groups of `groups_of_test`, as work beside other work: looking for neighbours takes
    seconds.
    """
    found = groups_of_test(task.real_train, task.real_test, task.target)
    report(1, 1)
    return found


def score_family_model(task: FamilyModelTask, report: Report) -> FamilyModelScores:
    """All tables of one model class on one family's ensemble; members are taken in seed order."""
    kind, classes = task_and_classes(task.contract)
    seeds = sorted(task.datasets)
    datasets = [_parts(task, seed) for seed in seeds]
    members = [_stored_models(task, seed) for seed in seeds]
    full = [member.full for member in members]
    naive = fit_naive(task.problem, datasets, K=len(seeds), first_member=full[0])
    report(1, 4)
    on_real = predict_training(full, Baselines((), *naive), task.real_test)
    predictions = replace(on_real, oracle=task.oracle.arrays)
    y = encode_target(
        task.real_test, task.contract.target, task=kind, classes=classes, name="real_test"
    )
    report(2, 4)
    resamples = resamples_of_real_test(task.table, len(y), replicates=task.replicates)
    scored = Scored(y, predictions, task.ks, kind, resamples)
    seconds = [task.seconds[seed] for seed in seeds]
    tables = {
        **_scores_with_intervals(scored, seconds),
        **_ensemble_size(task, scored, seconds),
        **_scores_by_group(task, scored),
        **uncertainty_tables(scored, noise_variances=_noise_variances(task, datasets, members)),
        "prediction_map": _map(task, full, naive[0]),
    }
    of_datasets, member_scores = _own_and_other_datasets(task, seeds, datasets, members, resamples)
    arrays = {
        seed: array.astype(np.float32)
        for seed, array in zip(seeds, predictions.members, strict=True)
    }
    return FamilyModelScores(tables | of_datasets, _notes(task, full), arrays, member_scores)


def compare_members(
    on_real: Mapping[str, Mapping[int, npt.NDArray[np.float32]]],
    oracle: OraclePredictions,
    real_test: pd.DataFrame,
    contract: Contract,
    resamples: Resamples,
) -> dict[str, pd.DataFrame]:
    """Tables `error_correlation` and `effective_members` of one model class over all families.

    on_real: family -> seed -> predictions of the member's full model on real_test. resamples: of
    its rows.
    """
    kind, classes = task_and_classes(contract)
    y = encode_target(real_test, contract.target, task=kind, classes=classes, name="real_test")
    members = {
        (family, seed): array.astype(np.float64)
        for family, of in on_real.items()
        for seed, array in of.items()
    }
    found = error_products(y, members, oracle.arrays, task=kind)
    return {
        "error_correlation": error_correlation(found),
        "effective_members": effective_members(found, resamples),
    }


def _noise_variances(
    task: FamilyModelTask, datasets: list[Dataset], members: list[MemberModels]
) -> list[float] | None:
    """Mean squared residual of each part model on its dataset's own test part: what a consumer can
    know of the noise.
    """
    kind, classes = task_and_classes(task.contract)
    if kind != "regression":
        return None
    variances = []
    for (_, test_part), member in zip(datasets, members, strict=True):
        y = encode_target(
            test_part,
            task.contract.target,
            task=kind,
            classes=classes,
            name="a dataset's test part",
        )
        variances.append(float(np.mean((predict(member.part, test_part) - y) ** 2)))
    return variances


def _map(
    task: FamilyModelTask, members: list[FittedModel], naive: tuple[FittedModel, ...]
) -> pd.DataFrame:
    """The map of oracle, naive ensemble and the largest DGE; no rows for a table without a plane."""
    kind, classes = task_and_classes(task.contract)
    grid = map_grid(task.contract, task.real_train)
    if grid is None:
        return no_rows(MAP_TYPES)

    def on_grid(models: Sequence[FittedModel]) -> list[Array]:
        return [predict(model, grid, name="the map") for model in models]

    ensembles = {
        str(ORACLE): task.oracle.on_grid,
        str(NAIVE_ENSEMBLE): on_grid(naive),
        str(dge(len(members))): on_grid(members),
    }
    return prediction_map(grid, ensembles, task=kind, classes=classes)


def resamples_of_real_test(table: str, rows: int, *, replicates: int = REPLICATES) -> Resamples:
    """Replicates of a table's `rows` test rows, the same for all families, models and approaches."""
    return Resamples(rows, seed_sequence(table=table, purpose="test rows"), replicates)


def _scores_with_intervals(scored: Scored, seconds: list[float]) -> dict[str, pd.DataFrame]:
    """What is scored on all rows of real_test: the approaches, how far they are apart, and the K
    curve.
    """
    ks = range(1, scored.size + 1)
    curve = k_curve(scored, ks, seconds=seconds)
    return {
        "training_scores": training_with_intervals(scored),
        "approach_differences": approach_differences(scored),
        "k_curve": curve_with_intervals(curve, ensemble_intervals(scored, ks)),
    }


def _ensemble_size(
    task: FamilyModelTask, scored: Scored, seconds: list[float]
) -> dict[str, pd.DataFrame]:
    naive = [scored.predictions.naive_ensemble]
    return {
        "k_recommendation": k_recommendation(scored, seconds, gain_per_second=task.gain_per_second),
        "variance_components": variance_components(
            scored, naive, is_stochastic=task.problem.is_stochastic
        ),
    }


def _scores_by_group(task: FamilyModelTask, scored: Scored) -> dict[str, pd.DataFrame]:
    groups = task.groups
    if groups is None:
        groups = groups_of_test(task.real_train, task.real_test, task.contract.target)
    tables = group_scores(groups, scored)
    return {"group_scores": tables.scores, "group_gaps": tables.gaps}


def _parts(task: FamilyModelTask, seed: int) -> Dataset:
    return dataset_parts(
        task.datasets[seed],
        table=task.table,
        family=task.family,
        seed=seed,
        test_share=task.test_share,
    )


def _stored_models(task: FamilyModelTask, seed: int) -> MemberModels:
    place = f"{task.table}/{task.family}/downstream[{seed:03d}]"
    return from_files(task.stored[seed], task.model, place=place)


def _own_and_other_datasets(
    task: FamilyModelTask,
    seeds: list[int],
    datasets: list[Dataset],
    members: list[MemberModels],
    resamples: Resamples,
) -> tuple[dict[str, pd.DataFrame], MemberScores]:
    """The part models on real_test, on their own test part and on all other datasets."""
    if len(seeds) < 2:
        return {}, {}
    kind, classes = task_and_classes(task.contract)
    whole = [
        stack_rows(parts, name=f"dataset {seed}")
        for seed, parts in zip(seeds, datasets, strict=True)
    ]
    targets = evaluation_targets(
        task.real_test, datasets, whole, task.contract.target, task=kind, classes=classes
    )
    stacked = stack_rows(whole, name="all datasets together")
    predicted = [
        predict_member(
            index, member.part, task.real_test, datasets[index][1], whole, stacked=stacked
        )
        for index, member in enumerate(members)
    ]
    ks = tuple(k for k in task.ks if k >= 2)
    each = score_members(predicted, targets, ks, task=kind)
    crossed = cross_scores(predicted, targets, task=kind, seeds=seeds)
    claims, truths = by_member(each), true_replicates(predicted, targets, resamples, task=kind)
    tables = {
        "claim_errors": claim_errors(
            claims, cross_tables(crossed, tuple(truths)), truths, task=kind
        ),
        "evaluation_scores": evaluation_with_intervals(
            summarize_members(each), len(seeds), task=kind
        ),
        "cross_scores": crossed,
        "evaluation_intervals": evaluation_intervals(crossed, ks, task=kind),
    }
    return tables, claims


def _notes(task: FamilyModelTask, full: list[FittedModel]) -> list[str]:
    place = f"{task.family}, {task.model}"
    notes = []
    slow = [model for model in full if not model.converged]
    if slow:
        notes.append(
            f"{place}: {len(slow)} of {len(full)} members' models stopped before they converged"
        )
    if task.oracle.not_converged:
        notes.append(
            f"{task.model}: {task.oracle.not_converged} fits of the oracle stopped before they converged"
        )
    constant = [model for model in full if model.is_constant]
    if constant:
        notes.append(
            f"{place}: {len(constant)} of {len(full)} datasets have one class only; their models are constant"
        )
    if len(task.datasets) < 2:
        notes.append(
            f"{place}: evaluation on other generators' datasets needs at least 2 members, found 1"
        )
    return notes
