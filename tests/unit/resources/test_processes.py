"""Which process is which: by number and birth, whatever the clock does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from dge_resources.processes import Identity, age_seconds, current_process, identity_of, lives

ON_LINUX = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux's /proc")


def test_this_process_lives_and_is_itself() -> None:
    me = current_process()
    assert me.pid == os.getpid()
    assert lives(me)
    assert Identity.parse(str(me)) == me
    assert age_seconds(me) > 0
    assert not lives(Identity(me.pid, me.born + "0")), (
        "a later process with the same number is another one"
    )


def test_an_ended_process_is_dead_though_nobody_collected_it() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    identity = identity_of(child.pid)
    assert identity is not None
    assert lives(identity)
    assert age_seconds(identity) < age_seconds(current_process())
    child.kill()
    os.waitid(
        os.P_PID, child.pid, os.WEXITED | os.WNOWAIT
    )  # it has ended, and is a zombie until it is collected
    assert not lives(identity)
    child.communicate()
    assert identity_of(child.pid) is None


@ON_LINUX
def test_a_step_of_the_clock_makes_nobody_another_process(tmp_path: Path) -> None:
    """The time of the machine's start, as the system tells it, moves with the clock; `create_time`
    is counted from it.
    """
    pid = os.getpid()
    text = Path(f"/proc/{pid}/stat").read_text().replace("(python", "(py) thon (", 1)
    told = set()
    for boot in (1_700_000_000, 1_700_000_120):
        proc = tmp_path / str(boot)
        for name in (str(pid), "self"):
            (proc / name).mkdir(parents=True)
            (proc / name / "stat").write_text(text)
        (proc / "stat").write_text(f"cpu 1 1 1 1\nbtime {boot}\n")
        told.add(identity_of(pid, proc=proc))
    assert told == {current_process()}


def test_a_process_that_never_was_is_dead() -> None:
    free = next(pid for pid in range(2**22 - 1, 1, -1) if not psutil.pid_exists(pid))
    assert identity_of(free) is None
    assert not lives(Identity(free, "1"))
