"""A table's card: what it refuses, and that a frame must be what its card says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from dge_assets.component import table_definitions
from dge_assets.core.cards.columns import PAIR, VALUE, count
from dge_assets.core.cards.table_card import TAKEN, TableCard, named_function
from dge_assets.core.declaration.table import TableDeclaration
from dge_assets.core.errors import EvaluationError
from dge_assets.core.evaluation.catalogue import CATALOGUE

CARD = TableCard(
    name="sizes",
    description="One row per (family, model, size).",
    keys=("family", "model", "size"),
    columns=(*PAIR, count("size", "how many"), VALUE),
    per="pair",
    made_by="somewhere:sizes",
)


def test_without_rows_a_table_has_the_columns_and_types_of_its_card() -> None:
    assert CARD.no_rows().dtypes.astype(str).to_dict() == {
        "family": "string",
        "model": "string",
        "size": "int64",
        "value": "float64",
    }


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        (["family", "model", "value"], r"missing \['size'\], not declared \[\]"),
        (["family", "model", "size", "value", "x"], r"missing \[\], not declared \['x'\]"),
        (["model", "family", "size", "value"], "their order is"),
    ],
)
def test_other_columns_than_the_card_says_are_refused(columns: list[str], told: str) -> None:
    with pytest.raises(EvaluationError, match=f"table 'sizes'.*{told}.*somewhere:sizes"):
        CARD.require_columns(pd.DataFrame(columns=columns))
    frame = CARD.no_rows()
    assert CARD.require_columns(frame) is frame


def test_a_card_that_contradicts_itself_is_refused() -> None:
    with pytest.raises(EvaluationError, match="per model has the columns"):
        replace(CARD, per="model")
    with pytest.raises(EvaluationError, match="keys must be some of its columns"):
        replace(CARD, keys=("place",))
    with pytest.raises(EvaluationError, match="needs the column 'family'"):
        replace(CARD, per="evaluation", columns=CARD.columns[1:], keys=("size",), released=True)


@pytest.mark.parametrize("name", ["two words", "1st", "", "lineage", "real_test"])
def test_a_name_that_no_asset_or_relation_can_have_is_refused(name: str) -> None:
    with pytest.raises(EvaluationError, match=f"card '{name}': a table's name is letters"):
        replace(CARD, name=name)


@pytest.mark.parametrize(
    "reference", ["no_such_package:f", "dge_assets.core.errors:no_such", "dge_assets", ""]
)
def test_a_function_that_is_not_there_is_named(reference: str) -> None:
    with pytest.raises(EvaluationError, match=f"a card names '{reference}', which cannot be"):
        named_function(reference)


def test_taken_names_are_those_of_all_other_assets(tmp_path: Path) -> None:
    definitions = table_definitions(
        TableDeclaration.model_validate(
            {
                "table": "t",
                "source": {"type": "csv", "path": "t.csv"},
                "contract": {"target": "y"},
                "families": {"tvae": {}},
            }
        ),
        str(tmp_path),
        "full",
    )
    assets = {
        key.path[-1]
        for item in definitions.assets or ()
        for key in (item.keys if isinstance(item, dg.AssetsDefinition) else [item.key])
    }
    assert {"source", "generator", "release"} < assets
    assert assets - set(CATALOGUE.names) <= TAKEN


def test_who_keeps_a_table_is_told() -> None:
    assert CARD.kept_by == "the custodian"
    assert replace(CARD, released=True).kept_by == "the custodian, and each release"
