"""Evaluation tasks: whole tables from stored models, independent of order, honest about what cannot
be said.
"""

from __future__ import annotations

import pickle
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from dge_assets.core.downstream.member_models import DownstreamRequest, fit_downstream, to_files
from dge_assets.core.errors import StorageError
from dge_assets.core.evaluation.catalogue import CATALOGUE
from dge_assets.core.evaluation.family_model import (
    FamilyModelRequest,
    FamilyModelScores,
    OraclePredictions,
    OracleRequest,
    predict_oracle,
    score_family_model,
)
from tests.support.tables import tiny, tiny_contract

K = 3
SHARED = {"table": "crash", "contract": tiny_contract(), "max_levels": 20}


def silent(done: int, of: int) -> None:
    """Nobody watches."""


def oracle_task(model: str = "lr", fits: int = 1) -> OracleRequest:
    rows = {"real_train": tiny(150, seed=50), "real_test": tiny(90, seed=51)}
    return OracleRequest(model=model, fits=fits, **SHARED, **rows)  # type: ignore[arg-type]


@cache
def stored(seed: int) -> dict[str, bytes]:
    task = DownstreamRequest(
        family="ctgan",
        seed=seed,
        dataset=tiny(120, seed=seed),
        models=("lr",),
        test_share=0.25,
        **SHARED,  # type: ignore[arg-type]
    )
    return to_files(fit_downstream(task, silent))


def family_task(seeds: range | list[int] = range(K), **other: object) -> FamilyModelRequest:
    stated: dict[str, object] = {
        "family": "ctgan",
        "model": "lr",
        "cards": CATALOGUE.made_per("pair"),
        "real_train": tiny(150, seed=50),
        "real_test": tiny(90, seed=51),
        "datasets": {seed: tiny(120, seed=seed) for seed in seeds},
        "stored": {seed: stored(seed) for seed in seeds},
        "seconds": {seed: 1.0 + seed for seed in seeds},
        "oracle": predict_oracle(oracle_task(), silent),
        "ks": tuple(sorted({2, len(seeds)})),
        "test_share": 0.25,
    }
    return FamilyModelRequest(**{**SHARED, **stated, **other})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def scores() -> FamilyModelScores:
    return score_family_model(family_task(), silent)


def value(table: pd.DataFrame, approach: str, metric: str = "auc") -> float:
    found = table[(table["approach"] == approach) & (table["metric"] == metric)]["value"]
    assert len(found) == 1
    return float(found.iloc[0])


def test_all_promised_tables_come_with_their_columns(scores: FamilyModelScores) -> None:
    columns = {name: set(frame.columns) for name, frame in scores.tables.items()}
    assert columns["training_scores"] >= {"approach", "metric", "value", "std"}
    assert columns["evaluation_scores"] >= {"approach", "metric", "value", "std"}
    assert columns["cross_scores"] >= {"train_seed", "test_seed", "metric", "value"}
    assert columns["group_scores"] >= {"group", "share", "n", "approach", "metric", "value", "std"}
    assert columns["k_curve"] >= {"K", "metric", "measured", "std", "predicted", "seconds"}
    assert {"oracle", "naive_single", "naive_ensemble", "naive_concat", "dge_2", "dge_3"} <= set(
        scores.tables["training_scores"]["approach"]
    )
    assert scores.notes == []


def test_the_oracle_predicts_real_rows_with_what_it_learnt_from_real_rows() -> None:
    found = predict_oracle(oracle_task("rf", fits=2), silent)
    assert len(found.arrays) == 2
    assert all(array.shape == (90, 2) for array in found.arrays)
    assert not np.array_equal(*found.arrays), "a forest depends on its seed"
    assert len(predict_oracle(oracle_task("lr", fits=3), silent).arrays) == 1, "lr does not"


def test_datasets_of_real_quality_come_close_to_the_oracle(scores: FamilyModelScores) -> None:
    """Known truth: here the datasets are drawn from the true distribution, so nothing is lost but
    luck.
    """
    table = scores.tables["training_scores"]
    assert value(table, "oracle") > 0.7
    assert abs(value(table, "dge_3") - value(table, "oracle")) < 0.05


def test_cross_scores_have_each_pair_of_different_members_by_their_seeds() -> None:
    seeds = [2, 5, 7]
    table = score_family_model(family_task(seeds), silent).tables["cross_scores"]
    pairs = set(zip(table["train_seed"], table["test_seed"], strict=True))
    assert {(one, other) for one in seeds for other in seeds if one != other} <= pairs
    assert {seed for pair in pairs for seed in pair} == set(seeds)


def test_the_order_in_which_members_are_given_does_not_count(scores: FamilyModelScores) -> None:
    turned = score_family_model(family_task([2, 0, 1]), silent)
    for name, table in scores.tables.items():
        pd.testing.assert_frame_equal(turned.tables[name], table, obj=name)


def test_seconds_of_the_curve_are_those_of_the_first_members(scores: FamilyModelScores) -> None:
    curve = scores.tables["k_curve"]
    assert sorted(curve["K"].unique()) == [1, 2, 3]
    assert curve.groupby("K")["seconds"].first().tolist() == [1.0, 3.0, 6.0]


def test_one_member_gives_what_one_member_can_and_says_so() -> None:
    found = score_family_model(family_task([0], ks=(1,)), silent)
    assert "training_scores" in found.tables
    assert not {"evaluation_scores", "cross_scores"} & set(found.tables)
    expected = (
        "ctgan, lr: evaluation on other generators' datasets needs at least 2 members, found 1"
    )
    assert found.notes == [expected]


def test_remarks_on_models_that_did_not_converge_or_could_learn_nothing() -> None:
    one_class = tiny(120, seed=0).assign(
        target=pd.Categorical(["yes"] * 120, categories=["no", "yes"])
    )
    task = DownstreamRequest(
        family="ctgan",
        seed=0,
        dataset=one_class,
        models=("lr",),
        test_share=0.25,
        **SHARED,  # type: ignore[arg-type]
    )
    given = family_task()
    given = replace(
        given,
        datasets={**given.datasets, 0: one_class},
        stored={**given.stored, 0: to_files(fit_downstream(task, silent))},
        oracle=OraclePredictions(given.oracle.arrays, not_converged=1),
    )
    notes = score_family_model(given, silent).notes
    assert "lr: 1 fits of the oracle stopped before they converged" in notes
    assert "ctgan, lr: 1 of 3 datasets have one class only; their models are constant" in notes


def test_a_member_without_its_models_is_an_error_with_its_place() -> None:
    given = family_task()
    broken = replace(given, stored={**given.stored, 1: {}})
    with pytest.raises(StorageError, match=r"crash/ctgan/downstream\[001\]"):
        score_family_model(broken, silent)


def test_tasks_and_results_travel_between_processes(scores: FamilyModelScores) -> None:
    task = pickle.loads(pickle.dumps(family_task()))
    assert sorted(task.datasets) == [0, 1, 2]
    back = pickle.loads(pickle.dumps(scores))
    pd.testing.assert_frame_equal(back.tables["k_curve"], scores.tables["k_curve"])


def test_steps_are_reported() -> None:
    seen: list[tuple[int, int]] = []
    score_family_model(family_task([0, 1]), lambda done, of: seen.append((done, of)))
    assert seen == [(1, 4), (2, 4)]
