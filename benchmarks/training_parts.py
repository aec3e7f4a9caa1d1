"""Measurements of `training_speed` that want a process of their own, for its peak memory: prints one line of JSON."""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dge_assets.core.generators.members import IMPLEMENTATIONS
from dge_assets.core.generators.parameters import parameters_for
from dge_assets.core.generators.stacked.encoded import EncodedTable
from dge_assets.core.generators.stacked.layout import Layout
from dge_assets.core.threads import one_thread

Result = dict[str, Any]


def peak_megabytes() -> float:
    """The largest resident memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def encoded_table(rows: int, *, levels: int = 10, numbers: int = 7, discrete: int = 8) -> EncodedTable:
    """15 columns by default: numbers of ten components, discrete columns of ten levels, one of them of `levels`."""
    rng = np.random.default_rng(0)
    columns = (
        [[(1, "tanh"), (10, "softmax")]] * numbers + [[(10, "softmax")]] * (discrete - 1) + [[(levels, "softmax")]]
    )
    layout = Layout.of(columns)
    kind = np.uint8 if max(layout.span_widths) <= 256 else np.int32
    codes = np.empty((rows, len(layout.span_widths)), dtype=kind)
    for span, width in enumerate(layout.span_widths):
        codes[:, span] = np.concatenate([np.arange(width), (width * rng.random(rows - width) ** 2).astype(kind)])
    values = rng.uniform(-0.99, 0.99, (rows, numbers)).astype(np.float32)
    return EncodedTable(layout, values, codes)


def _steps(table: EncodedTable, K: int, steps: int) -> tuple[float, int]:
    """Seconds per step of K stacked CTGAN members, and steps of an epoch."""
    seeds = [np.random.SeedSequence(seed) for seed in range(K)]
    trainer: Any = IMPLEMENTATIONS["ctgan"].trainer(table, parameters_for("ctgan", {}), seeds, device="cpu")
    with one_thread():
        trainer.critic_step()
        trainer.generator_step()
        started = time.perf_counter()
        for _ in range(steps):
            trainer.critic_step()
            trainer.generator_step()
        return (time.perf_counter() - started) / steps, trainer.steps_per_epoch


def rows(count: str) -> Result:
    """An epoch on so many rows, and the peak memory of one member."""
    before = peak_megabytes()
    table = encoded_table(int(count))
    each, steps = _steps(table, 1, 40)
    dense = len(table) * table.layout.columns * 4 / 1e6
    found = {"step_ms": 1e3 * each, "epoch_seconds": each * steps, "peak_mb": peak_megabytes(), "start_mb": before}
    return {**found, "table_mb": table.nbytes / 1e6, "one_hot_mb": dense}


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
    from benchmarks.members import training_task
    from dge_assets.core.generators.members import SamplingTask, train_members
    from dge_assets.core.provenance import Recipe
    from dge_resources.datasets import DatasetTask, sample_to_lake
    from dge_resources.home import Store
    from dge_resources.lake import Lake

    found: Result = {"start_mb": peak_megabytes()}
    for family in ("ctgan", "tvae"):
        task = training_task(mixed_frame(2_000), "target", family=family, seeds=(0,), settings={"epochs": 1})
        (member,) = train_members(task, _silent).values()
        sampling = SamplingTask(
            table="benchmark", family=family, seed=0, state=member.state, codec=member.codec, rows=int(count)
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
            work = DatasetTask(sampling=sampling, recipe=recipe, lake=Lake(Store(folder)), run_id="")
            sample_to_lake(work, _silent)
            found[f"{family}_seconds"] = time.perf_counter() - started
    return {**found, "peak_mb": peak_megabytes()}


def mixed_frame(count: int) -> pd.DataFrame:
    """15 columns: seven numbers, seven categories and a target."""
    rng = np.random.default_rng(0)
    frame = {f"number {i}": rng.normal(size=count) * (i + 1) + rng.integers(0, 3, count) * 10 for i in range(7)}
    frame |= {f"category {i}": rng.choice(list("abcdefghij")[: i + 3], count) for i in range(7)}
    return pd.DataFrame({**frame, "target": np.where(rng.random(count) < 0.4, "yes", "no")})


def dagster() -> Result:
    """A run of 20 TVAE members through Dagster, and the same members by the bare call."""
    from dataclasses import replace

    import dagster as dg

    from benchmarks.members import training_task
    from dge_assets.assets.line import LAKE, Line
    from dge_assets.automation import range_tags
    from dge_assets.component import table_definitions
    from dge_assets.core.declaration import TableDeclaration
    from dge_assets.core.generators.members import train_members
    from dge_resources.compute import Compute
    from dge_resources.io_manager import LakeIOManager
    from dge_resources.storage import Storage

    members, epochs = 20, 300
    frame = mixed_frame(2_000)
    with tempfile.TemporaryDirectory() as folder, dg.DagsterInstance.local_temp(folder) as instance:
        frame.to_csv(Path(folder) / "table.csv", index=False)
        declaration = TableDeclaration.model_validate(
            {
                "table": "benchmark",
                "source": {"type": "csv", "path": "table.csv"},
                "contract": {"target": "target"},
                "families": {"tvae": {"epochs": epochs}},
                "seeds": members,
                "models": ["lr"],
            }
        )
        home = str(Path(folder) / "home")
        compute = Compute(processes=None)
        definitions = dg.Definitions.merge(
            table_definitions(declaration, folder, "full"),
            dg.Definitions(
                resources={LAKE: LakeIOManager(home=home), "storage": Storage(home=home), "compute": compute},
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
        assert part.execute_in_process(instance=instance, tags=range_tags(line), run_config=quiet).success
        through = time.perf_counter() - started
    task = training_task(frame, "target", family="tvae", seeds=(0,), settings={"epochs": epochs})
    started = time.perf_counter()
    bare = Compute(processes=None)
    tasks = {str(seed): replace(task, seeds=(seed,)) for seed in range(members)}
    assert len(list(bare.map(train_members, tasks))) == members
    return {"dagster_seconds": through, "bare_seconds": time.perf_counter() - started, "members": members}


def _silent(_done: int, _of: int) -> None:
    """Nobody watches."""


PARTS: dict[str, Callable[..., Result]] = {
    "rows": rows,
    "levels": levels,
    "stack": stack,
    "sample": sample,
    "dagster": dagster,
}

if __name__ == "__main__":
    print(json.dumps(PARTS[sys.argv[1]](*sys.argv[2:])))
