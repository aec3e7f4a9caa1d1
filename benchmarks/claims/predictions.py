"""What the stored models of a finished line say about real_test, for intervals over members as well
as over rows.

The line's own tables have intervals over test rows, or over members, since each number is published
alone. A claim compares two of them and is held against both at once, which needs every member's
predictions. Models are read back, not fitted, but for the naive ensemble, which no stage keeps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.claims.tables import folder_of
from dge_assets.assets.ensemble import Ensemble, collect_ensemble
from dge_assets.assets.evaluation_tables import modelled
from dge_assets.assets.line import Line, contract_of
from dge_assets.core.arrays import Array
from dge_assets.core.downstream.baselines import Problem
from dge_assets.core.downstream.fitting import FittedModel, predict
from dge_assets.core.downstream.member_models import from_files, run_seed
from dge_assets.core.downstream.targets import Target, encode_target
from dge_assets.core.groups.density import neighbour_distances
from dge_assets.core.groups.feature_groups import find_groups, rows_in
from dge_assets.core.progress import Progress
from dge_assets.declarations import FILE, read_declaration
from dge_resources.compute import Compute
from dge_resources.lake import Address
from dge_resources.records import Recorded
from dge_resources.storage import Storage

Mask = npt.NDArray[np.bool_]
SPARSE_SHARE = 0.1
"""Rows of real_test that lie farther from real_train's rows than all but this share of real_train's
own rows do.
"""


@dataclass(frozen=True)
class ModelPredictions:
    """Probabilities of the second class on the n rows of real_test, of one model class on K
    members' datasets.

    full (K, n) and part (K, n): of the fits on whole datasets and on their train parts.
    naive_ensemble (n,): mean of K fits on dataset 0. claimed (K, K): AUC of part model i on dataset
    j; its own test part on the diagonal.
    """

    full: Array
    part: Array
    naive_ensemble: Array
    claimed: Array


@dataclass(frozen=True)
class TestRows:
    """The n rows of real_test: target (0 or 1), and which rows are of underrepresented groups."""

    __test__ = False  # not a case for pytest

    y: npt.NDArray[np.int64]
    sparse: Mask
    minorities: dict[str, Mask]


@dataclass(frozen=True)
class _Task:
    home: str
    table: str
    family: str
    model: str
    seeds: tuple[int, ...]
    max_levels: int
    folder: str


def line_of(home: Path, name: str) -> Line:
    """The line of one of the claims' tables."""
    folder = folder_of(home, name)
    return Line(read_declaration(folder / FILE).plan("full"), str(folder))


def stored_ensemble(line: Line, storage: Storage) -> Ensemble:
    """All members; ProvenanceError when one is not of the present table and declaration."""

    def read(asset: str, family: str | None = None, seed: int | None = None) -> Recorded:
        return storage.lake.read(Address(line.table, asset, family, seed))

    real = {name: read(name) for name in ("real_train", "real_test")}
    datasets = {
        f"{family}__synthetic": {
            f"{seed:03d}": read("synthetic", family, seed) for seed in line.seeds(family)
        }
        for family in line.families
    }
    return collect_ensemble(line, storage, {**real, **datasets})


def test_rows(home: Path, line: Line) -> TestRows:
    """Targets and groups of the rows that everything is scored on."""
    lake = Storage(home=str(home)).lake
    real = {name: lake.read(Address(line.table, name)) for name in ("real_train", "real_test")}
    contract = contract_of(real["real_train"].record)
    frames = {name: modelled(item) for name, item in real.items()}
    target = contract.target
    own, distances = neighbour_distances(frames["real_train"], frames["real_test"], target)
    groups = find_groups(frames["real_train"], target)
    return TestRows(
        encode_target(frames["real_test"], Target.of(contract), name="real_test").astype(np.int64),
        distances > np.quantile(own, 1 - SPARSE_SHARE),
        {group.label: rows_in(group, frames["real_test"], name="real_test") for group in groups},
    )


def predictions(
    home: Path, line: Line, family: str, told: Callable[[str], None]
) -> dict[str, ModelPredictions]:
    """By model class; computed once and kept below `home`, side by side on all cores."""
    folder = home / "predictions"
    folder.mkdir(exist_ok=True)
    paths = {
        model: folder / f"{line.table}-{family}-{model}.npz"
        for model in line.plan.declaration.models
    }
    tasks = {
        model: _Task(
            str(home),
            line.table,
            family,
            model,
            tuple(line.seeds(family)),
            line.plan.declaration.max_levels,
            str(path),
        )
        for model, path in paths.items()
        if not path.exists()
    }
    compute = Compute(processes=None)
    for done in compute.map(_predict, tasks):
        told(f"{line.table} {family}: {done.key} has predicted ({done.seconds:.0f} s)")
    compute._end_workers()
    found = {}
    for model, path in paths.items():
        with np.load(path) as kept:
            found[model] = ModelPredictions(**{name: kept[name] for name in kept.files})
    return found


def _predict(task: _Task, progress: Progress) -> None:
    storage = Storage(home=task.home)
    lake = storage.lake
    real_train = lake.read(Address(task.table, "real_train"))
    real_test = modelled(lake.read(Address(task.table, "real_test")))
    contract = contract_of(real_train.record)

    def probability(fitted: FittedModel) -> Array:
        return predict(fitted, real_test)[:, 1]

    full, part = [], []
    for seed in task.seeds:
        files = storage.artifacts.read(Address(task.table, "downstream", task.family, seed)).files
        models = from_files(files, task.model, place=f"{task.table}, seed {seed}")
        full.append(probability(models.full))
        part.append(probability(models.part))
        progress(seed, len(task.seeds))
    problem = Problem(
        target=Target.of(contract),
        model=task.model,
        seed=run_seed(task.table),
        max_levels=task.max_levels,
    )
    first = lake.read(Address(task.table, "synthetic", task.family, task.seeds[0])).frame
    fits = range(1, len(task.seeds) if problem.is_stochastic else 1)
    naive = [full[0], *(probability(problem.fit(first, index, "dataset 0")) for index in fits)]
    arrays = {
        "full": full,
        "part": part,
        "naive_ensemble": np.mean(naive, axis=0),
        "claimed": _claimed(storage, task),
    }
    partial = Path(f"{task.folder}.partial.npz")
    np.savez_compressed(partial, **arrays)
    partial.replace(task.folder)


def _claimed(storage: Storage, task: _Task) -> Array:
    crossed: Any = storage.lake.read(Address(task.table, "cross_scores")).frame
    rows = crossed[
        (crossed["family"] == task.family)
        & (crossed["model"] == task.model)
        & (crossed["metric"] == "auc")
    ]
    wide = rows.pivot(index="train_seed", columns="test_seed", values="value")
    return np.asarray(wide.loc[list(task.seeds), list(task.seeds)], dtype=np.float64)
