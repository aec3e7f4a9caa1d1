"""The one-machine deployment: Dagster's home under `DGE_HOME`, with the shipped settings.

Run as a program (`python -m dge_assets.deployment`) it prepares that home, puts right what a dead process left behind,
and prints the folder for `DAGSTER_HOME`.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import dagster as dg

from dge_assets.core.errors import DgeError
from dge_assets.declarations import declared_tables, profile_in_use
from dge_assets.recovery import recover
from dge_resources.home import Store, home_url, project_root

SETTINGS = "dagster.yaml"
SHIPPED = Path(__file__).with_name(SETTINGS)
"""Not in the project's root, where Dagster would warn that it does not use it."""
AS_SHIPPED = ".dagster.yaml.shipped"
"""Beside the settings in use: the shipped ones that they were copied from."""
_SHIPPED_BEFORE = frozenset({"04ee5eee54a71f332feff41115dfe9a6001587e3c211ff0e7ff6358e8b8e8447"})
"""SHA-256 of settings that were copied before there was `AS_SHIPPED`."""


def dagster_home() -> Path:
    """`DAGSTER_HOME`, or `dagster` below `DGE_HOME` where that is a folder of this machine, else below the project."""
    if os.environ.get("DAGSTER_HOME"):
        return Path(os.environ["DAGSTER_HOME"])
    root = Store(home_url())
    return Path(root.full("dagster")) if root.is_local else project_root() / ".dge" / "dagster"


def prepare() -> Path:
    """Make Dagster's home with the shipped settings, or refresh those that nobody edited; returns it.

    What writers that died have left unfinished is cleared away on the way.
    """
    for left in Store(home_url()).clear_unfinished():
        print(f"{left} was left unfinished by a dead process: removed", file=sys.stderr)
    home = dagster_home()
    home.mkdir(parents=True, exist_ok=True)
    refresh_settings(home, SHIPPED.read_bytes())
    os.environ["DAGSTER_HOME"] = str(home)
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "yes")
    return home


def refresh_settings(home: Path, shipped: bytes) -> None:
    """Put the `shipped` settings into Dagster's home; edited ones stay, and what they may lack is said on stderr."""
    own, former = home / SETTINGS, home / AS_SHIPPED
    used = own.read_bytes() if own.exists() else None
    known = former.read_bytes() if former.exists() else None
    if used in (None, known, shipped) or hashlib.sha256(used or b"").hexdigest() in _SHIPPED_BEFORE:
        for path in (own, former):
            if not path.exists() or path.read_bytes() != shipped:
                path.write_bytes(shipped)
    elif known != shipped:
        print(
            f"{own} was edited, and other settings are shipped now: it is left as it is; compare it with "
            f"{SHIPPED}, or remove it to take the shipped ones",
            file=sys.stderr,
        )


def main() -> None:
    """Prepare, recover, warn of what is stored under another profile, and print the home."""
    home = prepare()
    with dg.DagsterInstance.get() as instance:
        for line in recover(instance):
            print(line, file=sys.stderr)
    for warning in profile_warnings():
        print(warning, file=sys.stderr)
    print(home)


def profile_warnings() -> list[str]:
    """One line for each table whose stored members were made under another profile than the one in use.

    Mistakes in declarations are told where Dagster loads them.
    """
    from dge_assets.assets.line import Line
    from dge_assets.assets.present import other_profile
    from dge_resources.storage import Storage

    try:
        profile, storage = profile_in_use(), Storage(home=home_url())
        lines = [Line(found.plan(profile), str(folder)) for found, folder in declared_tables().values()]
        return [warning for line in lines if (warning := other_profile(line, storage))]
    except DgeError as error:
        return [str(error)]


if __name__ == "__main__":
    main()
