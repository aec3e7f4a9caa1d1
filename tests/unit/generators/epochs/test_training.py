"""A training that was cut off goes on from its checkpoint and ends at the same weights; a bad
checkpoint is none.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dge_assets.core.generators.encoding.encoded_table import EncodedTable
from dge_assets.core.generators.epochs.learning_curve import marginal_distance
from dge_assets.core.generators.family import Training
from dge_assets.core.generators.members import train_members
from dge_assets.core.generators.registry import parameters_for
from dge_assets.core.generators.state_files import from_files, to_files
from dge_resources.checkpoints import MemberCheckpoints
from dge_resources.home import Store
from tests.support.stacked import encoded_table
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


def _task(family: str, *seeds: int, **other: object) -> Training:
    other.setdefault("parameters", parameters_for(family, {**SMALL[family], "epochs": EPOCHS}))
    other.setdefault("checkpoint_seconds", 0.0)
    return training_task(family, *seeds, table=encoded_of(tiny(), tiny_contract()), **other)


def _files(task: Training, report: Any = silent) -> dict[int, dict[str, bytes]]:
    return {seed: to_files(member) for seed, member in train_members(task, report).items()}


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
    for damaged in (
        b"",
        whole[:-7],
        bytes([whole[0] ^ 1]) + whole[1:],
        whole[:900] + b"\0" + whole[901:],
    ):
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


@pytest.mark.parametrize("family", sorted(SMALL))
def test_a_learning_curve_leaves_the_weights_as_they_are(family: str) -> None:
    (plain,) = train_members(_task(family, 2), silent).values()
    measured = parameters_for(family, {**SMALL[family], "epochs": EPOCHS, "curve_every": 2})
    (curved,) = train_members(_task(family, 2, parameters=measured), silent).values()
    for name, value in plain.state.tensors.items():
        np.testing.assert_array_equal(curved.state.tensors[name], value)
    points = curved.history["marginal_distance"]
    assert points.notna().tolist() == [False, True, False, True, True], (
        "every second epoch, and the last"
    )
    assert points.dropna().between(0, 1).all()
    again = from_files(to_files(curved), place="here")
    pd.testing.assert_frame_equal(again.history, curved.history)


def test_members_stop_each_by_its_own_curve_and_the_same_alone(tmp_path: Path) -> None:
    settings = {**SMALL["tvae"], "epochs": 40, "curve_every": 1, "patience": 2}
    parameters = parameters_for("tvae", settings)
    together = train_members(_task("tvae", 0, 1, 2, parameters=parameters), silent)
    lengths = {seed: len(member.history) for seed, member in together.items()}
    assert min(lengths.values()) < 40
    assert len(set(lengths.values())) > 1, lengths
    for seed, member in together.items():
        (alone,) = train_members(_task("tvae", seed, parameters=parameters), silent).values()
        assert len(alone.history) == lengths[seed]
        np.testing.assert_allclose(member.history, alone.history, rtol=1e-3, atol=1e-3)
    kept = _checkpoints(tmp_path, 1)
    with pytest.raises(CutOffError):
        _files(_task("tvae", 1, parameters=parameters, checkpoints=kept), _cut_off_after(2))
    resumed = _files(_task("tvae", 1, parameters=parameters, checkpoints=kept))
    assert resumed == _files(_task("tvae", 1, parameters=parameters))


def test_the_distance_is_0_from_itself_and_1_from_what_shares_nothing() -> None:
    table = encoded_table([[(4, "softmax")], [(1, "tanh"), (2, "softmax")]])
    assert marginal_distance(table, table.numbers, table.codes) == 0
    low = EncodedTable(table.layout, np.full_like(table.numbers, -0.5), np.zeros_like(table.codes))
    high = np.full_like(table.numbers, 0.5), np.ones_like(table.codes)
    assert marginal_distance(low, *high) == 1


def test_patience_without_a_curve_is_refused() -> None:
    with pytest.raises(
        ValueError, match="patience 3 counts points of the learning curve: set curve_every too"
    ):
        parameters_for("tvae", {"patience": 3})
