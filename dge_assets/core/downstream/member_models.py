"""The downstream models of one member: fitted in a worker, kept as files, brought back for
evaluation.

Here: the task that `Compute` runs per member, and the file form (skops and JSON; nothing that can
run code). Not here: model classes (`models`), a single fit (`fitting`), scores.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from dge_assets.core.contract.contract import Contract
from dge_assets.core.downstream.fitting import FittedModel, MemberModels, fit_member, model_seed
from dge_assets.core.downstream.model_files import dump_pipeline, load_pipeline
from dge_assets.core.downstream.targets import Target
from dge_assets.core.errors import StorageError
from dge_assets.core.progress import Progress
from dge_assets.core.randomness import legacy_seed, seed_sequence
from dge_assets.core.rows.split import split_dataset

INDEX = "models.json"
_PARTS = ("full", "part")
_NOTED = ("model", "seed", "task", "classes", "converged", "is_constant")
"""What the index holds of each fit: the same for the same dataset, so no seconds."""


@dataclass(frozen=True, kw_only=True)
class DownstreamRequest:
    """All that fitting one member's downstream models needs; `dataset` has n rows of the modelled
    columns.
    """

    table: str
    family: str
    seed: int
    dataset: pd.DataFrame
    contract: Contract
    models: tuple[str, ...]
    test_share: float
    max_levels: int


def run_seed(table: str) -> int:
    """The seed from which all downstream models of a table get theirs."""
    return legacy_seed(seed_sequence(table=table, purpose="downstream"))


def dataset_parts(
    dataset: pd.DataFrame, *, table: str, family: str, seed: int, test_share: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A dataset's own train and test part, the same for whoever asks."""
    stream = seed_sequence(table=table, family=family, seed=seed, purpose="dataset split")
    labels = split_dataset(dataset, test_share=test_share, seed=stream)
    train, test = dataset[labels == "train"], dataset[labels == "test"]
    return train.reset_index(drop=True), test.reset_index(drop=True)


def fit_downstream(request: DownstreamRequest, progress: Progress) -> dict[str, MemberModels]:
    """Both fits of each model class for one member, by model name."""
    place = f"{request.table}/{request.family}/synthetic[{request.seed:03d}]"
    train, test = dataset_parts(
        request.dataset,
        table=request.table,
        family=request.family,
        seed=request.seed,
        test_share=request.test_share,
    )
    fitted = {}
    for done, model in enumerate(request.models):
        progress(done, len(request.models))
        fitted[model] = fit_member(
            train,
            test,
            Target.of(request.contract),
            model,
            seed=model_seed(run_seed(request.table), request.seed),
            name=place,
            max_levels=request.max_levels,
        )
    return fitted


def to_files(models: Mapping[str, MemberModels]) -> dict[str, bytes]:
    """The files of one member's models: `<number>.<part>.skops` and an index by model name."""
    files: dict[str, bytes] = {}
    index: list[dict[str, Any]] = []
    for number, (name, pair) in enumerate(models.items()):
        entry: dict[str, Any] = {"model": name}
        for part in _PARTS:
            fitted: FittedModel = getattr(pair, part)
            files[f"{number}.{part}.skops"] = dump_pipeline(fitted.pipeline)
            entry[part] = {key: getattr(fitted, key) for key in _NOTED}
        index.append(entry)
    return {**files, INDEX: json.dumps(index, sort_keys=True, ensure_ascii=False).encode()}


def fit_seconds(models: Mapping[str, MemberModels]) -> dict[str, float]:
    """Seconds of each model's fit on the whole dataset, by name."""
    return {name: round(pair.full.fit_seconds, 3) for name, pair in models.items()}


def from_files(files: Mapping[str, bytes], model: str, *, place: str) -> MemberModels:
    """The two fits of `model`; StorageError naming `place` when they are not among the files, or
    damaged.
    """
    index = read_index(files, place=place)
    numbers = {entry["model"]: number for number, entry in enumerate(index)}
    if model not in numbers:
        raise StorageError(
            f"{place}: no model {model!r} is stored, only {list(numbers)}; materialize it again"
        )
    number = numbers[model]
    try:
        return MemberModels(
            *(
                _fitted(files[f"{number}.{part}.skops"], index[number][part], model)
                for part in _PARTS
            )
        )
    except (KeyError, TypeError, ValueError, zipfile.BadZipFile, StorageError) as error:
        raise StorageError(
            f"{place}: stored model {model!r} cannot be loaded ({error!r}); materialize it again"
        ) from error


def _fitted(data: bytes, noted: dict[str, Any], model: str) -> FittedModel:
    return FittedModel(
        pipeline=load_pipeline(data, model=model), **{**noted, "classes": tuple(noted["classes"])}
    )


def read_index(files: Mapping[str, bytes], *, place: str) -> list[dict[str, Any]]:
    """What is stored of each model besides its pipeline: seeds, convergence."""
    try:
        index = list(json.loads(files[INDEX]))
        if not all("model" in entry for entry in index):
            raise ValueError("an entry without a model's name")
    except (KeyError, TypeError, ValueError) as error:
        raise StorageError(
            f"{place}: not stored downstream models ({error!r}); materialize it again"
        ) from error
    return index
