"""What tasks on a cluster have in common is stored once; what a cluster does with it is in
tests/integration/test_ray.py.
"""

from __future__ import annotations

import pickle
from dataclasses import replace

from dge_assets.core.generators.registry import parameters_for
from dge_resources.ray_compute import common_fields
from tests.support.tables import tiny, tiny_contract
from tests.unit.conftest import SMALL, encoded_of, training_task


def test_the_encoded_table_is_common_to_members_and_a_task_without_it_is_small() -> None:
    table = encoded_of(tiny(), tiny_contract())
    parameters = parameters_for("tvae", SMALL["tvae"])
    tasks = [training_task("tvae", seed, table=table, parameters=parameters) for seed in range(3)]
    common = common_fields(tasks)
    assert {"encoder", "encoded"} <= set(common)
    assert not {"table", "family", "seeds", "device"} & set(common)
    assert common["encoded"] is tasks[2].encoded
    lean = replace(tasks[1], **dict.fromkeys(common))  # type: ignore[arg-type]
    assert len(pickle.dumps(lean)) < 0.1 * len(pickle.dumps(tasks[1]))
    assert replace(lean, **common) == tasks[1]


def test_what_is_equal_but_not_the_same_object_is_not_common() -> None:
    parameters = parameters_for("tvae", SMALL["tvae"])
    tasks = [
        training_task(
            "tvae", seed, table=encoded_of(tiny(), tiny_contract()), parameters=parameters
        )
        for seed in range(2)
    ]
    assert "encoded" not in common_fields(tasks)


def test_single_tasks_and_tasks_of_other_kinds_have_nothing_in_common() -> None:
    task = training_task(
        "tvae", 0, table=encoded_of(tiny(), tiny_contract()), parameters=parameters_for("tvae", {})
    )
    assert common_fields([task]) == {}
    assert common_fields([1, 2]) == {}
    assert common_fields([task, 1]) == {}
