"""A whole deployment on this machine (webserver, daemon, code locations) that tests ask, kill and
start again.
"""

from __future__ import annotations

import contextlib
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
from tests.support.ports import free_port

BACKFILL = """mutation($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {
  __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
BACKFILL_STATUS = """query($id: String!) { partitionBackfillOrError(backfillId: $id) {
  ... on PartitionBackfill { status runs { runId status } } } }"""
LAUNCH = """mutation($params: ExecutionParams!) { launchRun(executionParams: $params) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
BIN = Path(sys.executable).parent


class Deployment:
    """`make dev` as a process group of its own."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        """Prepare Dagster's home, sweep, and start webserver, daemon and code locations; `log`
        takes what all say.
        """
        self.port = free_port()
        self._before = len(log.read_text()) if log.exists() else 0
        self._log = log
        with log.open("a") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "dge_assets.dev", "-p", str(self.port)],
                env=environment,
                cwd=project_root(),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        """What this start has said so far."""
        return self._log.read_text()[self._before :]

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

    def launch(self, job: str, first: str, last: str) -> str:
        """Queue a run of a job over a range of seeds; returns its id."""
        selector = {
            "repositoryName": "__repository__",
            "repositoryLocationName": "dge_assets",
            "jobName": job,
        }
        ends = {"start": first, "end": last}
        tags = [
            {"key": f"dagster/asset_partition_range_{end}", "value": seed}
            for end, seed in ends.items()
        ]
        metadata = {"tags": tags}
        params = {
            "selector": selector,
            "runConfigData": {},
            "mode": "default",
            "executionMetadata": metadata,
        }
        launched = self.ask(LAUNCH, params=params)["launchRun"]
        assert launched["__typename"] == "LaunchRunSuccess", launched
        return str(launched["run"]["runId"])

    def kill(self) -> None:
        """Kill every process of it at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=10)


def wait_until(holds: Callable[[], Any], seconds: float, what: str) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := holds():
            return found
        time.sleep(0.5)
    return pytest.fail(f"not within {seconds} s: {what}")
