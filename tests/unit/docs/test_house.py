"""The pictures and the table of the house are what the script writes of the code as it is."""

import runpy
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
HOUSE: dict[str, Any] = runpy.run_path(str(ROOT / "docs/make_house.py"))
REMEDY = "run python docs/make_house.py"


@pytest.mark.parametrize("name", HOUSE["WAYS"])
def test_each_step_of_a_way_is_a_module_and_the_picture_shows_it(name: str) -> None:
    kept = (ROOT / "docs" / "figures" / f"way-of-a-{name}.svg").read_text(encoding="utf-8")
    assert kept == HOUSE["picture"](name), REMEDY
    for step in HOUSE["WAYS"][name]:
        assert (ROOT / f"{step.module}.py").is_file(), step.module
        assert step.does in kept.replace("&#x27;", "'")


def test_the_table_of_rooms_is_what_the_rooms_say() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert page == HOUSE["page"](), REMEDY
    assert len(HOUSE["rooms"]()) > 20
