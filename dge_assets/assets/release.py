"""The last stage: a signed-off release, the only thing that consumers get."""

import json
from collections.abc import Mapping
from typing import Any

import dagster as dg

from dge_assets.assets.ensemble import collect_ensemble, ensemble_inputs, tables_of
from dge_assets.assets.line import ONE_RUN, Line, contract_of, table_metadata
from dge_assets.assets.report import report_path
from dge_assets.assets.telling import tell
from dge_assets.core.errors import ReleaseError
from dge_assets.core.provenance import Provenance
from dge_resources.lake import Address
from dge_resources.records import Recorded
from dge_resources.storage import Storage

RELEASED_TABLES = ("training_scores", "evaluation_scores")
"""Scores that go with a release: means over real_test as a whole, no statistic of few real rows."""
SYNTHETIC_CHECKS = ("contract", "no_copies")


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
        "manifest. Holds no real row and nothing fitted on real rows but the datasets. Made only when every check passed "
        "on exactly these members.",
        ins=ensemble_inputs(line),
        deps=[line.key("report")],
        backfill_policy=ONE_RUN,
        **line.attributes("release", "parquet"),
    )
    def release(
        context: dg.AssetExecutionContext, config: ReleaseConfig, storage: Storage, **inputs: Any
    ) -> dg.MaterializeResult[None]:
        from dge_resources.releases import release_version

        ensemble = collect_ensemble(line, storage, inputs)
        inputs |= tables_of(ensemble, line, storage, RELEASED_TABLES)
        datasets = {(family, seed): item for family, items in ensemble.datasets.items() for seed, item in items.items()}
        passed = require_passed(line, storage, datasets, inputs["real_train"])
        note = _sign_off(line, config, passed)
        files = _files(line, storage, inputs, datasets)
        members = _member_entries(datasets)
        version = release_version({"members": members, "content": _content(inputs)})
        made = storage.releases.publish(line.table, files, version=version, members=members, note=note)
        storage.warehouse.build()
        tell(context, f"{line.table}: release {version} at {storage.releases.url(made)}")
        return dg.MaterializeResult(
            data_version=dg.DataVersion(version),
            metadata={
                "version": version,
                "path": dg.MetadataValue.path(storage.releases.url(made)),
                "sign_off": dg.MetadataValue.json(made.manifest["sign_off"]),
                "datasets": len(datasets),
                "rows": sum(len(item.frame) for item in datasets.values()),
                "report": dg.MetadataValue.path(storage.store.url(report_path(line.table))),
                "scores": table_metadata(inputs["training_scores"].frame, most_rows=40),
            },
        )

    return release


Member = tuple[str, int]


def require_passed(
    line: Line, storage: Storage, datasets: Mapping[Member, Recorded], real_train: Recorded
) -> list[str]:
    """The checks that a release stands on; ReleaseError names each that failed or was not run on what is released."""
    verdicts = {(verdict.check, verdict.member): verdict for verdict in storage.verdicts.read(line.table)}
    source = storage.lake.read(Address(line.table, "source")).record.record_id
    wanted: list[tuple[str, str, str, set[str]]] = [
        ("contract", "", "source", {source}),
        ("overlap", "", "real_test", {real_train.record.record_id}),
    ]
    for (family, seed), item in datasets.items():
        member = f"{family}/{seed:03d}"
        wanted += [(check, member, f"{family}/synthetic", {item.record.record_id}) for check in SYNTHETIC_CHECKS]
    for family in line.families:
        ids = {item.record.record_id for (name, _), item in datasets.items() if name == family}
        wanted.append(("members_differ", family, f"{family}/synthetic", ids))
    problems = []
    for check, member, asset, subjects in wanted:
        verdict = verdicts.get((check, member))
        place = f"{line.table}/{asset}: check {check}" + (f" on {member}" if member else "")
        if verdict is None or not subjects <= set(verdict.subjects):
            problems.append(f"{place} was not run on what is to be released; materialize the asset with its checks")
        elif not verdict.passed:
            problems.append(f"{place} failed: {verdict.summary}")
    if problems:
        shown = "\n  ".join(problems[:10]) + (f"\n  and {len(problems) - 10} more" if len(problems) > 10 else "")
        raise ReleaseError(f"table {line.table!r} cannot be released:\n  {shown}")
    return [f"{check} {member or asset}" for check, member, asset, _ in wanted]


