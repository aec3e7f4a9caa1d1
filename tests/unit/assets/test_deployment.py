"""Dagster's home: made where it can be, refused with its place and the way out where it cannot."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dge_assets.core.errors import StorageError
from dge_assets.deployment import require_usable


def test_a_home_is_made_and_left_empty(tmp_path: Path) -> None:
    require_usable(tmp_path / "a" / "dagster")
    assert list((tmp_path / "a" / "dagster").iterdir()) == []


def test_a_home_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for home in (tmp_path / "file", tmp_path / "file" / "dagster", Path("/proc/dge")):
        with pytest.raises(
            StorageError,
            match=rf"Dagster's home {home} cannot be written .*DGE_HOME or DAGSTER_HOME",
        ):
            require_usable(home)


def test_a_home_without_room_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"has .* MB left, at least .* MB are needed; make room"):
        require_usable(tmp_path, least_bytes=10**18)


@pytest.mark.parametrize(
    "program",
    [
        "dge_assets.deployment",
        "dge_assets.demo moons",
        "dge_assets.dev",
        "dge_resources.warehouse",
        "dge_resources.verify",
    ],
)
def test_a_dge_home_that_is_a_file_ends_the_program_with_one_line(
    tmp_path: Path, program: str
) -> None:
    (tmp_path / "file").write_text("")
    environment = {**os.environ, "DGE_HOME": str(tmp_path / "file")}
    environment.pop("DAGSTER_HOME", None)
    ended = subprocess.run(
        [sys.executable, "-m", *program.split()],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert str(tmp_path / "file") in ended.stderr
    assert "DGE_HOME" in ended.stderr
    assert "Traceback" not in ended.stderr
