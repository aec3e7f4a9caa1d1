"""The one-machine deployment: Dagster's home under `DGE_HOME`, with the shipped settings.

Run as a program (`python -m dge_assets.deployment`) it prepares that home, puts right what a dead
process left behind, and prints the folder for `DAGSTER_HOME`.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

import dagster as dg

from dge_assets.core.errors import DgeError, StorageError
from dge_assets.declarations import declared_tables, profile_in_use
from dge_assets.recovery import recover
from dge_assets.settings import refresh_settings
from dge_resources.home import Store, home_url, project_root

LEAST_BYTES = 50_000_000
"""Of room in Dagster's home: its databases and logs of a few runs."""


def dagster_home() -> Path:
    """`DAGSTER_HOME`, or `dagster` below `DGE_HOME` where that is a folder of this machine, else
    below the project.
    """
    if os.environ.get("DAGSTER_HOME"):
        return Path(os.environ["DAGSTER_HOME"])
    root = Store(home_url())
    return Path(root.full("dagster")) if root.is_local else project_root() / ".dge" / "dagster"


def prepare() -> Path:
    """Make Dagster's home with the shipped settings, or refresh those that nobody edited; returns
    it.

    What writers that died have left unfinished is cleared away on the way. Raises StorageError
    where the home, or `DGE_HOME` above it, is no folder, cannot be written or has hardly any room
    left: later it would be a traceback of the database's.
    """
    home = dagster_home()
    require_usable(home)
    for left in Store(home_url()).clear_unfinished():
        print(f"{left} was left unfinished by a dead process: removed", file=sys.stderr)
    refresh_settings(home)
    os.environ["DAGSTER_HOME"] = str(home)
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "yes")
    return home


def require_usable(home: Path, *, least_bytes: int = LEAST_BYTES) -> None:
    """Make the folder `home` where there is none; StorageError unless it can be written and has
    `least_bytes` left.
    """
    remedy = "name another folder with DGE_HOME or DAGSTER_HOME"
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home) as file:
            file.write(b"0")
    except OSError as error:
        raise StorageError(
            f"Dagster's home {home} cannot be written ({error}); mend that, or {remedy}"
        ) from error
    left = shutil.disk_usage(home).free
    if left < least_bytes:
        raise StorageError(
            f"Dagster's home {home} has {left / 1e6:,.0f} MB left, at least {least_bytes / 1e6:,.0f} MB are needed; make "
            f"room, or {remedy}"
        )


def main() -> None:
    """Prepare, recover, warn of what is stored under another profile, and print the home."""
    try:
        home = prepare()
    except DgeError as error:
        sys.exit(str(error))
    with dg.DagsterInstance.get() as instance:
        for line in recover(instance):
            print(line, file=sys.stderr)
    for warning in profile_warnings():
        print(warning, file=sys.stderr)
    print(home)


def profile_warnings() -> list[str]:
    """One line for each table whose stored members were made under another profile than the one in
    use.

    Mistakes in declarations are told where Dagster loads them.
    """
    from dge_assets.assets.line import Line
    from dge_assets.assets.present import other_profile
    from dge_resources.storage import Storage

    try:
        profile, storage = profile_in_use(), Storage(home=home_url())
        lines = [
            Line(found.plan(profile), str(folder)) for found, folder in declared_tables().values()
        ]
        return [warning for line in lines if (warning := other_profile(line, storage))]
    except DgeError as error:
        return [str(error)]


if __name__ == "__main__":
    main()
