"""The cards of the two tables that are about the evaluation as a whole.

Not here: the other tables' cards (each beside what makes it), all of them in order (`catalogue`).
"""

from __future__ import annotations

from dge_assets.core.cards.columns import PAIR, count, text
from dge_assets.core.cards.table_card import TableCard

WIDER_TABLES = "dge_assets.core.evaluation.wider_tables"

EVALUATION = TableCard(
    name="evaluation",
    description="One row per evaluation table: how many rows it has and what one of them is. The evaluation as one "
    "asset: all tables come from one step over all members.",
    keys=("evaluation_table",),
    columns=(
        text("evaluation_table", "name of the table"),
        count("row_count", "how many rows it has"),
        text("description", "what one of them is"),
    ),
    per="evaluation",
    made_by=f"{WIDER_TABLES}:evaluation_index",
)
EVALUATION_NOTES = TableCard(
    name="evaluation_notes",
    description="One row per (family, model, note): what a reader of the tables must know, such as that models did not "
    "converge or that datasets have one class. No rows where there is nothing to report.",
    keys=("family", "model", "note"),
    columns=(*PAIR, text("note", "what a reader must know")),
    per="evaluation",
    made_by=f"{WIDER_TABLES}:evaluation_notes",
)
