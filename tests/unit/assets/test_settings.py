"""Dagster's settings in its home: copied, refreshed as long as nobody edited them, and never
overwritten then.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.instance.config import validate_concurrency_config

from dge_assets import settings as dagster_settings
from dge_assets.pools import waiting_steps
from dge_assets.settings import SETTINGS, SHIPPED, refresh_settings


def settings(home: Path) -> bytes:
    return (home / SETTINGS).read_bytes()


def test_settings_that_nobody_edited_follow_the_shipped_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refresh_settings(tmp_path, b"first")
    refresh_settings(tmp_path, b"second")
    assert settings(tmp_path) == b"second"
    assert capsys.readouterr().err == ""


def test_edited_settings_stay_and_are_told_only_when_others_are_shipped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refresh_settings(tmp_path, b"first")
    (tmp_path / SETTINGS).write_bytes(b"edited")
    refresh_settings(tmp_path, b"first")
    assert capsys.readouterr().err == ""
    refresh_settings(tmp_path, b"second")
    assert settings(tmp_path) == b"edited"
    said = capsys.readouterr().err
    assert str(tmp_path / SETTINGS) in said
    assert "was edited" in said
    (tmp_path / SETTINGS).write_bytes(b"second")
    refresh_settings(tmp_path, b"second")
    refresh_settings(tmp_path, b"third")
    assert settings(tmp_path) == b"third", "whoever takes the shipped ones follows them again"


def test_a_home_from_before_copies_were_noted_is_refreshed(tmp_path: Path) -> None:
    """Its settings had no limit on how long an ended run keeps its place in a pool."""
    before = Path(__file__).parents[2] / "data" / "dagster-0.1.0.yaml"
    assert hashlib.sha256(before.read_bytes()).hexdigest() in dagster_settings._SHIPPED_BEFORE
    (tmp_path / SETTINGS).write_bytes(before.read_bytes())
    refresh_settings(tmp_path, b"new")
    assert settings(tmp_path) == b"new"


def test_the_shipped_settings_are_ones_that_dagster_takes() -> None:
    shipped = yaml.safe_load(SHIPPED.read_text())
    validate_concurrency_config(shipped)
    assert shipped["run_monitoring"]["free_slots_after_run_end_seconds"] <= 10
    assert (
        shipped["concurrency"]["pools"]["default_limit"]
        >= shipped["concurrency"]["runs"]["max_concurrent_runs"]
    )


def test_a_short_run_has_a_place_beside_a_long_one(tmp_path: Path) -> None:
    refresh_settings(tmp_path)
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        storage = instance.event_log_storage
        storage.initialize_concurrency_limit_to_default("dge_training")
        claims = {
            run: storage.claim_concurrency_slot("dge_training", run, "step")
            for run in ("long", "short", "third")
        }
        assert [run for run, claim in claims.items() if claim.is_claimed] == ["long", "short"]
        (waiting,) = waiting_steps(instance)
        assert waiting.run_id == "third"
        assert waiting.behind == (("long", "step"), ("short", "step"))
