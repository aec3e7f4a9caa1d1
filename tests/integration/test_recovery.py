"""A whole deployment killed in the middle of a backfill: after the next start nothing hangs, and nothing is made twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dge_resources.home import project_root
from tests.integration.test_members import write_declaration
from tests.support.ports import free_port

BACKFILL = """mutation($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {
  __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
BACKFILL_STATUS = """query($id: String!) { partitionBackfillOrError(backfillId: $id) {
  ... on PartitionBackfill { status runs { runId status } } } }"""
BIN = Path(sys.executable).parent


class Deployment:
    """`make dev` as a process group of its own."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        """Prepare Dagster's home, sweep, and start webserver, daemon and code locations."""
        self.port = free_port()
        prepared = subprocess.run(
            [sys.executable, "-m", "dge_assets.deployment"], env=environment, check=True, capture_output=True, text=True
        )
        self.swept = prepared.stderr
        with log.open("a") as output:
            self.process = subprocess.Popen(
                [BIN / "dagster", "dev", "-w", "workspace.yaml", "-p", str(self.port)],
                env={**environment, "DAGSTER_HOME": prepared.stdout.strip()},
                cwd=project_root(),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        body = json.dumps({"query": query, "variables": variables}).encode()
        address = f"http://127.0.0.1:{self.port}/graphql"
        request = urllib.request.Request(address, body, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)["data"]
        return found

    def is_loaded(self) -> bool:
        query = "{ workspaceOrError { ... on Workspace { locationEntries { loadStatus } } } }"
        try:
            entries = self.ask(query)["workspaceOrError"]["locationEntries"]
        except OSError:
            return False
        return [entry["loadStatus"] for entry in entries] == ["LOADED"] * 2

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=10)


def wait_until(holds: Callable[[], Any], seconds: float, what: str) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := holds():
            return found
        time.sleep(0.5)
    return pytest.fail(f"not within {seconds} s: {what}")


@pytest.mark.long
def test_a_backfill_goes_on_after_the_whole_deployment_was_killed(tmp_path: Path) -> None:
    tables, home, log = write_declaration(tmp_path), tmp_path / "home", tmp_path / "log.txt"
    defs = tables / "visits" / "defs.yaml"
    defs.write_text(defs.read_text().replace("epochs: 400", "epochs: 6000"))
    environment = {**os.environ, "DGE_TABLES": str(tables), "DGE_HOME": str(home), "DGE_PROFILE": "full"}
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
        assert "marked as failed" in second.swept
        wait_until(second.is_loaded, 60, "both code locations load again")

        def ended() -> Any:
            found = second.ask(BACKFILL_STATUS, id=backfill)["partitionBackfillOrError"]
            return found if found["status"].startswith("COMPLETED") or found["status"] == "FAILED" else None

        wait_until(lambda: len(list(kept.glob("*/generator.json"))) == 3, 420, "all three members are kept")
        wait_until(ended, 180, "the backfill ends")
    finally:
        second.kill()
    assert {path: path.stat().st_mtime_ns for path in survivors} == survivors, "nothing was made twice"
