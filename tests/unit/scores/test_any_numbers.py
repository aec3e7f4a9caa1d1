"""Any table of numbers and moments: its encoding is fitted, and what comes back has its types and
keeps to its bounds.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dge_assets.core.contract.contract import comparable
from dge_assets.core.errors import DgeError
from tests.support.hostile_numbers import table_of
from tests.unit.conftest import encoded_of

CELLS = {
    "continuous": st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([0.0, -0.0, 5e-324, 1e-9, 0.25, 1e200]),
    "integer": st.integers(-(2**63), 2**63 - 1)
    | st.integers(-3, 3)
    | st.sampled_from([2**53 + 1, 2**63 - 1]),
    "datetime": st.integers(-(2**63) + 1, 2**63 - 1)
    | st.integers(0, 5).map(lambda day: day * 86_400_000_000_000),
}
TYPES = {"continuous": "float64", "integer": "Int64", "datetime": "datetime64[ns]"}


@st.composite
def columns(draw: st.DrawFn) -> pd.Series:
    kind = draw(st.sampled_from(sorted(CELLS)))
    shape = draw(st.sampled_from(["any", "one present", "all but one", "all missing but one"]))
    cell = CELLS[kind]
    rows = 24
    if shape == "any":
        cells = draw(st.lists(cell | st.none(), min_size=rows, max_size=rows))
    else:
        few = draw(st.lists(cell, min_size=2, max_size=2))
        filler = None if shape != "all but one" else few[1]
        cells = [few[0], *[filler] * (rows - 1)]
    if kind == "datetime":
        return pd.Series(
            [pd.NaT if cell is None else pd.Timestamp(cell) for cell in cells], dtype=TYPES[kind]
        )
    return (
        pd.Series(pd.array(cells, dtype=TYPES[kind]))
        if kind == "integer"
        else pd.Series(cells, dtype=TYPES[kind])
    )


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(columns(), min_size=1, max_size=2), st.integers(0, 3))
def test_any_table_is_encoded_and_decoded_within_its_contract_or_refused_in_words(
    drawn: list[pd.Series], seed: int
) -> None:
    try:
        frame, agreed = table_of({f"x{place}": values for place, values in enumerate(drawn)})
        encoder, rows = encoded_of(frame, agreed)
    except DgeError:
        return
    rng = np.random.default_rng(seed)
    for numbers in (rows.numbers, rng.uniform(-1, 1, rows.numbers.shape)):
        back = encoder.codec.decode(encoder.decode(numbers, rows.codes))
        for column in agreed.modelled:
            assert back[column.name].dtype == frame[column.name].dtype
            present = back[column.name].dropna()
            if column.minimum is not None and column.maximum is not None and len(present):
                assert comparable(column.minimum) <= present.min(), column.name
                assert present.max() <= comparable(column.maximum), column.name
