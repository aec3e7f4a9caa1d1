"""Intervals of score tables: of these members over test rows, and of the expected score over
members and test rows.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dge_assets.core.contract.contract import Task
from dge_assets.core.ensemble.k_curve import k_curve
from dge_assets.core.intervals.resampling import Resamples
from dge_assets.core.scores.approach import NAIVE_SINGLE, SINGLE_MEAN
from dge_assets.core.scores.intervals import (
    approach_differences,
    curve_with_intervals,
    ensemble_intervals,
    evaluation_with_intervals,
    training_with_intervals,
)
from dge_assets.core.scores.metrics import metric_names, score_encoded
from dge_assets.core.scores.predictions import TrainingPredictions
from dge_assets.core.scores.scored import Scored
from dge_assets.core.scores.tables import score_training

ROWS = 300
RESAMPLES = Resamples(ROWS, np.random.SeedSequence(0), 200)


def made(
    members: int, *, noise: float = 0.35, n: int = ROWS
) -> tuple[np.ndarray, TrainingPredictions]:
    """Members that err by themselves, so that averaging them helps, and an oracle that hardly errs."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, n)

    def predict(spread: float) -> np.ndarray:
        p = np.clip(0.35 + 0.3 * y + rng.normal(0, spread, n), 0, 1)
        return np.column_stack([1 - p, p])

    tables = tuple(predict(noise) for _ in range(members))
    return y, TrainingPredictions((predict(0.15),), (tables[0],), predict(noise), tables)


def scored_of(members: int, ks: list[int], task: Task = "binary") -> Scored:
    y, predictions = made(members)
    return Scored(y, predictions, ks, task, RESAMPLES)


def tables(members: int, task: Task = "binary") -> tuple[pd.DataFrame, pd.DataFrame]:
    scored, ks = scored_of(members, [2, members], task), range(1, members + 1)
    curve = curve_with_intervals(k_curve(scored, ks), ensemble_intervals(scored, ks))
    return training_with_intervals(scored), curve


def test_each_interval_says_what_it_is_over() -> None:
    scores, curve = tables(7)
    assert set(scores["over"]) == {"test rows"}
    over = scores.groupby("approach")["expected_over"].unique().map(list)
    assert over["naive_single"] == over["dge_7"] == ["members and test rows"]
    assert over["oracle"] == ["test rows"], "no generator is in it"
    of_k = curve.groupby("K")["over"].first()
    assert of_k[1] == "which dataset one gets"
    assert of_k[2] == "disjoint sets of 2 members"
    assert of_k[3] == "test rows", "seven members include two disjoint sets of three only"


def test_values_stay_as_they_were_and_lie_in_their_intervals() -> None:
    scores, _ = tables(7)
    plain = score_training(scored_of(7, [2, 7]))
    pd.testing.assert_frame_equal(scores[list(plain.columns)], plain)
    held = scores[scores["metric"].isin(["auc", "brier", "accuracy"])]
    for prefix in ("", "expected_"):
        known = held[held[f"{prefix}low"].notna()]
        assert len(known) >= len(held) / 2
        assert known[f"{prefix}low"].le(known["value"]).all()
        assert known[f"{prefix}high"].ge(known["value"]).all()
    assert held["reason"].eq("").all()


def test_the_expected_score_is_less_certain_than_that_of_these_members() -> None:
    scores, _ = tables(7)
    held = scores[
        scores["approach"].isin(["naive_single", "dge_7"]) & scores["metric"].isin(["auc", "brier"])
    ]
    assert len(held) == 4
    assert (held["expected_high"] - held["expected_low"] > held["high"] - held["low"]).all()


def test_what_was_not_fitted_without_each_member_says_so() -> None:
    scores, _ = tables(7)
    reasons = scores[scores["metric"] == "auc"].set_index("approach")["expected_reason"]
    assert reasons["naive_ensemble"].startswith("made from dataset 0 alone")
    assert reasons["naive_concat"].startswith("one model of all datasets")
    assert "at least 3 members, found 2" in reasons["dge_2"]


def test_a_gain_that_averaging_always_brings_is_called_an_identity() -> None:
    table = approach_differences(scored_of(7, [3, 7])).set_index(["approach", "against", "metric"])[
        "remark"
    ]
    assert (
        table["dge_7", "naive_single_mean", "brier"] == "an identity: the variance between members"
    )
    assert "Jensen" in table["dge_7", "naive_single_mean", "nll"]
    assert table["dge_7", "naive_single_mean", "auc"] == ""
    assert table["dge_7", "naive_single", "brier"] == "", (
        "dataset 0 may be better than the ensemble"
    )
    assert table["dge_3", "naive_single_mean", "brier"] == "", "the other four may be better"


def test_the_identity_is_one() -> None:
    """Krogh and Vedelsby 1995: squared error of the mean = mean squared error minus the variance
    between members.
    """
    _, predictions = made(7)
    table = approach_differences(scored_of(7, [7])).set_index(["approach", "against", "metric"])[
        "difference"
    ]
    positive = np.stack([member[:, 1] for member in predictions.members])
    assert -table["dge_7", "naive_single_mean", "brier"] == pytest.approx(
        positive.var(axis=0).mean()
    )


