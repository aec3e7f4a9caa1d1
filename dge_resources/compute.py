"""Compute: map a pure function over members, side by side, each in a process of its own with one
thread.

One thread per member keeps a member's result independent of its company; a process of its own is
what the `ctgan` package's seeding (a swap of global state) needs. Results come back as they finish,
so that each can be kept at once.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import queue
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import forkserver
from typing import Any, Generic, TypeVar

import dagster as dg
from pydantic import Field, PrivateAttr

from dge_assets.core.errors import GeneratorError
from dge_assets.core.progress import Progress
from dge_resources import worker
from dge_resources.processes import current_process

Request = TypeVar("Request")
Result = TypeVar("Result")
Work = Callable[[Request, Progress], Result]


@dataclass(frozen=True)
class Finished(Generic[Result]):
    """One member's result and what it took in its worker: seconds on the clock, and of the worker's
    CPU time.
    """

    key: str
    result: Result
    seconds: float
    cpu_seconds: float


class Compute(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Where members are trained: processes of this machine.

    `RayCompute` has the same `map` for many machines.
    """

    processes: int | None = Field(
        None, ge=1, description="members side by side; as many as cores if left out"
    )
    _kept: _Workers | None = PrivateAttr(default=None)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:  # noqa: ARG002
        """Let the process that workers are forked from import what it needs while the run begins."""
        if _context().get_start_method() == "forkserver":
            forkserver.ensure_running()

    def workers(self, declared: int | None, tasks: int) -> int:
        """How many members run at a time: the declaration's number, the resource's, or the
        machine's cores.
        """
        return max(1, min(declared or self.processes or available_cores(), tasks))

    def map(
        self,
        work: Work[Request, Result],
        requests: Mapping[str, Request],
        *,
        processes: int | None = None,
        device: str = "cpu",  # noqa: ARG002 (here every process sees what the machine has)
        on_step: Callable[[str, int, int], None] = lambda *_: None,
    ) -> Iterator[Finished[Result]]:
        """What `work(request, progress)` gives for each request, in the order in which they finish.

        `on_step(key, done, of)` is called as members report. An exception in one member stops the
        others' start and is raised here; results that came before it have been given out already.
        Raises GeneratorError when a worker process dies, naming the members that were in work.
        """
        if not requests:
            return
        count = self.workers(processes, len(requests))
        workers = self._workers_for(count)
        finished = False
        try:
            for _ in _waiting(
                workers.messages
            ):  # what the former stage's members said last is no news here
                pass
            submitted = (
                (workers.pool.submit(worker.run, work, key, request), key)
                for key, request in requests.items()
            )
            # Kept workers may be more than this stage asked for: then no more members are handed
            # out than it did.
            most = len(requests) if workers.count == count else count
            yield from _as_finished(submitted, workers.messages, on_step, most=most)
            finished = True
        finally:
            if not finished:  # an error, or nobody wants the rest: what is still in work ends now
                self._end_workers(at_once=True)

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:  # noqa: ARG002
        """End the workers with the run; what a failed step left in work is wanted by nobody."""
        self._end_workers(at_once=True)

    def _workers_for(self, count: int) -> _Workers:
        """Workers stay for the run's next stage, since each start costs seconds of imports."""
        if self._kept is None or self._kept.count < count or self._kept.pool._broken:
            self._end_workers()
            self._kept = _Workers.start(count)
        return self._kept

    def _end_workers(self, *, at_once: bool = False) -> None:
        kept, self._kept = self._kept, None
        if kept is not None:
            if at_once:
                _terminate(kept.pool)
            kept.pool.shutdown(wait=True, cancel_futures=True)
            kept.messages.close()
            kept.messages.join_thread()


@dataclass
class _Workers:
    """Worker processes and the queue on which they report."""

    count: int
    pool: ProcessPoolExecutor
    messages: Any

    @classmethod
    def start(cls, count: int) -> _Workers:
        """Start up to `count` processes, as tasks come."""
        context = _context()
        messages = context.Queue()
        pool = ProcessPoolExecutor(
            max_workers=count,
            mp_context=context,
            initializer=worker.prepare,
            initargs=(messages, current_process()),
        )
        return cls(count, pool, messages)


def _context() -> Any:
    """Forks of one clean process that has imported the libraries: a worker starts in milliseconds,
    not seconds.

    A fork of the run's own process would copy its threads' locks; where there is no fork server,
    each worker imports.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["dge_resources.preload"])
    return context


def available_cores() -> int:
    """Cores that this process may use (a container's limit counts where the system tells it)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _as_finished(
    submitted: Iterator[tuple[Future[worker.Measured[Result]], str]],
    messages: Any,
    on_step: Callable[[str, int, int], None],
    *,
    most: int,
) -> Iterator[Finished[Result]]:
    """Results in the order in which they finish, at most `most` members being handed out at a time."""
    futures = dict(itertools.islice(submitted, most))
    started: set[str] = set()
    while futures:
        done, _ = wait(futures, timeout=0.2, return_when=FIRST_COMPLETED)
        for key, step, of in _waiting(messages):
            started.add(key)
            on_step(key, step, of)
        # What finished beside a member that failed is given out before the failure is raised.
        for future in sorted(done, key=lambda item: item.exception() is not None):
            open_keys = set(futures.values())
            key = futures.pop(future)
            try:
                result, seconds, cpu_seconds = future.result()
            except BrokenProcessPool as error:
                in_work = sorted(started & open_keys)
                raise GeneratorError(
                    f"a worker process died (killed, or out of memory) with members {in_work or [key]} in work; "
                    f"finished members are kept: start the run again, with fewer `processes` if memory was short"
                ) from error
            futures.update(itertools.islice(submitted, 1))
            started.discard(key)
            yield Finished(key, result, seconds, cpu_seconds)


def _waiting(messages: Any) -> Iterator[tuple[str, int, int]]:
    while True:
        try:
            yield messages.get_nowait()
        except (queue.Empty, OSError):
            return


def _terminate(pool: ProcessPoolExecutor) -> None:
    """End the workers in the middle of work that nobody will collect."""
    for process in list((pool._processes or {}).values()):
        if process.is_alive():
            process.terminate()
