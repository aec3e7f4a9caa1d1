"""Content hashes that depend on the values of a table, not on how a file stores them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc


def frame_sha256(frame: pd.DataFrame) -> str:
    """SHA-256 of a frame's column names, types, values and missing cells; the index does not count.

    Equal for a frame and for the same frame after a round trip through Parquet, whatever the row
    groups, the compression or the library version that wrote it.
    """
    return table_sha256(pa.Table.from_pandas(frame, preserve_index=False))


def table_sha256(table: pa.Table) -> str:
    """The same for an Arrow table."""
    hasher = TableHasher()
    hasher.update(table)
    return hasher.hexdigest()


class TableHasher:
    """The same for rows that come in parts, which are never whole in memory."""

    def __init__(self) -> None:
        self._rows = 0
        self._columns: dict[tuple[str, str], _ColumnHasher] = {}

    def update(self, table: pa.Table) -> None:
        """Take in further rows, with the columns of the first ones."""
        self._rows += table.num_rows
        for name in table.column_names:
            values = _plain(table.column(name))
            self._columns.setdefault((name, str(values.type)), _ColumnHasher()).update(values)

    def hexdigest(self) -> str:
        """The hash of all rows so far."""
        parts = [[name, kind, column.hexdigest()] for (name, kind), column in self._columns.items()]
        return hashlib.sha256(json.dumps([self._rows, parts]).encode()).hexdigest()


class _ColumnHasher:
    """Missing cells, values and, of text, lengths: a hash of each, so that parts of a column can
    follow each other.
    """

    def __init__(self) -> None:
        self._hashes = [hashlib.sha256() for _ in range(3)]

    def update(self, values: pa.Array) -> None:
        for digest, data in zip(
            self._hashes, (_missing(values).tobytes(), *_value_bytes(values)), strict=True
        ):
            digest.update(data)

    def hexdigest(self) -> str:
        return "".join(digest.hexdigest() for digest in self._hashes)


def document_sha256(document: Mapping[str, Any] | list[Any]) -> str:
    """SHA-256 of plain data (JSON with sorted keys)."""
    return hashlib.sha256(json.dumps(document, sort_keys=True, default=str).encode()).hexdigest()


def _plain(column: pa.ChunkedArray) -> pa.Array:
    """One chunk, dictionaries decoded, text as large strings, moments in ns: one form per value."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_string(kind) or pa.types.is_null(kind):
        column = column.cast(pa.large_string())
    elif pa.types.is_timestamp(kind):
        column = column.cast(pa.timestamp("ns"))
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


def _missing(values: pa.Array) -> np.ndarray[Any, Any]:
    return np.asarray(
        pc.is_null(values, nan_is_null=True).to_numpy(zero_copy_only=False), dtype=np.uint8
    )


def _value_bytes(values: pa.Array) -> tuple[bytes, bytes]:
    """The values one after the other, and the lengths of those that have one."""
    kind = values.type
    if pa.types.is_large_string(kind):
        text = pc.fill_null(values, "")
        lengths = pc.binary_length(text).to_numpy(zero_copy_only=False).astype(np.int64)
        return "".join(text.to_pylist()).encode(), lengths.tobytes()
    if pa.types.is_timestamp(kind):
        values = values.cast(pa.int64())
    numbers = np.asarray(pc.fill_null(values, False if pa.types.is_boolean(kind) else 0))
    if numbers.dtype.kind == "f":
        numbers = np.where(np.isnan(numbers), 0.0, numbers) + 0.0  # one NaN, one zero
    return np.ascontiguousarray(numbers).tobytes(), b""
