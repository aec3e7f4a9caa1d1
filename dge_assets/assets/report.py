"""The sixth stage: the report that the custodian reads before a release, one HTML file."""

from typing import TYPE_CHECKING, Any

import dagster as dg
import pandas as pd

from dge_assets.assets.ensemble import collect_ensemble, ensemble_inputs, tables_of
from dge_assets.assets.evaluation_pictures import drawn_once
from dge_assets.assets.generator import recorded_effort
from dge_assets.assets.line import ONE_RUN, Line, contract_of
from dge_assets.assets.metadata import png_metadata, table_metadata, tell
from dge_assets.assets.present import (
    Member,
    keep_plan,
    member_name,
    unused_members,
    verdicts_in_use,
)
from dge_assets.assets.training_time import full_profile_note
from dge_assets.core.contract.contract import Contract
from dge_assets.core.generators.effort import members_text, with_effort
from dge_assets.core.lineage.provenance import Provenance
from dge_resources.lake import Address
from dge_resources.records import Recorded
from dge_resources.storage import Storage
from dge_resources.verdicts import Verdict

if TYPE_CHECKING:
    from dge_assets.core.reporting.pictures.figure import Figure


def report_path(table: str) -> str:
    """Relative path of a table's report."""
    return f"reports/{table}/report.html"


def report_asset(line: Line) -> dg.AssetsDefinition:
    """`<table>/report`."""

    @dg.asset(
        key=line.key("report"),
        description="One HTML file for the custodian: verdict, scores, pictures, checks, members and lineage. Shows "
        "statistics of real rows, so it stays with the custodian. Also builds the warehouse anew.",
        ins=ensemble_inputs(line),
        deps=[line.key(line.catalogue.index.name)],
        backfill_policy=ONE_RUN,
        **line.attributes("report", "html"),
    )
    def report(
        context: dg.AssetExecutionContext, storage: Storage, **inputs: Any
    ) -> dg.MaterializeResult[None]:
        from dge_assets.core.reporting.page.headline import headline_table
        from dge_assets.core.reporting.page.report import render_report

        ensemble = collect_ensemble(line, storage, inputs)
        inputs |= tables_of(ensemble, line, storage, line.catalogue.names)
        shown = _report_input(line, storage, inputs)
        path = report_path(line.table)
        storage.store.write(path, render_report(shown).encode())
        headline = headline_table(inputs["training_scores"].frame)
        tell(context, f"{line.table}: report at {storage.store.url(path)}")
        return dg.MaterializeResult(
            metadata={
                "path": dg.MetadataValue.path(storage.store.url(path)),
                "warehouse": dg.MetadataValue.path(build_warehouse(context, storage)),
                "headline": table_metadata(headline),
                **({"notice": line.plan.notice} if line.plan.notice else {}),
                **{
                    f"figure {title}": png_metadata(png, caption)
                    for title, caption, png in shown.figures[:2]
                },
            },
        )

    return report


def build_warehouse(context: dg.AssetExecutionContext, storage: Storage) -> str:
    """Build the warehouse anew; where it is.

    What is damaged, of whichever table, is told and left out of it.
    """
    built = storage.warehouse.build()
    for problem in built.problems:
        tell(context, f"left out of the warehouse: {problem.message}")
    return built.url


def _report_input(line: Line, storage: Storage, inputs: dict[str, Any]) -> Any:
    from dge_assets.core.privacy.disclosure import disclosure_notes, sensitive_text
    from dge_assets.core.reporting.page.report_input import ReportInput

    declaration = line.plan.declaration
    real_train: Recorded = inputs["real_train"]
    contract = contract_of(real_train.record)
    present = keep_plan(line, storage)
    members = list(present.generators.values())
    verdicts = verdicts_in_use(line, storage, present)
    return ReportInput(
        table=line.table,
        title=f"{line.table}: is the release safe and useful?",
        description=declaration.description,
        notice=line.plan.notice,
        facts=[
            (
                "Real rows",
                f"{len(real_train.frame)} to train, {len(inputs['real_test'].frame)} to test",
            ),
            ("Columns", f"{len(contract.modelled)} modelled of {len(contract.columns)}"),
            (
                "Left out",
                "; ".join(f"{name}: {reason}" for name, reason in contract.left_out.items())
                or "nothing",
            ),
            ("To decide", "; ".join(contract.doubts) or "nothing"),
            (
                "Levels and bounds",
                f"declared, or shared by at least {declaration.disclosure.fewest} rows of real_train",
            ),
            ("Sensitive", sensitive_text(contract)),
            ("Target", f"{contract.target} ({contract.task})"),
            ("Members", members_text(line.plan.members)),
            (
                "Families",
                ", ".join(with_effort(*each) for each in line.plan.efforts.items()),
            ),
            ("Downstream models", ", ".join(declaration.models)),
            ("Profile", line.plan.profile + (f": {line.plan.cuts_text}" if line.plan.cuts else "")),
        ],
        tables={name: inputs[name].frame for name in line.catalogue.names},
        catalogue=line.catalogue,
        figures=_figures(line, storage, contract, inputs),
        checks=_checks_table(verdicts.used),
        members=pd.DataFrame([_member_row(line, record) for record in members]),
        notes=[
            *_notes(line, members, storage),
            *inputs["evaluation_notes"].frame["note"].unique(),
            *disclosure_notes(contract),
            *_unused_notes(unused_members(line, storage, present), verdicts.unused),
            *(problem.message for problem in verdicts.problems),
        ],
        lineage=[
            ("Real table (content)", real_train.record.table_fingerprint),
            ("Contract", real_train.record.contract_sha256),
            ("real_train", real_train.record.record_id),
            ("real_test", inputs["real_test"].record.record_id),
            ("Training scores", inputs["training_scores"].record.record_id),
        ],
    )


