"""The long stages: which tests each runs, how often by default, and what came of them, kept by
stage.

A stage is a run of pytest in a process of its own; what its tests record as properties are its
figures. Not here: which promises they are for (`promises`), and the page.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from benchmarks.reliability.promises import (
    BACKFILL,
    DAMAGE,
    DAMAGED_LINES,
    DEMO,
    FAULTS,
    INTEGRATION,
    KILLS,
    LINES,
    PROCESSES,
    SIDE_BY_SIDE,
    SOAK,
    TABLES,
)
from dge_resources.compute import available_cores
from dge_resources.whole_files import only_one, users_own_folder

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks/results/faults.json"
MOST_OF_A_MESSAGE = 400
"""Characters of a failure that are kept."""


@dataclass(frozen=True)
class Stage:
    """One test that takes minutes, with the counts that it runs with unless the environment says
    otherwise.
    """

    test: str
    counts: Mapping[str, str] = field(default_factory=dict)
    """Environment variable -> value."""

    def settings(self) -> dict[str, str]:
        """The counts that this stage runs with now."""
        return {name: os.environ.get(name, value) for name, value in self.counts.items()}


STAGES = {
    TABLES: Stage(
        FAULTS.format("hostile_tables", "many_hostile_tables_are_encoded_or_refused"),
        {"DGE_HOSTILE_TABLES": "500"},
    ),
    KILLS: Stage(
        FAULTS.format("kills_at_writes", "the_line_killed_at_any_write_ends_in_the_same_release"),
        {"DGE_WRITE_KILLS": "50", "DGE_FAULT_SEED": "0"},
    ),
    PROCESSES: Stage(
        FAULTS.format("kills", "kills_at_any_moment_end_in_the_same_release"), {"DGE_KILLS": "50"}
    ),
    SIDE_BY_SIDE: Stage(
        FAULTS.format(
            "parallel_runs", "runs_side_by_side_all_succeed_and_readers_see_whole_things"
        ),
        {"DGE_PARALLEL_MEMBERS": "24", "DGE_PARALLEL_RUNS": "4"},
    ),
    DAMAGE: Stage(
        FAULTS.format("damage", "a_lines_root_damaged_anywhere_is_refused_or_harmless"),
        {"DGE_DAMAGES": "300", "DGE_FAULT_SEED": "0"},
    ),
    DAMAGED_LINES: Stage(
        FAULTS.format(
            "damage", "a_line_over_damaged_files_ends_in_the_same_release_or_says_what_is_damaged"
        ),
        {"DGE_DAMAGED_LINES": "4", "DGE_FAULT_SEED": "0"},
    ),
    LINES: Stage(
        FAULTS.format(
            "hostile_lines", "hostile_tables_go_through_the_line_or_are_refused_in_words"
        ),
        {"DGE_HOSTILE_LINES": "20"},
    ),
    DEMO: Stage(INTEGRATION.format("members", "killing_the_demo_at_any_moment_changes_nothing")),
    BACKFILL: Stage(
        INTEGRATION.format("recovery", "a_backfill_goes_on_after_the_whole_deployment_was_killed")
    ),
    SOAK: Stage(
        FAULTS.format("soak", "schedules_run_one_after_the_other_and_memory_does_not_grow"),
        {"DGE_SOAK_MINUTES": "30", "DGE_SOAK_GROWTH_MB": "100"},
    ),
}


def run(name: str) -> dict[str, Any]:
    """Run one stage; date, counts, cases, failures as they are told, figures and seconds."""
    stage, started = STAGES[name], time.monotonic()
    settings = stage.settings()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        options = [
            "-q",
            "-m",
            "long",
            "-p",
            "no:cacheprovider",
            "-o",
            "junit_family=xunit1",
            f"--junitxml={report}",
        ]
        environment = {**os.environ, **settings, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "pytest", *options, f"--basetemp={folder}/tmp", stage.test]
        subprocess.run(command, cwd=ROOT, env=environment, check=False)
        found = summary(report.read_text(encoding="utf-8"))
    about = {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "cores": available_cores(),
        "settings": settings,
    }
    return {**about, **found, "seconds": round(time.monotonic() - started)}


def summary(report: str) -> dict[str, Any]:
    """Cases, failures and figures of a report in JUnit's form."""
    cases = list(ElementTree.fromstring(report).iter("testcase"))
    troubles = [
        trouble for case in cases for trouble in (*case.iter("failure"), *case.iter("error"))
    ]
    told = [
        " ".join((trouble.get("message") or "").split())[:MOST_OF_A_MESSAGE] for trouble in troubles
    ]
    figures = {
        found.get("name", ""): found.get("value", "")
        for case in cases
        for found in case.iter("property")
    }
    skipped = sum(1 for case in cases for _ in case.iter("skipped"))
    return {"cases": len(cases) - skipped, "failures": told, "figures": figures}


def kept() -> dict[str, Any]:
    """What is kept, by stage, in the order of the stages."""
    found: dict[str, Any] = (
        json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    )
    return {name: found[name] for name in STAGES if name in found}


def keep(name: str, result: Mapping[str, Any]) -> None:
    """Keep what came of a stage in place of what was there; other stages may end at the same time."""
    with only_one(users_own_folder(str(RESULTS)) / "results.lock"):
        found = {**kept(), name: dict(result)}
        ordered = {stage: found[stage] for stage in STAGES if stage in found}
        RESULTS.write_text(json.dumps(ordered, indent=1) + "\n", encoding="utf-8")
