"""Families of other packages: found by their entry point, and a broken one fails for those alone who
use it, with its package and what to do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from dge_assets.core.declaration.mistakes import error_lines
from dge_assets.core.declaration.table import TableDeclaration
from dge_assets.core.errors import DeclarationError, GeneratorError
from dge_assets.core.generators import families
from dge_assets.core.generators.card import FamilyCard
from dge_assets.core.generators.registry import (
    clashes,
    family_card,
    family_code,
    family_names,
    own_cards,
    package_versions,
)
from dge_resources.records import library_versions, record_of
from tests.support.tables import recipe
from tests.unit.conftest import Written


def declared(**wanted: Any) -> TableDeclaration:
    source = {"type": "csv", "path": "any.csv"}
    document = {"table": "any", "source": source, "contract": {"target": "y"}, "families": wanted}
    return TableDeclaration.model_validate(document)


def test_this_projects_families_are_those_with_a_card_in_their_folder() -> None:
    assert {"ctgan", "tvae"} <= set(own_cards())
    folder = Path(str(families.__file__)).parent
    assert set(own_cards()) == {path.parent.name for path in folder.glob("*/card.py")}
    for name, card in own_cards().items():
        assert card.name == name
        assert family_card(name) is card
        assert family_code(card)


def test_a_family_of_another_package_is_used_like_any_other(written: Written) -> None:
    written("CARD = card()")
    assert family_names()[-1] == "forest"
    assert isinstance(family_card("forest"), FamilyCard)
    plan = declared(forest={}, ctgan={}).plan("smoke")
    assert str(plan.efforts) == "{'forest': None, 'ctgan': Effort(unit='epochs', amount=2)}"
    assert plan.cuts_text == "seeds 20 -> 3, ctgan epochs 300 -> 2 by profile smoke"


def test_a_package_is_named_in_the_records_of_what_it_made(written: Written) -> None:
    written("CARD = card()")
    assert package_versions("forest") == {"dge-forest": "0.3"}
    assert package_versions("ctgan") == package_versions("nobody's") == {}
    generator = recipe("generator", "mine", 0, parameters={"algorithm": "forest"})
    record = record_of(generator, content_sha256="w", run_id="r")
    assert record.library_versions == {**library_versions(), "dge-forest": "0.3"}


def test_a_function_may_give_the_card(written: Written) -> None:
    written("def CARD():\n    return card()")
    assert family_card("forest").name == "forest"


BROKEN = {
    "fails to import": (
        "import not_there",
        "cannot be loaded (ModuleNotFoundError: No module named 'not_there')",
    ),
    "raises": ("raise RuntimeError('no licence')", "cannot be loaded (RuntimeError: no licence)"),
    "has no card": ("", "cannot be loaded (AttributeError"),
    "gives no card": ("CARD = 3", "gives int where a FamilyCard"),
    "has another's name": (
        "CARD = card(name='ctgan')",
        "name is 'ctgan', which is the name of another family, its entry point's is 'forest'",
    ),
    "no parameters": ("CARD = card(parameters=dict)", "a FamilyParameters class is needed"),
    "no default": ("CARD = card(parameters=Required)", "hyperparameters without a default: trees"),
    "a word of every family's": (
        "CARD = card(parameters=Taken)",
        "hyperparameters seeds: a declaration has",
    ),
    "no such effort": (
        "CARD = card(effort=EffortUnit('trees', parameter='trees', trial=3))",
        "effort counts trees by the hyperparameter 'trees', which must be there with a positive integer",
    ),
    "effort no number": (
        "CARD = card(parameters=Unlimited, effort=EffortUnit('trees', parameter='trees', trial=3))",
        "effort counts trees by the hyperparameter 'trees'",
    ),
    "no implementation": (
        "CARD = card(implementation='forest')",
        "'package.module:NAME' is needed",
    ),
    "no form": ("CARD = card(learns='rows')", "learns is 'rows', allowed: encoded, modelled"),
    "no kind": (
        "CARD = card(abilities=Abilities(kinds=frozenset({'text'})))",
        "abilities.kinds is ['text'], allowed: boolean, categorical",
    ),
    "no licence": ("CARD = card(licence='')", "licence is '', a text is needed"),
}


@pytest.mark.parametrize(("code", "told"), BROKEN.values(), ids=BROKEN)
def test_a_broken_package_fails_for_who_uses_it_alone(
    written: Written, code: str, told: str
) -> None:
    written(code)
    assert set(declared(ctgan={}, tvae={}).families) == {"ctgan", "tvae"}
    for wanted in ({"forest": {}}, {"mine": {"algorithm": "forest"}, "ctgan": {}}):
        with pytest.raises(ValidationError) as caught:
            declared(**wanted)
        (line,) = error_lines(caught.value)
        assert line.startswith("families: family 'forest' of package dge-forest 0.3")
        assert told in line
        assert "mend or uninstall the package" in line


def test_wrong_hyperparameters_of_a_package_are_told_as_any_others(written: Written) -> None:
    written("CARD = card(parameters=Unlimited)")
    with pytest.raises(ValidationError) as caught:
        declared(forest={"tree": 3})
    assert error_lines(caught.value) == [
        "families: forest.unknown field 'tree'; did you mean 'trees'? allowed: trees"
    ]


def test_two_packages_with_one_name_are_both_named(written: Written) -> None:
    written("CARD = card()")
    written("CARD = card()", "forest = dge_wood:CARD", "dge-wood")
    told = "family 'forest' of package dge-forest 0.3 and dge-wood 0.3: one name for two; uninstall all"
    with pytest.raises(DeclarationError, match=told):
        family_card("forest")
    assert [told in clash for clash in clashes()] == [True]
    assert declared(tvae={})


def test_a_name_of_this_projects_stays_this_projects_and_it_is_told(written: Written) -> None:
    written("CARD = card(name='ctgan')", "ctgan = dge_forest:CARD")
    assert family_card("ctgan") is own_cards()["ctgan"]
    (clash,) = clashes()
    assert (
        "dge-forest 0.3 adds a family 'ctgan', which is the name of one of this project's" in clash
    )
    assert "rename" in clash


@pytest.mark.parametrize(
    ("implementation", "told"),
    [
        ("dge_forest:NOTHING", "cannot be imported (AttributeError"),
        ("dge_woods:FAMILY", "cannot be imported (ModuleNotFoundError"),
        ("dge_forest:HALF", "is without ['sampler']"),
        ("dge_forest:Half", "is a class: give an instance"),
    ],
)
def test_code_that_is_no_family_is_told_when_it_is_used(
    written: Written, implementation: str, told: str
) -> None:
    written(f"CARD = card(implementation={implementation!r})")
    with pytest.raises(GeneratorError) as caught:
        family_code(family_card("forest"))
    assert (
        f"family 'forest' of package dge-forest 0.3: its implementation {implementation!r}"
        in str(caught.value)
    )
    assert told in str(caught.value)


def test_an_unknown_family_is_told_with_all_that_there_are(written: Written) -> None:
    written("CARD = card()")
    with pytest.raises(DeclarationError, match=r"unknown family 'wood'; allowed: .*tvae, forest"):
        family_card("wood")
