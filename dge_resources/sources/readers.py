"""How files become frames: one reader for each of CSV, Parquet and JSON lines.

Here: defaults for pandas' readers, and what pandas would hide (duplicate names, rows longer than
the header). Not here: where bytes come from (`files`), queries (`queries`), checks of names
(`columns`).
"""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, Any

import pandas as pd

from dge_assets.core.declaration.sources import CsvSource, JsonLinesSource, ParquetSource
from dge_resources.sources.columns import refuse_duplicates
from dge_resources.sources.context import SourceContext
from dge_resources.sources.encodings import (
    refuse_other_encoding,
    refuse_other_separator,
    refuse_web_page,
    refuse_zero_bytes,
)
from dge_resources.sources.files import open_file
from dge_resources.sources.long_numbers import with_long_parquet_numbers
from dge_resources.sources.spelling import read_typed

COMPRESSIONS: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "gzip"),
    (b"PK\x03\x04", "zip"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bz2"),
)
HEADER_OPTIONS = frozenset(
    {
        "sep",
        "delimiter",
        "quotechar",
        "quoting",
        "doublequote",
        "escapechar",
        "comment",
        "encoding",
        "lineterminator",
    }
    | {
        "encoding_errors",
        "skiprows",
        "skip_blank_lines",
        "skipinitialspace",
        "compression",
        "dialect",
        "engine",
    }
)
PLAIN_JSON_OPTIONS = frozenset({"compression", "encoding", "encoding_errors", "nrows"})
JSON_REMEDY = 'Write one object per line: {"column": value, ...}; a JSON array must be split up'
WIDEST_HEADER = 2_000  # names looked at, where the header is not on the first line: pandas wants to know it before


def read_csv_file(context: SourceContext[CsvSource]) -> pd.DataFrame:
    """Read a CSV file; text stays `object`, whole columns are typed at once, as far as their
    spelling allows.
    """
    remedy = "Check that the file is CSV, and set `options` such as sep, quotechar, encoding (for example latin-1)"
    with open_file(context) as file, context.mending("the file cannot be read as CSV", remedy):
        refuse_web_page(context, file)
        options = _csv_options(context.source.options, file)
        refuse_other_encoding(context, file, options)
        refuse_zero_bytes(context, file, options)
        refuse_other_separator(context, file, options)
        names = _csv_header(file, options)
        refuse_duplicates(
            context,
            names,
            "Name all columns: `options: {header: 0, names: [...]}`, or choose some with `usecols`",
        )
        frame, notes = read_typed(context, file, options, names or options.get("names") or ())
    if not isinstance(frame.index, pd.RangeIndex):
        raise context.error(
            f"its rows have {frame.index.nlevels} more fields than its header has names",
            "Name all columns in the file, or with `options: {header: 0, names: [...]}`",
        )
    frame.attrs["notes"] = notes
    return frame


def read_parquet_file(context: SourceContext[ParquetSource]) -> pd.DataFrame:
    """Read a Parquet file; a named pandas index comes back as columns, an unnamed one is left out."""
    import pyarrow.parquet as pq

    remedy = "Check that the file is a whole Parquet file, and the `options`"
    with open_file(context) as file, context.mending("the file cannot be read as Parquet", remedy):
        refuse_duplicates(
            context, pq.read_schema(file).names, "Write the file again with unique column names"
        )
        file.seek(0)
        frame = pd.read_parquet(file, **context.source.options)
        named = any(name is not None for name in frame.index.names)
        return with_long_parquet_numbers(
            frame.reset_index(drop=not named), file, context.source.options
        )


def read_json_lines_file(context: SourceContext[JsonLinesSource]) -> pd.DataFrame:
    """Read a file of JSON objects, one per line. Texts stay texts: "01234" is no number, and no
    name makes a date.

    Numbers keep every digit, unless the options ask for pandas' own reading of them.
    """
    remedy = "Check that each line is one JSON object, and the `options`"
    with (
        open_file(context) as file,
        context.mending("the file cannot be read as JSON lines", remedy),
    ):
        refuse_web_page(context, file)
        options = dict(context.source.options)
        options["compression"] = _compression(options, file)
        refuse_other_encoding(context, file, options)
        if options["compression"] is None:
            names = _first_keys(context, file, options.get("encoding") or "utf-8")
            refuse_duplicates(context, names, "Write each name once per line")
        if options.keys() <= PLAIN_JSON_OPTIONS:
            return pd.DataFrame(list(_json_objects(context, file, options)), dtype=object)
        defaults = {"dtype": False, "convert_dates": False, "precise_float": True}
        return pd.read_json(file, **defaults | options | {"lines": True, "convert_axes": False})


