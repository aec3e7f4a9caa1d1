"""Runs of the same and of other seeds at a time, with readers on warehouse and release: all
succeed, nobody reads halves.

Long: `DGE_PARALLEL_MEMBERS` says how many members there are (6 if left out), `DGE_PARALLEL_RUNS`
how many backfills and demos go at a time (4).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dge_resources.home import Store
from dge_resources.releases import LATEST, Releases
from tests.integration.demo import release_version, start_demo, write_declaration
from tests.support.deployment import BACKFILL, BACKFILL_STATUS, Deployment, wait_until

MEMBERS = int(os.environ.get("DGE_PARALLEL_MEMBERS", "6"))
RUNS = int(os.environ.get("DGE_PARALLEL_RUNS", "4"))


class Readers(threading.Thread):
    """Reads what is there again and again, as consumers do, and keeps what went wrong."""

    def __init__(self, home: Path) -> None:
        super().__init__(daemon=True)
        self.home, self.ended = home, threading.Event()
        self.reads = {"warehouse": 0, "release": 0}
        self.wrong: list[str] = []

    def run(self) -> None:
        while not self.ended.wait(0.2):
            for name, read in (("warehouse", self.warehouse), ("release", self.release)):
                try:
                    self.reads[name] += read()
                except Exception as error:  # any error that a consumer would see is one too many
                    self.wrong.append(f"{name}: {type(error).__name__}: {error}")

    def warehouse(self) -> bool:
        path = self.home / "warehouse.duckdb"
        if not path.exists():
            return False
        with duckdb.connect(str(path), read_only=True) as connection:
            sizes = connection.sql(
                "select count(*) from visits.synthetic group by family, seed"
            ).fetchall()
        assert len(set(sizes)) <= 1, f"datasets of different lengths: {sizes}"
        return bool(sizes)

    def release(self) -> bool:
        reader = Releases(Store(str(self.home / "releases")))
        if not reader.store.exists(f"visits/{LATEST}"):
            return False
        assert len(reader.datasets(reader.open("visits"))) == MEMBERS
        return True


@pytest.mark.long
def test_runs_side_by_side_all_succeed_and_readers_see_whole_things(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    tables, home, log = (
        write_declaration(tmp_path, epochs=400, seeds=MEMBERS),
        tmp_path / "home",
        tmp_path / "log.txt",
    )
    assert start_demo(tables, tmp_path / "alone", tmp_path / "alone.txt").wait(timeout=1200) == 0
    environment = {
        **os.environ,
        "DGE_TABLES": str(tables),
        "DGE_HOME": str(home),
        "DGE_PROFILE": "full",
    }
    environment.pop("DAGSTER_HOME", None)
    deployment, readers = Deployment(environment, log), Readers(home)
    demos = []
    try:
        wait_until(deployment.is_loaded, 180, "both code locations load")
        readers.start()
        demos = [start_demo(tables, home, tmp_path / f"demo-{number}.txt") for number in range(2)]
        encoded = home / "artifacts" / "visits" / "encoder.json"
        wait_until(
            encoded.exists, 180, "the encoding is there, which the backfills below learn from"
        )
        backfills = [launch_backfill(deployment, number) for number in range(RUNS)]
        for backfill in backfills:
            wait_until(
                lambda backfill=backfill: ended(deployment, backfill), 1200, "the backfill ends"
            )
        assert [ended(deployment, backfill) for backfill in backfills] == [
            "COMPLETED_SUCCESS"
        ] * RUNS
        for demo in demos:
            assert demo.wait(timeout=1200) == 0, log.read_text()
    finally:
        readers.ended.set()
        deployment.kill()
        for demo in demos:
            demo.kill()
    readers.join(timeout=60)
    for reader, reads in readers.reads.items():
        record_property(f"reads of {reader}", reads)
    assert readers.wrong == []
    assert min(readers.reads.values()) > 0
    assert release_version(home) == release_version(tmp_path / "alone")


def launch_backfill(deployment: Deployment, number: int) -> str:
    """Generators and datasets of half of the members, so that each is asked for by several at a
    time.
    """
    seeds = [f"{(number + step) % MEMBERS:03d}" for step in range(MEMBERS // 2)]
    assets = [{"path": ["visits", "tvae", stage]} for stage in ("generator", "synthetic")]
    launched = deployment.ask(BACKFILL, params={"assetSelection": assets, "partitionNames": seeds})
    return str(launched["launchPartitionBackfill"]["backfillId"])


def ended(deployment: Deployment, backfill: str) -> Any:
    """How a backfill ended; None while it goes."""
    found = deployment.ask(BACKFILL_STATUS, id=backfill)["partitionBackfillOrError"]["status"]
    return found if found.startswith("COMPLETED") or found in ("FAILED", "CANCELED") else None
