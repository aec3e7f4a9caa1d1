"""The estimate for many machines: its arithmetic by hand, and that the page tells what the
measurements give.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.cluster_estimate import MEGABYTES_PER_SECOND, PAGE, RESULTS, Costs, estimate, write

COSTS = Costs(
    encoding=7.0,
    start=3.0,
    training=100.0,
    checkpoint=0.5,
    sampling=4.0,
    keeping=0.25,
    table_mb=10.0,
    member_mb=1.0,
    dataset_mb=5.0,
)


def test_one_machine_works_in_waves_and_moves_nothing() -> None:
    found = estimate(COSTS, members=5, machines=1, cores=2)
    # Three waves; three whole half minutes in 100 s, each a checkpoint of 0.5 s; two stages of five
    # members kept.
    assert found.parts["training"] == pytest.approx(3 * (100 + 3 * 0.5))
    assert found.parts["sampling"] == 3 * 4
    assert found.parts["keeping members"] == 2 * 5 * 0.25
    assert found.moved_mb == found.parts["sending tables"] == 0
    assert found.seconds == pytest.approx(304.5 + 12 + 2.5 + 7 + 3)
    assert found.bound == "training"


def test_on_many_machines_tasks_and_datasets_travel() -> None:
    found = estimate(COSTS, members=200, machines=100, cores=2)
    assert found.parts["training"] == pytest.approx(101.5)
    assert found.moved_mb == 100 * 10 + 200 * (1 + 1 + 5)
    assert found.parts["sending tables"] == pytest.approx(
        (100 * 10 + 200 * 2) / MEGABYTES_PER_SECOND
    )


def test_more_machines_do_not_help_what_the_run_does_alone() -> None:
    slow = replace(COSTS, keeping=5.0, table_mb=0.0)
    few, many = (
        estimate(slow, members=200, machines=machines, cores=2) for machines in (100, 1000)
    )
    assert few.bound == "keeping members"
    assert many.seconds == few.seconds


def test_the_page_tells_what_the_measurements_give(tmp_path: Path) -> None:
    copy = tmp_path / "deployment.md"
    copy.write_text(PAGE.read_text())
    write(copy, json.loads(RESULTS.read_text()))
    assert copy.read_text() == PAGE.read_text(), "run python -m benchmarks.cluster_estimate"
