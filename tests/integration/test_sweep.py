"""Runs and places in pools that a dead process left behind are put right, and what lives is left
alone.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from dge_assets.assets.metadata import TERMINAL
from dge_assets.local_run import telling_of_waiting
from dge_assets.pools import waiting_steps
from dge_assets.recovery import recover, sweep, tell_waiting
from dge_assets.settings import SHIPPED

DAGSTER_YAML = SHIPPED.read_text()
DAY = 86400.0
PROGRAM = """
import sys, time
import dagster as dg

@dg.op(pool="dge_training")
def work(context):
    context.log.info("column 'weight (pid: 999999)' was read")
    print("working", flush=True)
    time.sleep(float(sys.argv[1]))

@dg.job(executor_def=dg.in_process_executor)
def working():
    work()

if __name__ == "__main__":
    with dg.DagsterInstance.get() as instance:
        assert working.execute_in_process(instance=instance).success
"""


class Deployment:
    """One Dagster home, with the shipped settings but for one place in a pool, and runs in
    processes of their own.
    """

    def __init__(self, folder: Path) -> None:
        self.home = folder / "dagster"
        self.home.mkdir()
        (self.home / "dagster.yaml").write_text(DAGSTER_YAML)
        self.program = folder / "working.py"
        self.program.write_text(PROGRAM)
        self.started: list[subprocess.Popen[str]] = []

    def start(self, seconds: float, *, wait: bool = True) -> subprocess.Popen[str]:
        """A run that holds its place in the pool for `seconds`; back when it has it."""
        environment = {**os.environ, "DAGSTER_HOME": str(self.home)}
        process = subprocess.Popen(
            [sys.executable, self.program, str(seconds)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.started.append(process)
        if wait:
            assert process.stdout is not None
            assert process.stdout.readline() == "working\n"
        return process

    def end(self) -> None:
        for process in self.started:
            process.kill()
            process.wait(timeout=10)
            if process.stdout is not None:
                process.stdout.close()


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    made = Deployment(tmp_path)
    yield made
    made.end()


@pytest.fixture
def instance(deployment: Deployment) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.from_config(str(deployment.home)) as found:
        found.event_log_storage.set_concurrency_slots("dge_training", 1)
        yield found


def kill(process: subprocess.Popen[str]) -> None:
    os.kill(process.pid, signal.SIGKILL)
    process.wait(timeout=10)


def places(instance: dg.DagsterInstance) -> list[str]:
    """Runs that hold a place in the pool of training."""
    return [
        place.run_id
        for place in instance.event_log_storage.get_concurrency_info("dge_training").claimed_slots
    ]


def test_only_a_dead_process_ends_its_run_whatever_the_clock_or_a_columns_name_says(
    deployment: Deployment, instance: dg.DagsterInstance
) -> None:
    process = deployment.start(600)
    (run,) = instance.get_runs()
    assert run.status is dg.DagsterRunStatus.STARTED
    assert sweep(instance) == [], (
        "a run that is alive is left alone, though its log has something like a pid"
    )
    assert sweep(instance, now=lambda: time.time() + DAY) == [], (
        "as it is after the clock was set forward"
    )
    assert sweep(instance, now=lambda: time.time() - DAY) == [], "and back"
    kill(process)
    assert sweep(instance, now=lambda: time.time() - DAY) == [run.run_id]
    assert [item.status for item in instance.get_runs()] == [dg.DagsterRunStatus.FAILURE]
    assert sweep(instance) == []


def test_the_place_of_a_killed_run_is_free_for_the_next_one(
    deployment: Deployment, instance: dg.DagsterInstance, caplog: pytest.LogCaptureFixture
) -> None:
    """Dagster itself fails the run of a killed worker, and leaves its place taken; who waits for it
    says so.
    """
    first = deployment.start(600)
    second = deployment.start(0, wait=False)
    (holder,) = [run for run in instance.get_runs() if run.run_id in places(instance)]
    deadline = time.monotonic() + 90
    while not waiting_steps(instance) and time.monotonic() < deadline:
        time.sleep(0.1)
    (told,) = tell_waiting(instance)
    assert (
        told
        == f"work waits for a place in the pool dge_training, behind work of run {holder.run_id[:8]} (working)"
    )
    tell_waiting(instance)
    (waiting,) = waiting_steps(instance)
    events = instance.all_logs(waiting.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT)
    assert [entry.dagster_event.message for entry in events if entry.dagster_event].count(told) == 1
    kill(first)
    instance.report_run_failed(holder)
    assert sweep(instance) == [], "it has ended for Dagster"
    assert places(instance) == [holder.run_id]
    with caplog.at_level(logging.INFO, TERMINAL.name), telling_of_waiting(instance, waiting.run_id):
        assert second.wait(timeout=30) == 0
    said = [record.message for record in caplog.records if record.name == TERMINAL.name]
    assert said == [told, f"run {holder.run_id} has ended and still held a place in a pool: freed"]
    assert places(instance) == []
    assert waiting_steps(instance) == []


def test_a_place_of_a_run_that_was_deleted_is_free_again(instance: dg.DagsterInstance) -> None:
    lost = "00000000-0000-4000-8000-000000000000"
    assert instance.event_log_storage.claim_concurrency_slot(
        "dge_training", lost, "work"
    ).is_claimed
    assert recover(instance) == [f"run {lost} has ended and still held a place in a pool: freed"]
    assert places(instance) == []


def test_a_cancelled_run_whose_process_died_is_not_started_again(
    deployment: Deployment, instance: dg.DagsterInstance
) -> None:
    process = deployment.start(600)
    (run,) = instance.get_runs()
    instance.report_run_canceling(run)
    kill(process)
    assert sweep(instance) == [run.run_id]
    assert [item.status for item in instance.get_runs()] == [dg.DagsterRunStatus.CANCELED]


def test_a_run_is_starting_since_it_left_the_queue(tmp_path: Path) -> None:
    @dg.job
    def nothing() -> None: ...

    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        run = instance.create_run_for_job(nothing)  # as one in the queue it has no process yet
        time.sleep(1.0)
        instance.report_dagster_event(
            dg.DagsterEvent(dg.DagsterEventType.PIPELINE_STARTING.value, run.job_name), run.run_id
        )
        (record,) = instance.get_run_records()
        began = record.update_timestamp.timestamp()
        assert sweep(instance, starting_seconds=0.8, now=lambda: began + 0.5) == [], (
            "however long it was queued"
        )
        assert sweep(instance, starting_seconds=0.8, now=lambda: began + 1.0) == [run.run_id], (
            "nothing took it up"
        )


def test_what_the_watch_asks_the_database_with_is_imported_before_it_looks(tmp_path: Path) -> None:
    """Else its first look may come while the run's own thread is in the middle of importing it, and
    be its last.
    """
    program = f"""
import sys
import dagster as dg
from dge_assets.local_run import telling_of_waiting

with dg.DagsterInstance.local_temp({str(tmp_path)!r}) as instance:
    assert "sqlalchemy.orm" not in sys.modules, "nothing to show any more"
    with telling_of_waiting(instance, ""):
        print("sqlalchemy.orm" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stdout == "True\n", done.stderr
