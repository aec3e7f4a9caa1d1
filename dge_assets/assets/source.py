"""The first stage: the real table as declared, and its split into real_train and real_test."""

from collections.abc import Iterator

import dagster as dg
import pandas as pd

from dge_assets.assets.columns import frame_metadata
from dge_assets.assets.line import CODE_VERSIONS, LAKE, ONE_RUN, Line, contract_of
from dge_assets.assets.metadata import notes_metadata, record_metadata, tell
from dge_assets.core.contract.contract import Contract
from dge_assets.core.lineage.fingerprint import frame_sha256
from dge_assets.core.lineage.provenance import Recipe
from dge_assets.core.reporting.markdown import markdown_cell, markdown_text
from dge_resources.records import Recorded, recorded
from dge_resources.storage import Storage


def source_assets(line: Line) -> list[dg.AssetsDefinition]:
    """`source`, and `real_train` with `real_test`."""
    return [_source(line), _split(line)]


def _source(line: Line) -> dg.AssetsDefinition:
    declaration = line.plan.declaration
    settings = {
        "source": declaration.source.settings(),
        "contract": declaration.contract.model_dump(mode="json"),
        "disclosure": declaration.disclosure.model_dump(mode="json"),
    }

    @dg.asset(
        key=line.key("source"),
        description=f"One row per row of the real table `{line.table}`, in the contract's types.\n\n"
        f"{markdown_text(declaration.description)}\n\nRead from "
        f"{markdown_cell(declaration.source.describe())}. Holds real rows: custodian only.",
        deps=[line.key("origin")],
        io_manager_key=LAKE,
        backfill_policy=ONE_RUN,
        **line.attributes("source", "parquet", parameters=settings),
    )
    def source(context: dg.AssetExecutionContext, storage: Storage) -> dg.Output[Recorded]:
        from dge_assets.core.rows.intake import take_in
        from dge_resources.sources import read_source

        raw = read_source(
            declaration.source,
            base_folder=line.folder,
            cache_folder=storage.cache_folder,
            table=line.table,
            contract=declaration.contract,
        )
        table = take_in(
            raw, declaration.contract, table=line.table, disclosure=declaration.disclosure
        )
        contract = table.contract.as_declared()
        item = _record_source(table.frame, contract, line, context.run.run_id)
        tell(
            context,
            f"{line.table}: {len(table.frame)} real rows, {len(table.frame.columns)} columns",
        )
        for doubt in contract.doubts:
            tell(context, f"{line.table}: please decide: {doubt}")
        for note in table.notes:
            context.log.info(note)
        return dg.Output(
            item,
            data_version=dg.DataVersion(item.record.content_sha256),
            metadata={
                **frame_metadata(table.frame, contract),
                **record_metadata(item.record),
                "contract": dg.MetadataValue.json(contract.model_dump(mode="json")),
                "inferred": notes_metadata(table.notes),
                "to_decide": notes_metadata(contract.doubts),
                "path": dg.MetadataValue.path(storage.lake.url_of(item.record)),
            },
        )

    return source


def _record_source(frame: pd.DataFrame, contract: Contract, line: Line, run_id: str) -> Recorded:
    recipe = Recipe(
        table=line.table,
        asset="source",
        table_fingerprint=frame_sha256(frame),
        contract_sha256=contract.sha256,
        parameters={
            "source": line.plan.declaration.source.describe(),
            "contract": contract.model_dump(mode="json"),
        },
        code_version=CODE_VERSIONS["source"],
    )
    return recorded(frame, recipe, run_id=run_id)


def _split(line: Line) -> dg.AssetsDefinition:
    declaration = line.plan.declaration
    share = declaration.test_share
    attributes = line.attributes("split", "parquet", parameters=line.split_parameters)
    group = attributes.pop("group_name")
    descriptions = {
        "real_train": f"One row per real row that generators may learn from ({1 - share:.0%}), stratified on the "
        f"target, with `row_id`, in the levels that enough rows share. The oracle trains here too. Holds real rows: "
        f"custodian only.",
        "real_test": f"One row per real row that nothing trains on ({share:.0%}), with `row_id`. Only evaluation and "
        f"the checks read it. In the levels of real_train. Holds real rows: custodian only.",
    }

    @dg.multi_asset(
        name=f"{line.table}__split",
        group_name=group,
        backfill_policy=ONE_RUN,
        ins={"source": dg.AssetIn(line.key("source"))},
        outs={
            name: dg.AssetOut(
                key=line.key(name), io_manager_key=LAKE, description=text, **attributes
            )
            for name, text in descriptions.items()
        },
    )
    def split(context: dg.AssetExecutionContext, source: Recorded) -> Iterator[dg.Output[Recorded]]:
        from dge_assets.core.declaration.statistics import require_statistics_fit
        from dge_assets.core.privacy.disclosure import disclosure_notes, protected_rows
        from dge_assets.core.rows.split import split_real

        parts = split_real(
            source.frame, contract_of(source.record), test_share=share, table=line.table
        )
        contract = _protected(line, contract_of(source.record), parts[0])
        require_statistics_fit(
            declaration.statistics or (), contract
        )  # before anything is trained for them
        notes = disclosure_notes(contract)
        for note in notes:
            tell(context, f"{line.table}: {note}")
        for name, part in zip(descriptions, parts, strict=True):
            frame = protected_rows(part, contract)
            recipe = Recipe(
                table=line.table,
                asset=name,
                table_fingerprint=source.record.table_fingerprint,
                contract_sha256=contract.sha256,
                parameters={**line.split_parameters, "contract": contract.model_dump(mode="json")},
                code_version=CODE_VERSIONS["split"],
                parents=(source.record.record_id,),
            )
            item = recorded(frame, recipe, run_id=context.run.run_id)
            yield dg.Output(
                item,
                output_name=name,
                data_version=dg.DataVersion(item.record.content_sha256),
                metadata={
                    **frame_metadata(frame, contract, parent=line.key("source")),
                    **record_metadata(item.record),
                    "contract": dg.MetadataValue.json(contract.model_dump(mode="json")),
                    "held_back": notes_metadata(notes),
                },
            )

    return split


def _protected(line: Line, contract: Contract, real_train: pd.DataFrame) -> Contract:
    """The contract that all after the split read: nothing in it is told of fewer rows than
    declared.
    """
    from dge_assets.core.privacy.disclosure import LevelLimits, protected_contract

    declaration = line.plan.declaration
    limits = LevelLimits(most=declaration.max_levels, more=declaration.many_levels)
    return protected_contract(
        contract, real_train, declaration.disclosure, limits=limits, table=line.table
    )
