"""Every store of a root, killed at each of its writes: `python -m tests.support.killed_stores
FOLDER`.

A program, since each kill is of a fork of it, which starts in milliseconds: it must have one
thread, and so neither reads nor writes anything itself. It prints one line of JSON per kill.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from dge_resources.whole_files import clear_unfinished
from tests.support.stores import FORMER, NEW, TABLE, states, write_all
from tests.support.writes import tree

NEVER = -1


def main() -> None:
    """Per write, before one and after the next: what readers saw at once, and whether writing again
    ends the same.
    """
    folder = Path(sys.argv[1])
    former, whole = folder / "former", folder / "whole"
    in_fork(partial(write_all, former, FORMER))
    places = in_fork(partial(write_new, whole, die_at=NEVER, after=False))
    expected = in_fork(partial(content, whole))
    for number, place in enumerate(places, start=1):
        root, after = folder / f"{number}", number % 2 == 0
        shutil.copytree(former, root)
        killed = in_fork(partial(write_new, root, die_at=number, after=after)) is None
        at_once = in_fork(partial(seen, root))
        the_same = in_fork(partial(written_again, root)) == expected
        told = {
            "place": place,
            "after": after,
            "was_killed": killed,
            "seen": at_once,
            "ends_the_same": the_same,
        }
        print(json.dumps(told), flush=True)


def write_new(root: Path, *, die_at: int, after: bool) -> list[str]:
    """Write the new state and die at the write of that number, if there is one; the places of all
    writes.
    """
    places, dying = list[str](), False

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal dying
        if event == "os.kill":  # that is this one
            return
        if event == "os.rename":
            places.append(os.path.relpath(os.fspath(arguments[1]), root))
        if dying or (event == "os.rename" and not after and len(places) == die_at):
            os.kill(os.getpid(), signal.SIGKILL)
        dying = len(places) == die_at

    sys.addaudithook(watch)
    write_all(root, NEW)
    return places


def written_again(root: Path) -> dict[str, str]:
    """What there is once the next run has cleared away what the dead left unfinished, and written
    all.
    """
    clear_unfinished(root, settled_seconds=0)
    write_all(root, NEW)
    return content(root)


def seen(root: Path) -> str:
    """`former`, `new`, `between` where each thing as a whole is one of both, or the reader's error."""
    try:
        found = set(states(root))
    except Exception as error:  # whatever a reader raises is what its caller would see
        return repr(error)
    return {(FORMER,): "former", (NEW,): "new"}.get(tuple(found), "between")


def content(root: Path) -> dict[str, str]:
    """The hash of each file of the newest release, and what is read of all."""
    version = json.loads((root / f"releases/{TABLE}/latest.json").read_text())["version"]
    files = tree(root / "releases" / TABLE / version)
    return {
        **{name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
        version: seen(root),
    }


def in_fork(work: Callable[[], Any]) -> Any:
    """What `work` gives in a fork of this process, through JSON; None when the fork is killed."""
    sink, source = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(source, json.dumps(work()).encode())
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    os.close(source)
    with os.fdopen(sink) as answer:
        text = answer.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return None
    if status != 0:
        sys.exit("a fork failed; its traceback is above")
    return json.loads(text)


if __name__ == "__main__":
    main()