def _sign_off(line: Line, config: ReleaseConfig, passed: list[str]) -> dict[str, Any]:
    policy = line.plan.declaration.release.sign_off
    if policy == "manual" and not config.signed_off_by.strip():
        raise ReleaseError(
            f"table {line.table!r}: its declaration wants a person's sign-off; run {line.table}_release with the run "
            f"configuration ops: {line.table}__release: config: signed_off_by: YOUR NAME"
        )
    return {
        "policy": policy,
        "signed_off_by": config.signed_off_by.strip() or "passed checks",
        "remark": config.remark,
        "checks_passed": len(passed),
    }


def _member_entries(datasets: Mapping[Member, Recorded]) -> list[dict[str, Any]]:
    from dge_resources.releases import dataset_file

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


def _content(inputs: Mapping[str, Any]) -> dict[str, str]:
    """What a release's version is a hash of, besides its members: scores and contract, by content."""
    scores = {name: inputs[name].record.content_sha256 for name in RELEASED_TABLES}
    return {**scores, "contract": contract_of(inputs["real_train"].record).for_release().sha256}


def _files(
    line: Line, storage: Storage, inputs: Mapping[str, Any], datasets: Mapping[Member, Recorded]
) -> dict[str, bytes]:
    from dge_resources.parquet import to_parquet
    from dge_resources.releases import dataset_file

    contract = contract_of(inputs["real_train"].record).for_release()
    files = {
        dataset_file(*member): to_parquet(item.frame.assign(record_id=item.record.record_id))
        for member, item in datasets.items()
    }
    for name in RELEASED_TABLES:
        files[f"scores/{name}.parquet"] = to_parquet(inputs[name].frame)
    files["contract.json"] = _json(contract.model_dump(mode="json"))
    files["lineage.json"] = _json(released_lineage(storage, line, datasets))
    files["README.md"] = _card(line, contract, inputs, datasets).encode()
    return files


def released_lineage(storage: Storage, line: Line, datasets: Mapping[Member, Recorded]) -> list[dict[str, Any]]:
    """The records of the datasets and all that they descend from, without what only the custodian may see.

    The real tables' parameters hold the contract with real extremes, so of those only the hash is given.
    """
    records: list[Provenance] = []
    for name in ("source", "real_train"):
        records.append(storage.lake.read(Address(line.table, name)).record)
    for (family, seed), item in datasets.items():
        generator = storage.artifacts.record(Address(line.table, "generator", family, seed))
        records += [record for record in (generator, item.record) if record is not None]
    return [_released_record(record) for record in records]


_CIRCUMSTANCES = ("run_id", "created_at", "seconds")


def _released_record(record: Provenance) -> dict[str, Any]:
    """A record without the circumstances of its run, so that a release is the same however it came about.

    The custodian's `lineage` table has them under the same record id.
    """
    document = {key: value for key, value in record.to_document().items() if key not in _CIRCUMSTANCES}
    return document if record.family else {**document, "parameters": {}}


def _card(line: Line, contract: Any, inputs: Mapping[str, Any], datasets: Mapping[Member, Recorded]) -> str:
    from dge_assets.core.reporting.card import release_card

    return release_card(
        table=line.table,
        description=line.plan.declaration.description,
        contract=contract,
        members=[(family, seed, len(item.frame)) for (family, seed), item in datasets.items()],
        epochs={family: line.plan.parameters(family).epochs for family in line.families},
        training_scores=inputs["training_scores"].frame,
    )


def _json(document: Any) -> bytes:
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False).encode()
