"""The fifth stage: what the ensemble is worth, from all members at once, against the real test rows.

One multi-asset makes all evaluation tables, since they are made from the same predictions. It reads every member
through one fan-in and fails when one is missing.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
import pandas as pd

from dge_assets.assets.augmentation import augmentation_table, augmentation_tasks
from dge_assets.assets.ensemble import Ensemble, collect_ensemble, ensemble_inputs
from dge_assets.assets.line import (
    EVALUATION_TABLES,
    LAKE,
    ONE_RUN,
    Line,
    contract_of,
    png_metadata,
    record_metadata,
    table_metadata,
)
from dge_assets.assets.telling import tell
from dge_resources.compute import Compute
from dge_resources.lake import address_of
from dge_resources.progress import ProgressBoard
from dge_resources.records import Recorded, recorded
from dge_resources.storage import Storage

DESCRIPTIONS = {
    "training_scores": "One row per (family, model, approach, metric): does a model trained on synthetic data do well on "
    "real_test? Approaches: oracle, naive_single, naive_ensemble, naive_concat, dge_K.",
    "evaluation_scores": "One row per (family, model, approach, metric): does a score computed on synthetic data tell the "
    "real score? Approaches: oracle (the truth), naive (own test part), dge_K (other generators' datasets).",
    "selection": "One row per (family, model, approach, metric): how each approach ranks the model classes; right where "
    "its ranks are the oracle's.",
    "cross_scores": "One row per (family, model, train seed, test seed, metric): each member's model on each member's "
    "dataset.",
    "group_scores": "One row per (group, family, model, approach, metric): minority categories and top deciles, found on "
    "real_train, scored on real_test.",
    "k_curve": "One row per (family, model, K, metric): measured score and seconds for each K, and the squared error "
    "predicted from K=1 and K=2 (Räisä and Honkela, arXiv 2402.03985).",
    "evaluation_intervals": "One row per (family, model, approach, metric, over): 95 % intervals of what dge_K claims, for the "
    "models at hand (`models`) and for a model of one more member (`members`). Errors that all generators share are not in them.",
    "augmentation": "One row per (family, model, real_rows, approach, weight, metric): a few real rows alone, with one dataset, "
    "with the ensemble, with copies of their own; gain over real only and a verdict. Only for the models that the "
    "declaration's `augmentation` names.",
}


def evaluation_assets(line: Line) -> dg.AssetsDefinition:
    """The evaluation tables of a table's line."""
    attributes = line.attributes("evaluation", "sklearn", parameters=line.evaluation_parameters)
    group = attributes.pop("group_name")

    @dg.multi_asset(
        name=f"{line.table}__evaluation",
        group_name=group,
        backfill_policy=ONE_RUN,
        ins={
            **ensemble_inputs(line),
        },
        deps=[line.key("downstream", family) for family in line.families],
        outs={
            name: dg.AssetOut(key=line.key(name), io_manager_key=LAKE, description=DESCRIPTIONS[name], **attributes)
            for name in EVALUATION_TABLES
        },
        pool="dge_training",
    )
    def evaluation(
        context: dg.AssetExecutionContext, storage: Storage, compute: Compute, **inputs: Any
    ) -> Iterator[dg.Output[Recorded]]:
        ensemble = collect_ensemble(line, storage, inputs)
        tables = _stored_tables(line, storage, ensemble)
        if tables is None:
            tables = _evaluate(context, line, compute, ensemble)
        else:
            tell(context, f"{line.table}: evaluation is stored and current")
        for name in EVALUATION_TABLES:
            yield _output(name, tables[name])

    return evaluation


def _stored_tables(line: Line, storage: Storage, ensemble: Ensemble) -> dict[str, Recorded] | None:
    """The tables, where all of them are stored and were made from exactly this ensemble."""
    recipes = {name: line.evaluation_recipe(name, ensemble.parents) for name in EVALUATION_TABLES}
    if not all(storage.lake.is_current(recipe) for recipe in recipes.values()):
        return None
    return {name: storage.lake.read(address_of(recipe)) for name, recipe in recipes.items()}


def _evaluate(
    context: dg.AssetExecutionContext, line: Line, compute: Compute, ensemble: Ensemble
) -> dict[str, Recorded]:
    from dge_assets.core.augmentation import Augmentation, augment
    from dge_assets.core.evaluation import FamilyModelScores, OraclePredictions, predict_oracle, score_family_model

    oracles: dict[str, OraclePredictions] = _side_by_side(
        context, line, compute, "oracle", predict_oracle, _oracle_tasks(line, ensemble)
    )
    scores: dict[str, FamilyModelScores] = _side_by_side(
        context, line, compute, "scores", score_family_model, _score_tasks(line, ensemble, oracles)
    )
    added: dict[str, Augmentation] = _side_by_side(
        context, line, compute, "augmentation", augment, augmentation_tasks(line, ensemble)
    )
    for note in [note for key in sorted(added) for note in added[key].notes]:
        context.log.warning(note)
    for note in [note for key in sorted(scores) for note in scores[key].notes]:
        context.log.warning(note)
    frames = combine_tables({key: scores[key].tables for key in sorted(scores)})
    frames["augmentation"] = augmentation_table({key: added[key].table for key in sorted(added)})
    return {
        name: recorded(frames[name], line.evaluation_recipe(name, ensemble.parents), run_id=context.run.run_id)
        for name in EVALUATION_TABLES
    }


