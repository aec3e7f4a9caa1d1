"""What a run says of how long all that is declared would take."""

from __future__ import annotations

import pytest

from dge_assets.assets.line import Line
from dge_assets.assets.training_time import full_profile_note
from dge_assets.core.declaration.profiles import Profile
from dge_assets.core.declaration.table import TableDeclaration
from dge_assets.core.lineage.provenance import Provenance, Recipe, finish

DECLARED = {
    "table": "crash",
    "source": {"type": "csv", "path": "crash.csv"},
    "contract": {"target": "dead"},
    "families": {"tvae": {"epochs": 300}},
    "seeds": 4,
}


def note(profile: Profile, epochs: int, **changes: object) -> str:
    """What is said after one member took 20 s for `epochs`."""
    line = Line(TableDeclaration.model_validate({**DECLARED, **changes}).plan(profile), "")
    recipe = Recipe(
        table="crash",
        asset="generator",
        family="tvae",
        seed=0,
        table_fingerprint="t",
        contract_sha256="c",
        parameters={"algorithm": "tvae", "hyperparameters": {"epochs": epochs}},
        code_version="1",
    )
    member: Provenance = finish(recipe, content_sha256="w", seconds=20.0)
    return full_profile_note(line, [member])


def test_a_run_that_did_all_says_nothing_of_it() -> None:
    assert note("full", 300) == note("default", 300) == ""


@pytest.mark.parametrize(
    ("changes", "named"),
    [({}, "What is declared"), ({"profiles": {"default": {"seeds": 2}}}, "The full profile")],
)
def test_less_than_that_is_told_with_the_time_of_the_whole(
    changes: dict[str, object], named: str
) -> None:
    text = note("smoke", 20, **changes)
    assert text.startswith(
        f"Profile smoke: K = {3}. {named} (K = 4, epochs: tvae 300) would take at most about 20 min 0 s"
    )


def test_a_few_epochs_are_no_measure() -> None:
    assert note("smoke", 2) == (
        "Profile smoke: K = 3. What is declared has K = 4, epochs: tvae 300; too few ran here to say how long that takes."
    )
