"""Members on a real Ray cluster of two nodes on this machine: the same bytes as local, also when a
node dies.

Needs the extra `ray`; run by `make ray-test`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from dge_assets.core.errors import EvaluationError, GeneratorError
from dge_assets.core.generators.family import Training
from dge_assets.core.generators.members import train_members
from dge_assets.core.generators.registry import parameters_for
from dge_assets.core.generators.state_files import to_files
from dge_resources.checkpoints import MemberCheckpoints
from dge_resources.compute import Compute
from dge_resources.home import Store
from dge_resources.ray_compute import RayCompute
from tests.support.tables import recipe, tiny, tiny_contract
from tests.support.work import double, fail_on_negative, three_steps, torch_threads
from tests.unit.conftest import SMALL, encoded_of, training_task

pytestmark = pytest.mark.long
ray = pytest.importorskip("ray", reason="no Ray: pip install 'dge[ray]'")


@pytest.fixture
def cluster() -> Iterator[Any]:
    """A head of one CPU; tests add nodes."""
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    yield made
    ray.shutdown()
    made.shutdown()


def _compute(cluster: Any) -> RayCompute:
    return RayCompute(address=cluster.address, processes=None)


def test_it_has_the_manners_of_local_processes(cluster: Any) -> None:
    cluster.add_node(num_cpus=1)
    compute, seen = _compute(cluster), []
    found = {item.key: item.result for item in compute.map(double, {"a": 1, "b": 2, "c": 3})}
    assert found == {"a": 2, "b": 4, "c": 6}
    list(compute.map(three_steps, {"x": 1}, on_step=lambda *step: seen.append(step)))
    assert seen[0] == ("x", 0, 1)
    for item in compute.map(torch_threads, {"a": None}):
        threads, pools = item.result
        assert threads == 1
        assert set(pools.values()) == {1}
    with pytest.raises(EvaluationError, match="found -7, it must be 0 or more"):
        list(compute.map(fail_on_negative, {"bad": -7}))


def _tasks(folder: Path, epochs: int) -> dict[str, Training]:
    seeds = range(6)
    recipes = {seed: recipe(asset="generator", family="tvae", seed=seed) for seed in seeds}
    kept = MemberCheckpoints.of(Store(str(folder)), recipes, device="cpu")
    parameters = parameters_for("tvae", {**SMALL["tvae"], "epochs": epochs})
    table = encoded_of(tiny(), tiny_contract())
    return {
        f"{seed:03d}": training_task(
            "tvae", seed, table=table, parameters=parameters, checkpoints=kept
        )
        for seed in seeds
    }


def test_a_node_that_dies_loses_no_member_and_none_is_trained_twice(
    cluster: Any, tmp_path: Path
) -> None:
    second = cluster.add_node(num_cpus=1)
    tasks = _tasks(tmp_path / "ray", epochs=3000)
    finished: dict[str, dict[str, bytes]] = {}
    killed_at: list[int] = []

    def kill_when_first_is_done() -> None:
        while not finished:
            time.sleep(0.05)
        killed_at.append(len(finished))
        cluster.remove_node(second, allow_graceful=False)

    killer = threading.Thread(target=kill_when_first_is_done)
    killer.start()
    began: list[str] = []
    compute = _compute(cluster)
    steps = lambda key, done, _of: began.append(key) if done == 0 else None  # noqa: E731
    for item in compute.map(train_members, tasks, on_step=steps):
        assert item.key not in finished
        after_kill = began[-20:]
        finished[item.key] = to_files(*item.result.values())
        assert item.key in after_kill or item.key in began
    killer.join()
    assert killed_at
    assert killed_at[0] < 6, "killed too late to show anything"
    assert sorted(finished) == sorted(tasks)
    once = [key for key in tasks if began.count(key) == 1]
    assert len(once) >= 4, f"only what was on the dead node starts again: {began}"
    local = Compute(processes=2)
    expected = {
        done.key: to_files(*done.result.values())
        for done in local.map(train_members, _tasks(tmp_path / "local", epochs=3000))
    }
    local.teardown_after_execution(dg.build_init_resource_context())
    assert finished == expected


def test_no_cluster_is_told_with_the_remedy() -> None:
    with pytest.raises(
        GeneratorError, match=r"no Ray cluster answers at '127.0.0.1:1'.*ray start --head"
    ):
        list(RayCompute(address="127.0.0.1:1", processes=None).map(double, {"a": 1}))