def _unused_notes(members: list[Member], verdicts: list[Verdict]) -> list[str]:
    """What is stored and belongs to no member of the present plan: told, and neither shown nor
    counted.
    """
    if not members and not verdicts:
        return []
    names = ", ".join(member_name(*member) for member in members) or "none"
    return [
        f"Stored and not in use, as the present declaration does not ask for it: members {names}; {len(verdicts)} "
        f"verdicts of checks. The warehouse has the rows in `synthetic_unused`."
    ]


def _member_row(line: Line, record: Provenance) -> dict[str, Any]:
    effort = recorded_effort(line.plan.card(str(record.family)), record)
    return {
        "family": record.family,
        "seed": record.seed,
        "record_id": record.record_id,
        "effort": str(effort or "—"),
        "seconds": round(record.seconds or 0.0, 1),
        "parameters": record.parameters_sha256[:12],
        "weights": record.content_sha256[:12],
        "code": record.code_version,
    }


def _checks_table(verdicts: list[Verdict]) -> pd.DataFrame:
    rows = [
        {
            "asset": verdict.asset,
            "check": verdict.check,
            "member": verdict.member,
            "passed": verdict.passed,
            "severity": verdict.severity,
            "summary": verdict.summary,
        }
        for verdict in verdicts
    ]
    return pd.DataFrame(rows, columns=["asset", "check", "member", "passed", "severity", "summary"])


def _figures(
    line: Line, storage: Storage, contract: Contract, inputs: dict[str, Any]
) -> "list[Figure]":
    """Those of the evaluation tables, then those of the datasets and of training."""
    from dge_assets.core.reporting.pictures.figure import Figure
    from dge_assets.core.reporting.pictures.marginals import marginals

    tables = {name: inputs[name] for name in line.catalogue.names}
    figures = [
        figure
        for card in line.catalogue
        for figure in drawn_once(card, tables, inputs["real_test"])
    ]
    columns = [(column.name, column.kind) for column in contract.modelled]
    for family in line.families:
        datasets = {int(key): item.frame for key, item in inputs[f"{family}__synthetic"].items()}
        picture = marginals(inputs["real_train"].frame, datasets, columns)
        title, caption = f"Marginals, {family}", "Real rows against each member's dataset"
        figures += [Figure(title, caption, picture), *_losses(line, storage, family)]
    return figures


def _losses(line: Line, storage: Storage, family: str) -> "list[Figure]":
    """The losses of a family's members; no picture of a family that has none."""
    from dge_assets.core.generators.state_files import from_files
    from dge_assets.core.reporting.pictures.charts import loss_curves, losses_of
    from dge_assets.core.reporting.pictures.figure import Figure

    histories = {}
    for seed in line.seeds(family):
        artifact = storage.artifacts.read(Address(line.table, "generator", family, seed))
        histories[seed] = from_files(artifact.files, place=artifact.record.place).history
    losses = losses_of(histories)
    if losses.empty:
        return []
    step = str(losses.columns[0])
    picture = loss_curves(losses, f"{line.table}/{family}", step=step)
    return [Figure(f"Losses, {family}", f"By {step}, one line per seed", picture)]


def _notes(line: Line, members: list[Provenance], storage: Storage) -> list[str]:
    """What a reader must know: how much was trained, what the whole would take, what the codec did."""
    from dge_assets.core.generators.state_files import from_files
    from dge_resources.lake import address_of

    notes = [note for note in [full_profile_note(line, members)] if note]
    for family in line.families:
        first = next((record for record in members if record.family == family), None)
        if first is not None:
            stored = from_files(storage.artifacts.read(address_of(first)).files, place=first.place)
            notes += [f"{family}: {note}" for note in stored.notes]
    return notes
