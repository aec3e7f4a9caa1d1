"""A whole deployment killed in the middle of a backfill: after the next start nothing hangs, and
nothing is made twice.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from dge_resources.home import project_root
from tests.integration.demo import write_declaration
from tests.support.deployment import BACKFILL, BACKFILL_STATUS, BIN, Deployment, wait_until


@pytest.mark.long
def test_a_backfill_goes_on_after_the_whole_deployment_was_killed(tmp_path: Path) -> None:
    tables, home, log = write_declaration(tmp_path), tmp_path / "home", tmp_path / "log.txt"
    defs = tables / "visits" / "defs.yaml"
    defs.write_text(defs.read_text().replace("epochs: 400", "epochs: 6000"))
    environment = {
        **os.environ,
        "DGE_TABLES": str(tables),
        "DGE_HOME": str(home),
        "DGE_PROFILE": "full",
    }
    environment.pop("DAGSTER_HOME", None)
    first = Deployment(environment, log)
    try:
        wait_until(first.is_loaded, 60, "both code locations load")
        members = [{"path": ["visits", "tvae", "generator"]}]
        ingest = [
            str(BIN / "dg"),
            "launch",
            "--assets",
            "visits/source,visits/real_train,visits/real_test,visits/encoder",
        ]
        ingested = {**environment, "DAGSTER_HOME": str(home / "dagster")}
        subprocess.run(ingest, env=ingested, cwd=project_root(), check=True, capture_output=True)
        params = {"assetSelection": members, "partitionNames": ["000", "001", "003"]}
        launched = first.ask(BACKFILL, params=params)["launchPartitionBackfill"]
        backfill = launched["backfillId"]
        kept = home / "artifacts" / "visits" / "tvae"
        wait_until(lambda: list(kept.glob("*/generator.json")), 240, "a first member is kept")
    finally:
        first.kill()
    survivors = {path: path.stat().st_mtime_ns for path in kept.glob("*/generator.json")}
    assert len(survivors) < 3, "killed too late to show anything"
    second = Deployment(environment, log)
    try:
        wait_until(second.is_loaded, 60, "both code locations load again")
        assert "marked as failed" in second.said

        def ended() -> Any:
            found = second.ask(BACKFILL_STATUS, id=backfill)["partitionBackfillOrError"]
            return (
                found
                if found["status"].startswith("COMPLETED") or found["status"] == "FAILED"
                else None
            )

        wait_until(
            lambda: len(list(kept.glob("*/generator.json"))) == 3, 420, "all three members are kept"
        )
        wait_until(ended, 180, "the backfill ends")
    finally:
        second.kill()
    assert {path: path.stat().st_mtime_ns for path in survivors} == survivors, (
        "nothing was made twice"
    )
