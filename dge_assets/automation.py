"""What runs by itself: jobs, the schedule, and the sensor that notices a changed source.

The schedule is stopped until somebody starts it. The sensor compares the source's fingerprint with
the last one; a changed source is marked (Dagster then shows `source` and all below it as stale) or
run, as declared. Neither starts a second run of a line that is running, and a source that cannot be
read makes the sensor's tick fail.
"""

from typing import Any

import dagster as dg

from dge_assets.assets.line import Line
from dge_assets.core.errors import DgeError
from dge_assets.core.reporting.markdown import markdown_cell
from dge_resources.storage import Storage

Job = Any
"""What `define_asset_job` gives; Dagster does not export its type."""
SENSOR_SECONDS = 60
TABLE_TAG = "dge/table"
"""Tag of a table's runs; dagster.yaml lets one of them run at a time."""
UNATTENDED_TAG = "dge/unattended"
"""Tag of runs that nobody waits for, with what started them; dagster.yaml keeps a place free for
others.
"""

_IN_PROGRESS = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def table_jobs(line: Line) -> dict[str, Job]:
    """`<table>_line` (everything), `_train`, `_evaluate` and `_release`, by stage."""
    ingest = [line.key(name) for name in ("source", "real_train", "real_test", "encoder")]
    members = [
        line.key(stage, f)
        for f in line.families
        for stage in ("generator", "synthetic", "downstream")
    ]
    evaluate = [line.key(name) for name in (*line.catalogue.names, "report")]
    release = [line.key("release")]
    stages = {
        "line": (
            [*ingest, *members, *evaluate, *release],
            "The whole line, from the source to the release.",
        ),
        "train": (
            [*ingest, *members],
            "Source, split, encoding, generators, datasets and downstream models of chosen seeds.",
        ),
        "evaluate": (evaluate, "Evaluation tables and report, from all members."),
        "release": (release, "Sign-off and release, from all members and passed checks."),
    }
    return {
        stage: dg.define_asset_job(
            f"{line.table}_{stage}",
            selection=dg.AssetSelection.assets(*keys),
            description=text,
            tags={TABLE_TAG: line.table},
        )
        for stage, (keys, text) in stages.items()
    }


def range_tags(line: Line) -> dict[str, str]:
    """Run tags that ask for all seeds in one run."""
    keys = line.partitions.get_partition_keys()
    return {
        "dagster/asset_partition_range_start": keys[0],
        "dagster/asset_partition_range_end": keys[-1],
    }


def run_in_progress(instance: dg.DagsterInstance, line: Line) -> str | None:
    """Which run of the table's line is queued or executed, for people; None where there is none."""
    for run in instance.get_runs(dg.RunsFilter(statuses=_IN_PROGRESS)):
        # Backfills run a job of Dagster's own, without the table's tag.
        chosen = any(key.path[0] == line.table for key in run.asset_selection or ())
        if chosen or run.tags.get(TABLE_TAG) == line.table:
            return f"run {run.run_id[:8]} ({run.job_name}) of {line.table} is {run.status.value.lower()}"
    return None


def table_schedule(line: Line, job: Job) -> dg.ScheduleDefinition | None:
    """The declared schedule of the whole line; None where none is declared."""
    declared = line.plan.declaration.schedule
    if declared is None:
        return None

    @dg.schedule(
        name=f"{line.table}_schedule",
        job=job,
        cron_schedule=declared.cron,
        execution_timezone=declared.timezone,
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description="Runs the whole line for all seeds; members that are stored and current are left alone.",
    )
    def scheduled(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        busy = run_in_progress(context.instance, line)
        if busy:
            return dg.SkipReason(
                f"{busy}: a second one would make the same things; the next tick looks again"
            )
        return dg.RunRequest(tags={**range_tags(line), UNATTENDED_TAG: "schedule"})

    return scheduled


def origin_asset(line: Line) -> dg.AssetSpec:
    """`<table>/origin`: the real table where it lives, outside Dagster; its data version is its
    fingerprint.
    """
    return dg.AssetSpec(
        line.key("origin"),
        group_name=line.table,
        description=f"The real table where it lives: {markdown_cell(line.plan.declaration.source.describe())}. "
        f"Its data version is the "
        f"source's fingerprint, which `{line.table}_source_sensor` observes.",
        kinds={line.plan.declaration.source.type},
    )


def source_sensor(line: Line, job: Job) -> dg.SensorDefinition | None:
    """Observes the source's fingerprint; None where the declaration says to ignore changes."""
    action = line.plan.declaration.on_source_change
    if action == "ignore":
        return None

    @dg.sensor(
        name=f"{line.table}_source_sensor",
        job=job,
        minimum_interval_seconds=SENSOR_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Notices a changed source by its fingerprint; on a change: {action}.",
    )
    def sensor(
        context: dg.SensorEvaluationContext, storage: Storage
    ) -> dg.SensorResult | dg.SkipReason:
        from dge_resources.sources import source_fingerprint

        source = line.plan.declaration.source
        try:
            found = source_fingerprint(
                source, base_folder=line.folder, cache_folder=storage.cache_folder, table=line.table
            )
        except DgeError as error:
            # A failed tick is red; a skipped one looks like an unchanged source. Without the
            # causes, whose texts are libraries' own and may quote an address with its password.
            raise type(error)(str(error)) from None
        if found == context.cursor:
            return dg.SkipReason(f"unchanged: fingerprint {found[:12]}")
        seen = dg.AssetObservation(
            line.key("origin"),
            tags={"dagster/data_version": found},
            metadata={"former": context.cursor or "none"},
        )
        # The first look only learns what is there; nothing has changed yet.
        changed = context.cursor is not None and action == "run"
        busy = run_in_progress(context.instance, line) if changed else None
        if busy:
            return dg.SkipReason(f"the source has changed, and {busy}: the change is run after it")
        requests = (
            [dg.RunRequest(tags={**range_tags(line), UNATTENDED_TAG: "sensor"})] if changed else []
        )
        return dg.SensorResult(asset_events=[seen], run_requests=requests, cursor=found)

    return sensor
