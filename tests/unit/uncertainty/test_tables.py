"""The tables of uncertainty by approach: their shape for each task, what agrees with other tables,
what cannot be said.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dge_assets.core.contract.contract import Task
from dge_assets.core.errors import EvaluationError
from dge_assets.core.intervals.resampling import Resamples
from dge_assets.core.scores.predictions import TrainingPredictions
from dge_assets.core.scores.scored import Scored
from dge_assets.core.scores.tables import score_training
from dge_assets.core.uncertainty.tables import uncertainty_tables

INTERVAL = ["low", "high", "over", "reason"]
APPROACHES = ["oracle", "naive_single", "naive_ensemble", "naive_concat", "dge_2", "dge_3"]


def predictions(task: Task = "binary", rows: int = 80, seed: int = 0) -> TrainingPredictions:
    """Two fits of the oracle, one of each naive way, three members."""
    rng = np.random.default_rng(seed)

    def drawn() -> np.ndarray:
        return (
            rng.normal(size=rows)
            if task == "regression"
            else rng.dirichlet([1, 1, 1][: _classes(task)], rows)
        )

    members = (drawn(), drawn(), drawn())
    return TrainingPredictions((drawn(), drawn()), members[:1], drawn(), members)


def made(
    y: np.ndarray,
    given: TrainingPredictions,
    ks: list[int],
    *,
    task: Task,
    noise_variances: list[float] | None = None,
) -> dict[str, pd.DataFrame]:
    resamples = Resamples(len(y), np.random.SeedSequence(0), 200)
    scored = Scored(y, given, ks, task, resamples)
    return uncertainty_tables(scored, noise_variances=noise_variances)


def _classes(task: Task) -> int:
    return 2 if task == "binary" else 3


def target(task: Task = "binary", rows: int = 80) -> np.ndarray:
    rng = np.random.default_rng(99)
    return rng.normal(size=rows) if task == "regression" else rng.integers(0, _classes(task), rows)


def values(table: pd.DataFrame) -> pd.Series:
    return table.set_index(["approach", "quantity"])["value"]


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_a_classification_has_all_quantities_rankings_and_curves(task: Task) -> None:
    y, given = target(task), predictions(task)
    tables = made(y, given, [2, 3], task=task)
    found = values(tables["uncertainty"])
    assert list(found.index.unique("approach")) == APPROACHES
    areas = [
        f"{kind}_{ranking}"
        for ranking in ("confidence", "total", "generator")
        for kind in ("aurc", "excess_aurc")
    ]
    shares = ["total", "aleatoric", "generator", "generator_share", "risk"]
    assert list(found["oracle"].index) == [*shares, *areas, "ece", "ece_equal_count"]
    assert found.notna().all()
    scores = score_training(Scored(y, given, [2, 3], task)).set_index(["approach", "metric"])[
        "value"
    ]
    for approach in APPROACHES:
        assert found[approach, "ece"] == pytest.approx(scores[approach, "ece"])
        assert found[approach, "risk"] == pytest.approx(1 - scores[approach, "accuracy"])
    assert list(tables["calibration"].columns) == [
        "approach",
        "curve",
        "bin",
        "confidence",
        "accuracy",
        "n",
        *INTERVAL,
    ]
    assert list(tables["selective"].columns) == [
        "approach",
        "ranking",
        "coverage",
        "risk",
        *INTERVAL,
    ]
    sizes = tables["selective"].groupby(["approach", "ranking"]).size()
    assert len(sizes) == 3 * len(APPROACHES)
    assert sizes.max() == 50


def test_an_approach_of_one_model_has_no_generator_uncertainty_and_its_ranking_is_flat() -> None:
    tables = made(target(), predictions(), [2, 3], task="binary")
    found = values(tables["uncertainty"])
    for approach in ("naive_single", "naive_ensemble", "naive_concat"):
        assert found[approach, "generator"] == 0
        assert found[approach, "aurc_generator"] == pytest.approx(found[approach, "risk"])
    assert found["dge_3", "generator"] > found["dge_2", "generator"] > 0
    curve = tables["selective"].query("approach == 'naive_single' and ranking == 'generator'")
    assert curve["risk"].nunique() == 1 or curve["risk"].std() < 1e-12


def test_two_classes_are_ranked_alike_by_confidence_and_by_total_uncertainty() -> None:
    found = values(made(target(), predictions(), [3], task="binary")["uncertainty"])
    for approach in ("oracle", "naive_single", "dge_3"):
        assert found[approach, "aurc_total"] == pytest.approx(found[approach, "aurc_confidence"])


def test_votes_that_tie_are_ranked_as_ties_in_any_order_of_members() -> None:
    rng = np.random.default_rng(0)
    votes = rng.integers(0, 6, (10, 300)) / 5
    y = rng.integers(0, 2, 300)
    members = tuple(np.column_stack([1 - row, row]) for row in votes)
    found = []
    for order in (members, members[::-1]):
        predictions = TrainingPredictions(order[:1], order[:1], order[0], order)
        resamples = Resamples(300, np.random.SeedSequence(0), 20)
        scored = Scored(y, predictions, [10], "binary", resamples)
        table = uncertainty_tables(scored)["uncertainty"]
        of_all = table[table["approach"] == "dge_10"].set_index("quantity")["value"]
        found.append(of_all[["aurc_confidence", "aurc_total", "aurc_generator", "ece_equal_count"]])
    # A mean of one half may still be on either side.
    assert found[0].to_numpy() == pytest.approx(found[1].to_numpy(), abs=0.005)
    assert found[0]["aurc_confidence"] == pytest.approx(found[0]["aurc_total"], abs=1e-12)


def test_members_that_know_where_they_err_have_less_area_than_chance() -> None:
    """Known truth: the members agree on rows that they have right and differ on the others."""
    y = np.zeros(60, dtype=int)
    right, one, other = np.array([0.9, 0.1]), np.array([0.4, 0.6]), np.array([0.1, 0.9])
    wrong = np.arange(60) < 20
    members = tuple(np.where(wrong[:, None], table, right) for table in (one, other, one))
    given = replace(predictions(rows=60), members=members)
    found = values(made(y, given, [3], task="binary")["uncertainty"])
    assert found["dge_3", "excess_aurc_generator"] == pytest.approx(0)
    assert found["dge_3", "risk"] == pytest.approx(1 / 3)
    assert found["naive_single", "excess_aurc_generator"] > 0.1


def test_a_regression_says_what_it_cannot_know() -> None:
    y, given = target("regression"), predictions("regression")
    tables = made(y, given, [2, 3], task="regression")
    found = values(tables["uncertainty"])
    quantities = [
        "total",
        "aleatoric",
        "generator",
        "generator_share",
        "risk",
        "aurc_generator",
        "excess_aurc_generator",
    ]
    assert list(found["dge_3"].index) == quantities
    assert found["dge_3", "generator"] == pytest.approx(
        np.var(np.stack(given.members), axis=0).mean()
    )
    assert np.isnan(found["dge_3", "total"])
    assert "carries no noise" in tables["uncertainty"].attrs["reasons"]["dge_3/total"]
    assert found["oracle", "risk"] == pytest.approx(
        np.mean((np.mean(given.oracle, axis=0) - y) ** 2)
    )
    assert tables["calibration"].empty
    assert list(tables["calibration"].columns) == [
        "approach",
        "curve",
        "bin",
        "confidence",
        "accuracy",
        "n",
        *INTERVAL,
    ]
    assert set(tables["selective"]["ranking"]) == {"generator"}


def test_noise_of_the_members_is_the_aleatoric_part_of_their_approaches_alone() -> None:
    given = predictions("regression")
    table = made(
        target("regression"), given, [2], task="regression", noise_variances=[1.0, 3.0, 9.0]
    )
    found = values(table["uncertainty"])
    assert found["dge_2", "aleatoric"] == pytest.approx(2.0)
    assert found["dge_2", "total"] == pytest.approx(2.0 + found["dge_2", "generator"])
    assert found["naive_single", "total"] == 1.0
    assert np.isnan(found["oracle", "total"])


def test_test_rows_of_one_class_are_measured_all_the_same() -> None:
    found = values(made(np.ones(80, dtype=int), predictions(), [3], task="binary")["uncertainty"])
    assert found.notna().all()


def test_certain_members_have_no_uncertainty_to_share() -> None:
    certain = np.tile([0.0, 1.0], (10, 1))
    given = TrainingPredictions((certain,), (certain,), certain, (certain, certain))
    table = made(np.ones(10, dtype=int), given, [2], task="binary")["uncertainty"]
    assert np.isnan(values(table)["dge_2", "generator_share"])
    assert table.attrs["reasons"]["dge_2/generator_share"].startswith("total uncertainty is 0")
    assert values(table)["dge_2", "aurc_total"] == 0


def test_predictions_that_are_not_finite_are_refused_with_approach_member_and_rows() -> None:
    given = predictions()
    given.members[1][5, 0] = np.nan
    with pytest.raises(
        EvaluationError, match=r"dge_2, member 1: predictions are not finite in 1 of 80 rows \(5\)"
    ):
        made(target(), given, [2], task="binary")


def test_no_test_rows_are_refused() -> None:
    with pytest.raises(EvaluationError, match="real_test has no rows"):
        made(np.empty(0, dtype=int), predictions(rows=0), [2], task="binary")


def many(task: Task = "binary", members: int = 7) -> TrainingPredictions:
    return replace(
        predictions(task),
        members=tuple(predictions(task, seed=seed).members[0] for seed in range(members)),
    )


def test_an_interval_is_over_disjoint_sets_where_there_are_three_and_over_test_rows_else() -> None:
    y, given = target(), many()
    table = made(y, given, [2, 5], task="binary")["uncertainty"].set_index(["approach", "quantity"])
    over = table.groupby("approach")["over"].unique().map(list).to_dict()
    rows = {
        approach: ["test rows"]
        for approach in ("oracle", "naive_ensemble", "naive_concat", "dge_5")
    }
    assert over == rows | {
        "naive_single": ["which dataset one gets"],
        "dge_2": ["disjoint sets of 2 members"],
    }
    sets = [given.members[at : at + 2] for at in (0, 2, 4)]
    singles = [replace(given, members=group) for group in sets]
    values_of = [
        values(made(y, one, [2], task="binary")["uncertainty"])["dge_2", "generator"]
        for one in singles
    ]
    row = table.loc[("dge_2", "generator")]
    assert (row["low"] + row["high"]) / 2 == pytest.approx(np.mean(values_of))
    curves = made(y, given, [2, 5], task="binary")["selective"]
    assert set(curves[curves["approach"] == "dge_2"]["over"]) == {"disjoint sets of 2 members"}
    known = curves[curves["low"].notna()]
    assert (known["low"] <= known["high"]).all()
    assert (curves["low"].isna() == (curves["reason"] != "")).all()


def test_what_has_no_interval_says_why() -> None:
    tables = made(target(), predictions(), [3], task="binary")
    table = tables["uncertainty"].set_index(["approach", "quantity"])
    assert (table["low"].isna() == (table["reason"] != "")).all()
    assert "biased upwards" in table.loc[("oracle", "ece"), "reason"]
    assert "biased upwards" in table.loc[("dge_3", "ece_equal_count"), "reason"]
    assert (
        table.loc[("naive_ensemble", "generator"), "reason"]
        == "all resamples of the test rows give the same value"
    )
    for quantity in ("total", "generator_share", "risk", "aurc_total"):
        row = table.loc[("dge_3", quantity)]
        assert row["low"] < row["value"] < row["high"], quantity
    bins = tables["calibration"]
    assert set(bins["over"]) == {"test rows of the bin"}
    filled = bins[bins["n"] > 0]
    assert filled["accuracy"].between(filled["low"], filled["high"]).all()
    assert set(bins[bins["n"] == 0]["reason"]) == {"the bin has no rows"}
    regression = made(target("regression"), predictions("regression"), [3], task="regression")[
        "uncertainty"
    ]
    row = regression.set_index(["approach", "quantity"]).loc[("dge_3", "total")]
    assert "carries no noise" in row["reason"]
