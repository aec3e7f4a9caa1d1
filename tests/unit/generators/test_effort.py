"""Effort: told and limited in the family's own unit, and nothing fails for a family without one."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from dge_assets.assets.generator import recorded_effort
from dge_assets.assets.line import Line
from dge_assets.assets.remedies import train_less, train_more
from dge_assets.assets.training_time import full_profile_note
from dge_assets.core.declaration.mistakes import error_lines
from dge_assets.core.declaration.table import TableDeclaration
from dge_assets.core.generators.effort import Effort, sizes_text, with_effort
from dge_assets.core.generators.registry import family_card
from dge_assets.core.lineage.provenance import Provenance, Recipe, finish
from tests.unit.conftest import Written

FOREST = (
    "CARD = card(parameters=Trees, effort=EffortUnit('trees', parameter='trees', trial=3))\n"
    "WOOD = card(name='wood')\n"
)
POINTS = "forest = dge_forest:CARD\nwood = dge_forest:WOOD"
FAMILIES = {"ctgan": {"epochs": 300}, "forest": {}, "wood": {}}


@pytest.fixture(autouse=True)
def forest(written: Written) -> None:
    """Families of another package: one that counts trees, one that counts nothing."""
    written(FOREST, POINTS)


def declared(**profiles: Any) -> TableDeclaration:
    source = {"type": "csv", "path": "any.csv"}
    document = {"table": "any", "source": source, "contract": {"target": "y"}, "seeds": 4}
    return TableDeclaration.model_validate({**document, "families": FAMILIES, "profiles": profiles})


def mistakes(**limits: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        declared(full=limits)
    return "\n".join(error_lines(caught.value))


def test_efforts_are_written_by_unit() -> None:
    efforts = declared().plan("full").efforts
    assert efforts == {"ctgan": Effort("epochs", 300), "forest": Effort("trees", 30), "wood": None}
    assert (
        sizes_text(dict.fromkeys(efforts, 4), efforts)
        == "K = 4, epochs: ctgan 300; trees: forest 30"
    )
    assert sizes_text({"wood": 4}, {"wood": None}) == "K = 4"
    assert [with_effort(*each) for each in efforts.items()] == [
        "ctgan (300 epochs)",
        "forest (30 trees)",
        "wood",
    ]


def test_a_profile_limits_effort_in_the_familys_own_unit() -> None:
    plan = declared(full={"epochs": 9, "effort": {"forest": 5}}).plan("full")
    assert plan.cuts_text == "ctgan epochs 300 -> 9, forest trees 30 -> 5 by profile full"
    assert declared(full={"effort": {"ctgan": 7, "forest": 50}}).plan("full").cuts_text == (
        "ctgan epochs 300 -> 7 by profile full"
    )


def test_a_trial_takes_what_each_card_calls_enough() -> None:
    assert declared().plan("smoke").cuts_text == (
        "seeds 4 -> 3, ctgan epochs 300 -> 2, forest trees 30 -> 3 by profile smoke"
    )
    stated = declared(smoke={"effort": {"forest": 10}}).plan("smoke")
    assert stated.effort("forest") == Effort("trees", 10)


def test_a_limit_that_a_family_cannot_have_is_a_mistake() -> None:
    assert "forest does not learn in epochs, but in trees: limit it under `effort`" in mistakes(
        epochs={"forest": 3}
    )
    for limits in ({"epochs": {"wood": 3}}, {"effort": {"wood": 3}}):
        assert "wood has no effort that could be limited: leave it out" in mistakes(**limits)
    assert "effort names unknown families ['tvae']" in mistakes(effort={"tvae": 3})


def member(family: str, algorithm: str, **hyperparameters: int) -> Provenance:
    recipe = Recipe(
        table="any",
        asset="generator",
        family=family,
        seed=0,
        table_fingerprint="t",
        contract_sha256="c",
        parameters={"algorithm": algorithm, "hyperparameters": hyperparameters},
        code_version="1",
    )
    return finish(recipe, content_sha256="w", seconds=20.0)


def test_a_stored_members_effort_is_that_of_its_own_family() -> None:
    card = family_card("forest")
    assert recorded_effort(card, member("forest", "forest", trees=30)) == Effort("trees", 30)
    assert recorded_effort(card, member("forest", "ctgan", epochs=30)) is None
    assert recorded_effort(family_card("wood"), member("wood", "wood")) is None


def test_what_to_try_names_the_unit_or_leaves_it_out() -> None:
    plan = declared().plan("full")
    assert train_more(plan, "forest").startswith("more trees (now 30) or another family: members")
    assert train_more(plan, "wood") == "another family: members that are alike count as one"
    assert train_less(plan, "forest").startswith("fewer trees (now 30), another family, or more")
    assert train_less(plan, "wood").startswith("another family, or more real rows")


def test_the_time_of_the_whole_counts_families_without_effort() -> None:
    """4 members of 300 epochs at 1 s each, of 30 trees at 2 s each, and of nothing at 20 s each."""
    line = Line(declared().plan("smoke"), "")
    members = [
        member("ctgan", "ctgan", epochs=20),
        member("forest", "forest", trees=10),
        member("wood", "wood"),
    ]
    assert full_profile_note(line, members) == (
        "Profile smoke: K = 3. What is declared (K = 4, epochs: ctgan 300; trees: forest 30) would take at most about "
        "25 min 20 s of one core's training here, from this run's seconds per member; divide by the members that run "
        "side by side."
    )
