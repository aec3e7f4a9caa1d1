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

    Equal for a frame and for the same frame after a round trip through Parquet, whatever the row groups, the
    compression or the library version that wrote it.
    """
    return table_sha256(pa.Table.from_pandas(frame, preserve_index=False))


def table_sha256(table: pa.Table) -> str:
    """The same for an Arrow table."""
    digest = hashlib.sha256()
    for name in table.column_names:
        values = _plain(table.column(name))
        digest.update(json.dumps([name, str(values.type), len(values)]).encode())
        digest.update(_missing(values).tobytes())
        digest.update(_value_bytes(values))
    return digest.hexdigest()


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
    return np.asarray(pc.is_null(values, nan_is_null=True).to_numpy(zero_copy_only=False), dtype=np.uint8)


def _value_bytes(values: pa.Array) -> bytes:
    kind = values.type
    if pa.types.is_large_string(kind):
        text = pc.fill_null(values, "")
        lengths = pc.binary_length(text).to_numpy(zero_copy_only=False).astype(np.int64)
        return bytes(lengths.tobytes() + "".join(text.to_pylist()).encode())
    if pa.types.is_timestamp(kind):
        values = values.cast(pa.int64())
    numbers = np.asarray(pc.fill_null(values, False if pa.types.is_boolean(kind) else 0))
    if numbers.dtype.kind == "f":
        numbers = np.where(np.isnan(numbers), 0.0, numbers) + 0.0  # one NaN, one zero
    return bytes(np.ascontiguousarray(numbers).tobytes())
