"""Python imports this by itself in every process that has this folder on its path: what each write
is, and death at one.

A write is what puts a finished file in its place, a rename. Python announces it to audit hooks
before it is done, so real code is watched and killed without being changed. The settings come by
the environment, so that worker processes have them:

`DGE_WATCHED_HOME` the root whose writes count; `DGE_WRITES_LOG` a file that takes the place of each
write, a line each; `DGE_KILL_AT` a pattern of places: the whole process group is killed at the
first one that matches; `DGE_KILL_WHEN` `before` the rename (the file is finished under its
temporary name) or `after` it (the folder is not flushed yet).
"""

import fnmatch
import os
import signal
import sys

_HOME = os.environ.get("DGE_WATCHED_HOME", "")
_LOG = os.environ.get("DGE_WRITES_LOG", "")
_PATTERN = os.environ.get("DGE_KILL_AT", "")
_AFTER = os.environ.get("DGE_KILL_WHEN") == "after"
_was_renamed = False


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    global _was_renamed  # noqa: PLW0603 (one hook per process)
    if event == "os.killpg":  # that is this one
        return
    if _was_renamed:
        os.killpg(0, signal.SIGKILL)
    if event != "os.rename":
        return
    place = os.path.relpath(os.fspath(arguments[1]), _HOME)  # type: ignore[call-overload]
    if place.startswith(("..", "dagster", ".tmp-")):
        return
    if _LOG:
        descriptor = os.open(_LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, f"{place}\n".encode())
        os.close(descriptor)
    if _PATTERN and fnmatch.fnmatchcase(place, _PATTERN):
        _was_renamed = _AFTER
        if not _AFTER:
            os.killpg(0, signal.SIGKILL)


if _HOME:
    sys.addaudithook(_watch)
