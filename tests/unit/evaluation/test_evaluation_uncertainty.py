"""The evaluation task on two numeric features: noise, maps and uncertainty from stored models, by
task.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from dge_assets.core.contract.contract import Contract, Task
from dge_assets.core.downstream.member_models import DownstreamRequest, fit_downstream, to_files
from dge_assets.core.evaluation.catalogue import CATALOGUE
from dge_assets.core.evaluation.family_model import predict_oracle, score_family_model
from dge_assets.core.evaluation.requests import FamilyModelRequest, FamilyModelScores, OracleRequest
from dge_assets.core.evaluation.stacking import made, stacked_tables
from dge_assets.core.evaluation.wider import FamilyEvaluation
from dge_assets.core.scores.selection_quality import SELECTION_QUALITY_COLUMNS
from dge_assets.core.uncertainty.prediction_map import MAP_SIDE
from tests.support.tables import column, contract, tiny, tiny_contract

NOISE = 0.5
SEEDS = (0, 1)


def silent(done: int, of: int) -> None:
    """Nobody watches."""


def plane(task: Task, rows: int, seed: int) -> pd.DataFrame:
    """A target that is x + z and normal noise of standard deviation 0.5, or its class."""
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=(2, rows))
    value = x + z + rng.normal(0, NOISE, rows)
    target = {
        "regression": value,
        "binary": np.where(value > 0, "yes", "no"),
        "multiclass": np.digitize(value, [-1, 1]),
    }
    frame = pd.DataFrame({"x": x, "z": z, "target": target[task]})
    return frame if task == "regression" else frame.astype({"target": "category"})


def plane_contract(task: Task) -> Contract:
    levels = {"binary": ("no", "yes"), "multiclass": (0, 1, 2)}.get(task)
    target = column("target", "categorical" if levels else "continuous", categories=levels)
    return contract(
        "target", column("x", "continuous"), column("z", "continuous"), target, task=task
    )


@cache
def tables(task: Task, model: str = "lr") -> dict[str, pd.DataFrame]:
    shared = {"table": "plane", "contract": plane_contract(task), "max_levels": 20}
    real = {"real_train": plane(task, 200, 50), "real_test": plane(task, 150, 51)}
    datasets = {seed: plane(task, 400, seed) for seed in SEEDS}
    family = {"family": "ctgan", "test_share": 0.25, **shared}
    stored = {
        seed: to_files(
            fit_downstream(
                DownstreamRequest(seed=seed, dataset=frame, models=(model,), **family), silent
            )
        )  # type: ignore[arg-type]
        for seed, frame in datasets.items()
    }
    oracle = predict_oracle(OracleRequest(model=model, fits=2, **shared, **real), silent)  # type: ignore[arg-type]
    given = FamilyModelRequest(
        cards=CATALOGUE.made_per("pair"),
        model=model,
        datasets=datasets,
        stored=stored,
        seconds=dict.fromkeys(SEEDS, 1.0),
        oracle=oracle,
        ks=(2,),
        **family,  # type: ignore[arg-type]
        **real,
    )
    return score_family_model(given, silent).tables


def quantity(table: pd.DataFrame, approach: str, name: str) -> float:
    return float(table.set_index(["approach", "quantity"])["value"][approach, name])


def test_the_noise_of_a_regression_is_found_in_rows_that_the_members_did_not_see() -> None:
    """Known truth: the noise's variance is 0.25, and datasets of the true distribution hardly
    disagree.
    """
    table = tables("regression")["uncertainty"]
    assert quantity(table, "dge_2", "aleatoric") == pytest.approx(NOISE**2, rel=0.25)
    assert quantity(table, "dge_2", "generator") < 0.02
    assert quantity(table, "dge_2", "risk") == pytest.approx(NOISE**2, rel=0.3)
    assert np.isnan(quantity(table, "oracle", "aleatoric"))
    assert tables("regression")["calibration"].empty
    numbers = ["bin", "confidence", "accuracy", "n"]
    filled = tables("binary")["calibration"]
    assert tables("regression")["calibration"][numbers].dtypes.equals(filled[numbers].dtypes), (
        "a query needs types"
    )


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_map_has_the_three_approaches_at_each_point(task: Task) -> None:
    table = tables(task)["prediction_map"]
    assert table.groupby("approach").size().to_dict() == dict.fromkeys(
        ("oracle", "naive_ensemble", "dge_2"), MAP_SIDE**2
    )
    fits = table.groupby("approach")["fits"].first().to_dict()
    assert fits == {"oracle": 1, "naive_ensemble": 1, "dge_2": 2}, "lr does not depend on its seed"
    corner = table[(table["x"] == table["x"].min()) & (table["y"] == table["y"].min())]
    opposite = table[(table["x"] == table["x"].max()) & (table["y"] == table["y"].max())]
    if task == "regression":
        assert (corner["mean"] < -2).all()
        assert (opposite["mean"] > 2).all()
    else:
        low, high = ("no", "yes") if task == "binary" else ("0", "2")
        assert set(corner["predicted"]) == {low}
        assert set(opposite["predicted"]) == {high}


def test_all_tables_of_two_models_are_put_together_with_their_names() -> None:
    binary = tables("binary")
    cards = CATALOGUE.made_per("pair")
    combined = stacked_tables(cards, {("ctgan", "lr"): binary, ("ctgan", "mlp"): binary})
    assert list(combined) == [card.name for card in cards]
    for name, frame in combined.items():
        assert list(frame.columns) == CATALOGUE[name].column_names
        assert list(frame.columns[:2]) == ["family", "model"]
        assert len(frame) == 2 * len(binary[name])


def selection_quality_of(*models: str) -> pd.DataFrame:
    family = FamilyEvaluation(
        contract=plane_contract("binary"),
        real_train=pd.DataFrame(),
        datasets=(),
        scores={model: FamilyModelScores(tables("binary")) for model in models},
    )
    cards = [CATALOGUE["selection"], CATALOGUE["selection_quality"]]
    return stacked_tables(cards, {("ctgan",): made(cards, family)})["selection_quality"]


def test_a_familys_choice_of_models_is_judged_where_there_is_one() -> None:
    quality = selection_quality_of("lr", "mlp")
    assert list(quality.columns) == ["family", *SELECTION_QUALITY_COLUMNS]
    assert quality["kendall"].isna().all(), "equal models tie"
    assert (quality["regret"] == 0).all()
    assert selection_quality_of("lr")["regret"].isna().all()


def test_a_table_without_a_plane_has_an_empty_map() -> None:
    real = {"real_train": tiny(100, seed=1), "real_test": tiny(40, seed=2)}
    task = OracleRequest(
        table="t", model="lr", fits=1, contract=tiny_contract(), max_levels=20, **real
    )
    assert predict_oracle(task, silent).on_grid == ()
