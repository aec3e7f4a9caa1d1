"""Reading a table's real rows from where its declaration says they are, and telling whether they
changed.

Here: `read_source` and `source_fingerprint`, and the table from a source's type to what reads it.
Not here: how one type is read (`readers`, `queries`, `packages`), nor anything a contract says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from dge_assets.core.contract.contract import ContractDeclaration
from dge_assets.core.declaration.sources import SourceDeclaration
from dge_assets.core.lineage.fingerprint import document_sha256, frame_sha256
from dge_resources.sources.blanks import strip_blanks
from dge_resources.sources.columns import (
    drop_and_rename,
    refuse_duplicates,
    refuse_empty,
    refuse_unkept_names,
    refuse_unnamed,
    settle_types,
)
from dge_resources.sources.context import SourceContext
from dge_resources.sources.files import file_state
from dge_resources.sources.packages import PACKAGE_READERS, PACKAGE_STATES
from dge_resources.sources.queries import QUERY_READERS
from dge_resources.sources.readers import FILE_READERS

READERS: Mapping[str, Callable[[SourceContext[Any]], pd.DataFrame]] = {
    **FILE_READERS,
    **QUERY_READERS,
    **PACKAGE_READERS,
}


def read_source(
    source: SourceDeclaration,
    *,
    base_folder: str,
    cache_folder: str | None = None,
    table: str,
    contract: ContractDeclaration | None = None,
) -> pd.DataFrame:
    """Read all rows of a source, with the declaration's `strip`, `drop` and `rename` applied.

    Relative paths start at `base_folder`; downloads of OpenML are kept in `cache_folder` (default:
    scikit-learn's). Where `contract` declares a column as a category or an id, or its format, a
    text file's spelling of it is kept. The frame has a plain index and text names;
    `frame.attrs["notes"]` is a list of remarks for people on columns whose values had no one type,
    or are spelt in a way that matters; `frame.attrs["doubts"]` says by column what a person should
    decide. Raises `SourceError` that names table and source, what was found and how to mend it.
    """
    return _read(SourceContext(source, table, base_folder, cache_folder, contract))


def source_fingerprint(
    source: SourceDeclaration, *, base_folder: str, cache_folder: str | None = None, table: str
) -> str:
    """Give a SHA-256 that changes when the source's rows, or how they are to be read, may have
    changed.

    Files: the content up to 16 MB, above it size and time or etag. Queries: the result, whatever
    the order of its rows. Packages: their version. Where a file lies does not count. Raises
    `SourceError` like `read_source`, as far as it looks: a file's content is not parsed.
    """
    context = SourceContext(source, table, base_folder, cache_folder)
    left_out = {"path", "url", "storage_options", "reads"} | (set() if source.strip else {"strip"})
    reading = source.model_dump(mode="json", exclude=left_out)
    return document_sha256({"reading": reading, "state": dict(STATES[source.type](context))})


def _read(context: SourceContext[Any]) -> pd.DataFrame:
    frame = READERS[context.source.type](context)
    notes, doubts = list(frame.attrs.get("notes", ())), dict(frame.attrs.get("doubts", {}))
    if context.source.strip:
        frame = strip_blanks(context, frame)
    refuse_unnamed(context, frame)
    refuse_duplicates(context, frame.columns, "Give each column its own name in the source")
    frame = drop_and_rename(context, frame)
    refuse_empty(context, frame)
    refuse_unkept_names(context, list(frame.columns))
    frame, settled = settle_types(frame)
    frame.attrs["notes"] = notes + settled
    named = {context.name_of(name): doubt for name, doubt in doubts.items()}
    frame.attrs["doubts"] = {name: doubt for name, doubt in named.items() if name in frame.columns}
    return frame


def _result_state(context: SourceContext[Any]) -> Mapping[str, Any]:
    """Hash the rows of a query's result.

    Databases promise no order of rows, so the order does not count.
    """
    frame = _read(context)
    values = pd.util.hash_pandas_object(frame, index=False).to_numpy()
    # The hash of a value alone is the same for a missing integer as for the 1 that pandas keeps
    # beneath it.
    missing = pd.util.hash_pandas_object(frame.isna(), index=False).to_numpy()
    return {"sha256": frame_sha256(frame.iloc[np.lexsort((values, missing))])}


STATES: Mapping[str, Callable[[SourceContext[Any]], Mapping[str, Any]]] = {
    **dict.fromkeys(FILE_READERS, file_state),
    **dict.fromkeys(QUERY_READERS, _result_state),
    **PACKAGE_STATES,
}
