"""Content hashes: equal for equal values however stored, different for any difference a reader
could see.
"""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dge_assets.core.lineage.fingerprint import document_sha256, frame_sha256, table_sha256
from dge_resources.parquet import from_parquet, open_parquet, to_parquet
from tests.support.tables import every_kind


def test_a_golden_frame_has_its_golden_hash() -> None:
    """Holds the definition still: stored records are compared with it for years.

    It cannot say that the hash is a good one. To make it anew: print the hash, and raise
    CODE_VERSIONS["source"].
    """
    frame = pd.DataFrame({"x": [1.5, None], "n": [1, 2], "t": ["ä", None], "b": [True, False]})
    frame["d"] = pd.to_datetime(["2020-01-01", None])
    assert frame_sha256(frame) == "727c129e24dec80f86d75857031fd4ab9c90cca984218cd8e45953ba75b4bb30"


def test_the_hash_outlives_parquet_row_groups_compression_and_the_index() -> None:
    frame = every_kind(150)
    expected = frame_sha256(frame)
    assert frame_sha256(from_parquet(open_parquet(to_parquet(frame)))) == expected
    assert frame_sha256(frame.set_axis(range(5, 155))) == expected
    for options in (
        {"row_group_size": 7, "compression": "snappy"},
        {"use_dictionary": False, "compression": "none"},
    ):
        buffer = io.BytesIO()
        pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), buffer, **options)
        assert table_sha256(pq.read_table(io.BytesIO(buffer.getvalue()))) == expected


def test_a_category_hashes_like_its_values_and_unused_levels_do_not_count() -> None:
    text = pd.DataFrame({"c": ["a", "b", None]})
    for levels in (["a", "b"], ["b", "a", "z"]):
        assert frame_sha256(
            pd.DataFrame({"c": pd.Categorical(text["c"], categories=levels)})
        ) == frame_sha256(text)


def test_missing_has_one_form_and_zero_has_one_sign() -> None:
    nan, null = (
        pa.table({"x": pa.array([1.0, float("nan")])}),
        pa.table({"x": pa.array([1.0, None])}),
    )
    assert table_sha256(nan) == table_sha256(null)
    assert frame_sha256(pd.DataFrame({"x": [0.0]})) == frame_sha256(pd.DataFrame({"x": [-0.0]}))
    assert frame_sha256(pd.DataFrame({"x": [0.0]})) != frame_sha256(pd.DataFrame({"x": [np.nan]}))
    assert frame_sha256(pd.DataFrame({"t": [""]})) != frame_sha256(
        pd.DataFrame({"t": pd.Series([None], dtype=object)})
    )


@pytest.mark.parametrize(
    "other",
    [
        pd.DataFrame({"a": ["x", "yz"], "b": [1, 2]}).rename(columns={"a": "A"}),
        pd.DataFrame({"a": ["xy", "z"], "b": [1, 2]}),
        pd.DataFrame({"a": ["x", "yz"], "b": [1.0, 2.0]}),
        pd.DataFrame({"a": ["x", "yz"], "b": [2, 1]}),
        pd.DataFrame({"b": [1, 2], "a": ["x", "yz"]}),
        pd.DataFrame({"a": ["x", "yz", "x"], "b": [1, 2, 1]}),
        pd.DataFrame({"a": ["x", "yz"]}),
        pd.DataFrame({"a": ["x", "yz"], "b": [1, 2]}).iloc[:0],
    ],
)
def test_another_name_text_type_order_or_length_is_another_hash(other: pd.DataFrame) -> None:
    assert frame_sha256(pd.DataFrame({"a": ["x", "yz"], "b": [1, 2]})) != frame_sha256(other)


def test_every_single_cell_counts() -> None:
    frame = every_kind(12).drop(columns=["constant", "empty"])
    hashes = {frame_sha256(frame)}
    for name in frame.columns:
        for row in range(len(frame) - 1):
            turned = frame.copy()
            turned[name] = (
                frame[name].iloc[[*range(row), row + 1, row, *range(row + 2, len(frame))]].array
            )
            if not turned[name].equals(frame[name]):
                hashes.add(frame_sha256(turned))
                assert frame_sha256(turned) != frame_sha256(frame), (name, row)
    assert len(hashes) > 60


def test_documents_hash_by_content_not_by_order_of_keys() -> None:
    assert document_sha256({"a": 1, "b": [1, 2]}) == document_sha256({"b": (1, 2), "a": 1})  # type: ignore[dict-item]
    assert document_sha256({"a": 1}) != document_sha256({"a": "1"})
    assert document_sha256([1, 2]) != document_sha256([2, 1])
