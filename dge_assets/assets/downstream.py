"""The fourth stage: the downstream models of each (family, seed), fitted on that member's dataset
alone.
"""

from typing import Any

import dagster as dg
import pandas as pd

from dge_assets.assets.encoder import stored_encoder
from dge_assets.assets.generator import stored_record
from dge_assets.assets.line import LAKE, ONE_RUN, Line, contract_of
from dge_assets.assets.members import MemberConfig, MemberStage, partition_seeds, run_members
from dge_assets.assets.metadata import table_metadata
from dge_assets.core.lineage.provenance import Provenance, Recipe
from dge_assets.core.reporting.markdown import markdown_cell
from dge_resources.compute import Compute, Finished
from dge_resources.lake import Address, address_of
from dge_resources.records import Recorded
from dge_resources.storage import Storage

FIT_SECONDS = "fit_seconds"
"""The note of what each model's fit took: beside the models, which are then the same whenever they
are made.
"""


def downstream_asset(line: Line, family: str) -> dg.AssetsDefinition:
    """`<table>/<family>/downstream[seed]`."""
    models = markdown_cell(", ".join(line.plan.declaration.models))

    @dg.asset(
        key=line.key("downstream", family),
        description=f"The downstream models ({models}) of each seed, fitted on `{line.table}/{family}/synthetic` of the "
        f"same seed: once on all its rows, once on its own train part. Kept as skops files; real rows are not read.",
        partitions_def=line.partitions,
        io_manager_key=LAKE,
        backfill_policy=ONE_RUN,
        deps=[line.key("synthetic", family)],
        pool="dge_training",
        **line.attributes("downstream", "sklearn", family, parameters=line.downstream_parameters),
    )
    def downstream(
        context: dg.AssetExecutionContext, config: MemberConfig, storage: Storage, compute: Compute
    ) -> None:
        stage = _stage(context, line, family, storage)
        run_members(context, stage, compute, retrain=config.retrain)

    return downstream


def synthetic_members(
    line: Line, storage: Storage, family: str, seeds: list[int]
) -> dict[int, Recorded]:
    """Datasets by seed, each checked to be the one that the present table and declaration make."""
    real_train = storage.lake.require_record(
        Address(line.table, "real_train"), remedy=line.remedy("real_train")
    )
    encoder = stored_encoder(line, storage, real_train)
    found = {}
    for seed in seeds:
        generator = storage.artifacts.record_expected(
            line.generator_recipe(family, seed, encoder),
            remedy=line.remedy("generator", family, seed),
        )
        expected = line.synthetic_recipe(family, seed, generator)
        found[seed] = storage.lake.read_expected(
            expected, remedy=line.remedy("synthetic", family, seed)
        )
    return found


def _stage(
    context: dg.AssetExecutionContext, line: Line, family: str, storage: Storage
) -> MemberStage:
    from dge_assets.core.downstream.member_models import (
        DownstreamRequest,
        fit_downstream,
        fit_seconds,
        to_files,
    )

    declaration = line.plan.declaration
    datasets = synthetic_members(line, storage, family, partition_seeds(context, line, family))
    remedy = line.remedy("real_train")
    contract = contract_of(
        storage.lake.require_record(Address(line.table, "real_train"), remedy=remedy)
    )

    def task(seeds: tuple[int, ...]) -> DownstreamRequest:
        (seed,) = seeds
        return DownstreamRequest(
            table=line.table,
            family=family,
            seed=seed,
            dataset=datasets[seed].frame,
            contract=contract,
            models=declaration.models,
            test_share=line.plan.dataset_test_share,
            max_levels=declaration.max_levels,
        )

    def keep(_seed: int, recipe: Recipe, done: Finished[Any]) -> Provenance:
        return storage.artifacts.write(
            recipe,
            to_files(done.result),
            run_id=context.run.run_id,
            seconds=done.seconds,
            notes={FIT_SECONDS: fit_seconds(done.result)},
            cpu_seconds=done.cpu_seconds,
        )

    return MemberStage(
        title=f"{line.table}/{family}: downstream models",
        wanted={
            seed: line.downstream_recipe(family, seed, item.record)
            for seed, item in datasets.items()
        },
        is_current=storage.artifacts.is_current,
        stored=lambda recipe: stored_record(storage, recipe),
        work=fit_downstream,
        task=task,
        keep=keep,
        describe=lambda record: _describe(storage, record),
        processes=declaration.processes,
    )


def _describe(storage: Storage, record: Provenance) -> dict[str, Any]:
    from dge_assets.core.downstream.member_models import read_index

    stored = storage.artifacts.read(address_of(record))
    seconds = stored.notes.get(FIT_SECONDS, {})
    rows = [
        {
            "model": entry["model"],
            "fit_seconds": seconds.get(entry["model"], float("nan")),
            "converged": entry["full"]["converged"],
            "one class only": entry["full"]["is_constant"],
        }
        for entry in read_index(stored.files, place=record.place)
    ]
    return {
        "models": table_metadata(pd.DataFrame(rows)),
        "path": dg.MetadataValue.path(storage.artifacts.url(address_of(record))),
    }
