"""The last stage: a signed-off release, the only thing that consumers get."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg

from dge_assets.assets.ensemble import collect_ensemble, ensemble_inputs, tables_of
from dge_assets.assets.gate import Passed, require_passed
from dge_assets.assets.line import ONE_RUN, Line, contract_of
from dge_assets.assets.metadata import table_metadata, tell
from dge_assets.assets.present import Member, keep_plan
from dge_assets.assets.report import build_warehouse, report_path
from dge_assets.core.contract.contract import Contract
from dge_assets.core.errors import ReleaseError
from dge_assets.core.lineage.provenance import released_document
from dge_resources.lake import Address
from dge_resources.records import Recorded
from dge_resources.storage import Storage

if TYPE_CHECKING:
    import pandas as pd

    from dge_resources.releases import Release

CARD = "README.md"


class ReleaseConfig(dg.Config):
    """Run configuration of the release."""

    signed_off_by: str = ""
    """Who signs; needed where the declaration says `sign_off: manual`."""
    remark: str = ""


def release_asset(line: Line) -> dg.AssetsDefinition:
    """`<table>/release`."""

    @dg.asset(
        key=line.key("release"),
        description="An immutable, versioned folder for consumers: K datasets per family, contract, scores, lineage and a "
        "manifest. Holds no real row except those that chance repeats, and nothing fitted on real "
        "rows except the datasets. Made only when every check passed "
        "on exactly these members. With less trained than declared it is a trial, which is never the latest release.",
        ins=ensemble_inputs(line),
        deps=[line.key("report")],
        backfill_policy=ONE_RUN,
        **line.attributes("release", "parquet"),
    )
    def release(
        context: dg.AssetExecutionContext, config: ReleaseConfig, storage: Storage, **inputs: Any
    ) -> dg.MaterializeResult[None]:
        ensemble = collect_ensemble(line, storage, inputs)
        inputs |= tables_of(ensemble, line, storage, released_tables(line))
        whole = {
            (family, seed): item
            for family, items in ensemble.datasets.items()
            for seed, item in items.items()
        }
        passed = require_passed(line, storage, whole, inputs["real_train"])
        datasets = {member: item for member, item in whole.items() if member[0] in passed.families}
        note = _sign_off(line, config, passed)
        files = _files(line, storage, inputs, datasets, passed)
        keep_plan(line, storage)
        build_warehouse(context, storage)
        made = _publish(line, storage, files, datasets, passed=passed, note=note)
        tell(context, _said(line, storage, made))
        return dg.MaterializeResult(
            data_version=dg.DataVersion(made.version),
            metadata={
                "version": made.version,
                "trial": line.plan.is_trial,
                **({"notice": line.plan.notice} if line.plan.notice else {}),
                **(
                    {"kept back": dg.MetadataValue.json(dict(passed.kept_back))}
                    if passed.kept_back
                    else {}
                ),
                "path": dg.MetadataValue.path(storage.releases.url(made)),
                "sign_off": dg.MetadataValue.json(made.manifest["sign_off"]),
                "datasets": len(datasets),
                "rows": sum(len(item.frame) for item in datasets.values()),
                "report": dg.MetadataValue.path(storage.store.url(report_path(line.table))),
                "scores": table_metadata(inputs["training_scores"].frame, most_rows=40),
            },
        )

    return release


def released_tables(line: Line) -> list[str]:
    """Names of the evaluation tables that go with a release, as their cards say."""
    return [card.name for card in line.catalogue.released]


def _publish(
    line: Line,
    storage: Storage,
    files: Mapping[str, bytes],
    datasets: Mapping[Member, Recorded],
    *,
    passed: Passed,
    note: dict[str, Any],
) -> "Release":
    declaration = line.plan.declaration
    facts = {
        "profile": line.plan.profile,
        "cuts": [str(cut) for cut in line.plan.cuts],
        "licence": declaration.licence,
        "contact": declaration.contact,
        "data_date": declaration.data_date,
        "kept_back": dict(passed.kept_back),
    }
    members = _member_entries(datasets)
    return storage.releases.publish(
        line.table, files, members=members, note=note, facts=facts, trial=line.plan.is_trial
    )


def _said(line: Line, storage: Storage, made: "Release") -> str:
    kind = "trial release" if line.plan.is_trial else "release"
    return f"{line.table}: {kind} {made.version} at {storage.releases.url(made)}"


def _sign_off(line: Line, config: ReleaseConfig, passed: Passed) -> dict[str, Any]:
    policy = line.plan.declaration.release.sign_off
    if policy == "manual" and not config.signed_off_by.strip():
        raise ReleaseError(
            f"table {line.table!r}: its declaration requires a person's sign-off; run {line.table}_release with the run "
            f"configuration ops: {line.table}__release: config: signed_off_by: YOUR NAME"
        )
    return {
        "policy": policy,
        "signed_off_by": config.signed_off_by.strip() or "passed checks",
        "remark": config.remark,
        "checks_passed": passed.checks,
    }


def _member_entries(datasets: Mapping[Member, Recorded]) -> list[dict[str, Any]]:
    from dge_resources.manifest import dataset_file

    return [
        {
            "family": family,
            "seed": seed,
            "file": dataset_file(family, seed),
            "rows": len(item.frame),
            "record_id": item.record.record_id,
            "generator": item.record.parents[0],
        }
        for (family, seed), item in datasets.items()
    ]


def _files(
    line: Line,
    storage: Storage,
    inputs: Mapping[str, Any],
    datasets: Mapping[Member, Recorded],
    passed: Passed,
) -> dict[str, bytes]:
    from dge_resources.manifest import dataset_file
    from dge_resources.parquet import to_parquet

    contract = contract_of(inputs["real_train"].record)
    files = {
        dataset_file(*member): to_parquet(item.frame.assign(record_id=item.record.record_id))
        for member, item in datasets.items()
    }
    scores = {
        name: _of_families(inputs[name].frame, passed.families) for name in released_tables(line)
    }
    for name, frame in scores.items():
        files[f"scores/{name}.parquet"] = to_parquet(frame)
    files["contract.json"] = _json(contract.for_release().model_dump(mode="json"))
    files["lineage.json"] = _json(released_lineage(storage, line, datasets))
    files[CARD] = _card(line, contract, scores["training_scores"], datasets, passed).encode()
    return files


def _of_families(frame: "pd.DataFrame", families: tuple[str, ...]) -> "pd.DataFrame":
    return frame[frame["family"].isin(families)].reset_index(drop=True)


def released_lineage(
    storage: Storage, line: Line, datasets: Mapping[Member, Recorded]
) -> list[dict[str, Any]]:
    """The records of the datasets and all that they descend from, without what only the custodian
    may see.

    What a record tells is in `released_document`; the ids link them to each other and to the
    custodian's own.
    """
    records = [
        storage.lake.read(Address(line.table, name)).record for name in ("source", "real_train")
    ]
    encoder = storage.artifacts.record(Address(line.table, "encoder"))
    records += [encoder] if encoder is not None else []
    for (family, seed), item in datasets.items():
        generator = storage.artifacts.record(Address(line.table, "generator", family, seed))
        records += [record for record in (generator, item.record) if record is not None]
    return [released_document(record) for record in records]


def _card(
    line: Line,
    contract: Contract,
    scores: "pd.DataFrame",
    datasets: Mapping[Member, Recorded],
    passed: Passed,
) -> str:
    from dge_assets.core.release.card import ReleaseFacts, release_card

    declaration = line.plan.declaration
    return release_card(
        table=line.table,
        description=declaration.description,
        contract=contract.for_release(),
        members=[(family, seed, len(item.frame)) for (family, seed), item in datasets.items()],
        efforts={family: line.plan.effort(family) for family in passed.families},
        training_scores=scores,
        facts=ReleaseFacts(
            is_trial=line.plan.is_trial,
            profile=line.plan.profile,
            cuts=line.plan.cuts_text,
            licence=declaration.licence,
            contact=declaration.contact,
            data_date=declaration.data_date,
            kept_back=tuple(passed.kept_back),
            fewest=declaration.disclosure.fewest,
            left_out=contract.left_out,
            doubts=contract.doubts,
        ),
    )


def _json(document: Any) -> bytes:
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False).encode()
