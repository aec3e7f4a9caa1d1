"""The sections of the report, and what the cards of the evaluation tables put into them.

Not here: what a table looks like there (`shown`), the prose of the sections that have some
(`templates/report.html.j2`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from dge_assets.core.cards.table_card import Shown, TableCard, named_function
from dge_assets.core.errors import EvaluationError
from dge_assets.core.reporting.page.cells import TableView, frame_view
from dge_assets.core.reporting.page.report_input import ReportInput
from dge_assets.core.reporting.texts import plain_text

BEFORE_ADDED = (
    *(("verdict", "Verdict"), ("limits", "Limits"), ("facts", "Facts"), ("meaning", "Meaning")),
    *(("training", "Training"), ("evaluation", "Evaluation"), ("selection", "Selection")),
    *(("uncertainty", "Uncertainty"), ("groups", "Groups"), ("augmentation", "Augmentation")),
    *(("k-curve", "K"), ("errors", "Errors"), ("statistics", "Statistics")),
)
AFTER_ADDED = (
    *(("pictures", "Pictures"), ("checks", "Checks"), ("members", "Members")),
    *(("lineage", "Lineage"), ("cite", "Reading and citing")),
)
"""Id and short title of the sections that the page's template has, in order; those that a card adds
stand between.
"""

WITHOUT_TABLES = {"limits", "facts", "meaning", *(name for name, _ in AFTER_ADDED)}
"""Those of them that show no evaluation table."""


@dataclass(frozen=True)
class Block:
    """What one table shows in one place: sentences, then tables, or `nothing`."""

    sentences: Sequence[str]
    views: Sequence[TableView]
    nothing: str = ""
    folded: str = ""


@dataclass(frozen=True)
class Section:
    """A section that a card adds."""

    id: str
    title: str


def blocks_by_section(report: ReportInput) -> dict[str, list[Block]]:
    """What each section shows, by its id, in the order of the catalogue.

    EvaluationError for a card that names a section without tables.
    """
    blocks: dict[str, list[Block]] = {name: [] for name, _ in BEFORE_ADDED}
    for card in report.catalogue:
        for place in card.shown:
            if place.section in WITHOUT_TABLES:
                raise EvaluationError(
                    f"table {card.name!r} cannot be shown in the report's section {place.section!r}, which has none: name "
                    f"another in its card, or a new one"
                )
            block = _block(card, place, report)
            blocks.setdefault(place.section, []).append(block)
    return blocks


def added_sections(report: ReportInput) -> list[Section]:
    """The sections that cards name and the template does not have."""
    known = {name for name, _ in (*BEFORE_ADDED, *AFTER_ADDED)}
    added: dict[str, Section] = {}
    for card in report.catalogue:
        for place in card.shown:
            if place.section not in known:
                title = place.title or card.name
                added.setdefault(place.section, Section(place.section, plain_text(title)))
    return list(added.values())


def contents(report: ReportInput) -> list[tuple[str, str]]:
    """Id and short title of all sections, in order."""
    added = [(section.id, section.title) for section in added_sections(report)]
    return [*BEFORE_ADDED, *added, *AFTER_ADDED]


def sentences_of(card: TableCard, report: ReportInput) -> list[str]:
    """All that the page says of a table in words."""
    return [text for place in card.shown for text in _sentences(card, place, report)]


def _sentences(card: TableCard, place: Shown, report: ReportInput) -> list[str]:
    if not place.sentences:
        return []
    return list(named_function(place.sentences)(report.frame(card.name), report))


def _block(card: TableCard, place: Shown, report: ReportInput) -> Block:
    frame = report.frame(card.name)
    sentences = _sentences(card, place, report)
    views = named_function(place.views)(frame, report) if place.views else []
    if not (place.sentences or place.views):
        views = _as_it_is(card, frame)
    return Block([plain_text(text) for text in sentences], views, place.nothing, place.folded)


def _as_it_is(card: TableCard, frame: pd.DataFrame) -> list[TableView]:
    """A table that says no more of how it is shown: all of its columns, its description above."""
    leading = [name for name in card.column_names[: len(card.keys)] if name in card.keys]
    return [frame_view(frame, card.description, headers=len(leading))] if len(frame) else []
