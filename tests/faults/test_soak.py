"""A deployment whose schedules tick every minute for long: runs go one after the other, and its
memory does not grow.

Long: `DGE_SOAK_MINUTES` (30) of three tiny tables; more than `DGE_SOAK_GROWTH_MB` (100) per hour in
the daemon, the webserver or the code servers is a failure.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import numpy as np
import pytest
import yaml

from dge_assets.automation import TABLE_TAG
from tests.support.deployment import Deployment, wait_until
from tests.support.soaking import (
    Memory,
    growth_per_hour,
    kind_of,
    overlapping,
    start_schedule,
    ticks,
)
from tests.support.tables import tiny

MINUTES = float(os.environ.get("DGE_SOAK_MINUTES", "30"))
MOST_GROWTH_MB = float(os.environ.get("DGE_SOAK_GROWTH_MB", "100"))
TABLES = ("first", "second", "third")
SAMPLE_SECONDS = 10


def test_growth_is_the_slope_after_the_warm_up() -> None:
    seconds = np.arange(0, 3600, 10.0)
    leaking = 200 + 50 * seconds / 3600
    warming = np.where(seconds < 900, 100 + seconds, 1000)
    assert growth_per_hour(seconds.tolist(), leaking.tolist()) == pytest.approx(50)
    assert growth_per_hour(seconds.tolist(), warming.tolist()) == pytest.approx(0, abs=1e-6)
    assert np.isnan(growth_per_hour([0.0], [1.0]))


def test_processes_are_told_by_their_commands() -> None:
    assert kind_of(["python", "-m", "dagster._daemon", "run"]) == "daemon"
    assert kind_of(["python", "-m", "dagster_webserver", "-p", "3000"]) == "webserver"
    assert kind_of(["python", "-m", "dagster", "code-server", "start"]) == "code servers"
    assert kind_of(["python", "-m", "dagster", "api", "grpc"]) == "code servers"
    assert kind_of(["python", "-c", "from multiprocessing.spawn import spawn_main"]) == ""


def test_spans_overlap_where_one_begins_before_an_earlier_one_ends() -> None:
    assert overlapping([(0, 2), (2, 3), (3, 9)]) == 0
    assert overlapping([(3, 9), (0, 4)]) == 1


def write_tables(folder: Path) -> Path:
    """Three tables of few rows that are trained for one epoch and scheduled every minute."""
    for seed, table in enumerate(TABLES):
        place = folder / "tables" / table
        place.mkdir(parents=True)
        tiny(120, seed=seed).to_csv(place / "rows.csv", index=False)
        attributes = {
            "table": table,
            "source": {"type": "csv", "path": "rows.csv"},
            "contract": {"target": "target"},
            "families": {"tvae": {"epochs": 1, "batch_size": 100}},
            "seeds": 2,
            "models": ["lr"],
            "schedule": {"cron": "* * * * *"},
        }
        document = {"type": "dge_assets.component.TableComponent", "attributes": attributes}
        (place / "defs.yaml").write_text(yaml.safe_dump(document))
    return folder / "tables"


def counted(found: Counter[str]) -> str:
    """Counts in words, the largest first."""
    return ", ".join(f"{count} {name.lower()}" for name, count in found.most_common())


@pytest.mark.long
def test_schedules_run_one_after_the_other_and_memory_does_not_grow(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    tables, home, memory = write_tables(tmp_path), tmp_path / "home", Memory()
    environment = {
        **os.environ,
        "DGE_TABLES": str(tables),
        "DGE_HOME": str(home),
        "DGE_PROFILE": "full",
    }
    environment.pop("DAGSTER_HOME", None)
    deployment = Deployment(environment, tmp_path / "log.txt")
    try:
        wait_until(deployment.is_loaded, 300, "both code locations load")
        for table in TABLES:
            start_schedule(deployment, table)
        until = time.monotonic() + 60 * MINUTES
        while time.monotonic() < until:
            memory.sample(deployment.process.pid)
            time.sleep(SAMPLE_SECONDS)
        ticked = [tick for table in TABLES for tick in ticks(deployment, table)]
    finally:
        deployment.kill()
    with dg.DagsterInstance.from_config(str(home / "dagster")) as instance:
        records = instance.get_run_records()
    statuses = Counter(record.dagster_run.status.value for record in records)
    ticks_by = Counter(tick["status"] for tick in ticked)
    record_property("minutes", MINUTES)
    record_property("runs", counted(statuses))
    record_property("ticks", counted(ticks_by))
    for kind, growth in memory.growth().items():
        first, last = (
            memory.megabytes[kind][len(memory.megabytes[kind]) // 3],
            memory.megabytes[kind][-1],
        )
        record_property(f"{kind}", f"{first:.0f} to {last:.0f} MB, {growth:+.1f} MB per hour")
    assert set(memory.growth()) == {"daemon", "webserver", "code servers"}
    assert ticks_by["FAILURE"] == 0, [tick for tick in ticked if tick["status"] == "FAILURE"]
    assert all(
        "a second one would make" in tick["skipReason"]
        for tick in ticked
        if tick["status"] == "SKIPPED"
    )
    assert statuses["SUCCESS"] > 0
    assert statuses["FAILURE"] + statuses["CANCELED"] == 0
    for table in TABLES:
        of_table = [record for record in records if record.dagster_run.tags.get(TABLE_TAG) == table]
        spans = [
            (record.start_time, record.end_time)
            for record in of_table
            if record.start_time and record.end_time
        ]
        assert overlapping(spans) == 0, table
    assert {
        kind: growth for kind, growth in memory.growth().items() if growth > MOST_GROWTH_MB
    } == {}
