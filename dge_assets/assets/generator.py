"""The second stage: one generator per (family, seed), trained on real_train."""

from typing import Any

import dagster as dg
import pandas as pd

from dge_assets.assets.line import LAKE, ONE_RUN, Line, notes_metadata, png_metadata, table_metadata
from dge_assets.assets.members import MemberConfig, MemberStage, partition_seeds, run_members
from dge_assets.core.errors import GeneratorError, StorageError
from dge_assets.core.lineage.provenance import Provenance, Recipe
from dge_resources.checkpoints import MemberCheckpoints
from dge_resources.compute import Compute, Finished
from dge_resources.lake import Address, address_of
from dge_resources.storage import Storage

GPU_STACK = 32
"""Members that a GPU trains as one program at most."""


def generator_asset(line: Line, family: str) -> dg.AssetsDefinition:
    """`<table>/<family>/generator[seed]`."""
    parameters = line.generator_parameters(family)
    epochs = parameters["hyperparameters"]["epochs"]

    @dg.asset(
        key=line.key("generator", family),
        description=f"One {parameters['algorithm']} generator per seed, trained for {epochs} epochs on "
        f"`{line.table}/real_train`: the members of the ensemble. Kept as safetensors and JSON. Fitted on real rows: "
        f"custodian only.\n\nMembers that are stored and current are left alone; set `retrain` to train them anew."
        + (f"\n\n{line.plan.notice}" if line.plan.notice else ""),
        partitions_def=line.partitions,
        io_manager_key=LAKE,
        backfill_policy=ONE_RUN,
        deps=[line.key("encoder")],
        pool="dge_training",
        **line.attributes(
            "generator", "pytorch", family, parameters=line.declared_generator_parameters(family)
        ),
    )
    def generator(
        context: dg.AssetExecutionContext,
        config: MemberConfig,
        storage: Storage,
        compute: Compute,
    ) -> None:
        stage = _stage(context, line, family, storage)
        if line.plan.is_trial and not config.retrain:
            _require_nothing_longer(line, storage, stage)
        run_members(context, stage, compute, retrain=config.retrain)

    return generator


def _require_nothing_longer(line: Line, storage: Storage, stage: MemberStage) -> None:
    """GeneratorError where a trial would take the place of a member that was trained for longer."""
    for recipe in stage.wanted.values():
        stored = storage.artifacts.record(address_of(recipe))
        stored_epochs, epochs = 0 if stored is None else _epochs(stored), _epochs(recipe)
        if stored_epochs > epochs:
            raise GeneratorError(
                f"{recipe.place} is stored and was trained for {stored_epochs} epochs; a trial ({line.plan.cuts_text}) "
                f"would take its place with {epochs}: run trials with a root of their own, such as DGE_HOME=/tmp/try"
            )


def _epochs(recipe: Recipe) -> int:
    return int(recipe.parameters["hyperparameters"]["epochs"])


def _stage(
    context: dg.AssetExecutionContext,
    line: Line,
    family: str,
    storage: Storage,
) -> MemberStage:
    from dge_assets.core.generators.family import TrainedMember
    from dge_assets.core.generators.members import TrainingTask, train_members
    from dge_assets.core.generators.state_files import encoder_from_files, to_files

    declaration = line.plan.declaration
    real_train = storage.lake.require_record(
        Address(line.table, "real_train"), remedy=line.remedy("real_train")
    )
    artifact = storage.artifacts.read_expected(
        line.encoder_recipe(real_train), remedy=line.remedy("encoder")
    )
    encoder, encoded = encoder_from_files(artifact.files, place=artifact.record.place)
    wanted = {
        seed: line.generator_recipe(family, seed, artifact.record)
        for seed in partition_seeds(context)
    }
    checkpoints = MemberCheckpoints.of(storage.store, wanted, device=declaration.device)

    def task(seeds: tuple[int, ...]) -> TrainingTask:
        return TrainingTask(
            table=line.table,
            family=family,
            seeds=seeds,
            algorithm=line.plan.algorithm(family),
            parameters=line.plan.parameters(family),
            encoder=encoder,
            encoded=encoded,
            device=declaration.device,
            checkpoints=checkpoints,
        )

    def keep(seed: int, recipe: Recipe, done: Finished[dict[int, TrainedMember]]) -> Provenance:
        record = storage.artifacts.write(
            recipe,
            to_files(done.result[seed]),
            run_id=context.run.run_id,
            device=declaration.device,
            seconds=done.seconds / len(done.result),
            cpu_seconds=done.cpu_seconds / len(done.result),
        )
        checkpoints.clear(seed)
        return record

    return MemberStage(
        title=f"{line.table}/{family}: training",
        wanted=wanted,
        is_current=storage.artifacts.is_current,
        stored=lambda recipe: stored_record(storage, recipe),
        work=train_members,
        task=task,
        keep=keep,
        describe=lambda record: _describe(storage, record),
        processes=declaration.processes,
        device=declaration.device,
        stack=GPU_STACK if declaration.device == "cuda" else 1,
        shorten="DGE_PROFILE=smoke (a trial, in a DGE_HOME of its own), or fewer `seeds` or "
        f"`families.{family}.epochs` in the declaration",
    )


def stored_record(storage: Storage, recipe: Recipe) -> Provenance:
    """The record of an artifact that is known to be there."""
    record = storage.artifacts.record(address_of(recipe))
    if record is None:
        raise StorageError(
            f"{recipe.place} was there a moment ago and is gone; start the run again"
        )
    return record


def _describe(storage: Storage, record: Provenance) -> dict[str, Any]:
    from dge_assets.core.generators.state_files import from_files
    from dge_assets.core.reporting.pictures.charts import loss_curves

    member = from_files(storage.artifacts.read(address_of(record)).files, place=record.place)
    last = {
        f"last_{name}": float(value) for name, value in member.losses.iloc[-1].drop("epoch").items()
    }
    curves = member.losses.melt(id_vars="epoch", var_name="loss", value_name="value").assign(
        seed=record.seed
    )
    settings = record.parameters["hyperparameters"]
    return {
        "loss_curves": png_metadata(
            loss_curves(curves, f"{record.place}: losses"), "losses by epoch"
        ),
        **last,
        "epochs": len(member.losses),
        "hyperparameters": table_metadata(
            pd.DataFrame(settings.items(), columns=["hyperparameter", "value"])
        ),
        "notes": notes_metadata(member.notes),
        "path": dg.MetadataValue.path(storage.artifacts.url(address_of(record))),
    }
