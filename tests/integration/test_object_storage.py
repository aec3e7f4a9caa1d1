"""`DGE_HOME` on object storage: the whole line over S3's own protocol, on a server of the test's
own.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import s3fs

from tests.integration.demo import start_demo, write_declaration
from tests.support.ports import free_port, until_it_answers

BUCKET = "custodian"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[dict[str, str]]:
    """Settings that lead any S3 client to a server on the loopback, with an empty bucket."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until_it_answers(f"http://127.0.0.1:{port}/")
        yield {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
    finally:
        server.kill()
        server.wait()


def test_the_whole_line_runs_on_object_storage(
    endpoint: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No folders, no rename; workers write their members there themselves.

    The same release as on a disk.
    """
    for name, value in endpoint.items():
        monkeypatch.setenv(name, value)
    files = s3fs.S3FileSystem(skip_instance_cache=True)
    files.mkdir(BUCKET)
    tables, log = write_declaration(tmp_path, epochs=30, seeds=2), tmp_path / "log.txt"
    on_s3 = start_demo(tables, f"s3://{BUCKET}/line", log, DAGSTER_HOME=str(tmp_path / "dagster"))
    on_disk = start_demo(tables, tmp_path / "home", tmp_path / "disk.txt")
    assert on_s3.wait(timeout=300) == 0, log.read_text()
    assert on_disk.wait(timeout=300) == 0
    latest = json.loads(files.cat(f"{BUCKET}/line/releases/visits/latest.json"))
    assert latest == json.loads((tmp_path / "home/releases/visits/latest.json").read_text())
    names = [path.split("/", 2)[2] for path in files.find(f"{BUCKET}/line")]
    assert not any("checkpoints/" in name or ".tmp-" in name for name in names), names
    assert "warehouse.duckdb" in names
    assert not (tmp_path / "s3:").exists()
