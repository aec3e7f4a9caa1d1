"""From what each (family, model) pair gave to the evaluation tables; and the tables that no single
pair can give.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from dge_assets.assets.ensemble import Ensemble
from dge_assets.assets.line import Line, contract_of
from dge_assets.core.cards.table_card import TableCard
from dge_assets.core.evaluation.catalogue import CATALOGUE, Catalogue
from dge_resources.records import Recorded


def combine_tables(
    scores: Mapping[str, Mapping[str, pd.DataFrame]],
    by_member: Mapping[str, Any] | None = None,
    *,
    catalogue: Catalogue = CATALOGUE,
) -> dict[str, pd.DataFrame]:
    """The tables of all (family, model) pairs, keyed `family/model`, as one each, with those
    columns first; a table that no pair gave has no rows.

    `selection` and `selection_quality` are made here, since a rank needs all models of a family;
    by_member, keyed alike: the pair's scores by member, for the intervals of the latter.
    """
    from dge_assets.core.scores.selection_quality import selection_quality
    from dge_assets.core.scores.tables import selection

    cards = (*catalogue.made_per("pair"), *catalogue.made_per("family"))
    parts: dict[str, list[pd.DataFrame]] = {card.name: [] for card in cards}
    by_family: dict[str, dict[str, pd.DataFrame]] = {}
    for key, tables in scores.items():
        family, model = key.split("/", 1)
        for name, frame in tables.items():
            parts[name].append(labelled(frame, family=family, model=model))
        by_family.setdefault(family, {})[model] = tables.get(
            "evaluation_scores", tables["training_scores"]
        )
    for family, tables_of in by_family.items():
        ranked = selection(tables_of)
        members = {model: (by_member or {}).get(f"{family}/{model}", {}) for model in tables_of}
        for name, table in (
            ("selection", ranked),
            ("selection_quality", selection_quality(ranked, members)),
        ):
            parts[name].append(labelled(table, family=family))
    return {name: stacked(catalogue[name], frames) for name, frames in parts.items()}


def labelled(frame: pd.DataFrame, **labels: str) -> pd.DataFrame:
    """`frame` with one column more per label, in front of its own."""
    labelled = frame.copy()
    for position, (name, value) in enumerate(labels.items()):
        labelled.insert(position, name, value)
    return labelled


def across_families(
    line: Line, ensemble: Ensemble, scores: Mapping[str, Any], oracles: Mapping[str, Any]
) -> dict[str, pd.DataFrame]:
    """The tables that compare members of all families, model by model."""
    from dge_assets.core.evaluation.family_model import compare_members, resamples_of_real_test

    contract, real_test = contract_of(ensemble.real_train.record), modelled(ensemble.real_test)
    resamples = resamples_of_real_test(line.table, len(real_test))
    parts: dict[str, list[pd.DataFrame]] = {}
    for model in line.plan.declaration.models:
        on_real = {family: scores[f"{family}/{model}"].on_real for family in line.families}
        for name, frame in compare_members(
            on_real, oracles[model], real_test, contract, resamples
        ).items():
            frame.insert(0, "model", model)
            parts.setdefault(name, []).append(frame)
    return {name: stacked(line.catalogue[name], frames) for name, frames in parts.items()}


def index_of(
    frames: Mapping[str, pd.DataFrame], *, catalogue: Catalogue = CATALOGUE
) -> pd.DataFrame:
    """One row per table: name, number of rows, and what one of them is."""
    rows = [
        (name, len(frame), catalogue[name].description) for name, frame in sorted(frames.items())
    ]
    return pd.DataFrame(rows, columns=["evaluation_table", "row_count", "description"])


def notes_table(notes: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """One row per note, `family, model, note`; notes are keyed `family/model`."""
    rows = [(*key.split("/", 1), note) for key in sorted(notes) for note in notes[key]]
    return pd.DataFrame(rows, columns=["family", "model", "note"], dtype="string")


def statistics_of(line: Line, ensemble: Ensemble) -> pd.DataFrame:
    """The declared statistics of each family's datasets, beside those of real_train."""
    from dge_assets.core.declaration.statistics import default_statistics
    from dge_assets.core.statistics.table import statistics_table

    contract, real_train = contract_of(ensemble.real_train.record), modelled(ensemble.real_train)
    stated = line.plan.declaration.statistics
    wanted = default_statistics(contract) if stated is None else stated
    parts = []
    for family in line.families:
        datasets = [item.frame for _, item in sorted(ensemble.datasets[family].items())]
        frame = statistics_table(real_train, datasets, wanted, contract)
        frame.insert(0, "family", family)
        parts.append(frame)
    return stacked(line.catalogue["statistics"], parts)


def stacked_pairs(card: TableCard, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The table of all pairs, keyed `family/model`, with those columns first."""
    return stacked(
        card,
        [
            labelled(table, family=family, model=model)
            for key, table in tables.items()
            for family, model in [key.split("/", 1)]
        ],
    )


def stacked(card: TableCard, parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The table of all parts, whose columns are those of the card; without rows it has their types.

    Raises EvaluationError for a part with other columns.
    """
    filled = [card.require_columns(part) for part in parts if len(part)]
    if not filled:
        return card.no_rows()
    # Column by column: pandas warns about all-missing columns when it stacks whole frames.
    return pd.DataFrame(
        {
            name: pd.concat([part[name] for part in filled], ignore_index=True)
            for name in card.column_names
        }
    )


def modelled(item: Recorded) -> pd.DataFrame:
    """Real rows as synthetic datasets have them: without ids and positions."""
    return item.frame[[column.name for column in contract_of(item.record).modelled]]
