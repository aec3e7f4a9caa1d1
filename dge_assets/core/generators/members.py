"""Training and sampling members of one family on an encoded table.

These are the functions that `Compute` runs in worker processes; their tasks and results are plain
and picklable. A task may hold several seeds: they are then trained as one program, which pays on a
GPU.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import torch

from dge_assets.core.errors import GeneratorError
from dge_assets.core.generators.encoding.encoded_table import EncodedTable
from dge_assets.core.generators.encoding.table_encoder import TableEncoder
from dge_assets.core.generators.epochs.learning_curve import ROWS, marginal_distance
from dge_assets.core.generators.epochs.training import Checkpoints, LearningCurve, train
from dge_assets.core.generators.family import (
    Algorithm,
    Arrays,
    GeneratorState,
    Report,
    TrainedMember,
)
from dge_assets.core.generators.parameters import FamilyParameters, parameters_for
from dge_assets.core.generators.stacked.conditions import level_probabilities
from dge_assets.core.generators.stacked.ctgan import CTGANTrainer
from dge_assets.core.generators.stacked.sampling import CTGANSampler, TVAESampler
from dge_assets.core.generators.stacked.tvae import TVAETrainer
from dge_assets.core.randomness import seed_sequence
from dge_assets.core.threads import one_thread, tiny_numbers_as_zero

ROWS_AT_A_TIME = 50_000
"""Rows that are sampled and decoded together.

A part of what a dataset is: decoding draws from one stream, in order.
"""


def _ctgan_document(table: EncodedTable, parameters: Any) -> dict[str, Any]:
    shares = level_probabilities(table, log_frequency=parameters.log_frequency)
    return {"level_probabilities": shares.values.tolist()}


IMPLEMENTATIONS: dict[str, Algorithm] = {
    "ctgan": Algorithm(CTGANTrainer, CTGANSampler, _ctgan_document),
    "tvae": Algorithm(TVAETrainer, TVAESampler, lambda _table, _parameters: {}),
}


@dataclass(frozen=True, kw_only=True)
class TrainingTask:
    """All that training the members `seeds` of one family needs."""

    table: str
    family: str
    seeds: tuple[int, ...]
    algorithm: str
    parameters: FamilyParameters
    encoder: TableEncoder
    encoded: EncodedTable
    device: str = "cpu"
    checkpoints: Checkpoints | None = None


def train_members(task: TrainingTask, report: Report) -> dict[int, TrainedMember]:
    """Train the generators of (family, seed) for all seeds of the task, by seed.

    A member's weights depend on (table, family, seed, parameters, encoded rows) alone: bitwise so
    on one kind of CPU. Raises GeneratorError, which names the member, when training diverges or the
    declared device is not there.
    """
    place = f"{task.table}/{task.family}/generator"
    if task.device == "cuda" and not torch.cuda.is_available():
        raise GeneratorError(
            f"{place}{list(task.seeds)}: declared device cuda, but torch {torch.__version__} finds no GPU; declare "
            f"device: cpu, or install a CUDA build of torch (docs/gpu.md)"
        )
    algorithm = IMPLEMENTATIONS[task.algorithm]
    streams = {
        seed: seed_sequence(table=task.table, family=task.family, seed=seed, purpose="training")
        for seed in task.seeds
    }
    document = {
        "algorithm": task.algorithm,
        "parameters": task.parameters.of_training(),
        "transformer": task.encoder.transformer,
        **algorithm.describe(task.encoded, task.parameters),
    }
    with one_thread(), tiny_numbers_as_zero(), torch.no_grad():
        trained = train(
            lambda seeds: algorithm.trainer(
                task.encoded, task.parameters, [streams[seed] for seed in seeds], device=task.device
            ),
            task.seeds,
            epochs=task.parameters.epochs,
            checkpoints=task.checkpoints,
            curve=_learning_curve(task, document),
            place=place,
            report=report,
        )
    codec, notes = task.encoder.codec.to_document(), task.encoder.codec.notes
    return {
        seed: TrainedMember(GeneratorState(result.tensors, document), codec, result.losses, notes)
        for seed, result in trained.items()
    }


def _learning_curve(task: TrainingTask, document: dict[str, Any]) -> LearningCurve | None:
    if not task.parameters.curve_every:
        return None
    # Hyperparameters of sampling must not decide when a training stops: it is measured by their
    # defaults.
    as_trained = parameters_for(task.algorithm, task.parameters.of_training())

    def measure(seed: int, epochs: int, tensors: Arrays) -> float:
        purpose = f"learning curve {epochs}"
        stream = seed_sequence(table=task.table, family=task.family, seed=seed, purpose=purpose)
        make = IMPLEMENTATIONS[task.algorithm].sampler
        sampler = make(GeneratorState(tensors, document), task.encoded.layout, as_trained, stream)
        (drawn,) = sampler.chunks(ROWS, most=ROWS)
        return marginal_distance(task.encoded, *drawn)

    return LearningCurve(task.parameters.curve_every, task.parameters.patience, measure)


@dataclass(frozen=True, kw_only=True)
class SamplingTask:
    """All that sampling one member's dataset needs."""

    table: str
    family: str
    seed: int
    state: GeneratorState
    codec: dict[str, Any]
    rows: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    """The family's hyperparameters of sampling (`FamilyParameters.of_sampling`); defaults where one
    is left out.
    """


def sample_chunks(task: SamplingTask) -> Iterator[pd.DataFrame]:
    """The dataset of (family, seed), `rows` rows of the table's modelled columns, some 50,000 rows
    at a time.
    """
    sampling = seed_sequence(
        table=task.table, family=task.family, seed=task.seed, purpose="sampling"
    )
    encoder = TableEncoder.from_documents(task.codec, task.state.document["transformer"])
    algorithm = task.state.document["algorithm"]
    parameters = parameters_for(algorithm, {**task.state.document["parameters"], **task.settings})
    sampler = IMPLEMENTATIONS[algorithm].sampler(task.state, encoder.layout, parameters, sampling)
    for numbers, codes in sampler.chunks(task.rows, most=ROWS_AT_A_TIME):
        yield encoder.codec.decode(encoder.decode(numbers, codes))