def _json_objects(
    context: SourceContext[JsonLinesSource], file: IO[bytes], options: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    from fsspec.compression import compr

    compression = options["compression"]
    lines = compr[compression](file, mode="rb") if compression else file
    encoding, errors = (
        options.get("encoding") or "utf-8",
        options.get("encoding_errors") or "strict",
    )
    text = io.TextIOWrapper(lines, encoding=encoding, errors=errors, newline="\n")
    try:
        written = (line for line in text if line.strip())
        for number, line in enumerate(itertools.islice(written, options.get("nrows")), start=1):
            try:
                found = json.loads(line)
            except json.JSONDecodeError as error:
                raise context.error(
                    f"its line {number} is not JSON: {error.msg}, at character {error.pos + 1}",
                    JSON_REMEDY,
                ) from None
            if not isinstance(found, dict):
                raise context.error(f"its line {number} is not a JSON object", JSON_REMEDY)
            yield found
    finally:
        text.detach()  # or the file would be closed with it


def _compression(options: Mapping[str, Any], file: IO[bytes]) -> Any:
    """Give the compression: as declared, or by the file's first bytes (a server may have unpacked a
    `.gz`).
    """
    if options.get("compression", "infer") != "infer":
        return options["compression"]
    start = file.read(8)
    file.seek(0)
    return next((name for magic, name in COMPRESSIONS if start.startswith(magic)), None)


def _csv_options(declared: Mapping[str, Any], file: IO[bytes]) -> dict[str, Any]:
    options = dict(declared)
    options["compression"] = _compression(declared, file)
    separator = declared.get("sep", declared.get("delimiter", ","))
    if "engine" in declared or "dialect" in declared:
        return options
    if separator is None or (len(separator) > 1 and separator != r"\s+"):
        return {
            **options,
            "engine": "python",
        }  # the only one that guesses separators or takes patterns
    # `low_memory` types a file piece by piece and so mixes types in a column; pandas' quick float
    # parser is off by one unit in the last place.
    return {"low_memory": False, "float_precision": "round_trip", **options}


def _csv_header(file: IO[bytes], options: Mapping[str, Any]) -> list[str]:
    """Read the names as they stand in the file, before pandas makes `a.1` of a second `a`."""
    header = options.get("header", "infer")
    if "names" in options or not isinstance(header, int | str):
        return []  # pandas itself refuses duplicates in `names`; no header, or one of many lines, gives no text names
    line = 0 if header == "infer" else int(header)
    kept = {name: value for name, value in options.items() if name in HEADER_OPTIONS}
    wide = {"names": range(WIDEST_HEADER)} if line else {}  # lines above the header may be shorter
    rows = pd.read_csv(
        file, **kept, **wide, header=None, nrows=line + 1, dtype=str, keep_default_na=False
    )
    file.seek(0)
    names = [str(name) for name in rows.iloc[-1].dropna()]
    return [name for name in _chosen(names, options.get("usecols")) if name]


def _chosen(names: Sequence[str], usecols: Any) -> list[str]:
    if not isinstance(usecols, list | tuple):
        return list(names)
    return [name for position, name in enumerate(names) if name in usecols or position in usecols]


def _first_keys(context: SourceContext[Any], file: IO[bytes], encoding: str) -> list[str]:
    """Give the first object's keys as written; a second value under one key would silently win."""
    line = next((line for line in file if line.strip()), b"")
    file.seek(0)
    pairs = json.loads(line.decode(encoding), object_pairs_hook=tuple)
    if not isinstance(pairs, tuple):
        raise context.error(
            "its first line is not a JSON object",
            JSON_REMEDY,
        )
    return [name for name, _ in pairs]


FILE_READERS: Mapping[str, Callable[[SourceContext[Any]], pd.DataFrame]] = {
    "csv": read_csv_file,
    "parquet": read_parquet_file,
    "jsonl": read_json_lines_file,
}
