"""Column schema and column lineage as Dagster's asset pages show them."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pandas as pd

from dge_assets.core.cards.table_card import TableCard
from dge_assets.core.contract.contract import Column, Contract


def table_schema(contract: Contract, frame: pd.DataFrame) -> dg.TableSchema:
    """The schema of `frame`, with what the contract says of each column."""
    known = {column.name: column for column in contract.columns}
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=str(name),
                type=str(frame[name].dtype),
                description=_describe(known.get(str(name))),
                constraints=dg.TableColumnConstraints(
                    nullable=known[str(name)].nullable if str(name) in known else False
                ),
            )
            for name in frame.columns
        ]
    )


def _describe(column: Column | None) -> str:
    if column is None:
        return "position of the row in the source"
    parts: list[str] = [column.kind]
    if column.minimum is not None or column.maximum is not None:
        parts.append(f"{column.minimum} to {column.maximum}")
    if column.categories is not None:
        shown = ", ".join(map(str, column.categories[:8]))
        parts.append(
            shown
            + (f" and {len(column.categories) - 8} more" if len(column.categories) > 8 else "")
        )
    return "; ".join([*parts, *filter(None, (column.unit, column.description))])


def card_metadata(card: TableCard) -> dict[str, Any]:
    """What the card of an evaluation table says of its columns and its keeper, before there is
    any row.
    """
    columns = [
        dg.TableColumn(name=column.name, type=column.type, description=column.meaning)
        for column in card.columns
    ]
    return {
        "dagster/column_schema": dg.TableSchema(columns=columns),
        "keys": ", ".join(card.keys),
        "kept by": card.kept_by,
    }


def column_lineage(columns: list[str], parent: dg.AssetKey) -> dg.TableColumnLineage:
    """Each column comes from the column of the same name in `parent`."""
    return dg.TableColumnLineage(
        {name: [dg.TableColumnDep(asset_key=parent, column_name=name)] for name in columns}
    )


def frame_metadata(
    frame: pd.DataFrame, contract: Contract, *, parent: dg.AssetKey | None = None
) -> dict[str, Any]:
    """Row count, schema and column lineage of a frame."""
    metadata: dict[str, Any] = {
        "dagster/row_count": len(frame),
        "dagster/column_schema": table_schema(contract, frame),
    }
    if parent is not None:
        kept = [str(name) for name in frame.columns if name in contract.names]
        metadata["dagster/column_lineage"] = column_lineage(kept, parent)
    return metadata
