"""Measurements of `training_speed` that want a process of their own, for its peak memory: prints
one line of JSON.
"""

from __future__ import annotations

import contextlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from dge_assets.core.generators.encoding.encoded_table import EncodedTable
from dge_assets.core.generators.encoding.layout import Layout
from dge_assets.core.generators.family import Training
from dge_assets.core.generators.members import train_members
from dge_assets.core.generators.stacked.ctgan import CTGANTrainer
from dge_assets.core.generators.stacked.parameters import CTGANParameters, TVAEParameters
from dge_assets.core.generators.stacked.tvae import TVAETrainer
from dge_assets.core.threads import one_thread, tiny_numbers_as_zero

Result = dict[str, Any]


def peak_megabytes() -> float:
    """The largest resident memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def encoded_table(
    rows: int, *, levels: int = 10, numbers: int = 7, discrete: int = 8
) -> EncodedTable:
    """15 columns by default: numbers of ten components, discrete columns of ten levels, one of them
    of `levels`.
    """
    rng = np.random.default_rng(0)
    columns = (
        [[(1, "tanh"), (10, "softmax")]] * numbers
        + [[(10, "softmax")]] * (discrete - 1)
        + [[(levels, "softmax")]]
    )
    layout = Layout.of(columns)
    kind = np.uint8 if max(layout.span_widths) <= 256 else np.int32
    codes = np.empty((rows, len(layout.span_widths)), dtype=kind)
    for span, width in enumerate(layout.span_widths):
        codes[:, span] = np.concatenate(
            [np.arange(width), (width * rng.random(rows - width) ** 2).astype(kind)]
        )
    values = rng.uniform(-0.99, 0.99, (rows, numbers)).astype(np.float32)
    return EncodedTable(layout, values, codes)


def _steps(table: EncodedTable, K: int, steps: int) -> tuple[float, int]:
    """Seconds per step of K stacked CTGAN members, and steps of an epoch; of the CPU, since
    machines are shared.
    """
    seeds = [np.random.SeedSequence(seed) for seed in range(K)]
    trainer: Any = CTGANTrainer(table, CTGANParameters(), seeds, device="cpu")
    with one_thread():
        trainer.critic_step()
        trainer.generator_step()
        started = time.process_time()
        for _ in range(steps):
            trainer.critic_step()
            trainer.generator_step()
        return (time.process_time() - started) / steps, trainer.steps_per_epoch


def rows(count: str) -> Result:
    """An epoch on so many rows."""
    table = encoded_table(int(count))
    each, steps = _steps(table, 1, 40)
    return {
        "step_ms": 1e3 * each,
        "epoch_seconds": each * steps,
        "tvae_step_ms": 1e3 * _tvae_step(table, 40),
    }


def memory(count: str) -> Result:
    """The peak memory of a worker of `Compute` that trains one member on so many rows for an epoch."""
    table = encoded_table(int(count))
    sizes = {
        "table_mb": table.nbytes / 1e6,
        "one_hot_mb": len(table) * table.layout.columns * 4 / 1e6,
    }
    return {**sizes, **_worker_memory("ctgan", table), **_worker_memory("tvae", table)}


def _tvae_step(table: EncodedTable, steps: int) -> float:
    """Seconds of the CPU per step of a TVAE member on full batches."""
    trainer: Any = TVAETrainer(table, TVAEParameters(), [np.random.SeedSequence(0)], device="cpu")
    batches = np.random.default_rng(0).integers(0, len(table), (steps, 1, 500))
    with one_thread():
        trainer.step(torch.from_numpy(batches[0]))
        started = time.process_time()
        for batch in batches:
            trainer.step(torch.from_numpy(batch))
        return (time.process_time() - started) / steps


def _worker_memory(family: str, table: EncodedTable) -> Result:
    """Peak of a fresh worker before it has work, and after a training; pages that it shares are
    counted in both.
    """
    from benchmarks.members import training_task
    from dge_resources.compute import Compute

    task = training_task(
        mixed_frame(2_000), "target", family=family, seeds=(0,), settings={"epochs": 1}
    )
    compute = Compute(processes=1)
    (idle,) = compute.map(_idle_peak, {"nothing": None})
    (trained,) = compute.map(_training_peak, {"member": replace(task, encoded=table)})
    compute._end_workers()
    return {f"{family}_start_mb": idle.result, f"{family}_peak_mb": trained.result}


def _idle_peak(_task: None, _report: Any) -> float:
    return peak_megabytes()


def _training_peak(task: Training, report: Any) -> float:
    train_members(task, report)
    return peak_megabytes()


def fading(epochs: str) -> Result:
    """Seconds of a TVAE's first and last tenth of so many epochs on the crash table, with tiny
    numbers as they are and as 0.
    """
    from benchmarks.both_sides import real_table
    from benchmarks.members import new_trainer, training_task

    _, frame, target = real_table(None)
    task = training_task(frame, target, family="tvae", seeds=(0,), settings={"epochs": int(epochs)})
    found: Result = {"epochs": int(epochs), "rows": len(frame)}
    for name, around in (
        ("as_they_are", contextlib.nullcontext),
        ("as_zero", tiny_numbers_as_zero),
    ):
        trainer = new_trainer(task)
        times = []
        with one_thread(), around():
            for _ in range(int(epochs)):
                started = time.process_time()
                trainer.epoch()
                times.append(time.process_time() - started)
        tenth = max(1, len(times) // 10)
        found |= {
            f"{name}_first": sum(times[:tenth]),
            f"{name}_last": sum(times[-tenth:]),
            f"{name}_all": sum(times),
        }
    return found


def levels(count: str) -> Result:
    """A step where one column has so many levels."""
    each, _ = _steps(encoded_table(20_000, levels=int(count)), 1, 40)
    return {"step_ms": 1e3 * each}


def stack(count: str) -> Result:
    """A step of so many members in one stack."""
    each, _ = _steps(encoded_table(20_000), int(count), 10)
    return {"step_ms": 1e3 * each}


def sample(count: str) -> Result:
    """Rows of a small table drawn from a member into the lake: seconds and peak memory."""
    from benchmarks.members import silent, training_task
    from dge_assets.core.generators.members import SamplingRequest
    from dge_assets.core.lineage.provenance import Recipe
    from dge_resources.datasets import DatasetRequest, sample_to_lake
    from dge_resources.home import Store
    from dge_resources.lake import Lake

    found: Result = {"start_mb": peak_megabytes()}
    for family in ("ctgan", "tvae"):
        task = training_task(
            mixed_frame(2_000), "target", family=family, seeds=(0,), settings={"epochs": 1}
        )
        (member,) = train_members(task, silent).values()
        sampling = SamplingRequest(
            table="benchmark",
            family=family,
            seed=0,
            state=member.state,
            codec=member.codec,
            rows=int(count),
        )
        recipe = Recipe(
            table="benchmark",
            asset="synthetic",
            family=family,
            seed=0,
            table_fingerprint="",
            contract_sha256="",
            code_version="",
        )
        with tempfile.TemporaryDirectory() as folder:
            started = time.perf_counter()
            work = DatasetRequest(
                sampling=sampling, recipe=recipe, lake=Lake(Store(folder)), run_id=""
            )
            sample_to_lake(work, silent)
            found[f"{family}_seconds"] = time.perf_counter() - started
            found[f"{family}_lake_mb"] = _folder_megabytes(folder)
    return {**found, "peak_mb": peak_megabytes()}


def _folder_megabytes(folder: str) -> float:
    return sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file()) / 1e6


def files() -> Result:
    """Of a member on a table of 15 columns: megabytes of what it leaves, and a checkpoint's
    megabytes and seconds.
    """
    from benchmarks.members import new_trainer, silent, training_task
    from dge_assets.core.generators.state_files import to_files
    from dge_resources.checkpoints import MemberCheckpoints
    from dge_resources.home import Store

    found: Result = {}
    for family in ("ctgan", "tvae"):
        task = training_task(
            mixed_frame(2_000), "target", family=family, seeds=(0,), settings={"epochs": 1}
        )
        (member,) = train_members(task, silent).values()
        found[f"{family}_member_mb"] = sum(map(len, to_files(member).values())) / 1e6
        trainer = new_trainer(task)
        with tempfile.TemporaryDirectory() as folder:
            kept = MemberCheckpoints(Store(folder), {0: "member/checkpoint.safetensors"})
            times = []
            for _ in range(5):
                started = time.perf_counter()
                kept.save(0, trainer.state(0))
                times.append(time.perf_counter() - started)
            found[f"{family}_checkpoint_mb"] = _folder_megabytes(folder)
        found[f"{family}_checkpoint_seconds"] = float(np.median(times))
    return found


def start() -> Result:
    """Seconds until a fresh process has imported what a member's training needs."""
    times = []
    for _ in range(3):
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, "-c", "import dge_assets.core.generators.members"], check=True
        )
        times.append(time.perf_counter() - started)
    return {"seconds": min(times)}


