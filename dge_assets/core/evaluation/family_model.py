"""Evaluation as work that runs side by side: the oracle of one model class, and one (family, model)
pair.

Each model is fitted once and predicts each set of rows once; every table is made from those
predictions. Not here: what a pair's tables share (`pair`), the tables (`pair_tables`, named by the
tables' cards), what is read and kept (the assets).
"""

from __future__ import annotations

import numpy as np

from dge_assets.core.downstream.baselines import fit_oracle
from dge_assets.core.downstream.fitting import FittedModel, predict
from dge_assets.core.evaluation.pair import PairEvaluation
from dge_assets.core.evaluation.requests import (
    FamilyModelRequest,
    FamilyModelScores,
    GroupRequest,
    OraclePredictions,
    OracleRequest,
)
from dge_assets.core.evaluation.stacking import made
from dge_assets.core.groups.scores import TestGroup, groups_of_test
from dge_assets.core.progress import Progress
from dge_assets.core.uncertainty.prediction_map import map_grid


def predict_oracle(request: OracleRequest, progress: Progress) -> OraclePredictions:
    """The oracle: what the model class reaches when it may learn from the real rows."""
    fitted = fit_oracle(request.problem, request.real_train, fits=request.fits)
    progress(1, 2)
    arrays = tuple(predict(model, request.real_test, name="real_test") for model in fitted)
    grid = map_grid(request.contract, request.real_train)
    on_grid = (
        () if grid is None else tuple(predict(model, grid, name="the map") for model in fitted)
    )
    return OraclePredictions(arrays, sum(not model.converged for model in fitted), on_grid)


def find_test_groups(request: GroupRequest, progress: Progress) -> tuple[TestGroup, ...]:
    """The groups of `groups_of_test`, as work beside other work: looking for neighbours takes
    seconds.
    """
    found = groups_of_test(request.real_train, request.real_test, request.target)
    progress(1, 1)
    return found


def score_family_model(request: FamilyModelRequest, progress: Progress) -> FamilyModelScores:
    """All tables of one model class on one family's ensemble; members are taken in seed order."""
    pair = PairEvaluation(request)
    # Fits and predictions come first, so that what is told of progress is true.
    _ = pair.naive
    progress(1, 4)
    predictions = pair.scored.predictions
    progress(2, 4)
    return FamilyModelScores(
        tables=made(request.cards, pair),
        notes=_notes(request, pair.full),
        on_real={
            seed: array.astype(np.float32)
            for seed, array in zip(pair.seeds, predictions.members, strict=True)
        },
        by_member={} if pair.claims is None else pair.claims.by_member,
    )


def _notes(request: FamilyModelRequest, full: list[FittedModel]) -> list[str]:
    place = f"{request.family}, {request.model}"
    notes = []
    slow = [model for model in full if not model.converged]
    if slow:
        notes.append(
            f"{place}: {len(slow)} of {len(full)} members' models stopped before they converged"
        )
    if request.oracle.not_converged:
        notes.append(
            f"{request.model}: {request.oracle.not_converged} fits of the oracle stopped before they converged"
        )
    constant = [model for model in full if model.is_constant]
    if constant:
        notes.append(
            f"{place}: {len(constant)} of {len(full)} datasets have one class only; their models are constant"
        )
    if len(request.datasets) < 2:
        notes.append(
            f"{place}: evaluation on other generators' datasets needs at least 2 members, found 1"
        )
    return notes
