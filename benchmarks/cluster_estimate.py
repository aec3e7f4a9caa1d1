"""What K members would take on one machine and on many, computed from what `training_speed`
measured on one.

Writes the table of `docs/deployment.md` between its markers; measures nothing. Times are sums
without overlap, so they are rather too long than too short, as far as the machines are like the
measured one.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dge_assets.core.generators.family import CHECKPOINT_SECONDS

ROOT = Path(__file__).resolve().parents[1]
RESULTS, PAGE = (
    ROOT / "benchmarks" / "results" / "training_speed.json",
    ROOT / "docs" / "deployment.md",
)
BEGIN, END = (
    "<!-- cluster estimate: begin (written by `python -m benchmarks.cluster_estimate`) -->",
    "<!-- end -->",
)
MEMBERS, MACHINES, CORES, EPOCHS, BATCH = 200, 100, 2, 300, 500
MEGABYTES_PER_SECOND = 125.0
"""Of the link of the machine that sends tasks: 1 Gbit/s, which is assumed, not measured."""
Results = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Costs:
    """Of one table and family: seconds of one member, or of the run as a whole; megabytes of one
    member.
    """

    encoding: float
    """Once a run, before any member."""
    start: float
    """A slot's first task: a process that imports the libraries."""
    training: float
    """All epochs of a member."""
    checkpoint: float
    """One write of a member's state."""
    sampling: float
    """A dataset as long as the table, with its write."""
    keeping: float
    """What a stage's member costs the run's own process, one after the other."""
    table_mb: float
    member_mb: float
    dataset_mb: float


@dataclass(frozen=True)
class Estimate:
    """Seconds of a run by part, and megabytes that travel."""

    parts: Mapping[str, float]
    moved_mb: float

    @property
    def seconds(self) -> float:
        """All parts, one after the other."""
        return sum(self.parts.values())

    @property
    def bound(self) -> str:
        """The largest part."""
        return max(self.parts, key=lambda name: self.parts[name])


def estimate(costs: Costs, *, members: int, machines: int, cores: int = CORES) -> Estimate:
    """`members` members on the cores of `machines`, one each; of several machines tasks and results
    travel over a link.
    """
    waves, remote = math.ceil(members / (machines * cores)), machines > 1
    checkpoints = math.floor(costs.training / CHECKPOINT_SECONDS) * costs.checkpoint
    # Each machine fetches the encoded table once; a generator comes back, and goes out again to be
    # sampled.
    sent = min(machines, members) * costs.table_mb + 2 * members * costs.member_mb
    parts = {
        "training": waves * (costs.training + checkpoints),
        "sampling": waves * costs.sampling,
        "fitting the encoding": costs.encoding,
        "keeping members": 2 * members * costs.keeping,
        "sending tables": sent / MEGABYTES_PER_SECOND if remote else 0.0,
        "starting processes": costs.start,
    }
    return Estimate(parts, sent + members * costs.dataset_mb if remote else 0.0)


