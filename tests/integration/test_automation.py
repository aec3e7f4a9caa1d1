"""Jobs, schedule and sensor, and the command line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from dge_assets.automation import range_tags
from dge_resources.home import project_root
from tests.integration.conftest import Workshop, visits_frame


def test_each_table_has_its_jobs_and_a_stopped_schedule(workshop: Workshop) -> None:
    shop = workshop.declare(schedule={"cron": "0 3 * * *"})
    repository = shop.definitions.get_repository_def()
    assert {f"visits_{stage}" for stage in ("line", "train", "evaluate", "release")} <= set(repository.job_names)
    (schedule,) = repository.schedule_defs
    assert schedule.cron_schedule == "0 3 * * *"
    assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED
    data = schedule.evaluate_tick(dg.build_schedule_context(repository_def=repository))
    assert [dict(request.tags)["dagster/asset_partition_range_end"] for request in data.run_requests] == ["002"]


def tick(shop: Workshop, cursor: str | None) -> dg.SensorResult | dg.SkipReason:
    (sensor,) = shop.definitions.get_repository_def().sensor_defs
    context = dg.build_sensor_context(cursor=cursor, instance=shop.instance, resources={"storage": shop.storage})
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


def test_a_sensor_says_so_when_the_source_cannot_be_read(workshop: Workshop) -> None:
    (workshop.folder / "visits.csv").unlink()
    skipped = tick(workshop, "x")
    assert isinstance(skipped, dg.SkipReason)
    assert "visits.csv" in str(skipped.skip_message)


@pytest.mark.parametrize(
    "command", [["check", "defs"], ["list", "defs"], ["list", "components", "--json"], ["check", "yaml"]]
)
def test_dg_works_in_the_project(command: list[str], tmp_path: Path) -> None:
    environment = {**os.environ, "DGE_HOME": str(tmp_path), "DG_CLI_CONFIG": str(tmp_path / "dg.toml")}
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
