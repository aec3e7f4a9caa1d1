"""The second stage: one generator per (family, seed), trained on real_train."""

from typing import TYPE_CHECKING, Any

import dagster as dg
import pandas as pd

from dge_assets.assets.line import LAKE, ONE_RUN, Line
from dge_assets.assets.members import MemberConfig, MemberStage, partition_seeds, run_members
from dge_assets.assets.metadata import notes_metadata, png_metadata, table_metadata
from dge_assets.core.errors import GeneratorError, StorageError
from dge_assets.core.generators.card import FamilyCard
from dge_assets.core.generators.effort import Effort
from dge_assets.core.lineage.provenance import Provenance, Recipe
from dge_resources.checkpoints import MemberCheckpoints
from dge_resources.compute import Compute, Finished
from dge_resources.lake import Address, address_of
from dge_resources.storage import Storage

if TYPE_CHECKING:
    from dge_assets.core.generators.encoding.table_encoder import TableEncoder

GPU_STACK = 32
"""Members that a GPU trains as one program at most."""


def generator_asset(line: Line, family: str) -> dg.AssetsDefinition:
    """`<table>/<family>/generator[seed]`."""
    card, effort = line.plan.card(family), line.plan.effort(family)
    trained = f"trained for {effort}" if effort else "fitted"

    @dg.asset(
        key=line.key("generator", family),
        description=f"One {card.name} generator per seed, {trained} on `{line.table}/real_train`: the members of the "
        f"ensemble. Kept as safetensors and JSON. Fitted on real rows: custodian only. After {card.source}.\n\n"
        f"Members that are stored and current are left alone; set `retrain` to train them anew."
        + (f"\n\n{line.plan.notice}" if line.plan.notice else ""),
        partitions_def=line.partitions,
        io_manager_key=LAKE,
        backfill_policy=ONE_RUN,
        deps=[line.key("encoder")],
        pool="dge_training",
        **line.attributes(
            "generator",
            card.library,
            family,
            family=family,
            parameters=line.declared_generator_parameters(family),
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
            _require_nothing_longer(line, family, storage, stage)
        run_members(context, stage, compute, retrain=config.retrain)

    return generator


def _require_nothing_longer(line: Line, family: str, storage: Storage, stage: MemberStage) -> None:
    """GeneratorError where a trial would take the place of a member that was trained for longer."""
    card, effort = line.plan.card(family), line.plan.effort(family)
    for recipe in stage.wanted.values():
        stored = storage.artifacts.record(address_of(recipe))
        spent = None if stored is None else recorded_effort(card, stored)
        if effort is not None and spent is not None and spent.amount > effort.amount:
            raise GeneratorError(
                f"{recipe.place} is stored and was trained for {spent}; a trial ({line.plan.cuts_text}) would take its "
                f"place with {effort.amount}: run trials with a root of their own, such as DGE_HOME=/tmp/try"
            )


def recorded_effort(card: FamilyCard, record: Recipe) -> Effort | None:
    """The effort that a stored generator's recipe asked for; None where it was another family's, or
    has none.
    """
    if card.effort is None or record.parameters["algorithm"] != card.name:
        return None
    return Effort(card.effort.name, record.parameters["hyperparameters"][card.effort.parameter])


def _stage(
    context: dg.AssetExecutionContext,
    line: Line,
    family: str,
    storage: Storage,
) -> MemberStage:
    from dge_assets.core.generators.family import Training
    from dge_assets.core.generators.members import TrainedMember, train_members
    from dge_assets.core.generators.state_files import encoder_from_files, to_files

    declaration, card, effort = (
        line.plan.declaration,
        line.plan.card(family),
        line.plan.effort(family),
    )
    device = declaration.device if card.abilities.gpu else "cpu"
    real_train = storage.lake.require_record(
        Address(line.table, "real_train"), remedy=line.remedy("real_train")
    )
    artifact = storage.artifacts.read_expected(
        line.encoder_recipe(real_train), remedy=line.remedy("encoder")
    )
    encoder, encoded = encoder_from_files(artifact.files, place=artifact.record.place)
    wanted = {
        seed: line.generator_recipe(family, seed, artifact.record)
        for seed in partition_seeds(context, line, family)
    }
    checkpoints = MemberCheckpoints.of(storage.store, wanted, device=device)
    modelled = _modelled(line, storage, encoder) if card.learns == "modelled" else None

    def task(seeds: tuple[int, ...]) -> Training:
        return Training(
            table=line.table,
            family=family,
            seeds=seeds,
            algorithm=line.plan.algorithm(family),
            parameters=line.plan.parameters(family),
            encoder=encoder,
            encoded=encoded if card.learns == "encoded" else None,
            modelled=modelled,
            device=device,
            checkpoints=checkpoints,
        )

    def keep(seed: int, recipe: Recipe, done: Finished[dict[int, TrainedMember]]) -> Provenance:
        record = storage.artifacts.write(
            recipe,
            to_files(done.result[seed]),
            run_id=context.run.run_id,
            device=device,
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
        device=device,
        stack=GPU_STACK if device == "cuda" and card.abilities.stacks else 1,
        unit=effort.unit if effort else "steps",
        shorten="DGE_PROFILE=smoke (a trial, in a DGE_HOME of its own), or fewer `seeds`"
        + (f" or `families.{family}.{card.effort.parameter}`" if card.effort else "")
        + " in the declaration",
    )


def _modelled(line: Line, storage: Storage, encoder: "TableEncoder") -> pd.DataFrame:
    """real_train as a modelling frame, for families that learn from that."""
    from dge_assets.core.generators.encoding.modelling_frame import modelling_frame, with_categories

    real_train = storage.lake.read(
        Address(line.table, "real_train"), remedy=line.remedy("real_train")
    )
    frame = modelling_frame(encoder.codec, real_train.frame, table=line.table)
    return with_categories(encoder.codec, frame)


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

    member = from_files(storage.artifacts.read(address_of(record)).files, place=record.place)
    settings = record.parameters["hyperparameters"]
    spent = {} if member.effort is None else {member.effort.unit: member.effort.amount}
    return {
        **_describe_history(member.history, record),
        **spent,
        "hyperparameters": table_metadata(
            pd.DataFrame(settings.items(), columns=["hyperparameter", "value"])
        ),
        "notes": notes_metadata(member.notes),
        "path": dg.MetadataValue.path(storage.artifacts.url(address_of(record))),
    }


def _describe_history(history: pd.DataFrame, record: Provenance) -> dict[str, Any]:
    """The losses as a picture and their last values; nothing of a family that has no steps."""
    from dge_assets.core.reporting.pictures.charts import loss_curves, losses_of

    if history.empty:
        return {}
    step = history.columns[0]
    last = {f"last_{name}": float(value) for name, value in history.iloc[-1].drop(step).items()}
    losses = losses_of({record.seed or 0: history})
    picture = loss_curves(losses, f"{record.place}: losses", step=step)
    return {"loss_curves": png_metadata(picture, f"losses by {step}"), **last}
