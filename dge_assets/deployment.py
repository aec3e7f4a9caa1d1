"""The one-machine deployment: Dagster's home under `DGE_HOME`, with the shipped settings.

Run as a program (`python -m dge_assets.deployment`) it prepares that home, fails the runs that a dead process left
behind, and prints the folder for `DAGSTER_HOME`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import dagster as dg

from dge_assets.recovery import sweep
from dge_resources.home import Store, home_url, project_root

SETTINGS = "dagster.yaml"


def dagster_home() -> Path:
    """`DAGSTER_HOME`, or `dagster` below `DGE_HOME` where that is a folder of this machine, else below the project."""
    if os.environ.get("DAGSTER_HOME"):
        return Path(os.environ["DAGSTER_HOME"])
    root = Store(home_url())
    return Path(root.full("dagster")) if root.is_local else project_root() / ".dge" / "dagster"


def prepare() -> Path:
    """Make Dagster's home with the shipped settings, where it has none of its own; returns it.

    What writers that died have left unfinished is cleared away on the way.
    """
    for left in Store(home_url()).clear_unfinished():
        print(f"{left} was left unfinished by a dead process: removed", file=sys.stderr)
    home = dagster_home()
    home.mkdir(parents=True, exist_ok=True)
    shipped, own = project_root() / SETTINGS, home / SETTINGS
    if shipped.exists() and not own.exists():
        own.write_bytes(shipped.read_bytes())
    os.environ["DAGSTER_HOME"] = str(home)
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "yes")
    return home


def main() -> None:
    """Prepare, sweep, and print the home."""
    home = prepare()
    with dg.DagsterInstance.get() as instance:
        for run_id in sweep(instance, starting_seconds=0):
            print(f"run {run_id} was left behind by a dead process: marked as failed", file=sys.stderr)
    print(home)


if __name__ == "__main__":
    main()
