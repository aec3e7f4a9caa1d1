"""Processes of a whole deployment killed one after the other: nothing hangs, and the release is
that of an unbroken run.

Long: `DGE_KILLS` says how many kills there are (4 if left out; 50 take about an hour on two cores).
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import psutil
import pytest

from dge_assets.pools import waiting_steps
from dge_resources.processes import PROCESS_TAG, Identity
from tests.integration.demo import release_version, start_demo, write_declaration
from tests.support.deployment import Deployment, wait_until

KILLS = int(os.environ.get("DGE_KILLS", "4"))
VICTIMS = ("worker", "run", "daemon", "deployment")
IN_PROGRESS = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]
SEEDS = 4
FREE_SECONDS = 60
"""Within these a killed run has ended for Dagster and holds no place in a pool, on a machine that
does much else.
"""


class Chain:
    """One root, one deployment after the other, and the runs that they are asked for."""

    def __init__(self, tables: Path, home: Path, log: Path) -> None:
        self.environment = {
            **os.environ,
            "DGE_TABLES": str(tables),
            "DGE_HOME": str(home),
            "DGE_PROFILE": "full",
        }
        self.environment.pop("DAGSTER_HOME", None)
        self.dagster_home, self.log = home / "dagster", log
        self.deployment = self.start()

    def start(self) -> Deployment:
        deployment = Deployment(self.environment, self.log)
        wait_until(deployment.is_loaded, 180, "both code locations load")
        return deployment

    def instance(self) -> dg.DagsterInstance:
        return dg.DagsterInstance.from_config(str(self.dagster_home))

    def run_in_work(self) -> dg.DagsterRun:
        """The run that executes, launched if there is none to come."""
        with self.instance() as instance:
            if not instance.get_runs(dg.RunsFilter(statuses=IN_PROGRESS)):
                self.deployment.launch("visits_line", "000", f"{SEEDS - 1:03d}")

            def started() -> dg.DagsterRun | None:
                runs = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
                return next((run for run in runs if PROCESS_TAG in run.tags), None)

            found = wait_until(started, 180, "a run executes")
        assert isinstance(found, dg.DagsterRun)
        return found

    def kill(self, victim: str, run: dg.DagsterRun) -> None:
        """Kill a worker or the process of `run`, the daemon, or all; what went down is started
        again.
        """
        if victim == "run":
            _kill(_process_of(run))
            return
        if victim == "worker":
            _kill(
                wait_until(
                    lambda: self.is_over(run) or _workers_of(run), 180, "the run has a worker"
                )
            )
            return
        if victim == "daemon":
            (daemon,) = [
                child
                for child in psutil.Process(self.deployment.process.pid).children(recursive=True)
                if "dagster._daemon" in child.cmdline()
            ]
            daemon.kill()
            self.deployment.process.wait(timeout=90)  # Dagster ends with its daemon
        self.deployment.kill()
        self.deployment = self.start()

    def is_over(self, run: dg.DagsterRun) -> bool:
        with self.instance() as instance:
            found = instance.get_run_by_id(run.run_id)
        return found is None or found.is_finished

    def ended_and_free(self, run_id: str) -> bool:
        with self.instance() as instance:
            run = instance.get_run_by_id(run_id)
            storage = instance.event_log_storage
            pools = storage.get_concurrency_infos(sorted(storage.get_concurrency_keys())).values()
            held = {place.run_id for places in pools for place in places.claimed_slots}
        return run is not None and run.is_finished and run_id not in held


def _process_of(run: dg.DagsterRun) -> list[psutil.Process]:
    try:
        return [psutil.Process(Identity.parse(run.tags[PROCESS_TAG]).pid)]
    except psutil.NoSuchProcess:
        return []  # it ended by itself meanwhile


def _workers_of(run: dg.DagsterRun) -> list[psutil.Process]:
    """Workers are forked from the fork server that the run's process has started."""
    found = []
    for process in _process_of(run):
        servers = [
            child
            for child in process.children()
            if "multiprocessing.forkserver" in " ".join(child.cmdline())
        ]
        found = [worker for server in servers for worker in server.children()]
    return found


def _kill(processes: list[psutil.Process] | bool) -> None:
    """The first of them, if there is one."""
    for process in processes[:1] if isinstance(processes, list) else []:
        os.kill(process.pid, signal.SIGKILL)


@pytest.mark.long
def test_kills_at_any_moment_end_in_the_same_release(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    draw = random.Random(0)
    tables = write_declaration(tmp_path, epochs=600, seeds=SEEDS)
    whole = tmp_path / "whole"
    assert start_demo(tables, whole, tmp_path / "whole.txt").wait(timeout=1200) == 0
    broken = tmp_path / "broken"
    chain = Chain(tables, broken, tmp_path / "log.txt")
    try:
        for number in range(KILLS):
            victim = VICTIMS[number % len(VICTIMS)]
            run = chain.run_in_work()
            time.sleep(draw.uniform(0, 15))
            chain.kill(victim, run)
            record_property("kills", number + 1)
            if victim in ("run", "deployment"):
                wait_until(
                    lambda run=run: chain.ended_and_free(run.run_id),
                    FREE_SECONDS,
                    f"{victim} {number}: ended",
                )
        run = chain.run_in_work()
        with chain.instance() as instance:

            def idle() -> bool:
                return not instance.get_runs(dg.RunsFilter(statuses=IN_PROGRESS))

            wait_until(idle, 900, "nothing hangs")
            if not (
                broken / "releases" / "visits" / "latest.json"
            ).exists():  # the last run was one too many retries
                chain.run_in_work()
                wait_until(idle, 900, "nothing hangs")
            assert waiting_steps(instance) == []
    finally:
        chain.deployment.kill()
    assert release_version(broken) == release_version(whole)
