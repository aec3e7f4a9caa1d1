"""A run of one job in this process, for `demo`: seen in the UI like any other, and never waiting in
silence.

Not here: what the run makes, what is said of its result (`demo`), and how dead runs are found
(`recovery`).
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import dagster as dg

from dge_assets.assets.metadata import TERMINAL
from dge_assets.pools import waiting_steps, waiting_text
from dge_assets.recovery import recover, tell_waiting
from dge_resources.home import project_root

if TYPE_CHECKING:  # private modules of Dagster, imported where they are used
    from dagster._core.execution.execution_result import ExecutionResult

LOCATION, MODULE = "dge_assets", "dge_assets.definitions"
"""Name and module of the code location, as in workspace.yaml: by it the UI knows whose job a run
was.
"""
LOOK_SECONDS = 3.0


def run_here(
    instance: dg.DagsterInstance, job: str, tags: Mapping[str, str], run_config: Any
) -> ExecutionResult:
    """Execute a job of the code location in this process; the result tells whether it succeeded.

    `execute_in_process` would do the same, but its runs belong to no code location, and the UI's
    timeline leaves them out.
    """
    from dagster._core.definitions.reconstruct import ReconstructableRepository
    from dagster._core.execution.api import execute_run

    repository = ReconstructableRepository.for_module(
        MODULE, "defs", working_directory=str(project_root())
    )
    found = repository.get_reconstructable_job(job)
    definition = found.get_definition()
    run = instance.create_run_for_job(
        definition,
        run_config=run_config,
        # Who runs it in a terminal starts it again there; the daemon would do so behind their back.
        tags={**definition.run_tags, **tags, "dagster/max_retries": "0"},
        remote_job_origin=_origin(job),
        job_code_origin=found.get_python_origin(),
    )
    with telling_of_waiting(instance, run.run_id):
        return execute_run(found, run, instance)


def _origin(job: str) -> Any:
    from dagster._core.definitions.repository_definition import SINGLETON_REPOSITORY_NAME
    from dagster._core.remote_origin import (
        ManagedGrpcPythonEnvCodeLocationOrigin,
        RemoteJobOrigin,
        RemoteRepositoryOrigin,
    )
    from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

    target = LoadableTargetOrigin(
        executable_path=sys.executable, module_name=MODULE, working_directory=str(project_root())
    )
    location = ManagedGrpcPythonEnvCodeLocationOrigin(target, LOCATION)
    return RemoteJobOrigin(RemoteRepositoryOrigin(location, SINGLETON_REPOSITORY_NAME), job)


@contextmanager
def telling_of_waiting(instance: dg.DagsterInstance, run_id: str) -> Iterator[None]:
    """Meanwhile say on the terminal behind what the run waits, and put right what it would wait for
    in vain.
    """
    # The watch's queries look for mapped objects. While another thread is in the middle of
    # importing what those are, such a look fails, and the run's own thread imports it with Great
    # Expectations.
    importlib.import_module("sqlalchemy.orm")
    ended = threading.Event()
    watch = threading.Thread(target=_watch, args=(instance, run_id, ended), daemon=True)
    watch.start()
    try:
        yield
    finally:
        ended.set()
        watch.join()


def _watch(instance: dg.DagsterInstance, run_id: str, ended: threading.Event) -> None:
    said = set()
    while not ended.wait(LOOK_SECONDS):
        for waiting in waiting_steps(instance):
            if waiting.run_id == run_id:
                text = waiting_text(instance, waiting)
                lines = [*([] if text in said else [text]), *recover(instance)]
                said.add(text)
                tell_waiting(instance)
                for line in lines:
                    TERMINAL.info(line)
