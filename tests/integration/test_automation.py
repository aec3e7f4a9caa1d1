"""Jobs, schedule and sensor, and the command line."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from dge_assets.automation import range_tags
from dge_assets.core.errors import SourceError
from dge_resources.home import project_root
from tests.integration.conftest import Workshop, visits_frame


@pytest.fixture
def kept(workshop: Workshop) -> Iterator[Workshop]:
    """A workshop whose instance is on disk: a schedule's context takes no other."""
    with dg.DagsterInstance.local_temp(str(workshop.folder)) as instance:
        yield replace(workshop, instance=instance)


def test_each_table_has_its_jobs_and_a_stopped_schedule(kept: Workshop) -> None:
    shop = kept.declare(schedule={"cron": "0 3 * * *"})
    repository = shop.definitions.get_repository_def()
    assert {f"visits_{stage}" for stage in ("line", "train", "evaluate", "release")} <= set(
        repository.job_names
    )
    (schedule,) = repository.schedule_defs
    assert schedule.cron_schedule == "0 3 * * *"
    assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED
    data = schedule.evaluate_tick(
        dg.build_schedule_context(instance=shop.instance, repository_def=repository)
    )
    (request,) = data.run_requests
    assert request.tags["dagster/asset_partition_range_end"] == "002"
    assert request.tags["dge/unattended"] == "schedule"


def tick(shop: Workshop, cursor: str | None) -> dg.SensorResult | dg.SkipReason:
    (sensor,) = shop.definitions.get_repository_def().sensor_defs
    context = dg.build_sensor_context(
        cursor=cursor, instance=shop.instance, resources={"storage": shop.storage}
    )
    return sensor(context)


def test_a_changed_source_is_marked_and_run(workshop: Workshop) -> None:
    shop = workshop.declare(on_source_change="run")
    first = tick(shop, None)
    assert isinstance(first, dg.SensorResult)
    assert not first.run_requests, "the first look only learns what is there"
    assert isinstance(tick(shop, first.cursor), dg.SkipReason)
    (shop.folder / "visits.csv").touch()
    assert isinstance(tick(shop, first.cursor), dg.SkipReason), "touched is not changed"
    visits_frame(seed=1).to_csv(shop.folder / "visits.csv", index=False)
    second = tick(shop, first.cursor)
    assert isinstance(second, dg.SensorResult)
    (observation,) = second.asset_events
    assert observation.asset_key == shop.line.key("origin")
    assert observation.tags["dagster/data_version"] == second.cursor != first.cursor
    assert len(second.run_requests or []) == 1
    marking = tick(shop.declare(on_source_change="mark"), first.cursor)
    assert isinstance(marking, dg.SensorResult)
    assert not marking.run_requests


def begin_run(
    shop: Workshop, status: dg.DagsterRunStatus, keys: set[dg.AssetKey] | None = None
) -> dg.DagsterRun:
    """A run of the line (or of some assets, as a backfill starts it) that has got as far as
    `status`.
    """
    graph = shop.definitions.resolve_implicit_global_asset_job_def()
    job = (
        graph.get_subset(asset_selection=keys)
        if keys
        else shop.definitions.resolve_job_def("visits_line")
    )
    tags = {**job.run_tags, **range_tags(shop.line)}
    return shop.instance.create_run_for_job(job, status=status, tags=tags, asset_selection=keys)


def test_no_second_run_of_a_line_is_started_by_schedule_or_sensor(kept: Workshop) -> None:
    shop = kept.declare(schedule={"cron": "0 3 * * *"}, on_source_change="run")
    repository = shop.definitions.get_repository_def()
    (schedule,) = repository.schedule_defs
    first = tick(shop, None)
    visits_frame(seed=1).to_csv(shop.folder / "visits.csv", index=False)
    for keys in (None, {shop.line.key("encoder")}):
        run = begin_run(shop, dg.DagsterRunStatus.STARTED, keys)
        data = schedule.evaluate_tick(
            dg.build_schedule_context(instance=shop.instance, repository_def=repository)
        )
        assert data.run_requests == []
        assert f"run {run.run_id[:8]}" in str(data.skip_message)
        skipped = tick(shop, first.cursor)
        assert isinstance(skipped, dg.SkipReason), "the cursor stays, so the change is not lost"
        assert "the source has changed" in str(skipped.skip_message)
        shop.instance.report_run_failed(run)
    after = tick(shop, first.cursor)
    assert isinstance(after, dg.SensorResult)
    assert [request.tags["dge/unattended"] for request in after.run_requests or []] == ["sensor"]


def test_a_sensors_tick_fails_when_the_source_cannot_be_read(workshop: Workshop) -> None:
    """A skip would look like an unchanged source."""
    (workshop.folder / "visits.csv").unlink()
    with pytest.raises(SourceError, match=r"visits\.csv") as caught:
        tick(workshop, "x")
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__, "what libraries say may quote a password"


@pytest.mark.parametrize(
    "command",
    [["check", "defs"], ["list", "defs"], ["list", "components", "--json"], ["check", "yaml"]],
)
def test_dg_works_in_the_project(command: list[str], tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "DGE_HOME": str(tmp_path),
        "DG_CLI_CONFIG": str(tmp_path / "dg.toml"),
    }
    found = subprocess.run(
        [Path(sys.executable).with_name("dg"), *command],
        env=environment,
        capture_output=True,
        text=True,
        cwd=project_root(),
        check=False,
        timeout=120,
    )
    assert found.returncode == 0, found.stdout + found.stderr
    wanted = {"defs": "crash_line", "components": "dge_assets.component.TableComponent"}
    if command[0] == "list":
        assert wanted[command[1]] in found.stdout


def test_range_tags_ask_for_all_seeds(workshop: Workshop) -> None:
    assert list(range_tags(workshop.line).values()) == ["000", "002"]
