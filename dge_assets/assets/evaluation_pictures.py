"""What the pages of the evaluation tables show besides numbers: the pictures and the sentences of the
report.

Not here: which table has which pictures (its card), drawing them (`core.reporting`).
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import dagster as dg

from dge_assets.assets.line import Line, contract_of
from dge_assets.assets.metadata import notes_metadata, png_metadata
from dge_assets.core.cards.table_card import TableCard
from dge_resources.records import Recorded

if TYPE_CHECKING:
    from dge_assets.core.reporting.pictures.figure import Figure

MOST_ON_A_PAGE = 4
"""Pictures of one table on its asset's page; the report has all."""
MOST_KEPT = 24
"""Tables whose pictures are kept for the report: some megabytes."""
_DRAWN: dict[tuple[str, str], "list[Figure]"] = {}


def page_pictures(
    card: TableCard, tables: Mapping[str, Recorded], real_test: Recorded
) -> dict[str, dg.MarkdownMetadataValue]:
    """Metadata for the page of an evaluation table; of many pictures the first few."""
    return {
        f"chart {title}": png_metadata(png, f"{title}. {caption}")
        for title, caption, png in drawn_once(card, tables, real_test)[:MOST_ON_A_PAGE]
    }


def page_sentences(
    line: Line, card: TableCard, tables: Mapping[str, Recorded]
) -> dict[str, dg.MarkdownMetadataValue]:
    """Metadata with what the report says of an evaluation table in words, where it does."""
    from dge_assets.core.reporting.page.report_input import ReportInput
    from dge_assets.core.reporting.page.sections import sentences_of

    frames = {name: item.frame for name, item in tables.items()}
    report = ReportInput(table=line.table, title="", tables=frames, catalogue=line.catalogue)
    sentences = sentences_of(card, report)
    return {"in words": notes_metadata(sentences)} if sentences else {}


def drawn_once(
    card: TableCard, tables: Mapping[str, Recorded], real_test: Recorded
) -> "list[Figure]":
    """The pictures of one evaluation table; `tables` are all of them.

    In a run that makes the tables and then the report both show the same ones; drawing them takes
    seconds.
    """
    from dge_assets.core.reporting.pictures.figure import Pictured, figures_of

    item = tables[card.name]
    key = (item.record.record_id, real_test.record.record_id)
    if key not in _DRAWN:
        while len(_DRAWN) >= MOST_KEPT:
            _DRAWN.pop(next(iter(_DRAWN)))
        about = Pictured(
            contract=contract_of(real_test.record),
            real_test=real_test.frame,
            tables={name: table.frame for name, table in tables.items()},
        )
        _DRAWN[key] = figures_of(card, item.frame, about)
    return _DRAWN[key]
