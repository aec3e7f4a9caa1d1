"""Evaluation tables that nobody needs, each by a card and one function: what adding one takes."""

from __future__ import annotations

import pandas as pd

from dge_assets.core.cards.columns import FAMILY, MODEL, PAIR, count, text
from dge_assets.core.cards.table_card import Shown, TableCard
from dge_assets.core.evaluation.pair import PairEvaluation
from dge_assets.core.evaluation.wider import FamilyEvaluation, ModelEvaluation, WholeEvaluation
from dge_assets.core.reporting.pictures.charts import loss_curves
from dge_assets.core.reporting.pictures.figure import Figure, Pictured

HERE = "tests.support.added_tables"


def member_rows(pair: PairEvaluation) -> pd.DataFrame | None:
    """Rows of each member's dataset; nothing of a single member."""
    rows = [(seed, len(pair.request.datasets[seed])) for seed in pair.seeds]
    return pd.DataFrame(rows, columns=["seed", "row_count"]) if len(rows) > 1 else None


def member_rows_figures(frame: pd.DataFrame, _about: Pictured) -> list[Figure]:
    """Any picture will do."""
    drawn = pd.DataFrame({"seed": 0, "epoch": [0, 1], "loss": "rows", "value": [1.0, 2.0]})
    return [Figure(f"{len(frame)} datasets", "How large they are", loss_curves(drawn, "rows"))]


def family_rows(family: FamilyEvaluation) -> pd.DataFrame:
    """Rows of all of a family's datasets."""
    return pd.DataFrame({"row_count": [sum(map(len, family.datasets))]})


def model_members(model: ModelEvaluation) -> pd.DataFrame:
    """How many members a model was fitted on."""
    return pd.DataFrame({"members": [sum(map(len, model.on_real.values()))]})


def filled_tables(whole: WholeEvaluation) -> pd.DataFrame:
    """The tables that have rows."""
    filled = [name for name, frame in whole.frames.items() if len(frame)]
    return pd.DataFrame({"filled": filled}, dtype="string")


MEMBER_ROWS = TableCard(
    name="member_rows",
    description="One row per (family, model, seed): how large its dataset is.",
    keys=("family", "model", "seed"),
    columns=(*PAIR, count("seed", "the member"), count("row_count", "rows of its dataset")),
    per="pair",
    made_by=f"{HERE}:member_rows",
    released=True,
    shown=(Shown(section="sizes", title="How large", nothing="One member is no choice."),),
    pictures=f"{HERE}:member_rows_figures",
)
FAMILY_ROWS = TableCard(
    name="family_rows",
    description="One row per family: how large its datasets are together.",
    keys=("family",),
    columns=(FAMILY, count("row_count", "rows of all datasets")),
    per="family",
    made_by=f"{HERE}:family_rows",
)
MODEL_MEMBERS = TableCard(
    name="model_members",
    description="One row per model: how many members it was fitted on.",
    keys=("model",),
    columns=(MODEL, count("members", "of all families")),
    per="model",
    made_by=f"{HERE}:model_members",
)
FILLED_TABLES = TableCard(
    name="filled_tables",
    description="One row per table that has rows.",
    keys=("filled",),
    columns=(text("filled", "name of the table"),),
    per="evaluation",
    made_by=f"{HERE}:filled_tables",
)
ADDED = (MEMBER_ROWS, FAMILY_ROWS, MODEL_MEMBERS, FILLED_TABLES)
