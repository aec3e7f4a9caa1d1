"""What training members costs beside the `ctgan` package: `make bench` writes
`docs/training-speed.md`.

Each measurement is a ratio taken in one run, since machines are shared and noisy. Results are kept
as JSON, measurement by measurement, so a run that was broken off goes on; `--again` measures anew.
The table is the Adult census table where `--adult` names its CSV file, else the crash table.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import torch

from benchmarks.both_sides import (
    OURS,
    PACKAGE,
    THEIRS,
    Case,
    real_table,
    seconds_of,
    timed_fit,
    train_ours,
    train_package,
)
from benchmarks.members import new_trainer, training_task
from dge_assets.core.generators.family import Training
from dge_assets.core.threads import one_thread
from dge_resources.compute import available_cores

ROOT = Path(__file__).resolve().parents[1]
RESULTS, PAGE = (
    ROOT / "benchmarks" / "results" / "training_speed.json",
    ROOT / "docs" / "training-speed.md",
)
ROWS, EPOCHS = 2_000, 300
TIMED = 5
"""Members of the package that are timed in a comparison of whole trainings; each takes a minute."""
Result = dict[str, Any]


def _small(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sample(ROWS, random_state=0).reset_index(drop=True)


def _package_seconds(family: str, frame: pd.DataFrame, epochs: int) -> float:
    """What `fit` of the package takes, encoding included; its own processes for encoding are turned
    off.
    """
    with joblib.parallel_config(backend="sequential"):
        return timed_fit(family, frame, epochs=epochs, seed=0)[1]


def _task(family: str, frame: pd.DataFrame, target: str, epochs: int, *seeds: int) -> Training:
    return training_task(
        frame, target, family=family, seeds=seeds or (0,), settings={"epochs": epochs}
    )


def _per_step(family: str, frame: pd.DataFrame, target: str) -> Result:
    """Milliseconds of a step with one thread each, encoding and start taken off by a difference of
    epochs.
    """
    low, high, repeats = 2, 12, 2
    task = _task(family, frame, target, high)
    trainer = new_trainer(task)
    steps = trainer.steps_per_epoch * (high - low)
    ours, theirs = [], []
    with one_thread():
        trainer.epoch()
        for _ in range(repeats):
            theirs.append(
                _package_seconds(family, frame, high) - _package_seconds(family, frame, low)
            )
            started = time.perf_counter()
            for _ in range(high - low):
                trainer.epoch()
            ours.append(time.perf_counter() - started)
    found = {
        name: 1e3 * min(values) / steps
        for name, values in (("ours_ms", ours), ("package_ms", theirs))
    }
    return {**found, "floor_ms": _matrix_floor(trainer) if family == "ctgan" else None}


def _matrix_floor(trainer: Any) -> float:
    """Milliseconds of the matrix products alone that a step of this trainer makes, with its shapes."""
    shapes: list[tuple[int, int, int]] = []
    packs, widths = trainer._packs, [trainer._packed.shape[2], *trainer.critic.hidden]
    for inputs, outputs in itertools.pairwise(widths):
        # Critic step: forward on 2m (3m above the first layer), the penalty's chain twice,
        # gradients; then the generator's.
        shapes += [(2 * packs, inputs, outputs), (packs, outputs, inputs), (packs, inputs, outputs)]
        shapes += [(outputs, 3 * packs, inputs), (packs, inputs, outputs), (packs, outputs, inputs)]
    rows, generator = trainer._rows, trainer.generator
    inputs = generator.inputs
    for outputs in generator.hidden:
        shapes += [(rows, inputs, outputs)] * 2 + [
            (outputs, rows, inputs),
            (rows, outputs, inputs - generator.inputs),
        ]
        inputs += outputs
    shapes += [(rows, inputs, generator.columns)] * 2 + [(generator.columns, rows, inputs)]
    shapes += [(rows, generator.columns, inputs - generator.inputs)]
    pairs = [(torch.randn(a, b), torch.randn(b, c)) for a, b, c in shapes if b and c]
    times = []
    with one_thread():
        for _ in range(20):
            started = time.perf_counter()
            for left, right in pairs:
                torch.mm(left, right)
            times.append(time.perf_counter() - started)
    return 1e3 * float(np.median(times))


def _wall(case: Case) -> Result:
    """Seconds for all members: ours side by side on all cores, and the package's one after the
    other at its threads.

    The package's time is that of the first members, and counts for as many as there are: its
    members cost the same.
    """
    train_ours(case)
    train_package(case, timed=TIMED)
    seconds = seconds_of(case)
    theirs = [value for name, value in seconds.items() if name.startswith(THEIRS)]
    all_of_them = sum(theirs) / len(theirs) * case.members
    found = {"ours_seconds": seconds[OURS], "package_seconds": all_of_them, "timed": len(theirs)}
    return {**found, "members": case.members, "cores": available_cores()}


def _per_epoch(frame: pd.DataFrame, target: str) -> Result:
    """Seconds of an epoch of CTGAN on all rows, one thread each."""
    task = _task("ctgan", frame, target, 2)
    trainer = new_trainer(task)
    with one_thread():
        trainer.epoch()
        started = time.perf_counter()
        trainer.epoch()
        ours = time.perf_counter() - started
        theirs = _package_seconds("ctgan", frame, 2) - _package_seconds("ctgan", frame, 1)
    return {"ours_seconds": ours, "package_seconds": theirs, "rows": len(frame)}


def measurements(adult: str | None, members: int) -> dict[str, Callable[[], Result]]:
    """All measurements by name, cheap ones first."""
    name, whole, target = real_table(adult)
    small = _small(whole)

    def own_process(section: str, *words: str) -> Callable[[], Result]:
        return lambda: _in_own_process(section, *words)

    found: dict[str, Callable[[], Result]] = {
        f"step {family} {name}": lambda family=family: _per_step(family, small, target)  # type: ignore[misc]
        for family in PACKAGE
    }
    found[f"epoch ctgan {name} whole"] = lambda: _per_epoch(whole, target)
    found |= {f"rows {10**power}": own_process("rows", str(10**power)) for power in (4, 5, 6)}
    found["memory 1000000"] = own_process("memory", "1000000")
    found |= {
        f"levels {levels}": own_process("levels", str(levels)) for levels in (10, 100, 1000, 2000)
    }
    found |= {f"stack {K}": own_process("stack", str(K)) for K in (1, 5, 10, 20, 40)}
    found["sample 1000000"] = own_process("sample", "1000000")
    found["fading 300"] = own_process("fading", "300")
    found["dagster"] = own_process("dagster")
    found["short dagster"] = own_process(
        "dagster", "1"
    )  # hardly any training: what a member costs the run itself
    found |= {"files": own_process("files"), "start": own_process("start")}
    found |= {f"encode {rows}": own_process("encode", str(rows)) for rows in (2_000, 50_000)}
    found |= {
        f"wall {family} {name}": lambda family=family: _wall(  # type: ignore[misc]
            Case(name, family, EPOCHS, small, target, members)
        )
        for family in ("tvae", "ctgan")
    }
    return found


def _in_own_process(*words: str) -> Result:
    """A measurement whose peak memory counts, by `benchmarks.training_parts`."""
    command = [sys.executable, "-m", "benchmarks.training_parts", *words]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}: {done.stderr[-2000:]}")
    found: Result = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Measure what is missing, keep it, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--adult", help="CSV file of the Adult census table")
    parser.add_argument(
        "--members", type=int, default=20, help="K of the comparison of whole trainings"
    )
    parser.add_argument("--only", default="", help="measurements whose name begins so")
    parser.add_argument("--again", action="store_true", help="measure anew what is there")
    given = parser.parse_args()
    kept: dict[str, Result] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name, measure in measurements(given.adult, given.members).items():
        if name.startswith(given.only) and (given.again or name not in kept):
            print(f"{name} ...", flush=True)
            kept[name] = measure()
            print(f"  {kept[name]}", flush=True)
            RESULTS.parent.mkdir(exist_ok=True)
            RESULTS.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")
    from benchmarks.training_page import page

    PAGE.write_text(page(kept))
    print(f"written: {PAGE}")


if __name__ == "__main__":
    main()
