"""From what each (family, model) pair gave to the evaluation tables; and the tables that no single pair can give."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from dge_assets.assets.ensemble import Ensemble
from dge_assets.assets.line import EVALUATION_TABLES, JOINT_TABLES, Line, contract_of
from dge_resources.records import Recorded


def combine_tables(scores: Mapping[str, Mapping[str, pd.DataFrame]]) -> dict[str, pd.DataFrame]:
    """The tables of all (family, model) pairs, keyed `family/model`, as one each, with those columns first.

    `selection` and `selection_quality` are made here, since a rank needs all models of a family.
    """
    from dge_assets.core.scoring import selection
    from dge_assets.core.selection_quality import selection_quality

    frames: dict[str, list[pd.DataFrame]] = {name: [] for name in EVALUATION_TABLES if name not in JOINT_TABLES}
    by_family: dict[str, dict[str, pd.DataFrame]] = {}
    for key, tables in scores.items():
        family, model = key.split("/", 1)
        for name, frame in tables.items():
            frames[name].append(_labelled(frame, family=family, model=model))
        by_family.setdefault(family, {})[model] = tables.get("evaluation_scores", tables["training_scores"])
    for family, tables_of in by_family.items():
        ranked = selection(tables_of)
        for name, table in (("selection", ranked), ("selection_quality", selection_quality(ranked))):
            frames[name].append(_labelled(table, family=family))
    return {name: _stacked(name, parts) for name, parts in frames.items()}


def _labelled(frame: pd.DataFrame, **labels: str) -> pd.DataFrame:
    """`frame` with one column more per label, in front of its own."""
    labelled = frame.copy()
    for position, (name, value) in enumerate(labels.items()):
        labelled.insert(position, name, value)
    return labelled


def across_families(
    line: Line, ensemble: Ensemble, scores: Mapping[str, Any], oracles: Mapping[str, Any]
) -> dict[str, pd.DataFrame]:
    """The tables that compare members of all families, model by model."""
    from dge_assets.core.evaluation import compare_members

    contract, real_test = contract_of(ensemble.real_train.record), modelled(ensemble.real_test)
    parts: dict[str, list[pd.DataFrame]] = {}
    for model in line.plan.declaration.models:
        on_real = {family: scores[f"{family}/{model}"].on_real for family in line.families}
        for name, frame in compare_members(on_real, oracles[model], real_test, contract).items():
            frame.insert(0, "model", model)
            parts.setdefault(name, []).append(frame)
    return {name: _stacked(name, frames) for name, frames in parts.items()}


def statistics_of(line: Line, ensemble: Ensemble) -> pd.DataFrame:
    """The declared statistics of each family's datasets, beside those of real_train."""
    from dge_assets.core.statistic_declaration import default_statistics
    from dge_assets.core.synthetic_inference import statistics_table

    contract, real_train = contract_of(ensemble.real_train.record), modelled(ensemble.real_train)
    stated = line.plan.declaration.statistics
    wanted = default_statistics(contract) if stated is None else stated
    parts = []
    for family in line.families:
        datasets = [item.frame for _, item in sorted(ensemble.datasets[family].items())]
        frame = statistics_table(real_train, datasets, wanted, contract)
        frame.insert(0, "family", family)
        parts.append(frame)
    return _stacked("statistics", parts)


_EMPTY_COLUMNS = {
    "evaluation_scores": ["family", "model", "approach", "metric", "value", "std", "low", "high", "over", "reason"],
    "cross_scores": ["family", "model", "train_seed", "test_seed", "metric", "value"],
    "evaluation_intervals": [
        *("family", "model", "approach", "metric", "over", "value", "standard_error", "low", "high"),
    ],
}
"""Tables that a single member cannot fill still have their columns."""


def _stacked(name: str, parts: list[pd.DataFrame]) -> pd.DataFrame:
    filled = [part for part in parts if len(part)]
    if filled:
        # Column by column: pandas warns about all-missing columns when it stacks whole frames.
        columns = filled[0].columns
        return pd.DataFrame(
            {column: pd.concat([part[column] for part in filled], ignore_index=True) for column in columns}
        )
    if not parts:
        return pd.DataFrame(columns=_EMPTY_COLUMNS[name])
    return parts[0].astype({column: "string" for column in ("family", "model") if column in parts[0]})


def modelled(item: Recorded) -> pd.DataFrame:
    """Real rows as synthetic datasets have them: without ids and positions."""
    return item.frame[[column.name for column in contract_of(item.record).modelled]]
