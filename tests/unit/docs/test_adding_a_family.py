"""Adding a family touches what CONTRIBUTING lists and nothing else: its folder, its docs, its tests."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dge_assets.core.declaration.table import TableDeclaration
from dge_assets.core.generators import families
from dge_assets.core.generators.registry import family_card, look_again, own_cards
from dge_assets.testing import check_family
from tests.support.plugins import MARGINALS

ROOT = Path(__file__).parents[3]
FOLDER = "dge_assets/core/generators/families"


def listed() -> list[str]:
    """The paths that CONTRIBUTING's steps begin with."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.split("## Add a family\n")[1].split("\n## ")[0]
    return re.findall(r"^\d+\. `([^`]+)`", section, re.MULTILINE)


def test_contributing_lists_four_places_and_none_of_shared_code() -> None:
    assert listed() == [
        f"{FOLDER}/<name>/card.py",
        f"{FOLDER}/<name>/family.py",
        "docs/declaration_examples.yaml",
        "tests/unit/generators/families/",
    ]


@pytest.mark.parametrize("name", sorted(own_cards()))
def test_no_code_outside_its_folder_knows_a_family(name: str) -> None:
    assert (ROOT / FOLDER / name / "card.py").is_file()
    module = f"generators.families.{name}"
    knowing = [
        str(path.relative_to(ROOT))
        for package in ("dge_assets", "dge_resources")
        for path in (ROOT / package).rglob("*.py")
        if ROOT / FOLDER / name not in path.parents and module in path.read_text(encoding="utf-8")
    ]
    assert knowing == []


@pytest.fixture
def probe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A folder `probe` among the families, with a card and code and nothing else."""
    folder = tmp_path / "probe"
    folder.mkdir()
    source = MARGINALS / "dge_family_marginals"
    for name, written in (("__init__", "card"), ("family", "family")):
        code = (source / f"{name}.py").read_text(encoding="utf-8")
        code = code.replace('"marginals"', '"probe"').replace("dge_family_marginals.", f"{PROBE}.")
        code = code.replace("from dge_family_marginals ", f"from {PROBE}.card ")
        (folder / f"{written}.py").write_text(code, encoding="utf-8")
    (folder / "__init__.py").write_text("", encoding="utf-8")
    monkeypatch.setattr(families, "__path__", [*families.__path__, str(tmp_path)])
    look_again()
    yield "probe"
    monkeypatch.undo()
    for name in [each for each in sys.modules if each.startswith(PROBE)]:
        del sys.modules[name]
    look_again()


PROBE = f"{families.__name__}.probe"


def test_a_folder_with_a_card_is_a_family(probe: str) -> None:
    assert own_cards()[probe] is family_card(probe)
    source = {"type": "csv", "path": "any.csv"}
    document = {"table": "any", "source": source, "contract": {"target": "y"}}
    declared = TableDeclaration.model_validate({**document, "families": {probe: {"share": 0.5}}})
    assert declared.plan("smoke").efforts == {probe: None}
    check_family(probe)
