"""CONTRIBUTING's lists of what to touch for one more evaluation table and one more check: three things
each, and all that they name is there.
"""

from __future__ import annotations

import re

import pytest

from dge_resources.home import project_root

ROOT = project_root()
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return TEXT.split(f"\n## {title}\n")[1].partition("\n## ")[0]


@pytest.mark.parametrize("title", ["Add a table of the evaluation", "Add a check"])
def test_three_things_are_touched_and_what_is_named_is_there(title: str) -> None:
    told = section(title)
    steps = re.findall(r"^\d\. (.*(?:\n   .*)*)", told, flags=re.MULTILINE)
    assert len(steps) == 3, "its function, its card, its test"
    assert "Card` in " in steps[1]
    assert steps[2].startswith("Its test")
    assert "`make catalogue-page`" in told
    named = re.findall(r"`((?:dge_assets|tests)/[\w/.]+)`", told)
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []
