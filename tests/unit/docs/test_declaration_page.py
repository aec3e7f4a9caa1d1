"""The page of the declaration: from the schema, every field with a meaning and an example that is
valid.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from dge_assets.core.declaration.families import FamilyDeclaration
from dge_assets.core.declaration.table import TableDeclaration
from dge_assets.declarations import REFERENCE
from dge_resources.home import project_root
from tests.support.scripts import script

MAKER = script("make_declaration")
SECTIONS = MAKER.sections()


def fields(model: type[BaseModel]) -> set[str]:
    return {"algorithm", "seeds"} if model is FamilyDeclaration else set(model.model_fields)


@pytest.mark.parametrize(
    "model", [model for model, _ in SECTIONS], ids=lambda model: model.__name__
)
def test_every_field_has_a_meaning_and_an_example_that_is_valid(model: type[BaseModel]) -> None:
    examples = MAKER.read_examples().get(model.__name__, [])
    assert set().union(*examples) == fields(model), (
        "docs/declaration_examples.yaml: an example of each field, no other"
    )
    bare = [
        name
        for name, field in model.model_fields.items()
        if name in fields(model) and name not in ("type", "algorithm") and not field.description
    ]
    assert bare == [], "say in the schema what it means: Field(..., description=...)"
    for example in examples:
        if model is FamilyDeclaration:
            document = {
                **MAKER.read_examples()["TableDeclaration"][0],
                "families": {"wide": example},
                "profiles": {},
            }
            assert (
                TableDeclaration.model_validate(document).families["wide"].algorithm
                == example["algorithm"]
            )
        else:
            model.model_validate(example)


def test_the_page_is_what_the_schema_says() -> None:
    page = Path(MAKER.PAGE).read_text(encoding="utf-8")
    assert page == MAKER.page(), "run `make declaration-page`"
    for place in (
        "attributes.source (type: csv)",
        "attributes.contract.columns.NAME",
        "attributes.families.NAME of tvae",
    ):
        assert f"## `{place}`" in page


def test_readme_and_errors_lead_to_the_page() -> None:
    name = re.findall(r"docs/\S+", REFERENCE)
    assert name == ["docs/declaration.md"]
    assert "(docs/declaration.md)" in (project_root() / "README.md").read_text(encoding="utf-8")
