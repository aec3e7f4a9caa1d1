"""`make demo`: one table's whole line in this process, with progress in the terminal and the headline at the end.

Killed at any moment and started again it goes on from what was kept, and ends in the same release.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time

import dagster as dg

from dge_assets.assets.line import Line
from dge_assets.assets.report import full_profile_note, report_path
from dge_assets.assets.telling import TERMINAL
from dge_assets.automation import range_tags
from dge_assets.core import errors
from dge_assets.core.declaration import read_profile
from dge_assets.core.errors import DeclarationError, DgeError
from dge_assets.declarations import declared_tables
from dge_assets.deployment import prepare
from dge_assets.recovery import sweep
from dge_resources.home import home_url
from dge_resources.lake import Address
from dge_resources.progress import duration
from dge_resources.storage import Storage

_OWN_ERRORS = {kind.__name__ for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, DgeError)}


def main() -> None:
    """Run the line of the table that the command line names; exit status 1 with one clear message on an error."""
    parser = argparse.ArgumentParser(prog="python -m dge_assets.demo", description=__doc__)
    parser.add_argument("table", nargs="?", default="crash", help="a declared table (default: crash)")
    try:
        run_line(parser.parse_args().table)
    except DgeError as error:
        sys.exit(f"\n{error}")


def run_line(table: str) -> None:
    """Materialize everything of `table`; raises the DgeError that stopped it, if one did."""
    started = time.monotonic()
    line = _line(table)
    print(f"{table}: profile {line.plan.profile}, K = {line.plan.seeds} members of each of {list(line.families)}")
    _show_progress()
    prepare()
    from dge_assets.definitions import defs

    with dg.DagsterInstance.get() as instance:
        for run_id in sweep(instance, starting_seconds=0):
            TERMINAL.info("run %s was left behind by a dead process: marked as failed", run_id)
        _materialize(defs, line, instance)
    _show_result(line, time.monotonic() - started)


def _line(table: str) -> Line:
    tables = declared_tables()
    if table not in tables:
        raise DeclarationError(f"no table {table!r} is declared; there are {sorted(tables)}; DGE_TABLES adds a folder")
    declaration, folder = tables[table]
    return Line(declaration.plan(read_profile(os.environ.get("DGE_PROFILE", "default"))), str(folder))


def _show_progress() -> None:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("%(asctime)s  %(message)s", datefmt="%H:%M:%S"))
    TERMINAL.addHandler(handler)
    TERMINAL.setLevel(logging.INFO)
    TERMINAL.propagate = False


def _materialize(defs: dg.Definitions, line: Line, instance: dg.DagsterInstance) -> None:
    job = defs.resolve_job_def(f"{line.table}_line")
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    result = job.execute_in_process(instance=instance, tags=range_tags(line), run_config=quiet, raise_on_error=False)
    if not result.success:
        raise DgeError(reason_of(result))


def reason_of(result: dg.ExecuteInProcessResult) -> str:
    """Why a run failed, without Dagster's frames around it: our own error, or else failed checks and what else is told."""
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
        f"check {check.check_name} of {check.asset_key.to_user_string()}: {check.description}" for check in failed
    ]
    return "\n".join(own or [*checks, *others]) or "the run failed; see its page in the UI (make dev)"


def _show_result(line: Line, seconds: float) -> None:
    from dge_assets.core.reporting.headline import headline_table, terminal_table

    storage = Storage(home=home_url())
    scores = storage.lake.read(Address(line.table, "training_scores")).frame
    members = [
        record
        for family in line.families
        for seed in line.seeds
        if (record := storage.artifacts.record(Address(line.table, "generator", family, seed))) is not None
    ]
    release = storage.releases.open(line.table)
    print(f"\n{line.table}: scored on real test rows, mean over {', '.join(line.plan.declaration.models)}\n")
    print(terminal_table(headline_table(scores), width=100))
    print(f"\nreport     {storage.store.url(report_path(line.table))}")
    print(f"warehouse  {storage.warehouse.url}")
    print(f"release    {storage.releases.url(release)}")
    print(f"\n{duration(seconds)} in all. {full_profile_note(line, members)}")


if __name__ == "__main__":
    main()
