"""The page of promises: it is what the command writes, every test on it exists, and every promise
is said where it says.
"""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

from benchmarks.reliability.page import page
from benchmarks.reliability.promises import PROMISES, Promise
from benchmarks.reliability.stages import STAGES, kept, summary

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/reliability.md").read_text(encoding="utf-8")
REPORT = """<testsuites><testsuite>
<testcase name="a"><properties><property name="kills" value="7"/></properties></testcase>
<testcase name="b"><failure message="AssertionError: was
lost">...</failure></testcase>
<testcase name="c"><skipped message="no server"/></testcase>
</testsuite></testsuites>"""


def found_in(module: str) -> dict[str, bool]:
    """Names of a module's tests, and whether each is long."""
    body = ast.parse((ROOT / module).read_text(encoding="utf-8")).body
    functions = [item for item in body if isinstance(item, ast.FunctionDef)]
    return {
        item.name: any("mark.long" in ast.unparse(mark) for mark in item.decorator_list)
        for item in functions
    }


def test_the_page_is_what_the_command_writes() -> None:
    assert page(kept()) == PAGE, "run python -m benchmarks.reliability --page"


def test_every_test_that_the_page_names_exists() -> None:
    named = set(re.findall(r"`(tests/[^`]+)`", PAGE))
    assert len(named) > 30
    for module, name in (test.split("::") for test in named):
        assert name in found_in(module), f"{module} has no {name}"


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.text[:40])
def test_a_promise_is_said_and_has_a_test_of_every_day(promise: Promise) -> None:
    said = " ".join((ROOT / promise.said_in).read_text(encoding="utf-8").split())
    assert promise.quoted in said, (
        f"{promise.said_in} does not say {promise.quoted!r} any more: mend the promise"
    )
    assert promise.short
    for module, name in (test.split("::") for test in promise.short):
        assert not found_in(module)[name], f"{name} is long"
    assert set(promise.stages) <= set(STAGES)


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_is_a_long_test_that_reads_its_counts(name: str) -> None:
    module, test = STAGES[name].test.split("::")
    assert found_in(module)[test]
    for variable in STAGES[name].counts:
        assert f'"{variable}"' in (ROOT / module).read_text(encoding="utf-8")


def test_each_stage_is_for_a_promise() -> None:
    assert {stage for promise in PROMISES for stage in promise.stages} == set(STAGES)


def test_a_report_gives_cases_failures_and_figures() -> None:
    assert summary(REPORT) == {
        "cases": 2,
        "failures": ["AssertionError: was lost"],
        "figures": {"kills": "7"},
    }


def test_make_runs_it() -> None:
    done = subprocess.run(
        ["make", "-n", "faults"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "benchmarks.reliability" in done.stdout
