"""Evaluation tables as the line stacks them: those that one member cannot fill are typed as filled
ones are.
"""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pytest

from dge_assets.core.evaluation.catalogue import CATALOGUE
from dge_assets.core.evaluation.family_model import score_family_model
from dge_assets.core.evaluation.stacking import stacked, stacked_tables
from dge_resources.parquet import open_parquet, to_parquet
from tests.unit.augmentation.test_scores import run
from tests.unit.evaluation.test_family_model import family_task, silent

NEED_TWO = ("claim_errors", "evaluation_scores", "cross_scores", "evaluation_intervals")


def of_members(count: int) -> dict[str, pd.DataFrame]:
    seeds = list(range(count))
    made = score_family_model(family_task(seeds, ks=(count,)), silent).tables
    return stacked_tables(CATALOGUE.made_per("pair"), {("ctgan", "lr"): made})


def stored_types(frame: pd.DataFrame) -> dict[str, pa.DataType]:
    """As the lake and so the warehouse have them."""
    schema = open_parquet(to_parquet(frame)).schema_arrow
    return dict(zip(schema.names, schema.types, strict=True))


@pytest.fixture(scope="module")
def alone() -> dict[str, pd.DataFrame]:
    return of_members(1)


@pytest.fixture(scope="module")
def together() -> dict[str, pd.DataFrame]:
    return of_members(3)


@pytest.mark.parametrize("name", NEED_TWO)
def test_tables_of_one_member_are_empty_and_typed_as_filled_ones(
    name: str, alone: dict[str, pd.DataFrame], together: dict[str, pd.DataFrame]
) -> None:
    empty, filled = alone[name], together[name]
    assert len(empty) == 0 < len(filled)
    assert stored_types(empty) == stored_types(filled)
    assert list(empty.columns) == list(filled.columns)
    numbers = filled.select_dtypes("number").columns
    assert len(numbers)
    assert empty[numbers].dtypes.equals(filled[numbers].dtypes)
    texts = [column for column in filled if column not in numbers]
    assert all(isinstance(empty[column].dtype, pd.StringDtype) for column in texts), (
        "not untyped objects"
    )


def test_no_augmentation_is_typed_as_some() -> None:
    card = CATALOGUE["augmentation"]
    empty, filled = stacked(card, {}), stacked(card, {("ctgan", "lr"): run().table})
    assert stored_types(empty) == stored_types(filled)
