"""`make dev` as a process: it starts without warnings about itself, and ends whole and soon."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from dge_resources.home import project_root
from tests.support.ports import free_port


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.long)]
)
def test_it_ends_within_ten_seconds_and_leaves_no_process(
    number: signal.Signals, tmp_path: Path
) -> None:
    environment = {**os.environ, "DGE_HOME": str(tmp_path / "home"), "DGE_PROFILE": "smoke"}
    environment.pop("DAGSTER_HOME", None)
    log = tmp_path / "log.txt"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "dge_assets.dev", "-p", str(free_port())],
            env=environment,
            cwd=project_root(),
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + 120
        while "Instance is configured with the following daemons" not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.3)
        family = psutil.Process(process.pid).children(recursive=True)
        assert len(family) >= 7, "dagster dev, its webserver and daemon, and two code locations"
        began = time.monotonic()
        process.send_signal(number)
        assert process.wait(timeout=20) == 0
        assert time.monotonic() - began < 10
        assert [member for member in family if _lives(member)] == []
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=10)
    said = log.read_text()
    for warning in ("superseded", "will not be used", "left behind"):
        assert warning not in said


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
