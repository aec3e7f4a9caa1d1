"""Approaches: a name and its value are the same thing, and only one module knows how."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from dge_assets.core.scores.approach import (
    NAIVE,
    NAIVE_CONCAT,
    NAIVE_ENSEMBLE,
    NAIVE_SINGLE,
    ORACLE,
    SINGLE_MEAN,
    Approach,
    dge,
    first,
    real_dge,
)

ROOT = Path(__file__).parents[3]
OWN = ROOT / "dge_assets" / "core" / "scores" / "approach.py"


@pytest.mark.parametrize(
    ("approach", "name"),
    [
        (ORACLE, "oracle"),
        (NAIVE, "naive"),
        (NAIVE_SINGLE, "naive_single"),
        (SINGLE_MEAN, "naive_single_mean"),
        (NAIVE_ENSEMBLE, "naive_ensemble"),
        (NAIVE_CONCAT, "naive_concat"),
        (dge(1), "dge_1"),
        (dge(20), "dge_20"),
        (first(5), "first_5"),
        (real_dge(10), "real_dge_10"),
        (Approach("real_smotenc"), "real_smotenc"),
    ],
)
def test_a_name_and_its_value_are_one(approach: Approach, name: str) -> None:
    assert str(approach) == name
    assert Approach.read(name) == approach


@pytest.mark.parametrize("name", ["dge_", "dge_0", "dge_05", "dge_x", "dge_٣", "Dge_5", "", "a_5"])
def test_what_is_no_known_name_stays_as_it_is(name: str) -> None:
    found = Approach.read(name)
    assert str(found) == name
    assert found.K is None
    assert not found.is_dge


def test_what_an_approach_is_made_of() -> None:
    members = {
        str(one): one.members for one in (ORACLE, NAIVE_SINGLE, NAIVE_ENSEMBLE, NAIVE_CONCAT)
    }
    assert members == {"oracle": 0, "naive_single": 1, "naive_ensemble": 0, "naive_concat": 0}
    assert [dge(K).members for K in (1, 7)] == [1, 7]
    assert [one.is_ensemble for one in (dge(1), dge(2), first(2), ORACLE)] == [
        *(False, True, False, False)
    ]


def _spelled(tree: ast.AST) -> Iterator[ast.AST]:
    """What takes a name apart, or puts one together: a text that ends in the kind's underscore, a
    pattern of one, a sized name in full.
    """
    pattern = re.compile(r"^\^?\(?(real_)?(dge|first)_(\(.*|\[.*|\\d.*|%.*|\d+)?$")
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and pattern.match(text):
            yield node


@pytest.mark.parametrize("folder", ["dge_assets", "dge_resources", "benchmarks", "docs"])
def test_no_other_module_takes_a_name_apart_or_puts_one_together(folder: str) -> None:
    """Names are asked of `Approach`: `is_dge`, `members`, `K`, `place`; and written by `str`."""
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"  # type: ignore[attr-defined]
        for path in sorted((ROOT / folder).rglob("*.py"))
        if path != OWN
        for node in _spelled(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert found == []


def test_the_reports_templates_take_no_name_apart() -> None:
    templates = sorted((ROOT / "dge_assets").rglob("*.j2"))
    assert templates
    found = [
        f"{path.name}: {code}"
        for path in templates
        for code in re.findall(r"{[{%].*?[%}]}", path.read_text(encoding="utf-8"), re.DOTALL)
        if re.search(r"(dge|first)_|approach", code)
    ]
    assert found == []


@pytest.mark.parametrize(
    "code",
    [
        'name.startswith("dge_")',
        'name.removeprefix("first_")',
        'f"dge_{K}"',
        'f"real_dge_{K}"',
        're.fullmatch(r"dge_(\\d+)", name)',
        'name == "dge_1"',
        'name.split("dge_")',
    ],
)
def test_the_search_finds_what_it_is_for(code: str) -> None:
    assert list(_spelled(ast.parse(code)))
