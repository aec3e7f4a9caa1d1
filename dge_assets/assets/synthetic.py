"""The third stage: one synthetic dataset per (family, seed), sampled from that member's generator."""

from typing import Any

import dagster as dg

from dge_assets.assets.columns import frame_metadata
from dge_assets.assets.encoder import stored_encoder
from dge_assets.assets.line import LAKE, ONE_RUN, Line, contract_of
from dge_assets.assets.members import MemberConfig, MemberStage, partition_seeds, run_members
from dge_assets.assets.metadata import png_metadata
from dge_assets.assets.present import keep_plan
from dge_assets.core.lineage.provenance import Provenance
from dge_resources.compute import Compute
from dge_resources.datasets import DatasetRequest, sample_to_lake
from dge_resources.lake import Address, address_of
from dge_resources.records import Recorded
from dge_resources.storage import Storage


def synthetic_asset(line: Line, family: str) -> dg.AssetsDefinition:
    """`<table>/<family>/synthetic[seed]`."""

    @dg.asset(
        key=line.key("synthetic", family),
        description=f"One row per synthetic row, one dataset per seed, sampled from `{line.table}/{family}/generator` "
        f"of the same seed. Ids are not synthesized. Each row carries `record_id`, which names its generator in the "
        f"warehouse's `lineage`.",
        partitions_def=line.partitions,
        io_manager_key=LAKE,
        backfill_policy=ONE_RUN,
        deps=[line.key("generator", family)],
        **line.attributes(
            "synthetic", "parquet", family, parameters=line.synthetic_parameters(family)
        ),
    )
    def synthetic(
        context: dg.AssetExecutionContext, config: MemberConfig, storage: Storage, compute: Compute
    ) -> None:
        stage = _stage(context, line, family, storage)
        run_members(context, stage, compute, retrain=config.retrain)
        keep_plan(line, storage)

    return synthetic


def _stage(
    context: dg.AssetExecutionContext, line: Line, family: str, storage: Storage
) -> MemberStage:
    from dge_assets.core.generators.members import SamplingRequest
    from dge_assets.core.generators.state_files import from_files

    real_train = storage.lake.read(
        Address(line.table, "real_train"), remedy=line.remedy("real_train")
    )
    encoder = stored_encoder(line, storage, real_train.record)
    generators = {}
    for seed in partition_seeds(context, line, family):
        expected = line.generator_recipe(family, seed, encoder)
        remedy = line.remedy("generator", family, seed)
        generators[seed] = storage.artifacts.read_expected(expected, remedy=remedy)
    wanted = {
        s: line.synthetic_recipe(family, s, artifact.record) for s, artifact in generators.items()
    }

    def task(seeds: tuple[int, ...]) -> DatasetRequest:
        (seed,) = seeds
        artifact = generators[seed]
        member = from_files(artifact.files, place=artifact.record.place)
        rows = line.plan.declaration.synthetic_rows or len(real_train.frame)
        sampling = SamplingRequest(
            table=line.table,
            family=family,
            seed=seed,
            state=member.state,
            codec=member.codec,
            rows=rows,
            settings=line.plan.parameters(family).of_sampling(),
        )
        return DatasetRequest(
            sampling=sampling, recipe=wanted[seed], lake=storage.lake, run_id=context.run.run_id
        )

    return MemberStage(
        title=f"{line.table}/{family}: sampling",
        wanted=wanted,
        is_current=storage.lake.is_current,
        stored=lambda recipe: storage.lake.require_record(
            address_of(recipe), remedy="start the run again"
        ),
        work=sample_to_lake,
        task=task,
        keep=lambda _seed, _recipe, done: done.result,
        describe=lambda record: _describe(line, storage, real_train, record),
        processes=line.plan.declaration.processes,
    )


def _describe(
    line: Line, storage: Storage, real_train: Recorded, record: Provenance
) -> dict[str, Any]:
    from dge_assets.core.reporting.pictures.marginals import marginals

    contract = contract_of(real_train.record)
    frame = storage.lake.read(address_of(record)).frame
    columns = [(column.name, column.kind) for column in contract.modelled]
    picture = marginals(real_train.frame, {record.seed or 0: frame}, columns)
    return {
        **frame_metadata(frame, contract, parent=line.key("real_train")),
        "marginals": png_metadata(picture, "marginals, real against synthetic"),
        "path": dg.MetadataValue.path(storage.lake.url(address_of(record))),
    }
