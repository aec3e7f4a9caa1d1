"""Compute: results as they finish, errors of their own kind, and no worker that outlives its use."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import psutil
import pytest

from dge_assets.core.errors import EvaluationError, GeneratorError
from dge_resources.compute import Compute, available_cores
from tests.support.work import (
    die_on_negative,
    double,
    fail_on_negative,
    my_pid,
    sleep_then_double,
    three_steps,
    torch_threads,
    write_pid_and_sleep,
)


@pytest.fixture
def others() -> set[int]:
    """Workers that somebody else keeps."""
    return workers()


@pytest.fixture
def compute(others: set[int]) -> Iterator[Compute]:
    made = Compute(processes=2)
    yield made
    end(made)
    assert workers() <= others, "no worker outlives the run"


@pytest.fixture(scope="module")
def shared() -> Iterator[Compute]:
    """Workers that several tests use, since each start takes a second."""
    made = Compute(processes=2)
    yield made
    end(made)


def end(compute: Compute) -> None:
    compute.teardown_after_execution(dg.build_init_resource_context())


def workers() -> set[int]:
    """Worker processes of this one (what they are forked from stays by design, as does the resource
    tracker).
    """
    children = psutil.Process().children(recursive=True)
    return {child.pid for child in children if _is_worker(child)}


def _is_worker(process: psutil.Process) -> bool:
    try:
        return _forks(process) and _forks(process.parent())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return False


def _forks(process: psutil.Process | None) -> bool:
    return process is not None and "multiprocessing.forkserver" in " ".join(process.cmdline())


def until(condition: Callable[[], object], seconds: float = 10) -> bool:
    limit = time.monotonic() + seconds
    while not condition() and time.monotonic() < limit:
        time.sleep(0.05)
    return bool(condition())


def test_nothing_to_do_starts_nothing() -> None:
    compute = Compute(processes=2)
    before = workers()
    assert list(compute.map(double, {})) == []
    assert workers() == before


def test_results_come_as_they_finish_and_not_in_the_order_of_tasks(shared: Compute) -> None:
    list(shared.map(double, {"a": 1, "b": 2}))  # both workers are up
    tasks = {"slow": 1.2, "fast": 0.05, "next": 0.1}
    found = list(shared.map(sleep_then_double, tasks))
    assert [item.key for item in found] == ["fast", "next", "slow"]
    assert {item.key: item.result for item in found} == {
        key: 2 * seconds for key, seconds in tasks.items()
    }
    for item in found:
        assert tasks[item.key] <= item.seconds < tasks[item.key] + 1
        assert item.cpu_seconds < 0.2, (
            "whoever waits, as for a core of a busy machine, works no more"
        )


def test_each_members_steps_are_told_in_order(shared: Compute) -> None:
    seen: list[tuple[str, int, int]] = []
    found = list(shared.map(three_steps, {"a": 1, "b": 2}, on_step=lambda *step: seen.append(step)))
    assert {item.key: item.result for item in found} == {"a": 1, "b": 2}
    for key in ("a", "b"):
        steps = [(done, of) for name, done, of in seen if name == key]
        assert steps == [(0, 1), (1, 3), (2, 3), (3, 3)][: len(steps)]
        assert len(steps) >= 3, "the last one may come after the result"


def test_workers_are_kept_for_the_next_stage_and_old_news_is_not_told_again(
    shared: Compute,
) -> None:
    first = {item.result for item in shared.map(my_pid, {str(i): i for i in range(6)})}
    seen: list[str] = []
    second = {
        item.result
        for item in shared.map(my_pid, {"new": 1}, on_step=lambda key, *_: seen.append(key))
    }
    assert second <= first | workers()
    assert set(seen) <= {"new"}


def test_a_stage_that_asks_for_fewer_processes_gets_no_more(shared: Compute) -> None:
    """A declaration's `processes: 1` is about memory: kept workers of an earlier stage do not undo
    it.
    """
    list(shared.map(double, {"a": 1, "b": 2}))
    started = time.perf_counter()
    found = list(shared.map(sleep_then_double, {"a": 0.4, "b": 0.4, "c": 0.4}, processes=1))
    assert [item.key for item in found] == ["a", "b", "c"]
    assert time.perf_counter() - started > 1.2


def test_numeric_libraries_have_one_thread_in_a_worker(shared: Compute) -> None:
    for item in shared.map(torch_threads, {"a": None, "again": None}):
        threads, pools = item.result
        assert threads == 1
        assert pools
        assert set(pools.values()) == {1}, pools


def test_an_error_in_one_member_surfaces_as_itself_after_earlier_results(
    compute: Compute, others: set[int]
) -> None:
    results = compute.map(
        fail_on_negative, {"good": 1, "bad": -7, "never": 2, "neither": 3}, processes=1
    )
    assert next(results).key == "good"
    with pytest.raises(EvaluationError, match="found -7, it must be 0 or more"):
        list(results)
    assert workers() <= others


def test_what_finished_beside_a_failing_member_is_given_out_first(compute: Compute) -> None:
    """While the caller keeps one result, others finish and one fails: the finished ones are not
    lost.
    """
    tasks = {"first": 0, **{f"good {i}": i for i in range(6)}, "bad": -1}
    kept = []
    with pytest.raises(EvaluationError):  # noqa: PT012 (the loop is what is tested)
        for item in compute.map(fail_on_negative, tasks):
            kept.append(item.key)
            time.sleep(1.0 if len(kept) == 1 else 0)
    assert sorted(kept) == sorted(set(tasks) - {"bad"})


def test_a_killed_worker_is_an_error_that_names_members_in_work_and_the_next_map_works(
    compute: Compute, others: set[int]
) -> None:
    assert next(compute.map(die_on_negative, {"fine": 1})).result == 1
    with pytest.raises(
        GeneratorError, match=r"a worker process died \(killed, or out of memory\) with members"
    ) as caught:
        list(compute.map(die_on_negative, {"victim": -1}))
    assert "['victim'] in work" in str(caught.value)
    assert "finished members are kept" in str(caught.value)
    assert [item.result for item in compute.map(double, {"a": 4})] == [8]
    os.kill((workers() - others).pop(), signal.SIGKILL)  # one that is idle between two stages
    time.sleep(0.3)
    assert [item.result for item in compute.map(double, {"a": 5})] == [10]


def test_who_stops_listening_ends_the_work(compute: Compute, others: set[int]) -> None:
    results = compute.map(sleep_then_double, {"quick": 0.01, "long": 300.0})
    assert next(results).key == "quick"
    started = time.monotonic()
    results.close()  # type: ignore[attr-defined]
    assert workers() <= others
    assert time.monotonic() - started < 10


_PARENT = """
import sys
from dge_resources.compute import Compute
from tests.support.work import write_pid_and_sleep
if __name__ == "__main__":
    list(Compute(processes=2).map(write_pid_and_sleep, {"a": sys.argv[1], "b": sys.argv[2]}))
