"""The tables that no single pair can give: one function each, which the table's card names.

Each takes what it sees of the evaluation and gives its table without the columns that label that
part. Not here: what the numbers mean (`scores`, `ensemble`, `statistics`).
"""

from __future__ import annotations

import pandas as pd

from dge_assets.core.ensemble import error_correlation as correlating
from dge_assets.core.evaluation.cards import EVALUATION, EVALUATION_NOTES
from dge_assets.core.evaluation.wider import FamilyEvaluation, ModelEvaluation, WholeEvaluation
from dge_assets.core.scores import selection_quality as quality
from dge_assets.core.statistics.table import statistics_table


def selection(family: FamilyEvaluation) -> pd.DataFrame:
    """How each approach ranks the models."""
    return family.ranked


def selection_quality(family: FamilyEvaluation) -> pd.DataFrame:
    """How good these rankings are."""
    by_member = {model: of.by_member for model, of in family.scores.items()}
    return quality.selection_quality(family.ranked, by_member)


def statistics(family: FamilyEvaluation) -> pd.DataFrame:
    """The declared statistics of the datasets, beside those of real_train."""
    return statistics_table(family.real_train, family.datasets, family.statistics, family.contract)


def error_correlation(model: ModelEvaluation) -> pd.DataFrame:
    """Correlation of the errors of each pair of members."""
    return correlating.error_correlation(model.products)


def effective_members(model: ModelEvaluation) -> pd.DataFrame:
    """How many independent members would average as much away."""
    return correlating.effective_members(model.products, model.resamples)


def evaluation_notes(whole: WholeEvaluation) -> pd.DataFrame:
    """One row per note."""
    rows = [(*pair, note) for pair in sorted(whole.notes) for note in whole.notes[pair]]
    return pd.DataFrame(rows, columns=EVALUATION_NOTES.made_columns, dtype="string")


def evaluation_index(whole: WholeEvaluation) -> pd.DataFrame:
    """One row per table: name, number of rows, and what one of them is."""
    rows = [
        (name, len(frame), whole.descriptions[name]) for name, frame in sorted(whole.frames.items())
    ]
    return pd.DataFrame(rows, columns=EVALUATION.made_columns)
