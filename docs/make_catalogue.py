"""Writes docs/catalogue.md, every evaluation table and every check, from their cards: `make
catalogue-page`.

Nothing on the page is typed by hand; a test compares it with what this writes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from dge_assets.assets.check_cards import CHECK_CARDS
from dge_assets.core.cards.check_card import CheckCard
from dge_assets.core.cards.table_card import Part, TableCard
from dge_assets.core.evaluation.catalogue import CATALOGUE

PAGE = Path(__file__).resolve().parent / "catalogue.md"
OPENING = """# Evaluation tables and checks

Written from the cards of the tables and of the checks by `make catalogue-page`. An evaluation table has one name everywhere: it
is the asset `<table>/<name>`, a file of the lake and the relation `<table>.<name>` of the warehouse, and its columns are there,
with their types, when it has no rows. What the numbers mean in detail is in [architecture.md](architecture.md#the-warehouse).
"""
SIGHT: dict[Part, str] = {
    "pair": "each family and model by itself",
    "augmented": "each family and model that the declaration's `augmentation` names",
    "family": "each family, with all of its models",
    "model": "each model, with all families",
    "evaluation": "all at once",
}
ON = {"table": "", "family": ", all members of a family", "member": ", each member"}


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


def page() -> str:
    """The page's Markdown."""
    parts = [OPENING, "## Evaluation tables\n", *overview()]
    for card in CATALOGUE:
        parts += ["", f"### {card.name}\n", *of_table(card)]
    return "\n".join([*parts, "", "## Checks\n", *of_checks(CHECK_CARDS), ""])


def overview() -> Iterator[str]:
    """One row per table."""
    yield "| table | made for | kept by | in the report |"
    yield "| --- | --- | --- | --- |"
    for card in CATALOGUE:
        link = f"[`{card.name}`](#{card.name})"
        yield f"| {link} | {SIGHT[card.per]} | {card.kept_by} | {_shown(card)} |"


def _shown(card: TableCard) -> str:
    sections = [f"`{name}`" for name in dict.fromkeys(place.section for place in card.shown)]
    pictures = ["pictures"] if card.pictures else []
    return ", ".join([*sections, *pictures]) or "no; in the warehouse"


def of_table(card: TableCard) -> Iterator[str]:
    """What a card says of one table."""
    yield f"{card.description}\n"
    yield f"Key: {', '.join(f'`{name}`' for name in card.keys)}. Made by `{card.made_by}`.\n"
    yield "| column | type | meaning |"
    yield "| --- | --- | --- |"
    for column in card.columns:
        yield f"| `{column.name}` | {column.type} | {column.meaning} |"


def of_checks(cards: tuple[CheckCard, ...]) -> Iterator[str]:
    """One row per check."""
    yield "| check | on | fails when | release stands on it | severity |"
    yield "| --- | --- | --- | --- | --- |"
    for card in cards:
        place = card.place("" if card.scope == "table" else "<family>")
        gates = "yes" if card.gates else "no"
        severity = card.severity + ("; blocks what comes after it in the run" * card.blocking)
        cells = (
            f"`{card.name}` | `{place}`{ON[card.scope]} | {card.fails_when} | {gates} | {severity}"
        )
        yield f"| {cells} |"


if __name__ == "__main__":
    main()