"""


def test_workers_die_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    """kill -9 of a run must not leave members training for nobody."""
    program = tmp_path / "parent.py"
    program.write_text(_PARENT)
    pids = [tmp_path / "a.pid", tmp_path / "b.pid"]
    root = str(Path(__file__).parents[3])
    parent = subprocess.Popen(
        [sys.executable, str(program), *map(str, pids)],
        env={**os.environ, "PYTHONPATH": root},
        cwd=tmp_path,
    )
    try:
        assert until(lambda: all(path.exists() and path.read_text() for path in pids), seconds=90)
        family = psutil.Process(parent.pid).children(recursive=True)
        assert {int(path.read_text()) for path in pids} <= {process.pid for process in family}
    finally:
        parent.kill()
        parent.wait()
    assert until(lambda: not any(_runs(process) for process in family)), family


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize(
    ("resource", "declared", "tasks", "expected"),
    [(None, None, 1, 1), (3, None, 9, 3), (3, 5, 9, 5), (3, 5, 2, 2)],
)
def test_how_many_run_side_by_side(
    resource: int | None, declared: int | None, tasks: int, expected: int
) -> None:
    assert Compute(processes=resource).workers(declared, tasks) == expected


def test_by_default_there_is_a_worker_per_core() -> None:
    assert Compute().workers(None, 10_000) == available_cores() >= 1


def test_no_process_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="greater than or equal to 1"):
        Compute(processes=0)


def test_the_work_of_the_kill_test_sleeps_long_enough() -> None:
    assert write_pid_and_sleep.__code__.co_consts.count(120) == 1
