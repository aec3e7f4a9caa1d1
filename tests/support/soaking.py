"""What a deployment that runs for long is asked: the memory of its processes by what they are,
runs, and ticks.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import psutil

from tests.support.deployment import Deployment

KINDS = {"daemon": "dagster._daemon", "webserver": "dagster_webserver"}
CODE_SERVERS = ("code-server", "grpc")
WARM_UP = 1 / 3
"""Of the samples are not looked at: imports and first runs fill caches."""
START = """mutation($selector: ScheduleSelector!) { startSchedule(scheduleSelector: $selector) {
  __typename ... on PythonError { message } } }"""
TICKS = """query($selector: ScheduleSelector!) { scheduleOrError(scheduleSelector: $selector) {
  ... on Schedule { scheduleState { ticks(limit: 1000) { status skipReason error { message } } } } } }"""


@dataclass
class Memory:
    """Memory of its own (USS, MB) of each process of a deployment, by what it is, at times in
    seconds.
    """

    seconds: dict[str, list[float]] = field(default_factory=dict)
    megabytes: dict[str, list[float]] = field(default_factory=dict)

    def sample(self, root: int) -> None:
        """Look at all processes below the process `root`; the runs' own are not of the deployment."""
        found: dict[str, float] = {}
        for process in psutil.Process(root).children(recursive=True):
            try:
                kind = kind_of(process.cmdline())
                if kind:
                    found[kind] = found.get(kind, 0.0) + process.memory_full_info().uss / 1e6
            except psutil.Error:
                continue  # it ended meanwhile
        for kind, megabytes in found.items():
            self.seconds.setdefault(kind, []).append(time.monotonic())
            self.megabytes.setdefault(kind, []).append(megabytes)

    def growth(self) -> dict[str, float]:
        """MB per hour of each kind, by least squares over the samples after the warm-up."""
        return {
            kind: growth_per_hour(self.seconds[kind], self.megabytes[kind])
            for kind in self.megabytes
        }


def kind_of(command: Sequence[str]) -> str:
    """`daemon`, `webserver` or `code servers`; empty for any other process."""
    for kind, module in KINDS.items():
        if any(part.startswith(module) for part in command):
            return kind
    return "code servers" if any(part in CODE_SERVERS for part in command) else ""


def growth_per_hour(seconds: Sequence[float], megabytes: Sequence[float]) -> float:
    """Slope of memory over time, in MB per hour, without the warm-up; NaN of fewer than two
    samples.
    """
    first = int(len(seconds) * WARM_UP)
    if len(seconds) - first < 2:
        return float("nan")
    return float(np.polyfit(np.asarray(seconds[first:]) / 3600, megabytes[first:], 1)[0])


def schedule_selector(table: str) -> dict[str, str]:
    """What names a table's schedule for the deployment."""
    location = {"repositoryName": "__repository__", "repositoryLocationName": "dge_assets"}
    return {**location, "scheduleName": f"{table}_schedule"}


def start_schedule(deployment: Deployment, table: str) -> None:
    """Let the schedule of a table tick."""
    started = deployment.ask(START, selector=schedule_selector(table))["startSchedule"]
    assert started["__typename"] == "ScheduleStateResult", started


def ticks(deployment: Deployment, table: str) -> list[Mapping[str, Any]]:
    """The ticks of a table's schedule: status, why it was skipped, error."""
    found = deployment.ask(TICKS, selector=schedule_selector(table))["scheduleOrError"]
    return list(found["scheduleState"]["ticks"])


def overlapping(spans: Iterable[tuple[float, float]]) -> int:
    """How many of the spans (start, end) begin before an earlier one has ended."""
    return sum(later[0] < earlier[1] for earlier, later in pairwise(sorted(spans)))
