"""Frames through Parquet: nothing lost, the same bytes for the same frame."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dge_resources.parquet import from_parquet, open_parquet, to_parquet
from tests.support.tables import every_kind


def test_a_frame_of_every_kind_comes_back_exactly() -> None:
    frame = every_kind()
    pd.testing.assert_frame_equal(
        from_parquet(open_parquet(to_parquet(frame))), frame, check_exact=True
    )
    empty = frame.iloc[:0]
    pd.testing.assert_frame_equal(from_parquet(open_parquet(to_parquet(empty))), empty)


@pytest.mark.parametrize(
    "values",
    [
        pd.Categorical(["b", None, "a"], categories=["b", "a", "unseen"]),
        pd.Categorical([3, None, 1], categories=[3, 1, 2]),
        pd.Categorical([3, 1, 3], categories=[1, 3]),
        pd.Categorical([0.5, None, 2.0]),
        pd.Categorical([True, None, False], categories=[True, False]),
        pd.Categorical([None, None, None], categories=["a"]),
        pd.Categorical([None, None, None], categories=pd.Index([], dtype=object)),
        pd.Categorical([2**53, 2**53 + 1, None], categories=[2**53, 2**53 + 1]),
        pd.array([2**53 + 1, None, -(2**62)], dtype="Int64"),
        pd.to_datetime(["1677-10-01", None, "2261-12-31 23:59:59.999999999"], format="ISO8601"),
        pd.Series(["", None, "\u0000\U0001f600"], dtype=object),
    ],
)
def test_hard_columns_come_back_exactly(values: object) -> None:
    frame = pd.DataFrame({'\'a "column" ü': values})
    pd.testing.assert_frame_equal(from_parquet(open_parquet(to_parquet(frame))), frame)


def test_the_same_frame_gives_the_same_bytes_and_notes_travel() -> None:
    frame = every_kind(40)
    assert to_parquet(frame, {b"k": b"v"}) == to_parquet(
        frame.copy().set_axis(range(1, 41)), {b"k": b"v"}
    )
    metadata = open_parquet(to_parquet(frame, {b"k": b"v"})).schema_arrow.metadata
    assert metadata[b"k"] == b"v"
    assert b"pandas" in metadata


def test_a_foreign_file_is_read_as_it_is() -> None:
    buffer = pa.BufferOutputStream()
    pq.write_table(pa.table({"x": [1, 2]}), buffer)
    assert from_parquet(open_parquet(buffer.getvalue().to_pybytes()))["x"].tolist() == [1, 2]


@pytest.mark.parametrize(
    "data", [b"", b"PAR1", b"not parquet at all", b"PAR1" + b"\x00" * 20 + b"PAR1"]
)
def test_what_is_no_parquet_is_pyarrows_error(data: bytes) -> None:
    with pytest.raises((pa.ArrowException, OSError)):
        open_parquet(data)
