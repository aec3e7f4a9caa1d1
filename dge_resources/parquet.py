"""Frames as Parquet bytes and back, with nothing lost on the way.

Parquet keeps dictionaries of text but turns categories that are numbers into plain numbers, so the
levels of every category travel in the file's metadata. Pages have checksums, and the metadata a
hash of itself: a changed byte is an error, not another frame. The same frame gives the same bytes
with the same library.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from typing import IO, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from dge_assets.core.lineage.fingerprint import TableHasher

_LEVELS = b"dge.levels"
_SEAL = b"dge.metadata"
"""The metadata's own hash; files of former versions have none."""
_WRITTEN: dict[str, Any] = {"compression": "zstd", "write_page_checksum": True}


UNREADABLE = (
    pa.ArrowException,
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    NotImplementedError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What reading a damaged or malicious file may raise, in pyarrow and pandas."""


def to_parquet(frame: pd.DataFrame, notes: Mapping[bytes, bytes] | None = None) -> bytes:
    """The bytes of `frame`, with `notes` in the file's metadata."""
    table = _with_levels(frame)
    buffer = io.BytesIO()
    metadata = _sealed({**table.schema.metadata, **(notes or {})})
    pq.write_table(table.replace_schema_metadata(metadata), buffer, **_WRITTEN)
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
    """Write frames of the same columns as row groups of one file; the hash of all rows
    (`frame_sha256`).
    """
    hasher, writer = TableHasher(), None
    for frame in frames:
        table = _with_levels(frame)
        if writer is None:
            writer = pq.ParquetWriter(file, table.schema, **_WRITTEN)
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
    """Copy a file row group by row group, with further metadata and, for each of `constants`, a
    column of it.
    """
    file = pq.ParquetFile(source)
    schema = file.schema_arrow
    for name in constants:
        schema = schema.append(pa.field(name, pa.string()))
    schema = schema.with_metadata(_sealed({**(schema.metadata or {}), **notes}))
    with pq.ParquetWriter(target, schema, **_WRITTEN) as writer:
        for group in range(file.num_row_groups):
            table = file.read_row_group(group)
            for name, value in constants.items():
                table = table.append_column(name, pa.array([value] * len(table), pa.string()))
            writer.write_table(table.cast(schema))


def from_parquet(file: pq.ParquetFile) -> pd.DataFrame:
    """The frame that `to_parquet` wrote."""
    # Levels that are whole numbers come as plain columns: beside a missing one floats could not
    # tell large ones apart.
    frame = file.read().to_pandas(integer_object_nulls=True)
    levels = json.loads((file.schema_arrow.metadata or {}).get(_LEVELS, b"{}"))
    for name, known in levels.items():
        frame[name] = pd.Categorical(frame[name], categories=known, ordered=False)
    return frame


def open_parquet(data: bytes) -> pq.ParquetFile:
    """A Parquet file from its bytes, whose pages are checked as they are read.

    Raises pyarrow's errors for what is not one, ValueError for one whose metadata were changed.
    """
    file = pq.ParquetFile(io.BytesIO(data), page_checksum_verification=True)
    _require_seal(file.schema_arrow.metadata or {})
    return file


def read_metadata(file: IO[bytes]) -> Mapping[bytes, bytes]:
    """What a file says besides its rows, which are not read; errors as `open_parquet` has them."""
    metadata: dict[bytes, bytes] = pq.read_schema(file).metadata or {}
    _require_seal(metadata)
    return metadata


def is_sealed(metadata: Mapping[bytes, bytes]) -> bool:
    """Whether metadata that were read carry the hash of themselves."""
    return _SEAL in metadata


def _sealed(metadata: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    return {**metadata, _SEAL: _seal_of(metadata)}


def _seal_of(metadata: Mapping[bytes, bytes]) -> bytes:
    digest = hashlib.sha256()
    for name in sorted(metadata):
        if name != _SEAL:
            digest.update(b"%d %d " % (len(name), len(metadata[name])) + name + metadata[name])
    return digest.hexdigest().encode()


def _require_seal(metadata: Mapping[bytes, bytes]) -> None:
    if _SEAL in metadata and metadata[_SEAL] != _seal_of(metadata):
        raise ValueError("the file's metadata were changed after it was written")
