"""What a worker process of `Compute` does: its work, one member after the other, and an end when
nobody waits for it.

Apart from `compute`, since a worker needs no Dagster: it starts a second sooner without, and holds
less.
"""

from __future__ import annotations

import importlib
import os
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from dge_assets.core.progress import Progress
from dge_assets.core.threads import one_thread
from dge_resources.processes import Identity, lives

Result = TypeVar("Result")
Work = Callable[[Any, Progress], Result]

_messages: Any = None
"""The worker's way to its parent; set once per worker process."""


def prepare(messages: Any, parent: Identity) -> None:
    """One thread for all numeric libraries; die with the parent instead of training on for nobody."""
    importlib.import_module("dge_resources.preload")
    global _messages  # noqa: PLW0603 (a worker process has one parent)
    _messages = messages
    messages.cancel_join_thread()
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: Identity) -> None:
    while lives(parent):
        time.sleep(1.0)
    os._exit(1)


Measured = tuple[Result, float, float]
"""A result, the seconds on the clock, and the seconds of this process's CPU time."""


def run(work: Work[Result], key: str, request: Any) -> Measured[Result]:
    """What `work(request, progress)` gives, and what it took."""

    def progress(done: int, of: int) -> None:
        _messages.put((key, done, of))

    progress(0, 1)
    return measured(work, request, progress)


def measured(work: Work[Result], request: Any, progress: Progress) -> Measured[Result]:
    """What `work(request, progress)` gives in one thread, and what it took."""
    with one_thread():
        started, cpu_started = time.perf_counter(), time.process_time()
        result = work(request, progress)
        return result, time.perf_counter() - started, time.process_time() - cpu_started
