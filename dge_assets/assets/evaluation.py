"""The fifth stage: what the ensemble is worth, from all members at once, against the real test
rows.

One multi-asset makes all evaluation tables, since they are made from the same predictions. It reads
every member through one fan-in and fails when one is missing.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg

from dge_assets.assets.augmentation import augmentation_tasks
from dge_assets.assets.columns import card_metadata
from dge_assets.assets.ensemble import Ensemble, collect_ensemble, ensemble_inputs
from dge_assets.assets.evaluation_pictures import page_pictures, page_sentences
from dge_assets.assets.evaluation_tables import Results, evaluation_frames, modelled
from dge_assets.assets.line import LAKE, ONE_RUN, Line, contract_of
from dge_assets.assets.metadata import record_metadata, table_metadata, tell
from dge_assets.core.cards.table_card import TableCard
from dge_resources.compute import Compute
from dge_resources.lake import address_of
from dge_resources.progress import ProgressBoard
from dge_resources.records import Recorded, recorded
from dge_resources.storage import Storage


def evaluation_assets(line: Line) -> dg.AssetsDefinition:
    """The evaluation tables of a table's line."""
    attributes = line.attributes(
        "evaluation", "sklearn", parameters=line.declared_evaluation_parameters
    )
    group, index = attributes.pop("group_name"), line.catalogue.index.name

    @dg.multi_asset(
        name=f"{line.table}__evaluation",
        group_name=group,
        backfill_policy=ONE_RUN,
        ins={
            **ensemble_inputs(line),
        },
        deps=[line.key("downstream", family) for family in line.families],
        outs={
            card.name: dg.AssetOut(
                key=line.key(card.name),
                io_manager_key=LAKE,
                description=card.description,
                metadata=card_metadata(card),
                **attributes,
            )
            for card in line.catalogue
        },
        # The others hang on the index alone: edges from every input to every table would hide the
        # line.
        internal_asset_deps={
            name: set(inputs_of(line)) if name == index else {line.key(index)}
            for name in line.catalogue.names
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
        for card in line.catalogue:
            yield _output(line, card, tables, ensemble.real_test)

    return evaluation


def inputs_of(line: Line) -> list[dg.AssetKey]:
    """The assets that the evaluation is made from."""
    members = [
        line.key(stage, family) for family in line.families for stage in ("synthetic", "downstream")
    ]
    return [line.key("real_train"), line.key("real_test"), *members]


def _stored_tables(line: Line, storage: Storage, ensemble: Ensemble) -> dict[str, Recorded] | None:
    """The tables, where all of them are stored and were made from exactly this ensemble."""
    recipes = {
        name: line.evaluation_recipe(name, ensemble.parents) for name in line.catalogue.names
    }
    if not all(storage.lake.is_current(recipe) for recipe in recipes.values()):
        return None
    return {name: storage.lake.read(address_of(recipe)) for name, recipe in recipes.items()}


def _evaluate(
    context: dg.AssetExecutionContext, line: Line, compute: Compute, ensemble: Ensemble
) -> dict[str, Recorded]:
    from dge_assets.core.augmentation.scores import Augmentation, augment
    from dge_assets.core.evaluation.family_model import predict_oracle, score_family_model
    from dge_assets.core.evaluation.requests import FamilyModelScores, OraclePredictions
    from dge_assets.core.groups.scores import TestGroup

    oracles: dict[str, OraclePredictions] = _side_by_side(
        context, line, compute, "oracle", predict_oracle, _oracle_tasks(line, ensemble)
    )
    groups: tuple[TestGroup, ...] = _groups(context, line, compute, ensemble)
    scores: dict[str, FamilyModelScores] = _side_by_side(
        context,
        line,
        compute,
        "scores",
        score_family_model,
        _score_tasks(line, ensemble, oracles, groups),
    )
    added: dict[str, Augmentation] = _side_by_side(
        context, line, compute, "augmentation", augment, augmentation_tasks(line, ensemble)
    )
    results = Results(oracles=oracles, scores=scores, augmented=added)
    for note in dict.fromkeys(note for notes in results.notes.values() for note in notes):
        context.log.warning(note)
    frames = evaluation_frames(line, ensemble, results)
    return {
        name: recorded(
            frames[name], line.evaluation_recipe(name, ensemble.parents), run_id=context.run.run_id
        )
        for name in line.catalogue.names
    }


def _side_by_side(
    context: dg.AssetExecutionContext,
    line: Line,
    compute: Compute,
    title: str,
    work: Any,
    tasks: dict[str, Any],
) -> dict[str, Any]:
    board = ProgressBoard(
        f"{line.table}: {title}", list(tasks), lambda text: tell(context, text), noun="parts"
    )
    results = {}
    for done in compute.map(
        work, tasks, processes=line.plan.declaration.processes, on_step=board.step
    ):
        results[done.key] = done.result
        board.finish(done.key)
    return results


def _oracle_tasks(line: Line, ensemble: Ensemble) -> dict[str, Any]:
    from dge_assets.core.evaluation.requests import OracleRequest

    declaration = line.plan.declaration
    contract = contract_of(ensemble.real_train.record)
    return {
        model: OracleRequest(
            table=line.table,
            model=model,
            contract=contract,
            real_train=modelled(ensemble.real_train),
            real_test=modelled(ensemble.real_test),
            # One oracle for all families: a mean over as many model seeds as the smallest has.
            fits=min(line.plan.members.values()),
            max_levels=declaration.max_levels,
        )
        for model in declaration.models
    }


def _groups(
    context: dg.AssetExecutionContext, line: Line, compute: Compute, ensemble: Ensemble
) -> Any:
    from dge_assets.core.evaluation.family_model import find_test_groups
    from dge_assets.core.evaluation.requests import GroupRequest

    task = GroupRequest(
        real_train=modelled(ensemble.real_train),
        real_test=modelled(ensemble.real_test),
        target=contract_of(ensemble.real_train.record).target,
    )
    return _side_by_side(context, line, compute, "groups", find_test_groups, {"groups": task})[
        "groups"
    ]


def _score_tasks(
    line: Line, ensemble: Ensemble, oracles: Mapping[str, Any], groups: Any
) -> dict[str, Any]:
    from dge_assets.core.evaluation.requests import FamilyModelRequest

    declaration = line.plan.declaration
    return {
        f"{family}/{model}": FamilyModelRequest(
            table=line.table,
            family=family,
            model=model,
            contract=contract_of(ensemble.real_train.record),
            real_train=modelled(ensemble.real_train),
            real_test=modelled(ensemble.real_test),
            datasets={seed: item.frame for seed, item in ensemble.datasets[family].items()},
            cards=line.catalogue.made_per("pair"),
            stored={seed: item.files for seed, item in ensemble.models[family].items()},
            seconds=ensemble.cpu_seconds[family],
            oracle=oracles[model],
            ks=line.plan.ks(family),
            test_share=line.plan.dataset_test_share,
            max_levels=declaration.max_levels,
            groups=groups,
            gain_per_second=declaration.gain_per_second,
        )
        # The largest ensembles first: what takes longest must not be left for last.
        for family in sorted(line.families, key=line.plan.members.__getitem__, reverse=True)
        for model in declaration.models
    }


def _output(
    line: Line, card: TableCard, tables: Mapping[str, Recorded], real_test: Recorded
) -> dg.Output[Recorded]:
    item = tables[card.name]
    metadata: dict[str, Any] = {
        "dagster/row_count": len(item.frame),
        "table": table_metadata(item.frame, most_rows=60),
        **record_metadata(item.record),
        **(_told(tables) if card == line.catalogue.index else {}),
        **page_sentences(line, card, tables),
        **page_pictures(card, tables, real_test),
    }
    return dg.Output(
        item,
        output_name=card.name,
        data_version=dg.DataVersion(item.record.content_sha256),
        metadata=metadata,
    )


def _told(tables: Mapping[str, Recorded]) -> dict[str, Any]:
    """The evaluation's notes, on the page of the evaluation as one asset."""
    notes = tables["evaluation_notes"].frame["note"].unique()
    return {"notes": dg.MetadataValue.md("\n".join(f"- {note}" for note in notes) or "—")}
