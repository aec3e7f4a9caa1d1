"""Between the real table and the generators: one encoding, fitted once and shared by all members of
all families.
"""

from typing import Any

import dagster as dg

from dge_assets.assets.line import LAKE, ONE_RUN, Line, contract_of
from dge_assets.assets.metadata import notes_metadata, record_metadata, table_metadata, tell
from dge_assets.core.generators.encoding.column_plan import ColumnPlan
from dge_assets.core.lineage.provenance import Provenance
from dge_resources.lake import address_of
from dge_resources.records import Recorded
from dge_resources.storage import Storage


def encoder_asset(line: Line) -> dg.AssetsDefinition:
    """`<table>/encoder`."""

    @dg.asset(
        key=line.key("encoder"),
        description=f"The encoding of `{line.table}/real_train` that every generator learns from, fitted once: levels, "
        f"mixtures of the numbers, and the encoded rows themselves. Kept as JSON and safetensors. Holds real rows in "
        f"another form: custodian only.",
        io_manager_key=LAKE,
        backfill_policy=ONE_RUN,
        ins={"real_train": dg.AssetIn(line.key("real_train"))},
        **line.attributes("encoder", "safetensors"),
    )
    def encoder(context: dg.AssetExecutionContext, real_train: Recorded, storage: Storage) -> None:
        recipe = line.encoder_recipe(real_train.record)
        reused = storage.artifacts.is_current(recipe)
        record = (
            stored_encoder(line, storage, real_train.record)
            if reused
            else _fit(context, line, real_train, storage)
        )
        context.add_output_metadata(
            {**_describe(storage, record), **record_metadata(record), "reused": reused}
        )
        context.set_data_version(context.asset_key, dg.DataVersion(record.content_sha256))

    return encoder


def _fit(
    context: dg.AssetExecutionContext, line: Line, real_train: Recorded, storage: Storage
) -> Provenance:
    import time

    from dge_assets.core.generators.encoding.fitting import fit_encoder
    from dge_assets.core.generators.state_files import encoder_files
    from dge_assets.core.threads import one_thread

    started = time.perf_counter()
    with one_thread():
        fitted, encoded = fit_encoder(
            real_train.frame, contract_of(real_train.record), table=line.table
        )
    for note in fitted.codec.notes:
        context.log.warning(f"{line.table}: {note}")
    seconds = time.perf_counter() - started
    tell(
        context,
        f"{line.table}: {len(encoded)} rows encoded in {encoded.layout.columns} columns, {seconds:.1f} s",
    )
    return storage.artifacts.write(
        line.encoder_recipe(real_train.record),
        encoder_files(fitted, encoded),
        run_id=context.run.run_id,
        seconds=seconds,
    )


def stored_encoder(line: Line, storage: Storage, real_train: Provenance) -> Provenance:
    """The record of the encoding that present members descend from; ProvenanceError or StorageError
    with the remedy.
    """
    return storage.artifacts.record_expected(
        line.encoder_recipe(real_train), remedy=line.remedy("encoder")
    )


def _describe(storage: Storage, record: Provenance) -> dict[str, Any]:
    import pandas as pd

    from dge_assets.core.generators.state_files import encoder_from_files

    artifact = storage.artifacts.read(address_of(record))
    encoder, encoded = encoder_from_files(artifact.files, place=record.place)
    layout = encoded.layout
    trips = {trip.column: trip.error for trip in encoder.codec.round_trips}
    columns = [
        (
            plan.name,
            plan.kind,
            plan.role,
            len(plan.levels) or None,
            *_numbers(plan),
            trips.get(plan.name),
        )
        for plan in encoder.codec.plans
    ]
    heads = [
        "column",
        "kind",
        "learnt as",
        "levels",
        "scale",
        "step",
        "frequent values",
        "round trip",
    ]
    return {
        "dagster/row_count": len(encoded),
        "encoded_columns": layout.columns,
        "condition_levels": layout.conditions,
        "megabytes": round(encoded.nbytes / 1e6, 3),
        "columns": table_metadata(pd.DataFrame(columns, columns=heads)),
        "round_trip": max(trips.values(), default=0.0),
        "notes": notes_metadata(encoder.codec.notes),
        "path": dg.MetadataValue.path(storage.artifacts.url(address_of(record))),
    }


def _numbers(plan: ColumnPlan) -> tuple[str | None, str | None, int | None]:
    """Of a column of numbers its transform, the step of its grid and how many frequent values it
    has.
    """
    if plan.role != "number":
        return None, None, None
    step = "/".join(map(str, plan.step)) if plan.step else None
    return plan.transform.shape, step, len(plan.frequent) or None
