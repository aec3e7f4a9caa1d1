"""Members: determined by (table, family, seed) alone, kept as plain data, and honest about
divergence.
"""

from __future__ import annotations

from dataclasses import replace

import ctgan
import dagster as dg
import numpy as np
import pandas as pd
import psutil
import pytest
import torch

from dge_assets.core.contract.contract import Contract
from dge_assets.core.errors import GeneratorError
from dge_assets.core.generators.family import Training
from dge_assets.core.generators.members import (
    SamplingRequest,
    TrainedMember,
    sample_chunks,
    train_members,
)
from dge_assets.core.generators.registry import parameters_for
from dge_assets.core.generators.stacked.readback import synthesizer_from_state
from dge_assets.core.generators.state_files import from_files, to_files
from dge_resources.compute import Compute
from tests.support.tables import (
    column,
    contract,
    every_kind,
    every_kind_contract,
    tiny,
    tiny_contract,
)
from tests.unit.conftest import SMALL, encoded_of, silent, train_one, training_task

Trained = tuple[Training, TrainedMember]


def sample(task: Training, member: TrainedMember, rows: int = 120, **other: object) -> pd.DataFrame:
    stated = {
        "table": task.table,
        "family": task.family,
        "seed": task.seeds[0],
        "state": member.state,
    }
    wanted = SamplingRequest(**{**stated, "codec": member.codec, "rows": rows, **other})  # type: ignore[arg-type]
    return pd.concat(list(sample_chunks(wanted)), ignore_index=True)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(trained: Trained) -> None:
    task, member = trained
    again, other = train_one(task), train_one(replace(task, seeds=(4,)))
    assert to_files(again) == to_files(member)
    assert any(
        not np.array_equal(other.state.tensors[name], value)
        for name, value in member.state.tensors.items()
    )
    assert other.codec == member.codec, "the encoding is the table's, not the member's"


def test_each_part_of_a_members_name_makes_another_member(trained: Trained) -> None:
    task, member = trained
    for change in ({"table": "other"}, {"family": "renamed"}):
        other = train_one(replace(task, **change))  # type: ignore[arg-type]
        assert to_files(other) != to_files(member), change


def test_global_random_state_neither_decides_nor_suffers(trained: Trained) -> None:
    task, member = trained
    np.random.seed(99)
    before = np.random.get_state()[1].tolist()
    assert to_files(train_one(task)) == to_files(member)
    assert np.random.get_state()[1].tolist() == before


def test_a_dataset_has_the_tables_columns_types_levels_and_ranges(trained: Trained) -> None:
    task, member = trained
    real = every_kind().drop(columns="id")
    dataset = sample(task, member)
    assert len(dataset) == 120
    pd.testing.assert_series_equal(dataset.dtypes, real.dtypes)
    for name in real:
        if isinstance(real[name].dtype, pd.CategoricalDtype):
            assert set(dataset[name].dropna()) <= set(real[name].dropna())
        elif real[name].notna().any():
            assert dataset[name].dropna().between(real[name].min(), real[name].max()).all(), name
        if not real[name].isna().any():
            assert dataset[name].notna().all(), name
    assert dataset["gappy integer"].isna().any(), "missingness is synthesized too"


def test_samples_depend_on_seed_and_name_only(trained: Trained) -> None:
    task, member = trained
    first = sample(task, member)
    pd.testing.assert_frame_equal(sample(task, member), first)
    assert not sample(task, member, seed=4).equals(first)
    assert not sample(task, member, table="other").equals(first)


@pytest.mark.parametrize("rows", [1, 99, 100, 101])
def test_any_number_of_rows_can_be_drawn(trained: Trained, rows: int) -> None:
    task, member = trained
    dataset = sample(task, member, rows)
    assert dataset.index.equals(pd.RangeIndex(rows))


def test_files_bring_back_what_samples_the_same_rows(trained: Trained) -> None:
    task, member = trained
    again = from_files(to_files(member), place="kinds/ctgan/generator[003]")
    assert {name: value.shape for name, value in again.state.tensors.items()} == {
        name: value.shape for name, value in member.state.tensors.items()
    }
    pd.testing.assert_frame_equal(again.history, member.history)
    assert again.notes == member.notes
    pd.testing.assert_frame_equal(sample(task, again), sample(task, member))


def test_a_stored_generator_is_a_real_synthesizer_of_the_package(trained: Trained) -> None:
    task, member = trained
    state = from_files(to_files(member), place="here").state
    synthesizer = synthesizer_from_state(state)
    assert isinstance(synthesizer, {"ctgan": ctgan.CTGAN, "tvae": ctgan.TVAE}[task.family])
    synthesizer.set_random_state(5)
    rows = synthesizer.sample(40)
    assert len(rows) == 40
    assert not rows.isna().any().any()


def test_losses_have_a_row_per_epoch_and_each_epoch_is_reported() -> None:
    expected = {
        "ctgan": ["epoch", "generator_loss", "discriminator_loss"],
        "tvae": ["epoch", "loss"],
    }
    for family, columns in expected.items():
        seen: list[tuple[int, int]] = []
        task = training_task(family, 0, table=encoded_of(tiny(), tiny_contract()))
        losses = train_members(task, lambda done, of, seen=seen: seen.append((done, of)))[0].history
        assert list(losses.columns) == columns
        assert losses["epoch"].tolist() == [0, 1]
        assert np.isfinite(losses.to_numpy()).all()
        assert seen == [(1, 2), (2, 2)]


