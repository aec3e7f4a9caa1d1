"""Frames as Parquet bytes and back, with nothing lost on the way.

Parquet keeps dictionaries of text but turns categories that are numbers into plain numbers, so the levels of every
category travel in the file's metadata. The same frame gives the same bytes with the same library.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

_LEVELS = b"dge.levels"


def to_parquet(frame: pd.DataFrame, notes: Mapping[bytes, bytes] | None = None) -> bytes:
    """The bytes of `frame`, with `notes` in the file's metadata."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    levels = {
        str(name): frame[name].cat.categories.tolist()
        for name in frame.columns
        if isinstance(frame[name].dtype, pd.CategoricalDtype)
    }
    ours = {_LEVELS: json.dumps(levels, ensure_ascii=False).encode(), **(notes or {})}
    buffer = io.BytesIO()
    pq.write_table(table.replace_schema_metadata({**(table.schema.metadata or {}), **ours}), buffer, compression="zstd")
    return buffer.getvalue()


def from_parquet(file: pq.ParquetFile) -> pd.DataFrame:
    """The frame that `to_parquet` wrote."""
    # Levels that are whole numbers come as plain columns: beside a missing one floats could not tell large ones apart.
    frame = file.read().to_pandas(integer_object_nulls=True)
    levels = json.loads((file.schema_arrow.metadata or {}).get(_LEVELS, b"{}"))
    for name, known in levels.items():
        frame[name] = pd.Categorical(frame[name], categories=known)
    return frame


def open_parquet(data: bytes) -> pq.ParquetFile:
    """A Parquet file from its bytes; pyarrow's errors for what is not one."""
    return pq.ParquetFile(io.BytesIO(data))