def test_a_metric_that_scores_an_ensemble_as_a_distribution_compares_nothing() -> None:
    """By crps K predictions are a distribution and one is a point: below zero is no gain, and above
    zero may occur.
    """
    rng = np.random.default_rng(0)
    members = tuple(rng.normal(size=ROWS) for _ in range(5))
    predictions = TrainingPredictions(members[:1], members[:2], members[0], members)
    scored = Scored(rng.normal(size=ROWS), predictions, [5], "regression", RESAMPLES, ["crps"])
    table = approach_differences(scored)
    assert len(table)
    assert (
        table["remark"]
        .str.startswith("the predictions of K models are scored as a distribution")
        .all()
    )


def test_the_influences_of_a_mean_are_those_of_its_standard_error() -> None:
    """Known truth: the Brier scores' mean has variance s²/n over members, whichever way the
    influences are made.
    """
    y, predictions = made(7)
    singles = [
        score_encoded(["brier"], y, m, task="binary").values["brier"] for m in predictions.members
    ]
    scored = scored_of(7, [7])
    assert scored.samples(SINGLE_MEAN)["brier"].member_variance == pytest.approx(
        np.var(singles, ddof=1) / 7
    )
    assert scored.samples(NAIVE_SINGLE)["brier"].member_variance == pytest.approx(
        np.var(singles, ddof=1)
    )
    assert scored.samples(NAIVE_SINGLE)["brier"].value == singles[0]


def test_scores_that_are_all_the_same_are_so_in_their_mean_as_well() -> None:
    """Nobody is predicted positive: each member's accuracy is 0.95, and a mean of seven would
    differ in its last digit.
    """
    y = (np.arange(len(made(7)[0])) % 20 == 0).astype(int)
    rng = np.random.default_rng(0)
    members = tuple(np.column_stack([1 - p, p]) for p in rng.uniform(0, 0.3, (7, len(y))))
    predictions = TrainingPredictions(members[:1], members[:1], members[0], members)
    table = approach_differences(Scored(y, predictions, [7], "binary", RESAMPLES, ["accuracy"]))
    row = table[(table["metric"] == "accuracy") & (table["against"] == "naive_single_mean")].iloc[0]
    assert row["difference"] == 0
    assert row[["low", "high"]].isna().all()
    assert row["reason"] == "all resamples of the test rows give the same value"


def test_few_members_fall_back_on_test_rows() -> None:
    scores, _ = tables(2)
    assert set(scores["over"]) == {"test rows"}


def test_evaluation_scores_get_the_spread_over_members_within_the_metric_s_range() -> None:
    frame = pd.DataFrame(
        [("oracle", "auc", 0.9, 0.02), ("naive", "auc", 0.97, 0.05), ("naive", "nll", 0.3, np.nan)],
        columns=["approach", "metric", "value", "std"],
    )
    found = evaluation_with_intervals(frame, 5, task="binary")
    assert found["over"].eq("which member's model is scored").all()
    assert found["high"][1] == 1.0
    # t(4) is 2.776 at 0.975; times sqrt(1 + 1/5).
    assert found["low"][0] == pytest.approx(0.9 - 2.776 * 0.02 * np.sqrt(1.2), abs=1e-4)
    assert "not defined" in found["reason"][2]
    assert "at least 3" in evaluation_with_intervals(frame, 2, task="binary")["reason"][0]


def test_differences_are_those_of_the_scores_and_averaging_shows_as_a_gain() -> None:
    """Known truth: members err independently, so the mean of seven has a lower squared error than
    any.
    """
    table = approach_differences(scored_of(7, [7]))
    brier = table[table["metric"] == "brier"].set_index(["approach", "against"])
    scores = score_training(scored_of(7, [7])).set_index(["approach", "metric"])["value"]
    for against in ("naive_single", "naive_ensemble", "naive_concat", "oracle"):
        expected = scores["dge_7", "brier"] - scores[against, "brier"]
        assert brier["difference"]["dge_7", against] == pytest.approx(expected)
    assert brier["high"]["dge_7", "naive_single"] < 0
    assert brier["high"]["dge_7", "naive_single_mean"] < 0
    assert brier["low"]["naive_single", "oracle"] > 0
    assert ("oracle", "oracle") not in brier.index
    assert ("naive_single", "naive_single_mean") not in brier.index
    assert ("naive_concat", "naive_ensemble") not in brier.index
    assert (table["over"] == "test rows").all()
    assert (table["expected_over"] == "members and test rows").all()


def test_an_approach_that_is_the_other_has_a_difference_of_exactly_nothing() -> None:
    table = approach_differences(scored_of(3, [3]))
    same = table[(table["approach"] == "naive_ensemble") & (table["against"] == "naive_single")]
    assert len(same) == len(metric_names("binary"))
    assert same["difference"].eq(0.0).all()
    held = same[same["metric"] != "ece"]
    assert held["reason"].eq("all resamples of the test rows give the same value").all()
