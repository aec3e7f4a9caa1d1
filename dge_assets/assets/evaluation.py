"""The fifth stage: what the ensemble is worth, from all members at once, against the real test rows.

One multi-asset makes all evaluation tables, since they are made from the same predictions. It reads every member
through one fan-in and fails when one is missing.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg

from dge_assets.assets.augmentation import augmentation_table, augmentation_tasks
from dge_assets.assets.ensemble import Ensemble, collect_ensemble, ensemble_inputs
from dge_assets.assets.evaluation_pictures import page_pictures
from dge_assets.assets.evaluation_tables import across_families, combine_tables, modelled, statistics_of
from dge_assets.assets.line import (
    EVALUATION_TABLES,
    LAKE,
    ONE_RUN,
    Line,
    contract_of,
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
    "approach_differences": "One row per (family, model, approach, against, metric): score of one approach minus that of "
    "another on the same rows of real_test, with its paired interval over test rows.",
    "selection": "One row per (family, model, approach, metric): how each approach ranks the model classes; right where "
    "its ranks are the oracle's.",
    "cross_scores": "One row per (family, model, train seed, test seed, metric): each member's model on each member's "
    "dataset.",
    "group_scores": "One row per (group, family, model, approach, metric): minority categories, top deciles, their "
    "intersections and deciles of density, found on real_train, scored on real_test.",
    "group_gaps": "One row per (group, family, model, approach, metric): how far an approach falls short of the oracle in a "
    "group, and more than overall; p is adjusted for the number of groups (Holm).",
    "k_curve": "One row per (family, model, K, metric): measured score and seconds for each K, and the squared error "
    "predicted from K=1 and K=2 (Räisä and Honkela, arXiv 2402.03985).",
    "selection_quality": "One row per (family, approach, metric): rank correlation of the approach's ranking of model classes "
    "with the oracle's, and the true score lost by its first choice (mean over tied choices). NaN for one model class.",
    "uncertainty": "One row per (family, model, approach, quantity): mean uncertainty on real_test and its parts (nats; "
    "variances for a regression), error rate, areas of the risk-coverage curves (aurc_*), calibration errors.",
    "calibration": "One row per (family, model, approach, curve, bin): confidence and how often it came true, in bins of "
    "equal width and of equal count, and above thresholds. No rows for a regression.",
    "selective": "One row per (family, model, approach, ranking, coverage): risk of the rows kept when the least sure are left.",
    "prediction_map": "One row per (family, model, approach, grid point): mean prediction and spread over the plane of the "
    "two features. No rows unless the table has exactly two, both numbers without gaps.",
    "k_recommendation": "One row per (family, model): the smallest K whose next member gains less than the declared "
    "`gain_per_second`, and what it costs. May be above the members that there are; then it is foretold.",
    "variance_components": "One row per (family, model, component): how much of a member's squared error comes from the "
    "model's seed and from the dataset, and the floor that no K goes below (Räisä and Honkela, arXiv 2402.03985).",
    "error_correlation": "One row per (model, kind, pair of members, of any families): correlation of their errors on "
    "real_test (`error`: against the outcome; `deviation`: against the oracle's prediction).",
    "effective_members": "One row per (model, kind, pair of families): mean correlation rho, and the number of independent "
    "members that would average as much away.",
    "statistics": "One row per (family, statistic, column, level, rule): estimate and 95 % interval from the K datasets by "
    "each combining rule, beside the estimate on real_train.",
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
            yield _output(name, tables, ensemble.real_test)

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
    from dge_assets.core.groups import TestGroup

    oracles: dict[str, OraclePredictions] = _side_by_side(
        context, line, compute, "oracle", predict_oracle, _oracle_tasks(line, ensemble)
    )
    groups: tuple[TestGroup, ...] = _groups(context, line, compute, ensemble)
    scores: dict[str, FamilyModelScores] = _side_by_side(
        context, line, compute, "scores", score_family_model, _score_tasks(line, ensemble, oracles, groups)
    )
    added: dict[str, Augmentation] = _side_by_side(
        context, line, compute, "augmentation", augment, augmentation_tasks(line, ensemble)
    )
    notes = [note for key in sorted(scores) for note in scores[key].notes]
    for note in [*notes, *(note for key in sorted(added) for note in added[key].notes)]:
        context.log.warning(note)
    frames = combine_tables({key: scores[key].tables for key in sorted(scores)})
    frames |= across_families(line, ensemble, scores, oracles)
    frames["statistics"] = statistics_of(line, ensemble)
    frames["augmentation"] = augmentation_table({key: added[key].table for key in sorted(added)})
    return {
        name: recorded(frames[name], line.evaluation_recipe(name, ensemble.parents), run_id=context.run.run_id)
        for name in EVALUATION_TABLES
    }


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
            real_train=modelled(ensemble.real_train),
            real_test=modelled(ensemble.real_test),
            fits=line.plan.seeds,
            max_levels=declaration.max_levels,
        )
        for model in declaration.models
    }


def _groups(context: dg.AssetExecutionContext, line: Line, compute: Compute, ensemble: Ensemble) -> Any:
    from dge_assets.core.evaluation import GroupTask, find_test_groups

    task = GroupTask(
        real_train=modelled(ensemble.real_train),
        real_test=modelled(ensemble.real_test),
        target=contract_of(ensemble.real_train.record).target,
    )
    return _side_by_side(context, line, compute, "groups", find_test_groups, {"groups": task})["groups"]


def _score_tasks(line: Line, ensemble: Ensemble, oracles: Mapping[str, Any], groups: Any) -> dict[str, Any]:
    from dge_assets.core.evaluation import FamilyModelTask

    declaration = line.plan.declaration
    return {
        f"{family}/{model}": FamilyModelTask(
            table=line.table,
            family=family,
            model=model,
            contract=contract_of(ensemble.real_train.record),
            real_train=modelled(ensemble.real_train),
            real_test=modelled(ensemble.real_test),
            datasets={seed: item.frame for seed, item in ensemble.datasets[family].items()},
            stored={seed: item.files for seed, item in ensemble.models[family].items()},
            seconds=ensemble.generator_seconds[family],
            oracle=oracles[model],
            ks=line.plan.ks,
            test_share=declaration.test_share,
            max_levels=declaration.max_levels,
            groups=groups,
            gain_per_second=declaration.gain_per_second,
        )
        for family in line.families
        for model in declaration.models
    }


def _output(name: str, tables: Mapping[str, Recorded], real_test: Recorded) -> dg.Output[Recorded]:
    item = tables[name]
    metadata: dict[str, Any] = {
        "dagster/row_count": len(item.frame),
        "table": table_metadata(item.frame, most_rows=60),
        **record_metadata(item.record),
        **page_pictures(name, {other: item.frame for other, item in tables.items()}, real_test),
    }
    return dg.Output(item, output_name=name, data_version=dg.DataVersion(item.record.content_sha256), metadata=metadata)
