"""Splits: disjoint, complete, stratified, and the same for whoever asks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dge_assets.core.contract.contract import Contract, Task
from dge_assets.core.errors import ContractError
from dge_assets.core.randomness import seed_sequence
from dge_assets.core.rows.split import split_dataset, split_real
from tests.support.tables import column, contract


def agreed(task: Task = "binary") -> Contract:
    kind = "continuous" if task == "regression" else "categorical"
    categories = None if task == "regression" else ("a", "b", "c")
    return contract(
        "y", column("x", "integer"), column("y", kind, categories=categories), task=task
    )


def classes(**counts: int) -> pd.DataFrame:
    labels = [label for label, count in counts.items() for _ in range(count)]
    return pd.DataFrame(
        {"x": np.arange(len(labels)), "y": pd.Categorical(labels, categories=["a", "b", "c"])}
    )


@settings(max_examples=40)
@given(
    a=st.integers(2, 60), b=st.integers(2, 60), c=st.integers(16, 20), share=st.floats(0.01, 0.99)
)
def test_each_row_is_on_one_side_and_each_class_on_both(
    a: int, b: int, c: int, share: float
) -> None:
    frame = classes(a=a, b=b, c=c)
    train, test = split_real(frame, agreed(), test_share=share, table="t")
    rows = pd.concat([train, test]).sort_values("row_id", ignore_index=True)
    assert rows["row_id"].tolist() == list(range(len(frame)))
    pd.testing.assert_frame_equal(rows.drop(columns="row_id"), frame)
    for label, count in {"a": a, "b": b, "c": c}.items():
        in_test = int((test["y"] == label).sum())
        assert 1 <= in_test <= count - 1
        assert abs(in_test - share * count) <= 1, "stratified to the row"
    assert train["row_id"].is_monotonic_increasing
    assert list(train.columns) == ["row_id", "x", "y"]


def test_the_split_is_the_tables_own_and_no_other_tables() -> None:
    frame = classes(a=100, b=100, c=100)
    first, again, other = (
        split_real(frame, agreed(), test_share=0.2, table=t)[1] for t in ("t", "t", "u")
    )
    pd.testing.assert_frame_equal(first, again)
    assert first["row_id"].tolist() != other["row_id"].tolist()


def test_the_frames_index_does_not_count() -> None:
    frame = classes(a=20, b=20, c=20)
    turned = frame.set_axis(np.arange(60)[::-1])
    for one, other in zip(
        *(split_real(f, agreed(), test_share=0.3, table="t") for f in (frame, turned)), strict=True
    ):
        pd.testing.assert_frame_equal(one, other)


def test_a_level_that_never_occurs_is_no_stratum() -> None:
    train, test = split_real(classes(a=10, b=10), agreed(), test_share=0.5, table="t")
    assert (len(train), len(test)) == (10, 10)


def test_regression_is_split_without_strata() -> None:
    frame = pd.DataFrame({"x": range(50), "y": np.linspace(0, 1, 50)})
    train, test = split_real(frame, agreed("regression"), test_share=0.2, table="t")
    assert (len(train), len(test)) == (40, 10)


def test_too_few_rows_are_refused_with_what_was_found() -> None:
    with pytest.raises(ContractError, match="table 't': has 19 rows, a split needs at least 20"):
        split_real(classes(a=10, b=9), agreed(), test_share=0.2, table="t")
    with pytest.raises(
        ContractError, match=r"target 'y': 1 of 2 classes have fewer than 2 rows.*merge the classes"
    ):
        split_real(classes(a=30, b=1), agreed(), test_share=0.2, table="t")


@pytest.mark.parametrize(
    ("rows", "share", "expected"), [(100, 0.2, 20), (3, 0.01, 1), (3, 0.99, 2), (2, 0.5, 1)]
)
def test_a_datasets_parts_both_have_rows(rows: int, share: float, expected: int) -> None:
    frame = pd.DataFrame({"x": range(rows)}, index=range(7, 7 + rows))
    stream = seed_sequence(table="t", family="ctgan", seed=1, purpose="dataset split")
    labels = split_dataset(frame, test_share=share, seed=stream)
    assert labels.index.equals(frame.index)
    assert set(labels) == {"train", "test"}
    assert (labels == "test").sum() == expected
    pd.testing.assert_series_equal(labels, split_dataset(frame, test_share=share, seed=stream))


def test_a_single_row_to_learn_from_is_refused() -> None:
    frame = pd.DataFrame({"x": np.arange(25), "y": np.arange(25.0)})
    with pytest.raises(
        ContractError, match=r"table .t.: test_share 0\.99 leaves 1 of 25 rows to learn from"
    ):
        split_real(frame, agreed("regression"), test_share=0.99, table="t")