def combine_tables(scores: Mapping[str, Mapping[str, pd.DataFrame]]) -> dict[str, pd.DataFrame]:
    """The tables of all (family, model) pairs, keyed `family/model`, as one each, with those columns first.

    `selection` is made here, since a rank needs all models of a family.
    """
    from dge_assets.core.scoring import selection

    frames: dict[str, list[pd.DataFrame]] = {name: [] for name in EVALUATION_TABLES}
    by_family: dict[str, dict[str, pd.DataFrame]] = {}
    for key, tables in scores.items():
        family, model = key.split("/", 1)
        for name, frame in tables.items():
            labelled = frame.copy()
            labelled.insert(0, "model", model)
            labelled.insert(0, "family", family)
            frames[name].append(labelled)
        by_family.setdefault(family, {})[model] = tables.get("evaluation_scores", tables["training_scores"])
    for family, tables_of in by_family.items():
        ranked = selection(tables_of)
        ranked.insert(0, "family", family)
        frames["selection"].append(ranked)
    return {name: _stacked(name, parts) for name, parts in frames.items() if name != "augmentation"}


_EMPTY_COLUMNS = {
    "evaluation_scores": ["family", "model", "approach", "metric", "value", "std"],
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
    return parts[0] if parts else pd.DataFrame(columns=_EMPTY_COLUMNS[name])


def _side_by_side(
    context: dg.AssetExecutionContext, line: Line, compute: Compute, title: str, work: Any, tasks: dict[str, Any]
) -> dict[str, Any]:
    board = ProgressBoard(f"{line.table}: {title}", list(tasks), lambda text: tell(context, text), noun="parts")
    results = {}
    for done in compute.map(work, tasks, processes=line.plan.declaration.processes, on_step=board.step):
        results[done.key] = done.result
        board.finish(done.key)
    return results


def _oracle_tasks(line: Line, ensemble: Ensemble) -> dict[str, Any]:
    from dge_assets.core.evaluation import OracleTask

    declaration = line.plan.declaration
    contract = contract_of(ensemble.real_train.record)
    return {
        model: OracleTask(
            table=line.table,
            model=model,
            contract=contract,
            real_train=_modelled(ensemble.real_train),
            real_test=_modelled(ensemble.real_test),
            fits=line.plan.seeds,
            max_levels=declaration.max_levels,
        )
        for model in declaration.models
    }


def _score_tasks(line: Line, ensemble: Ensemble, oracles: Mapping[str, Any]) -> dict[str, Any]:
    from dge_assets.core.evaluation import FamilyModelTask

    declaration = line.plan.declaration
    return {
        f"{family}/{model}": FamilyModelTask(
            table=line.table,
            family=family,
            model=model,
            contract=contract_of(ensemble.real_train.record),
            real_train=_modelled(ensemble.real_train),
            real_test=_modelled(ensemble.real_test),
            datasets={seed: item.frame for seed, item in ensemble.datasets[family].items()},
            stored={seed: item.files for seed, item in ensemble.models[family].items()},
            seconds=ensemble.generator_seconds[family],
            oracle=oracles[model],
            ks=line.plan.ks,
            test_share=declaration.test_share,
            max_levels=declaration.max_levels,
        )
        for family in line.families
        for model in declaration.models
    }


def _modelled(item: Recorded) -> pd.DataFrame:
    """Real rows as synthetic datasets have them: without ids and positions."""
    return item.frame[[column.name for column in contract_of(item.record).modelled]]


def _output(name: str, item: Recorded) -> dg.Output[Recorded]:
    metadata: dict[str, Any] = {
        "dagster/row_count": len(item.frame),
        "table": table_metadata(item.frame, most_rows=60),
        **record_metadata(item.record),
        **_picture(name, item.frame),
    }
    return dg.Output(item, output_name=name, data_version=dg.DataVersion(item.record.content_sha256), metadata=metadata)


def _picture(name: str, frame: pd.DataFrame) -> dict[str, Any]:
    from dge_assets.core.reporting import charts

    if frame.empty:
        return {}
    metric = "auc" if "auc" in set(frame["metric"]) else "rmse"
    drawn = {
        "training_scores": charts.approach_comparison,
        "evaluation_scores": charts.evaluation_comparison,
        "k_curve": charts.k_curve_chart,
    }
    return {"chart": png_metadata(drawn[name](frame, metric), f"{name}, {metric}")} if name in drawn else {}
