"""`make demo`: one table's whole line in this process, with progress in the terminal and the
headline at the end.

The headline is told whether or not it ends in a release. Killed at any moment and started again it
goes on from what was kept, and ends in the same release.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg

from dge_assets.assets.line import Line, contract_of
from dge_assets.assets.metadata import TERMINAL
from dge_assets.assets.report import report_path
from dge_assets.assets.training_time import full_profile_note
from dge_assets.automation import range_tags
from dge_assets.core import errors
from dge_assets.core.declaration.table import TablePlan
from dge_assets.core.errors import DgeError
from dge_assets.core.generators.effort import with_effort
from dge_assets.declarations import declared_table, profile_in_use, usual_table
from dge_assets.deployment import prepare
from dge_assets.local_run import run_here
from dge_assets.recovery import recover
from dge_resources.home import home_url
from dge_resources.lake import Address
from dge_resources.progress import duration
from dge_resources.storage import Storage

if TYPE_CHECKING:
    from dagster._core.execution.execution_result import ExecutionResult

_OWN_ERRORS = {
    kind.__name__
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, DgeError)
}


def main() -> None:
    """Run the line of the table that the command line names; exit status 1 with one clear message
    on an error.
    """
    parser = argparse.ArgumentParser(prog="python -m dge_assets.demo", description=__doc__)
    parser.add_argument(
        "table", nargs="?", help="a declared table (default: crash, or the only one of DGE_TABLES)"
    )
    try:
        run_line(parser.parse_args().table or usual_table())
    except DgeError as error:
        sys.exit(f"\n{error}")


def run_line(table: str) -> None:
    """Materialize everything of `table`; raises the DgeError that stopped it, if one did."""
    started = time.monotonic()
    declaration, folder = declared_table(table)
    line = Line(declaration.plan(profile_in_use()), str(folder))
    print(opening(line.plan))
    _show_progress()
    prepare()
    with dg.DagsterInstance.get() as instance:
        for recovered in recover(instance):
            TERMINAL.info(recovered)
        result = _materialize(line, instance)
    conclude(line, result, time.monotonic() - started)


def conclude(line: Line, result: ExecutionResult, seconds: float) -> None:
    """Tell the headline as far as the run got to one; then the release, or raise the DgeError that
    there is none.
    """
    if _made(result, line.key("report")):
        _show_headline(line)
    if not result.success:
        raise DgeError(reason_of(result))
    _show_release(line, str(_made(result, line.key("release"))["version"].value), seconds)


def opening(plan: TablePlan) -> str:
    """What is going to be trained, and every number in which that is less than declared."""
    efforts = {family: with_effort(family, effort) for family, effort in plan.efforts.items()}
    members = (
        f"K = {plan.seeds} members of each of {', '.join(efforts.values())}"
        if set(plan.members.values()) == {plan.seeds}
        else ", ".join(
            f"{plan.members[family]} members of {text}" for family, text in efforts.items()
        )
    )
    text = f"{plan.table}: profile {plan.profile}, {members}"
    return f"{text}\n{plan.notice}" if plan.notice else text


def _show_progress() -> None:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("%(asctime)s  %(message)s", datefmt="%H:%M:%S"))
    TERMINAL.addHandler(handler)
    TERMINAL.setLevel(logging.INFO)
    TERMINAL.propagate = False


def _materialize(line: Line, instance: dg.DagsterInstance) -> ExecutionResult:
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    return run_here(instance, f"{line.table}_line", range_tags(line), quiet)


def _made(result: ExecutionResult, key: dg.AssetKey) -> Mapping[str, dg.MetadataValue[Any]]:
    """The metadata of what the run made of `key`; empty where it did not get so far."""
    made = (
        event
        for event in result.all_events
        if event.is_step_materialization and event.asset_key == key
    )
    return next((event.materialization.metadata for event in made), {})


def reason_of(result: ExecutionResult) -> str:
    """Why a run failed, without Dagster's frames around it: our own error, or else failed checks
    and what else is told.
    """
    own: list[str] = []
    others: list[str] = []
    for event in result.all_events:
        error = event.step_failure_data.error if event.is_step_failure else None
        while error is not None and error.cause is not None and error.cls_name not in _OWN_ERRORS:
            error = error.cause
        if error is not None:
            text = f"{event.step_key}: {error.message.strip().removeprefix(errors.__name__ + '.')}"
            (own if error.cls_name in _OWN_ERRORS else others).append(text)
    failed = [check for check in result.get_asset_check_evaluations() if not check.passed]
    checks = [
        f"check {check.check_name} of {check.asset_key.to_user_string()}: {check.description}"
        for check in failed
    ]
    return (
        "\n".join(own or [*checks, *others]) or "the run failed; see its page in the UI (make dev)"
    )


def _show_headline(line: Line) -> None:
    """The scores and where the rest is, of a run that ends in no release too: its custodian needs
    them the more.
    """
    from dge_assets.core.reporting.page.headline import headline_table, terminal_table

    storage = Storage(home=home_url())
    lake = storage.lake
    scores = lake.read(Address(line.table, "training_scores")).frame
    contract = contract_of(
        lake.require_record(Address(line.table, "real_train"), remedy=line.remedy("real_train"))
    )
    print(
        f"\n{line.table}: scored on real test rows, mean over {', '.join(line.plan.declaration.models)}"
    )
    for name, reason in contract.left_out.items():
        print(f"Column {name!r} is left out: {reason}.")
    for doubt in contract.doubts:
        print(f"Please decide: {doubt}.")
    print(f"{line.plan.notice}\n" if line.plan.notice else "")
    print(terminal_table(headline_table(scores), width=100))
    print(f"\nreport     {storage.store.url(report_path(line.table))}")
    print(f"warehouse  {storage.warehouse.url}")


def _show_release(line: Line, version: str, seconds: float) -> None:
    storage = Storage(home=home_url())
    addresses = [Address(line.table, "generator", family, seed) for family, seed in line.members]
    records = [storage.artifacts.record(address) for address in addresses]
    release = storage.releases.open(line.table, version)
    print(
        f"{'trial      ' if line.plan.is_trial else 'release    '}{storage.releases.url(release)}"
    )
    note = full_profile_note(line, [record for record in records if record is not None])
    print(f"\n{duration(seconds)} in all. {note}".rstrip())


if __name__ == "__main__":
    main()
