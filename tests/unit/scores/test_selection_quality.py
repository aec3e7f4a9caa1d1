"""Quality of selection: known rankings, what a wrong choice costs, and what cannot be said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dge_assets.core.errors import EvaluationError
from dge_assets.core.scores.selection_intervals import quality_intervals, ranking_quality
from dge_assets.core.scores.selection_quality import SELECTION_QUALITY_COLUMNS, selection_quality
from dge_assets.core.scores.tables import selection

MODELS = ("lr", "mlp", "gbdt", "knn")


def ranked(metric: str = "auc", **values: list[float]) -> pd.DataFrame:
    """The selection table of these values by approach, one per model."""
    count = len(next(iter(values.values())))
    tables = {
        model: pd.DataFrame(
            [(approach, metric, numbers[i]) for approach, numbers in values.items()],
            columns=["approach", "metric", "value"],
        )
        for i, model in enumerate(MODELS[:count])
    }
    return selection(tables)


def row(table: pd.DataFrame, approach: str) -> pd.Series:
    return table.set_index("approach").loc[approach]


def test_the_right_order_the_reverse_and_what_the_wrong_choice_costs() -> None:
    table = selection_quality(
        ranked(oracle=[0.9, 0.8, 0.6], naive=[0.5, 0.4, 0.3], dge_5=[0.1, 0.2, 0.7])
    )
    assert list(table.columns) == SELECTION_QUALITY_COLUMNS
    assert table["kendall_low"].isna().all()
    assert set(table["reason"]) == {"there are no scores by member to draw members from"}
    assert list(table["approach"]) == ["naive", "dge_5"]
    assert row(table, "naive")[["kendall", "spearman", "regret"]].tolist() == pytest.approx(
        [1, 1, 0]
    )
    assert row(table, "dge_5")[["kendall", "spearman", "regret"]].tolist() == pytest.approx(
        [-1, -1, 0.3]
    )
    assert table.attrs["reasons"] == {}


def test_golden_values_of_four_models_with_a_tie() -> None:
    """By hand: of 6 pairs 4 agree, 1 disagrees and 1 ties in naive: tau-b = 3 / sqrt(6 * 5).

    Spearman from ranks (1, 2.5, 2.5, 4) and (2, 1, 3, 4): 3 / sqrt(4.5 * 5).
    """
    table = selection_quality(
        ranked("nll", oracle=[0.2, 0.1, 0.3, 0.4], naive=[0.1, 0.2, 0.2, 0.4])
    )
    found = row(table, "naive")
    assert found["kendall"] == pytest.approx(3 / np.sqrt(30))
    assert found["spearman"] == pytest.approx(3 / np.sqrt(4.5 * 5))
    assert found["regret"] == pytest.approx(0.1), (
        "of a metric where less is better, still at least zero"
    )


def test_regret_of_tied_picks_is_their_mean() -> None:
    table = selection_quality(ranked(oracle=[0.9, 0.7, 0.5], naive=[0.6, 0.6, 0.1]))
    assert row(table, "naive")["regret"] == pytest.approx(0.1)


def test_means_that_differ_by_rounding_alone_tie() -> None:
    """The mean of 0.7, 0.8 and 0.9 is not quite that of three times 0.8."""
    naive = [float(np.mean([0.7, 0.8, 0.9])), float(np.mean([0.8, 0.8, 0.8]))]
    assert naive[0] != naive[1]
    table = ranked(oracle=[0.7, 0.9], naive=naive)
    assert table.set_index(["approach", "model"])["rank"].loc["naive"].tolist() == [1, 1]
    found = row(selection_quality(table), "naive")
    assert np.isnan(found["kendall"])
    assert found["regret"] == pytest.approx(0.1)
    three = [0.9000000000000001, 0.9, 0.9]
    assert (
        row(selection_quality(ranked(oracle=three, naive=[0.1, 0.2, 0.2])), "naive")["regret"] >= 0
    )


@settings(max_examples=15)
@given(seed=st.integers(0, 2**32 - 1), metric=st.sampled_from(["auc", "brier"]))
def test_agreement_is_bounded_and_regret_is_never_negative(seed: int, metric: str) -> None:
    rng = np.random.default_rng(seed)
    oracle, naive = rng.permutation(4) / 10, rng.integers(0, 3, 4) / 10
    found = row(selection_quality(ranked(metric, oracle=list(oracle), naive=list(naive))), "naive")
    assert 0 <= found["regret"] <= np.ptp(oracle) + 1e-12
    shifted = row(
        selection_quality(ranked(metric, oracle=list(oracle), naive=list(2 * naive + 3))), "naive"
    )
    if len(np.unique(naive)) > 1:
        assert -1 <= found["kendall"] <= 1
    pd.testing.assert_series_equal(found, shifted, obj="only the order of the claims counts")


def test_one_model_class_gives_no_choice() -> None:
    table = selection_quality(ranked(oracle=[0.9], naive=[0.8]))
    assert table[["kendall", "spearman", "regret"]].isna().all(axis=None)
    reasons = table.attrs["reasons"]
    assert reasons["naive/auc/regret"] == "choosing a model needs at least 2 model classes, found 1"


def test_a_model_without_a_score_and_models_that_all_tie_are_told() -> None:
    table = selection_quality(ranked(oracle=[0.9, 0.8], naive=[np.nan, 0.4], dge_5=[0.5, 0.5]))
    assert table.attrs["reasons"]["naive/auc/kendall"].startswith("naive has no score of lr")
    assert np.isnan(row(table, "naive")["regret"])
    assert np.isnan(row(table, "dge_5")["kendall"])
    assert "all 2 model classes tie in dge_5" in table.attrs["reasons"]["dge_5/auc/kendall"]
    assert row(table, "dge_5")["regret"] == pytest.approx(0.05)


def test_more_than_one_family_or_no_oracle_is_an_error() -> None:
    rows = ranked(oracle=[0.9, 0.8], naive=[0.5, 0.4])
    with pytest.raises(EvaluationError, match="occur twice for auc"):
        selection_quality(pd.concat([rows, rows]))
    with pytest.raises(EvaluationError, match="no oracle"):
        selection_quality(rows[rows["approach"] != "oracle"])


def by_member(
    rng: np.random.Generator, true: np.ndarray, bias: np.ndarray, noise: float, members: int
) -> np.ndarray:
    """(2, models, members): claims and truths; a member is good or bad for all models, and each has
    noise of its own.
    """
    shared = rng.normal(0, 2 * noise, members)
    truths = true[:, None] + shared + rng.normal(0, noise, (len(true), members))
    return np.stack([truths + bias[:, None] + rng.normal(0, noise, truths.shape), truths])


def test_replicates_have_the_quality_that_the_table_gives() -> None:
    rng = np.random.default_rng(0)
    claimed, true = rng.integers(0, 4, (2, 4, 6)) / 10
    found = ranking_quality(claimed, true)
    for column in range(6):
        table = selection_quality(
            ranked(oracle=list(true[:, column]), naive=list(claimed[:, column]))
        )
        for name, values in found.items():
            assert values[column] == pytest.approx(row(table, "naive")[name], nan_ok=True), name


@pytest.mark.parametrize("members", [5, 20])
def test_intervals_over_members_cover_the_truth(members: int) -> None:
    """Known truth: six models whose mean claims put two pairs in the wrong order, the first among
    them.
    """
    true = np.array([0.80, 0.78, 0.74, 0.70, 0.66, 0.60])
    bias = np.array([0.00, 0.04, 0.00, 0.00, 0.06, 0.00])
    truth = {
        name: values[0]
        for name, values in ranking_quality((true + bias)[:, None], true[:, None]).items()
    }
    covered = dict.fromkeys(truth, 0)
    for seed in range(200):
        claims, truths = by_member(np.random.default_rng(seed), true, bias, 0.03, members)
        values = ranking_quality(claims.mean(axis=1)[:, None], truths.mean(axis=1)[:, None])
        found = quality_intervals(
            {name: float(value[0]) for name, value in values.items()}, claims, truths
        )
        for name, interval in found.items():
            covered[name] += interval.low - 1e-12 <= truth[name] <= interval.high + 1e-12
    assert all(count >= 0.90 * 200 for count in covered.values()), covered


def test_intervals_come_into_the_table_and_few_members_are_told() -> None:
    claims, truths = by_member(
        np.random.default_rng(0), np.array([0.9, 0.8, 0.7]), np.array([0.0, 0.0, 0.3]), 0.02, 8
    )
    means = ranked(oracle=list(truths.mean(axis=1)), naive=list(claims.mean(axis=1)))

    def table(count: int) -> pd.DataFrame:
        members = {
            model: {"oracle": {"auc": truths[i, :count]}, "naive": {"auc": claims[i, :count]}}
            for i, model in enumerate(MODELS[:3])
        }
        return selection_quality(means, members)

    found = row(table(8), "naive")
    assert found["over"] == "which members are scored"
    assert found["reason"] == ""
    assert 0 < found["regret_low"] < found["regret"] == pytest.approx(0.2, abs=0.03)
    assert found["kendall_low"] <= found["kendall"] <= found["kendall_high"] < 1
    assert "needs at least 5 of them, found 4" in row(table(4), "naive")["reason"]
