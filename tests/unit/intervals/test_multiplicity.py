"""Holm's adjustment: its order and bounds, a worked example, and the parts of a table each for
itself.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from dge_assets.core.intervals.multiplicity import holm, with_adjusted


@given(p=st.lists(st.one_of(st.just(np.nan), st.floats(0, 1)), max_size=12))
@settings(max_examples=60)
def test_holm_is_between_the_p_value_and_bonferroni_s_and_keeps_the_order(p: list[float]) -> None:
    values = np.array(p, dtype=float)
    adjusted = holm(values)
    known = np.isfinite(values)
    np.testing.assert_array_equal(known, np.isfinite(adjusted))
    assert (adjusted[known] >= values[known]).all()
    assert (adjusted[known] <= np.minimum(values[known] * known.sum(), 1.0)).all()
    order = np.argsort(values[known], kind="stable")
    assert (np.diff(adjusted[known][order]) >= 0).all()


def test_holm_gives_the_values_of_a_worked_example() -> None:
    """Golden: 0.01 * 4, 0.02 * 3, 0.03 * 2, and 0.04 * 1, which must not fall below the one before."""
    np.testing.assert_allclose(holm(np.array([0.03, 0.01, 0.04, 0.02])), [0.06, 0.04, 0.06, 0.06])


def test_each_part_of_a_table_is_adjusted_for_its_own_hypotheses() -> None:
    table = pd.DataFrame(
        {"metric": ["auc", "brier", "auc", "auc"], "p": [0.04, 0.04, 0.02, np.nan]},
        index=[7, 3, 5, 1],
    )
    found = with_adjusted(table, ["metric"], count="comparisons")
    np.testing.assert_allclose(found["p_adjusted"], [0.04, 0.04, 0.04, np.nan])
    assert found["comparisons"].tolist() == [2, 1, 2, 2]
    assert list(found.index) == [7, 3, 5, 1]


def test_a_table_without_rows_keeps_its_types() -> None:
    empty = with_adjusted(pd.DataFrame({"metric": [], "p": []}), ["metric"], count="groups")
    assert empty.dtypes[["p_adjusted", "groups"]].astype(str).tolist() == ["float64", "int64"]
