"""`cart` as a family: from real rows to rows of a dataset, through the codec."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks.members import silent
from dge_assets.core.contract.contract import Contract
from dge_assets.core.errors import GeneratorError
from dge_assets.core.generators.encoding.codec import fit_codec
from dge_assets.core.generators.encoding.modelling_frame import modelling_frame
from dge_assets.core.generators.encoding.table_encoder import TableEncoder
from dge_assets.core.generators.family import Training
from dge_assets.core.generators.members import (
    SamplingRequest,
    TrainedMember,
    sample_chunks,
    train_members,
)
from dge_assets.core.generators.registry import parameters_for
from tests.support.tables import every_kind, every_kind_contract, tiny, tiny_contract


def _training(frame: pd.DataFrame, contract: Contract, *seeds: int, **settings: Any) -> Training:
    codec = fit_codec(frame, contract)
    return Training(
        table="t",
        family="trees",
        seeds=seeds,
        algorithm="cart",
        parameters=parameters_for("cart", settings),
        encoder=TableEncoder(codec, {"columns": []}),
        modelled=modelling_frame(codec, real_train=frame, table="t"),
    )


def _rows(member: TrainedMember, seed: int, rows: int = 500, **settings: Any) -> pd.DataFrame:
    request = SamplingRequest(
        table="t",
        family="trees",
        seed=seed,
        state=member.state,
        codec=member.codec,
        rows=rows,
        settings=settings,
    )
    return pd.concat(list(sample_chunks(request)), ignore_index=True)


def test_every_kind_of_column_comes_back_in_its_type_with_its_gaps() -> None:
    frame = every_kind(400)
    training = _training(frame, every_kind_contract(), 0)
    (member,) = train_members(training, silent).values()
    found = _rows(member, 0, rows=2000)
    assert set(found) == set(frame) - {"id"}
    assert found.dtypes.astype(str).to_dict() == frame[list(found)].dtypes.astype(str).to_dict()
    gaps = found.isna().mean() - frame[list(found)].isna().mean()
    assert gaps.abs().max() < 0.1
    assert len(member.state.document["columns"]) == 14  # none for constant ones, one for each gap


def test_a_member_is_the_same_alone_and_in_company() -> None:
    frame, contract = tiny(), tiny_contract()
    together = train_members(_training(frame, contract, 0, 1, 2), silent)
    alone = train_members(_training(frame, contract, 1), silent)[1]
    assert alone.state.document == together[1].state.document
    assert alone.state.tensors.keys() == together[1].state.tensors.keys()
    for name, values in alone.state.tensors.items():
        assert np.array_equal(values, together[1].state.tensors[name])
    assert _rows(alone, 1).equals(_rows(together[1], 1))
    assert not _rows(together[0], 0).equals(_rows(together[1], 1))


def test_progress_counts_the_trees_of_all_members() -> None:
    told: list[tuple[int, int]] = []
    train_members(_training(tiny(), tiny_contract(), 0, 1), lambda *step: told.append(step))
    assert told == [(done, 6) for done in range(1, 7)]


def test_smoothing_decides_the_rows_and_not_the_trees() -> None:
    frame = tiny()
    training = _training(frame, tiny_contract(), 0)
    assert "smoothing" not in training.parameters.of_training()
    (member,) = train_members(training, silent).values()
    smooth, plain = _rows(member, 0), _rows(member, 0, smoothing=False)
    assert plain["x"].isin(frame["x"]).all()
    assert not smooth["x"].isin(frame["x"]).any()
    pd.testing.assert_frame_equal(smooth[["group"]], plain[["group"]])  # drawn before x


def test_an_order_names_columns_of_the_table_and_the_others_follow() -> None:
    training = _training(tiny(), tiny_contract(), 0, order=["x", "group"])
    (member,) = train_members(training, silent).values()
    names = {plan.key: plan.name for plan in training.encoder.codec.plans}
    visited = [names[column["key"]] for column in member.state.document["columns"]]
    assert visited == ["x", "group", "target"]


def test_an_order_with_a_column_that_is_not_there_is_told_with_those_that_are() -> None:
    training = _training(tiny(), tiny_contract(), 0, order=["x", "salary"])
    with pytest.raises(GeneratorError, match=r"t/trees/generator.*\['salary'\].*x, group, target"):
        train_members(training, silent)


def test_an_order_names_no_column_twice() -> None:
    with pytest.raises(ValueError, match="names a column twice"):
        parameters_for("cart", {"order": ["x", "x"]})
