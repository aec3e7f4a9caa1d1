"""Training and sampling one member on a real table: codec and algorithm put together.

These are the functions that `Compute` runs in worker processes; their tasks and results are plain and picklable.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
import torch

from dge_assets.core.codec import TableCodec, fit_codec
from dge_assets.core.contract import Contract
from dge_assets.core.errors import GeneratorError
from dge_assets.core.generators.base import Algorithm, GeneratorState, Report, Trained
from dge_assets.core.generators.ctgan_family import CTGANAlgorithm, TVAEAlgorithm
from dge_assets.core.generators.parameters import FamilyParameters
from dge_assets.core.randomness import generator, legacy_seed, seed_sequence
from dge_assets.core.threads import one_thread

ALGORITHM_FACTORIES: dict[str, type[Algorithm]] = {"ctgan": CTGANAlgorithm, "tvae": TVAEAlgorithm}


@dataclass(frozen=True, kw_only=True)
class TrainingTask:
    """All that training one member needs."""

    table: str
    family: str
    seed: int
    algorithm: str
    parameters: FamilyParameters
    real_train: pd.DataFrame
    contract: Contract
    max_levels: int
    many_levels: Literal["pool", "error"]
    device: str = "cpu"


@dataclass(frozen=True)
class TrainedMember:
    """A member's generator as plain data, its losses per epoch, and what the codec had to say."""

    state: GeneratorState
    codec: dict[str, Any]
    losses: pd.DataFrame
    notes: list[str]


def train_member(task: TrainingTask, report: Report) -> TrainedMember:
    """Train the generator of (family, seed); GeneratorError names the member when its weights are not finite."""
    place = f"{task.table}/{task.family}/generator[{task.seed:03d}]"
    if task.device == "cuda" and not torch.cuda.is_available():
        raise GeneratorError(
            f"{place}: declared device cuda, but torch {torch.__version__} finds no GPU; declare device: cpu, or install "
            f"a CUDA build of torch (docs/gpu.md)"
        )
    codec = fit_codec(task.real_train, task.contract, max_levels=task.max_levels, many_levels=task.many_levels)
    # The imputed values are the table's, not the member's: every seed learns from the same rows.
    imputation = generator(seed_sequence(table=task.table, purpose="imputation"))
    modelled = codec.encode(task.real_train, rng=imputation)
    stream = seed_sequence(table=task.table, family=task.family, seed=task.seed, purpose="training")
    try:
        with one_thread():
            trained: Trained = ALGORITHM_FACTORIES[task.algorithm]().train(
                modelled,
                discrete=codec.discrete,
                parameters=task.parameters,
                seed=legacy_seed(stream),
                device=task.device,
                report=report,
            )
    except ValueError as error:
        if "NaN" not in str(error):
            raise
        raise _diverged(place, str(error)) from error  # ctgan notices it in the middle of an epoch
    _require_finite(trained.state, place)
    return TrainedMember(trained.state, codec.to_document(), trained.losses, codec.notes)


def _require_finite(state: GeneratorState, place: str) -> None:
    broken = [name for name, value in state.tensors.items() if not np.all(np.isfinite(value))]
    if broken:
        raise _diverged(place, f"weights {broken[:3]} are not finite")


def _diverged(place: str, found: str) -> GeneratorError:
    return GeneratorError(f"{place}: training diverged, {found}; lower the learning rate or the epochs")


@dataclass(frozen=True, kw_only=True)
class SamplingTask:
    """All that sampling one member's dataset needs."""

    table: str
    family: str
    seed: int
    state: GeneratorState
    codec: dict[str, Any]
    rows: int


def sample_member(task: SamplingTask, report: Report) -> pd.DataFrame:
    """The dataset of (family, seed): `rows` rows of the table's modelled columns."""
    sampling = seed_sequence(table=task.table, family=task.family, seed=task.seed, purpose="sampling")
    decoding = seed_sequence(table=task.table, family=task.family, seed=task.seed, purpose="decoding")
    codec = TableCodec.from_document(task.codec)
    algorithm = ALGORITHM_FACTORIES[task.state.document["algorithm"]]()
    with one_thread(), torch.no_grad():
        modelled = algorithm.sample(task.state, rows=task.rows, seed=legacy_seed(sampling))
    report(1, 1)
    return codec.decode(modelled, rng=generator(decoding))
