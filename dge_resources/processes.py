"""Processes: which one is which, told so that a step of the system's clock changes nothing.

Here: a process's identity (its number, which the system gives out again, and its birth), and
whether it lives. Not here: what is done about one that does not (`worker`, `dge_assets.recovery`).
No Dagster, since workers import this.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

PROCESS_TAG = "dge/process"
"""Tag of a run: the process that executes it."""

_PROC = Path("/proc")
_DEAD = ("Z", "X")
"""States of /proc/<pid>/stat in which a process has ended and was not collected yet."""


@dataclass(frozen=True)
class Identity:
    """One process of this machine, once and for all: no later process is equal to it."""

    pid: int
    born: str
    """Where the system tells it: clock ticks from the machine's start to the process's; else
    seconds of the epoch.

    psutil's `create_time` would not do on Linux: it adds the ticks to a time of start that moves
    with the clock.
    """

    def __str__(self) -> str:
        return f"{self.pid}@{self.born}"

    @classmethod
    def parse(cls, text: str) -> Identity:
        """What `str` gave; ValueError for another text."""
        pid, _, born = text.partition("@")
        return cls(int(pid), born)


def current_process() -> Identity:
    """This process."""
    found = identity_of(os.getpid())
    if found is None:
        raise RuntimeError("the system does not tell this process's own start")
    return found


def identity_of(pid: int, *, proc: Path = _PROC) -> Identity | None:
    """The living process with the number `pid`; None where there is none, or only what a dead one
    left.

    `proc` is the system's folder of processes.
    """
    if (proc / "self" / "stat").exists():
        return _from_proc(pid, proc)
    try:
        process = psutil.Process(pid)
        return (
            None
            if process.status() == psutil.STATUS_ZOMBIE
            else Identity(pid, repr(process.create_time()))
        )
    except psutil.NoSuchProcess:
        return None


def lives(process: Identity) -> bool:
    """Whether this very process still runs."""
    return identity_of(process.pid) == process


def age_seconds(process: Identity) -> float:
    """Seconds since the process began."""
    if (_PROC / "self" / "stat").exists():
        # Both count from the machine's start, so neither moves with the clock.
        return time.clock_gettime(time.CLOCK_BOOTTIME) - int(process.born) / os.sysconf(
            "SC_CLK_TCK"
        )
    return time.time() - float(process.born)


def _from_proc(pid: int, proc: Path) -> Identity | None:
    try:
        text = (proc / str(pid) / "stat").read_text()
    except OSError:
        return None
    # The second field is the program's name in brackets, which may hold blanks and brackets itself.
    state, *fields = text.rpartition(")")[2].split()
    return None if state in _DEAD else Identity(pid, fields[18])
