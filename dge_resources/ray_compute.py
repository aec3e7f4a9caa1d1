"""Compute on many machines: the same `map` as local processes have, with each member a task on a
Ray cluster.

The step stays one Dagster step; only members travel. A node that is lost takes its members' tasks
with it, and Ray starts those again elsewhere, where they go on from their checkpoints under
`DGE_HOME`. Needs the extra `ray`, and `DGE_HOME` where every node can reach it.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, cast

import dagster as dg
from pydantic import Field

from dge_assets.core.errors import GeneratorError
from dge_resources.compute import Compute, Finished, Request, Result, Work
from dge_resources.worker import Measured, measured

POLL_SECONDS = 0.5
_SMALL = (str, bytes, int, float, tuple, type(None))
"""Values that travel with each task: storing them apart costs more."""


class RayCompute(Compute):
    """Members as tasks of a Ray cluster; `processes` limits how many there are at a time, else the
    cluster does.
    """

    address: str = Field(
        default="auto",
        description="the cluster, as `ray.init` takes it: auto, host:port or ray://host:port",
    )
    cpus: float = Field(default=1, gt=0, description="CPUs that one member's task asks for")
    gpus: float = Field(
        default=1,
        gt=0,
        description="GPUs that a task on a declared device cuda asks for; a part is allowed",
    )
    retries: int = Field(
        default=3, ge=0, description="how often a member whose node was lost is started again"
    )

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Nothing: the cluster's nodes have their own processes."""

    def map(
        self,
        work: Work[Request, Result],
        requests: Mapping[str, Request],
        *,
        processes: int | None = None,
        device: str = "cpu",
        on_step: Callable[[str, int, int], None] = lambda *_: None,
    ) -> Iterator[Finished[Result]]:
        """See `Compute.map`.

        Raises GeneratorError naming the members whose nodes were lost more often than `retries`
        allows.
        """
        if not requests:
            return
        most = processes or self.processes or len(requests)
        ray = self._connected()
        board = _board(ray)
        remote = ray.remote(_run).options(
            num_cpus=self.cpus,
            num_gpus=self.gpus if device == "cuda" else 0,
            max_retries=self.retries,
            scheduling_strategy="SPREAD",
        )
        common = common_fields(list(requests.values()))
        # Kept by the cluster once, and fetched once by each node; as part of every task they would
        # travel K times.
        stored = {name: ray.put(value) for name, value in common.items()}
        without: dict[str, None] = dict.fromkeys(common)
        waiting = list(requests.items())
        pending: dict[Any, str] = {}
        try:
            while waiting or pending:
                while waiting and len(pending) < most:
                    key, request = waiting.pop(0)
                    lean = replace(cast(Any, request), **without) if without else request
                    pending[remote.remote(work, key, lean, board, **stored)] = key
                done, _ = ray.wait(list(pending), num_returns=1, timeout=POLL_SECONDS)
                for step in ray.get(board.taken.remote()):
                    on_step(*step)
                for reference in done:
                    key = pending.pop(reference)
                    yield Finished(key, *_result(ray, reference, key))
        finally:
            for reference in pending:
                ray.cancel(reference, force=True)
            ray.kill(board)

    def _connected(self) -> Any:
        try:
            import ray
        except ImportError as error:
            raise GeneratorError(
                "members are declared to run on Ray, which is not installed; pip install 'dge[ray]' on every node"
            ) from error
        if not ray.is_initialized():
            try:
                _require_answer(self.address)
                ray.init(address=self.address, log_to_driver=False, configure_logging=False)
            except OSError as error:
                raise GeneratorError(
                    f"no Ray cluster answers at {self.address!r} ({error}); start one (ray start --head), or unset "
                    f"DGE_RAY_ADDRESS to work with processes of this machine"
                ) from error
        return ray


def _require_answer(address: str) -> None:
    """OSError at once where nothing listens; Ray itself tries for minutes and then ends the
    process.
    """
    host, _, port = address.rpartition("/")[2].rpartition(":")
    if port.isdigit():
        socket.create_connection((host, int(port)), timeout=10).close()


class _Board:
    """Where tasks on any node say how far they are; lives on the node of the run."""

    def __init__(self) -> None:
        self._steps: list[tuple[str, int, int]] = []

    def say(self, key: str, done: int, of: int) -> None:
        self._steps.append((key, done, of))

    def taken(self) -> list[tuple[str, int, int]]:
        """All since the last time."""
        taken, self._steps = self._steps, []
        return taken


def _board(ray: Any) -> Any:
    here = ray.get_runtime_context().get_node_id()
    affinity = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(here, soft=False)
    return ray.remote(_Board).options(num_cpus=0, scheduling_strategy=affinity).remote()


def _result(ray: Any, reference: Any, key: str) -> Any:
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from error
    except ray.exceptions.RayError as error:
        raise GeneratorError(
            f"member {key} was lost with its node or its worker, more often than it may be started again ({error}); "
            f"finished members are kept: start the run again, with more memory per task if that was short"
        ) from error


def common_fields(requests: Sequence[Any]) -> dict[str, Any]:
    """Fields of dataclasses that are one object in all requests, such as the encoded table; none for a
    single request.
    """
    first = requests[0]
    if (
        len(requests) < 2
        or not is_dataclass(first)
        or any(type(request) is not type(first) for request in requests)
    ):
        return {}
    values = {field.name: getattr(first, field.name) for field in fields(first) if field.init}
    return {
        name: value
        for name, value in values.items()
        if not isinstance(value, _SMALL)
        and all(getattr(request, name) is value for request in requests)
    }


def _run(
    work: Work[Request, Result], key: str, request: Request, board: Any, **common: Any
) -> Measured[Result]:
    """On a node: one thread, as in a local worker, and no word to the board that anybody waits for."""
    request = replace(cast(Any, request), **common) if common else request
    last = 0.0

    def progress(done: int, of: int) -> None:
        nonlocal last
        if done in (0, of) or time.monotonic() - last > POLL_SECONDS:
            board.say.remote(key, done, of)
            last = time.monotonic()

    progress(0, 1)
    return measured(work, request, progress)
