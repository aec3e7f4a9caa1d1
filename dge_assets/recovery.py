"""Recovery: what dead processes left behind is noticed and put right, so that retries, backfills
and whoever waits go on.

Dagster's default launcher has no health check: after a whole deployment is killed, a run stays
STARTED for ever and its backfill never ends; and a killed run's place in a pool stays taken. A run
tells in its events which process executes it; when that process is gone, the run is reported as
failed. `run_retries` (dagster.yaml) then starts it again, and members that were kept are not made
anew. The sweep is made at start-up (`deployment`, `demo`), by a sensor, and while `demo` waits. It
only judges runs of this machine's own processes. Places in pools themselves are in `pools`.
"""

import time
from collections.abc import Callable

import dagster as dg

from dge_assets.pools import free_places_of_ended_runs, waiting_steps, waiting_text
from dge_resources.processes import PROCESS_TAG, Identity, age_seconds, identity_of, lives

SWEEP_SECONDS = 15
START_SECONDS = 120
"""A run that is starting and has not told its process by then will not do so."""
YOUNGER_SECONDS = 60
"""A process that began this much later than a run told its number is another one with that number.
"""

_UNFINISHED = [
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.CANCELING,
]


def recover(instance: dg.DagsterInstance) -> list[str]:
    """One sweep, and places in pools taken back; returns a line for people on each run that was put
    right.
    """
    swept = [
        f"run {run_id} was left behind by a dead process: marked as failed"
        for run_id in sweep(instance)
    ]
    freed = free_places_of_ended_runs(instance)
    return swept + [
        f"run {run_id} has ended and still held a place in a pool: freed" for run_id in freed
    ]


def sweep(
    instance: dg.DagsterInstance,
    *,
    starting_seconds: float = START_SECONDS,
    now: Callable[[], float] = time.time,
) -> list[str]:
    """End the unfinished runs whose process is gone; returns their ids.

    A run that has told no process yet is failed once it has been starting for `starting_seconds`;
    how long it waited in the queue before does not count. `now` is the system's clock in seconds of
    the epoch.
    """
    from dagster._core.launcher import DefaultRunLauncher

    if not isinstance(instance.run_launcher, DefaultRunLauncher):
        return []  # other launchers run elsewhere and have health checks of their own
    swept = []
    for record in instance.get_run_records(dg.RunsFilter(statuses=_UNFINISHED)):
        reason = _why_dead(instance, record, starting_seconds, now)
        # A process that ended well has said so before it ended: only what is unfinished after the
        # look is abandoned.
        run = instance.get_run_by_id(record.dagster_run.run_id) if reason else None
        if run is not None and not run.is_finished:
            _end(instance, run, f"Found by the recovery sweep: {reason}. Kept members stay kept.")
            swept.append(run.run_id)
    return swept


def _end(instance: dg.DagsterInstance, run: dg.DagsterRun, message: str) -> None:
    if run.status is dg.DagsterRunStatus.CANCELING:
        instance.report_run_canceled(
            run, message
        )  # as failed it would be started again, which nobody wants
    else:
        instance.report_run_failed(run, message)


def _why_dead(
    instance: dg.DagsterInstance,
    record: dg.RunRecord,
    starting_seconds: float,
    now: Callable[[], float],
) -> str | None:
    """Why nobody executes the run; None where somebody does, or may soon."""
    run = record.dagster_run
    told = _told_process(instance, run.run_id)
    if told is None:
        seconds = (
            now() - record.update_timestamp.timestamp()
        )  # since its status changed, to STARTING for most
        return (
            f"no process took it up within {starting_seconds:g} s"
            if seconds > starting_seconds
            else None
        )
    pid, at = told
    known = run.tags.get(PROCESS_TAG, "")
    if known.startswith(f"{pid}@"):
        return None if lives(Identity.parse(known)) else f"process {pid} is gone"
    found = identity_of(pid)
    if found is None:
        return f"process {pid} is gone"
    if now() - at - age_seconds(found) > YOUNGER_SECONDS:
        return f"process {pid} is gone, another one has its number"
    # From now on it is known by what no step of the clock changes.
    instance.add_run_tags(run.run_id, {PROCESS_TAG: str(found)})
    return None


def _told_process(instance: dg.DagsterInstance, run_id: str) -> tuple[int, float] | None:
    """Number of the process that executes the run, and when that was told, by the launcher's and
    executor's own data.

    What an event says in words is no evidence: it may quote a column's name.
    """
    for entry in reversed(instance.all_logs(run_id, of_type=dg.DagsterEventType.ENGINE_EVENT)):
        data = entry.dagster_event.engine_event_data if entry.dagster_event else None
        pid = data.metadata.get("pid") if data else None
        if isinstance(pid, dg.TextMetadataValue) and (pid.value or "").isdigit():
            return int(pid.value or ""), entry.timestamp
    return None


@dg.sensor(
    name="recovery_sensor",
    minimum_interval_seconds=SWEEP_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Fails runs whose process is gone, takes their places in pools back, and reports what the steps that wait for "
    "a place are waiting for.",
)
def recovery_sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """One sweep per tick."""
    recovered = recover(context.instance)
    waiting = tell_waiting(context.instance)
    return dg.SkipReason(
        "; ".join(recovered + waiting) or "no abandoned run, and nothing waits for a pool"
    )


def tell_waiting(instance: dg.DagsterInstance) -> list[str]:
    """Tell each step that waits for a pool, in its run's events, behind what it waits; returns the
    sentences.

    The same is told once per run.
    """
    sentences = []
    for waiting in waiting_steps(instance):
        text = waiting_text(instance, waiting)
        sentences.append(text)
        run = instance.get_run_by_id(waiting.run_id)
        told = instance.all_logs(waiting.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT)
        if run is not None and text not in {
            entry.dagster_event.message for entry in told if entry.dagster_event
        }:
            instance.report_engine_event(text, run, step_key=waiting.step_key)
    return sentences


if __name__ == "__main__":
    with dg.DagsterInstance.get() as found_instance:
        for line in recover(found_instance):
            print(line)