def encode(count: str) -> Result:
    """Seconds of fitting the encoding on so many rows and encoding them, which a run does once."""
    from benchmarks.members import training_task

    frame = mixed_frame(int(count))
    started = time.perf_counter()
    with one_thread():
        training_task(frame, "target", family="tvae", seeds=(0,), settings={})
    return {"seconds": time.perf_counter() - started}


def mixed_frame(count: int) -> pd.DataFrame:
    """15 columns: seven numbers, seven categories and a target."""
    rng = np.random.default_rng(0)
    frame = {
        f"number {i}": rng.normal(size=count) * (i + 1) + rng.integers(0, 3, count) * 10
        for i in range(7)
    }
    frame |= {f"category {i}": rng.choice(list("abcdefghij")[: i + 3], count) for i in range(7)}
    return pd.DataFrame({**frame, "target": np.where(rng.random(count) < 0.4, "yes", "no")})


def dagster(epochs: str = "300") -> Result:
    """A run of 20 TVAE members through Dagster, and the same members by the bare call."""
    import dagster as dg

    from benchmarks.members import training_task
    from dge_assets.assets.line import LAKE, Line
    from dge_assets.automation import range_tags
    from dge_assets.component import table_definitions
    from dge_assets.core.declaration.table import TableDeclaration
    from dge_resources.compute import Compute
    from dge_resources.io_manager import LakeIOManager
    from dge_resources.storage import Storage

    members = 20
    frame = mixed_frame(2_000)
    with tempfile.TemporaryDirectory() as folder, dg.DagsterInstance.local_temp(folder) as instance:
        frame.to_csv(Path(folder) / "table.csv", index=False)
        declaration = TableDeclaration.model_validate(
            {
                "table": "benchmark",
                "source": {"type": "csv", "path": "table.csv"},
                "contract": {"target": "target"},
                "families": {"tvae": {"epochs": int(epochs)}},
                "seeds": members,
                "models": ["lr"],
            }
        )
        home = str(Path(folder) / "home")
        compute = Compute(processes=None)
        definitions = dg.Definitions.merge(
            table_definitions(declaration, folder, "full"),
            dg.Definitions(
                resources={
                    LAKE: LakeIOManager(home=home),
                    "storage": Storage(home=home),
                    "compute": compute,
                },
                executor=dg.in_process_executor,
            ),
        )
        line = Line(declaration.plan("full"), folder)
        job = definitions.resolve_implicit_global_asset_job_def()
        quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
        for names in (["source", "real_train", "real_test", "encoder"],):
            part = job.get_subset(asset_selection={line.key(name) for name in names})
            assert part.execute_in_process(instance=instance, run_config=quiet).success
        part = job.get_subset(asset_selection={line.key("generator", "tvae")})
        started = time.perf_counter()
        assert part.execute_in_process(
            instance=instance, tags=range_tags(line), run_config=quiet
        ).success
        through = time.perf_counter() - started
    task = training_task(
        frame, "target", family="tvae", seeds=(0,), settings={"epochs": int(epochs)}
    )
    started = time.perf_counter()
    bare = Compute(processes=None)
    tasks = {str(seed): replace(task, seeds=(seed,)) for seed in range(members)}
    assert len(list(bare.map(train_members, tasks))) == members
    return {
        "dagster_seconds": through,
        "bare_seconds": time.perf_counter() - started,
        "members": members,
    }


PARTS: dict[str, Callable[..., Result]] = {
    "rows": rows,
    "memory": memory,
    "levels": levels,
    "stack": stack,
    "sample": sample,
    "dagster": dagster,
    "fading": fading,
    "files": files,
    "start": start,
    "encode": encode,
}

if __name__ == "__main__":
    print(json.dumps(PARTS[sys.argv[1]](*sys.argv[2:])))
