"""The modelling frame: what families without an encoding of their own learn from, and what a condition
says in its words.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from dge_assets.core.errors import GeneratorError
from dge_assets.core.generators.encoding.modelling_frame import (
    modelled_condition,
    modelling_frame,
    with_categories,
)
from tests.support.tables import every_kind, every_kind_contract, with_ranges
from tests.unit.conftest import encoded_of

ENCODER, ENCODED = encoded_of(every_kind(), with_ranges(every_kind_contract(), every_kind()))
CODEC = ENCODER.codec


def test_it_is_the_frame_that_the_encoding_was_fitted_on() -> None:
    frame = modelling_frame(CODEC, every_kind(), table="kinds")
    again = ENCODER.encode(frame)
    np.testing.assert_array_equal(again.numbers, ENCODED.numbers)
    np.testing.assert_array_equal(again.codes, ENCODED.codes)


def test_its_codes_are_small_categories_and_decode_to_the_same_rows() -> None:
    frame = modelling_frame(CODEC, every_kind(), table="kinds")
    small = with_categories(CODEC, frame)
    assert {str(small[name].dtype) for name in CODEC.discrete} == {"category"}
    assert {str(small[name].cat.codes.dtype) for name in CODEC.discrete} == {"int8"}
    assert list(small) == list(frame)
    pd.testing.assert_frame_equal(CODEC.decode(small), CODEC.decode(frame))


def row_of(condition: dict[str, Any]) -> pd.Series:
    """The first row of the table with what a condition says put into it."""
    frame = modelling_frame(CODEC, every_kind(), table="kinds").iloc[:1]
    return CODEC.decode(frame.assign(**modelled_condition(CODEC, condition))).iloc[0]


@pytest.mark.parametrize(
    "condition",
    [
        {"integer": 7, "flag": True},
        {"colour": "green, light", "grade": 2},
        {"gappy integer": -3},
        {"constant": 7},
        {},
    ],
)
def test_a_row_under_a_condition_decodes_to_what_it_says(condition: dict[str, Any]) -> None:
    found = row_of(condition)
    assert {name: found[name] for name in condition} == condition


def test_a_missing_cell_is_a_condition_too() -> None:
    found = row_of({"gappy float": None, "gappy flag": None, "moment": None})
    assert found[["gappy float", "gappy flag", "moment"]].isna().all()


def test_a_moment_is_stated_as_text() -> None:
    assert row_of({"day": "1980-02-29"})["day"] == pd.Timestamp("1980-02-29")


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ({"height": 3}, "condition on 'height': no such column"),
        ({"constant": 8}, "condition on 'constant': all of its cells are 7"),
        ({"integer": None}, "condition on 'integer': none of its cells is missing"),
        ({"colour": "blue"}, "column 'colour': 1 cells have a level that"),
    ],
)
def test_a_condition_that_no_row_can_have_is_refused(condition: dict[str, Any], told: str) -> None:
    with pytest.raises(GeneratorError, match=told):
        modelled_condition(CODEC, condition)
