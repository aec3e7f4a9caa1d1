"""`make dev`: Dagster's UI, daemon and code locations on one machine, as one program that ends
whole and soon.

Here: starting `dagster dev` on a prepared home, and ending all of its processes. Not here: the home
(`deployment`).
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading

import psutil

from dge_resources.home import project_root

PATIENCE = ((signal.SIGINT, 3.0), (signal.SIGTERM, 1.0), (signal.SIGKILL, 2.0))
"""What the processes are told one after the other, and the seconds that they get: some are left of
10.
"""

_QUIET = "ignore:Function `dev_command` is superseded"
"""The command that is to replace it, `dg dev`, starts one code location, and the example team has a
second one.
"""


def main() -> None:
    """Run until Ctrl-C or SIGTERM; further arguments are `dagster dev`'s, such as `-p 3001` for
    another port.
    """
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    # A process of its own: this one stays small, and is gone at once in the end.
    prepared = subprocess.run(
        [sys.executable, "-m", "dge_assets.deployment"],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if prepared.returncode:
        sys.exit(prepared.returncode)  # it has said why
    environment = {**os.environ, "DAGSTER_HOME": prepared.stdout.strip()}
    environment["PYTHONWARNINGS"] = ",".join(
        filter(None, [os.environ.get("PYTHONWARNINGS"), _QUIET])
    )
    workspace = str(project_root() / "workspace.yaml")
    command = [sys.executable, "-m", "dagster", "dev", "-w", workspace, *sys.argv[1:]]
    child = subprocess.Popen(command, env=environment, cwd=project_root())
    while child.poll() is None and not stop.wait(0.2):
        pass
    if child.poll() is None:
        end(psutil.Process(child.pid))
        print(
            "ended; what was in work is reported at the next start, and members that were kept stay kept",
            flush=True,
        )
    else:
        sys.exit(child.returncode)


def end(process: psutil.Process) -> None:
    """End a process and all that descend from it: told kindly first, and killed within 10 seconds.

    Dagster itself would wait for a minute, and leave the workers of a run that is in training to
    themselves.
    """
    family = {process, *process.children(recursive=True)}
    for number, seconds in PATIENCE:
        # Whoever has started another since then takes it along.
        family |= {child for member in family for child in _children(member)}
        for member in [process] if number is signal.SIGINT else family:
            _tell(member, number)
        family = set(psutil.wait_procs(family, timeout=seconds)[1])
        if not family:
            return


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return list(process.children(recursive=True))
    except psutil.NoSuchProcess:
        return []


def _tell(process: psutil.Process, number: int) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(number)


if __name__ == "__main__":
    main()