def cases(results: Results) -> list[tuple[str, str, Costs]]:
    """(table, family, costs) of the tables that the page tells, each from the measurement that is
    nearest to it.
    """
    adult = {
        family: results[f"step {family} adult"]["ours_ms"] / 1e3 for family in ("ctgan", "tvae")
    }
    whole = results["epoch ctgan adult whole"]["ours_seconds"]
    million = results["rows 1000000"]
    wide = {"ctgan": million["step_ms"] / 1e3, "tvae": million["tvae_step_ms"] / 1e3}
    found = []
    # Bytes of an encoded row: float32 and a component for each number, one byte for each other
    # column (Adult: 5 and 8).
    for name, rows, row_bytes, steps in (
        ("Adult, 2,000 rows", 2_000, 5 * 5 + 8, adult),
        ("Adult, 32,561 rows", 32_561, 5 * 5 + 8, {**adult, "ctgan": whole / (32_561 // BATCH)}),
        ("1,000,000 rows x 15 columns", 1_000_000, results["memory 1000000"]["table_mb"], wide),
    ):
        for family, step in steps.items():
            batches = rows // BATCH if family == "ctgan" else math.ceil(rows / BATCH)
            found.append(
                (name, family, _costs(results, family, rows, row_bytes, EPOCHS * batches * step))
            )
    return found


def _costs(results: Results, family: str, rows: int, row_bytes: float, training: float) -> Costs:
    sample, files = results["sample 1000000"], results["files"]
    return Costs(
        encoding=_encoding_seconds(results, rows),
        start=results["start"]["seconds"],
        training=training,
        checkpoint=files[f"{family}_checkpoint_seconds"],
        sampling=sample[f"{family}_seconds"] * rows / 1e6,
        keeping=_keeping_seconds(results),
        table_mb=rows * row_bytes / 1e6,
        member_mb=files[f"{family}_member_mb"],
        dataset_mb=sample[f"{family}_lake_mb"] * rows / 1e6,
    )


def _keeping_seconds(results: Results) -> float:
    """Of members of one epoch, what a run through Dagster takes longer than the bare call."""
    short = results["short dagster"]
    return float(short["dagster_seconds"] - short["bare_seconds"]) / int(short["members"])


def _encoding_seconds(results: Results, rows: int) -> float:
    """In proportion to the rows, from the nearest measurement."""
    sizes = [int(name.split()[1]) for name in results if name.startswith("encode ")]
    nearest = min(sizes, key=lambda size: abs(math.log(size / rows)))
    return float(results[f"encode {nearest}"]["seconds"]) * rows / nearest


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _volume(megabytes: float) -> str:
    return f"{megabytes:.0f} MB" if megabytes < 1000 else f"{megabytes / 1e3:.1f} GB"


def table(results: Results) -> str:
    """The table, and below it what it is made from."""
    head = ["table", "family", "one machine", f"{MACHINES} machines", "moved", "most of it on many"]
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for name, family, costs in cases(results):
        one = estimate(costs, members=MEMBERS, machines=1)
        many = estimate(costs, members=MEMBERS, machines=MACHINES)
        share = many.parts[many.bound] / many.seconds
        cells = [
            name,
            family,
            _duration(one.seconds),
            _duration(many.seconds),
            _volume(many.moved_mb),
        ]
        lines.append("| " + " | ".join([*cells, f"{many.bound} ({share:.0%})"]) + " |")
    return "\n".join(lines) + "\n\n" + _formula(results)


def _formula(results: Results) -> str:
    keeping, measured = _keeping_seconds(results), results["short dagster"]["members"]
    return (
        f"K = {MEMBERS} members of one family, {EPOCHS} epochs, {CORES} cores a machine, a dataset as long as the table for each "
        f"member. **An estimate from one machine's figures (`benchmarks/results/training_speed.json`); it was not run on "
        f"{MACHINES} machines.**\n\n"
        f"    slots   = cores of all machines;  waves = ceil(K / slots)\n"
        f"    member  = epochs * steps * step;  training = member + floor(member / {CHECKPOINT_SECONDS:.0f} s) * checkpoint\n"
        f"    seconds = encoding + start + waves * (training + sampling) + 2 K * keeping + tasks / link\n"
        f"    moved   = machines * encoded table + K * (generator back + generator to sampling + dataset)\n\n"
        f"- `keeping` is what a member costs the run's own process in each of its two stages, one member after the other: "
        f"{keeping:.2f} s, by which a run of {measured} members of one epoch took longer through Dagster. It does not shrink "
        f"with more machines.\n"
        f"- The link of {MEGABYTES_PER_SECOND:.0f} MB/s (1 Gbit/s) is assumed, nothing else is; parts do not overlap in the sum. "
        f"Fitting the encoding grows with the rows from the nearest size measured. Datasets go from the nodes to `DGE_HOME` side "
        f"by side and are not timed. Steps of the Adult table and of 15 made-up columns are the measured ones; "
        f"downstream models and evaluation are not in it.\n"
        f"- The encoded table lies in the cluster's object store once, and each machine fetches it once.\n"
    )


def write(page: Path, results: Results) -> None:
    """Put the table between the page's markers; raises ValueError where they are missing."""
    before, rest = page.read_text().split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    page.write_text(f"{before}{BEGIN}\n{table(results)}{END}{after}")


if __name__ == "__main__":
    write(PAGE, json.loads(RESULTS.read_text()))
    print(f"written: {PAGE}")
