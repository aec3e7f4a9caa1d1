"""A training that was cut off goes on from its checkpoint and ends at the same weights; a bad checkpoint is none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dge_assets.core.generators.members import TrainingTask, train_members
from dge_assets.core.generators.parameters import parameters_for
from dge_assets.core.generators.state_files import to_files
from dge_resources.checkpoints import MemberCheckpoints
from dge_resources.home import Store
from tests.support.tables import recipe, tiny, tiny_contract
from tests.unit.conftest import SMALL, encoded_of, silent, training_task

EPOCHS = 5


class CutOffError(Exception):
    """What a killed process looks like from inside."""


def _cut_off_after(epochs: int) -> Any:
    def report(done: int, of: int) -> None:
        if done == epochs:
            raise CutOffError(f"{done} of {of}")

    return report


def _checkpoints(folder: Path, *seeds: int, device: str = "cpu") -> MemberCheckpoints:
    recipes = {seed: recipe(asset="generator", family="ctgan", seed=seed) for seed in seeds}
    return MemberCheckpoints.of(Store(str(folder)), recipes, device=device)


def _task(family: str, *seeds: int, **other: object) -> TrainingTask:
    parameters = parameters_for(family, {**SMALL[family], "epochs": EPOCHS})
    return training_task(family, *seeds, table=encoded_of(tiny(), tiny_contract()), parameters=parameters, **other)


def _files(task: TrainingTask, report: Any = silent) -> dict[int, dict[str, bytes]]:
    return {seed: to_files(member) for seed, member in train_members(task, report).items()}


@pytest.fixture(autouse=True)
def checkpoint_each_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dge_assets.core.generators.training.CHECKPOINT_SECONDS", 0.0)


@pytest.mark.parametrize("family", sorted(SMALL))
@pytest.mark.parametrize("cut", [1, 3, EPOCHS])
def test_a_cut_off_training_ends_at_the_same_bytes(family: str, cut: int, tmp_path: Path) -> None:
    expected = _files(_task(family, 2))
    task = _task(family, 2, checkpoints=_checkpoints(tmp_path, 2))
    with pytest.raises(CutOffError):
        _files(task, _cut_off_after(cut))
    seen: list[int] = []
    assert _files(task, lambda done, _of: seen.append(done)) == expected
    assert seen == list(range(min(cut, EPOCHS - 1) + 1, EPOCHS + 1)), "no epoch is trained twice"


def test_members_of_a_stack_go_on_from_where_each_stands(tmp_path: Path) -> None:
    with pytest.raises(CutOffError):
        _files(_task("tvae", 4, checkpoints=_checkpoints(tmp_path, 4)), _cut_off_after(2))
    found = _files(_task("tvae", 1, 4, checkpoints=_checkpoints(tmp_path, 1, 4)))
    assert list(found) == [1, 4]
    assert found == {1: _files(_task("tvae", 1))[1], 4: _files(_task("tvae", 4))[4]}


def test_a_damaged_checkpoint_is_as_good_as_none(tmp_path: Path) -> None:
    kept = _checkpoints(tmp_path, 2)
    task = _task("ctgan", 2, checkpoints=kept)
    with pytest.raises(CutOffError):
        _files(task, _cut_off_after(2))
    path = tmp_path / kept.paths[2]
    whole = path.read_bytes()
    for damaged in (b"", whole[:-7], bytes([whole[0] ^ 1]) + whole[1:], whole[:900] + b"\0" + whole[901:]):
        path.write_bytes(damaged)
        if damaged != whole:
            assert kept.load(2) is None
    assert _files(task) == _files(replace(task, checkpoints=None))


def test_checkpoints_of_other_recipes_and_devices_are_not_seen(tmp_path: Path) -> None:
    kept = _checkpoints(tmp_path, 2)
    kept.save(2, {"x": np.arange(3)})
    np.testing.assert_array_equal(kept.load(2)["x"], np.arange(3))  # type: ignore[index]
    assert _checkpoints(tmp_path, 2, device="cuda").load(2) is None
    other = recipe(asset="generator", family="ctgan", seed=2, parameters={"epochs": 9})
    assert MemberCheckpoints.of(kept.store, {2: other}, device="cpu").load(2) is None
    kept.clear(2)
    assert kept.load(2) is None