def test_how_rows_are_decoded_decides_them_and_no_generator() -> None:
    """Not even where rows are drawn in training, to see when to stop it."""
    curve = {**SMALL["tvae"], "epochs": 4, "curve_every": 1, "patience": 1}
    tasks = {
        decode: training_task(
            "tvae", 3, parameters=parameters_for("tvae", {**curve, "decode": decode})
        )
        for decode in ("draw", "largest")
    }
    members = {decode: train_one(task) for decode, task in tasks.items()}
    assert to_files(members["draw"]) == to_files(members["largest"])
    task, member = tasks["draw"], members["draw"]
    rows = {
        decode: sample(task, member, settings=task.parameters.of_sampling())
        for decode, task in tasks.items()
    }
    pd.testing.assert_frame_equal(rows["draw"], sample(task, member))
    assert not rows["largest"].equals(rows["draw"])


def _narrow(names: list[str]) -> tuple[pd.DataFrame, Contract]:
    """A table of some columns of every kind."""
    full = every_kind_contract()
    chosen = [full.column(name) for name in names]
    task = "regression" if chosen[0].kind == "continuous" else "binary"
    return every_kind()[names], contract(names[0], *chosen, task=task)


@pytest.mark.parametrize("family", sorted(SMALL))
@pytest.mark.parametrize(
    "names",
    [["target"], ["gappy float"], ["target", "flag", "colour"], ["gappy float", "integer", "day"]],
)
def test_tables_of_one_column_or_of_one_sort_of_column(family: str, names: list[str]) -> None:
    frame, agreed = _narrow(names)
    task = training_task(family, 0, table=encoded_of(frame, agreed))
    member = train_one(task)
    first = sample(task, member)
    again = from_files(to_files(member), place="here")
    pd.testing.assert_frame_equal(sample(task, again), first)
    pd.testing.assert_series_equal(first.dtypes, frame.dtypes)


@pytest.mark.parametrize("family", sorted(SMALL))
def test_very_few_rows_and_a_value_that_is_there_or_missing(family: str) -> None:
    frame = pd.DataFrame(
        {"n": pd.array([5, None] * 6, dtype="Int64"), "t": pd.Categorical(["a", "b", "b"] * 4)}
    )
    agreed = contract(
        "t",
        column("n", "integer", nullable=True),
        column("t", "categorical", categories=("a", "b")),
    )
    parameters = parameters_for(family, {**SMALL[family], "epochs": 100})
    task = training_task(family, 0, table=encoded_of(frame, agreed), parameters=parameters)
    dataset = sample(task, train_one(task), rows=300)
    assert set(dataset["n"].dropna()) == {5}
    assert 0.1 < dataset["n"].isna().mean() < 0.9


@pytest.mark.parametrize(
    ("family", "extreme"),
    [("ctgan", {"generator_lr": 1e38, "epochs": 4}), ("tvae", {"loss_factor": 1e38})],
)
def test_diverged_weights_are_an_error_that_names_the_member(
    family: str, extreme: dict[str, object]
) -> None:
    parameters = parameters_for(family, {**SMALL[family], **extreme})
    task = training_task(
        family, 6, 7, table=encoded_of(tiny(), tiny_contract()), parameters=parameters
    )
    with pytest.raises(
        GeneratorError,
        match=rf"kinds/{family}/generator\[006\]: training diverged.*lower the learning",
    ):
        train_members(task, silent)


def test_a_members_bytes_do_not_depend_on_its_company() -> None:
    """Seed 3 as one of three in two processes, alone in a used process, and alone in this one."""
    table = encoded_of(tiny(), tiny_contract())
    tasks = {
        f"{family}/{seed}": training_task(family, seed, table=table)
        for family, seed in [("ctgan", 1), ("tvae", 3), ("ctgan", 3)]
    }
    compute = Compute(processes=2)

    def files(wanted: dict[str, Training]) -> dict[str, dict[str, bytes]]:
        return {
            done.key: to_files(*done.result.values()) for done in compute.map(train_members, wanted)
        }

    company, used = files(tasks), files({"ctgan/3": tasks["ctgan/3"]})
    compute.teardown_after_execution(dg.build_init_resource_context())
    assert used["ctgan/3"] == company["ctgan/3"], "nor on what its worker did before"
    assert company["ctgan/3"] == to_files(train_one(tasks["ctgan/3"])), (
        "nor on the process it is in"
    )
    assert company["tvae/3"] == to_files(train_one(tasks["tvae/3"]))
    assert company["ctgan/1"] != company["ctgan/3"]


def test_fitting_on_many_rows_starts_no_further_processes() -> None:
    """From 500 rows on the package would encode in a pool of processes that outlives its use."""
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    encoded_of(tiny(600), tiny_contract())
    assert {child.pid for child in psutil.Process().children(recursive=True)} <= before


@pytest.mark.parametrize("family", sorted(SMALL))
def test_members_of_one_stack_are_those_that_train_alone(family: str) -> None:
    """As a GPU trains them: one program for all.

    Sums may run in another order, so equality is to rounding.
    """
    together = train_members(training_task(family, 3, 0, 5), silent)
    for seed, member in together.items():
        alone = train_one(training_task(family, seed)).state.tensors
        for name, value in member.state.tensors.items():
            if (
                "fc.bias" not in name
            ):  # a gradient of 0 but for rounding, without effect (test_stacked_ctgan)
                np.testing.assert_allclose(value, alone[name], rtol=2e-3, atol=2e-4, err_msg=name)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_declared_gpu_that_is_not_there_is_told_before_any_training(trained: Trained) -> None:
    task, _ = trained
    with pytest.raises(GeneratorError, match=r"declared device cuda, but torch .* finds no GPU"):
        train_members(replace(task, device="cuda"), silent)
