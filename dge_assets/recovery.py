"""Recovery: runs that a dead process left behind are noticed and failed, so that retries and backfills go on.

Dagster's default launcher has no health check: after a whole deployment is killed, a run stays STARTED for ever and its
backfill never ends. A run records the process that executes it; when that process is gone, the run is reported as
failed. `run_retries` (dagster.yaml) then starts it again, and members that were kept are not made anew. The sweep runs
at start-up (`python -m dge_assets.recovery`) and as a sensor. It only judges runs of this machine's own processes.
"""

import re
import time
from collections.abc import Iterable

import dagster as dg
import psutil

SWEEP_SECONDS = 30
START_SECONDS = 120
"""A run that has not told its process by then will not do so."""

_UNFINISHED = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.CANCELING]
_PID = re.compile(r"\(pid: (\d+)\)")


def sweep(instance: dg.DagsterInstance, *, starting_seconds: float = START_SECONDS) -> list[str]:
    """Fail the unfinished runs whose process is gone; returns their ids.

    A run that has told no process yet is failed once it is older than `starting_seconds`.
    """
    from dagster._core.launcher import DefaultRunLauncher

    if not isinstance(instance.run_launcher, DefaultRunLauncher):
        return []  # other launchers run elsewhere and have health checks of their own
    swept = []
    for record in instance.get_run_records(dg.RunsFilter(statuses=_UNFINISHED)):
        run = record.dagster_run
        started = record.start_time or record.create_timestamp.timestamp()
        pids = _pids(event.user_message for event in instance.all_logs(run.run_id))
        silent = not pids and time.time() - started > starting_seconds
        if silent or (pids and not _is_alive(pids[-1], started)):
            reason = f"process {pids[-1]} is gone" if pids else "no process ever took it up"
            # Its slot in a pool would stay taken for ever, and whoever comes next would wait for it.
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
            instance.report_run_failed(run, f"Found by the recovery sweep: {reason}. Kept members stay kept.")
            swept.append(run.run_id)
    return swept


def _pids(messages: Iterable[str]) -> list[int]:
    """Processes that a run's own events name, in order."""
    return [int(match.group(1)) for message in messages if (match := _PID.search(message or ""))]


def _is_alive(pid: int, started: float) -> bool:
    """Whether `pid` is the process that was there when the run started, not a later one with its number."""
    try:
        process = psutil.Process(pid)
        return bool(process.status() != psutil.STATUS_ZOMBIE and process.create_time() <= started + 60)
    except psutil.NoSuchProcess:
        return False


@dg.sensor(
    name="recovery_sensor",
    minimum_interval_seconds=SWEEP_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Fails runs whose process is gone, so that retries and backfills go on.",
)
def recovery_sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """One sweep per tick."""
    swept = sweep(context.instance)
    return dg.SkipReason(f"failed {len(swept)} abandoned runs: {swept}" if swept else "no abandoned run")


if __name__ == "__main__":
    with dg.DagsterInstance.get() as found:
        for run_id in sweep(found, starting_seconds=0):
            print(f"run {run_id} was left behind by a dead process: marked as failed")
