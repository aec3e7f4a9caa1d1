"""What the line tells people: records, pictures, notes and small tables as Dagster's metadata, and how
far a run is.

Here: the forms. Not here: what is told of an asset, which stands in the asset's module.
"""

import logging
from collections.abc import Iterable
from typing import Any

import dagster as dg
import pandas as pd

from dge_assets.core.lineage.provenance import Provenance
from dge_assets.core.reporting.markdown import markdown_cell, markdown_list

TERMINAL = logging.getLogger("dge.progress")
"""A terminal that wants progress attaches a handler; without one nothing is printed."""


def tell(context: dg.AssetExecutionContext, line: str) -> None:
    """Say one line in the run's log and on the terminal."""
    context.log.info(line)
    TERMINAL.info(line)


def record_metadata(record: Provenance) -> dict[str, Any]:
    """A record as Dagster metadata: what the asset's page shows of its lineage."""
    metadata: dict[str, Any] = {
        "dge/record_id": record.record_id,
        "dge/content_sha256": record.content_sha256,
        "dge/table_fingerprint": record.table_fingerprint[:12],
        "dge/contract": record.contract_sha256[:12],
        "dge/record": dg.MetadataValue.json(record.to_document()),
    }
    if record.seconds is not None:
        metadata["seconds"] = round(record.seconds, 3)
    return metadata


def png_metadata(png: bytes, alt: str) -> dg.MarkdownMetadataValue:
    """A picture that the asset's page can show."""
    import base64

    return dg.MetadataValue.md(
        f"![{markdown_cell(alt)}](data:image/png;base64,{base64.b64encode(png).decode()})"
    )


def notes_metadata(notes: Iterable[object]) -> dg.MarkdownMetadataValue:
    """Notes as a Markdown list, a dash where there are none."""
    return dg.MetadataValue.md(markdown_list(notes) or "—")


def table_metadata(frame: pd.DataFrame, most_rows: int = 200) -> dg.TableMetadataValue:
    """A small frame, which the asset's page shows at once: texts as they are, floats to four digits,
    missing values as a dash.
    """
    names = [str(name) for name in frame.columns]
    rows = [list(map(_cell, row)) for row in frame.head(most_rows).itertuples(index=False)]
    if len(frame) > most_rows:
        left = f"{len(frame) - most_rows} more rows in the warehouse"
        rows.append([left, *[""] * (len(names) - 1)])
    return dg.MetadataValue.table(
        [dg.TableRecord(dict(zip(names, row, strict=True))) for row in rows],
        schema=dg.TableSchema([dg.TableColumn(name) for name in names]),
    )


def _cell(value: Any) -> str:
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return "—"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
