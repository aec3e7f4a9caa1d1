"""Frames as Parquet bytes and back, with nothing lost on the way.

Parquet keeps dictionaries of text but turns categories that are numbers into plain numbers, so the levels of every
category travel in the file's metadata. The same frame gives the same bytes with the same library.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from typing import IO

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from dge_assets.core.fingerprint import TableHasher

_LEVELS = b"dge.levels"
_COMPRESSION = "zstd"


def to_parquet(frame: pd.DataFrame, notes: Mapping[bytes, bytes] | None = None) -> bytes:
    """The bytes of `frame`, with `notes` in the file's metadata."""
    table = _with_levels(frame)
    buffer = io.BytesIO()
    pq.write_table(
        table.replace_schema_metadata({**table.schema.metadata, **(notes or {})}), buffer, compression=_COMPRESSION
    )
    return buffer.getvalue()


def _with_levels(frame: pd.DataFrame) -> pa.Table:
    levels = {
        str(name): frame[name].cat.categories.tolist()
        for name in frame.columns
        if isinstance(frame[name].dtype, pd.CategoricalDtype)
    }
    table = pa.Table.from_pandas(frame, preserve_index=False)
    ours = {_LEVELS: json.dumps(levels, ensure_ascii=False).encode()}
    return table.replace_schema_metadata({**(table.schema.metadata or {}), **ours})


def write_chunks(frames: Iterator[pd.DataFrame], file: IO[bytes]) -> str:
    """Write frames of the same columns as row groups of one file; the hash of all rows (`frame_sha256`)."""
    hasher, writer = TableHasher(), None
    for frame in frames:
        table = _with_levels(frame)
        if writer is None:
            writer = pq.ParquetWriter(file, table.schema, compression=_COMPRESSION)
        table = table.cast(writer.schema)
        hasher.update(table)
        writer.write_table(table)
    if writer is None:
        raise ValueError("no frame at all")
    writer.close()
    return hasher.hexdigest()


def copy_with_notes(
    source: IO[bytes], target: IO[bytes], notes: Mapping[bytes, bytes], constants: Mapping[str, str]
) -> None:
    """Copy a file row group by row group, with further metadata and, for each of `constants`, a column of it."""
    file = pq.ParquetFile(source)
    schema = file.schema_arrow
    for name in constants:
        schema = schema.append(pa.field(name, pa.string()))
    schema = schema.with_metadata({**(schema.metadata or {}), **notes})
    with pq.ParquetWriter(target, schema, compression=_COMPRESSION) as writer:
        for group in range(file.num_row_groups):
            table = file.read_row_group(group)
            for name, value in constants.items():
                table = table.append_column(name, pa.array([value] * len(table), pa.string()))
            writer.write_table(table.cast(schema))


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
