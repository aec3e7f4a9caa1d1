"""Intervals: they cover a known truth as often as they say, and say when they cannot."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student

from dge_assets.core.intervals.interval import (
    TEST_ROWS,
    no_interval,
    over_bin_rows,
    over_both_variances,
    over_sets,
    over_test_rows,
    with_intervals,
)
from dge_assets.core.intervals.resampling import Resamples
from dge_assets.core.scores.metrics import score_encoded
from dge_assets.core.scores.replicates import replicate_means, replicate_scores

SIMULATED = 200


def simulated_set(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, and the predictions of a good and a worse model that see the same noise."""
    risk = rng.beta(1, 4, n)
    y = (rng.random(n) < risk).astype(int)
    good = np.clip(risk + rng.normal(0, 0.03, n), 0.001, 0.999)
    worse = np.clip(0.5 * good + 0.2 * rng.random(n), 0.001, 0.999)
    return y, np.column_stack([1 - good, good]), np.column_stack([1 - worse, worse])


def test_intervals_over_test_rows_cover_the_truth_95_times_in_100() -> None:
    """Known truth: the score on a million rows.

    The binomial error of the simulation itself is allowed for.
    """
    names = ["auc", "brier", "accuracy", "nll"]
    y, good, worse = simulated_set(np.random.default_rng(10**6), 1_000_000)
    truth = score_encoded(names, y, good, task="binary").values
    apart = {
        name: truth[name] - value
        for name, value in score_encoded(names, y, worse, task="binary").values.items()
    }
    single, paired = dict.fromkeys(names, 0), dict.fromkeys(names, 0)
    for seed in range(SIMULATED):
        y, good, worse = simulated_set(np.random.default_rng(seed), 400)
        resamples = Resamples(400, np.random.SeedSequence(seed), 200)
        values = [score_encoded(names, y, table, task="binary").values for table in (good, worse)]
        drawn = [
            replicate_scores(names, y, table, resamples, task="binary") for table in (good, worse)
        ]
        for name in names:
            found = over_test_rows(values[0][name], drawn[0][name])
            single[name] += found.low <= truth[name] <= found.high
            found = over_test_rows(
                values[0][name] - values[1][name], drawn[0][name] - drawn[1][name]
            )
            paired[name] += found.low <= apart[name] <= found.high
    # Three binomial standard errors of 200 draws are 0.046; percentile intervals of 400 rows fall
    # short by a little.
    for name in names:
        assert 0.90 <= single[name] / SIMULATED <= 0.995, f"{name}: {single}"
        assert 0.90 <= paired[name] / SIMULATED <= 0.995, f"{name}: {paired}"


def test_intervals_over_sets_cover_the_next_set_95_times_in_100() -> None:
    """Known truth: for normal scores Student's prediction interval is exact, however few the sets."""
    rng = np.random.default_rng(1)
    for sets in (3, 5, 20):
        hits = 0
        for _ in range(2000):
            *seen, following = rng.normal(0.8, 0.01, sets + 1)
            found = over_sets(
                float(np.mean(seen)),
                float(np.std(seen, ddof=1)),
                sets,
                over="which dataset one gets",
            )
            hits += found.low <= following <= found.high
        assert hits / 2000 == pytest.approx(0.95, abs=3 * np.sqrt(0.95 * 0.05 / 2000))


def test_paired_differences_are_narrower_than_the_single_intervals() -> None:
    """What rows are hard for both cancels, which is why differences get intervals of their own."""
    y, good, worse = simulated_set(np.random.default_rng(5), 2000)
    resamples = Resamples(2000, np.random.SeedSequence(0))
    values = [
        score_encoded(["brier"], y, table, task="binary").values["brier"] for table in (good, worse)
    ]
    drawn = [
        replicate_scores(["brier"], y, table, resamples, task="binary")["brier"]
        for table in (good, worse)
    ]
    single = over_test_rows(values[0], drawn[0])
    paired = over_test_rows(values[0] - values[1], drawn[0] - drawn[1])
    assert paired.high < 0, "the worse model is worse"
    assert paired.high - paired.low < 0.7 * (single.high - single.low)


def test_the_order_of_rows_of_equal_content_does_not_count() -> None:
    """Rows that are alike may change places: the interval is of the rows, not of their order."""
    y, good, _ = simulated_set(np.random.default_rng(5), 300)
    resamples = Resamples(600, np.random.SeedSequence(0), 200)
    twice = np.tile(np.arange(300), 2)
    turned = np.concatenate([np.arange(300), np.random.default_rng(1).permutation(300)])
    intervals = []
    for rows in (twice, turned):
        value = score_encoded(["auc"], y[rows], good[rows], task="binary").values["auc"]
        intervals.append(
            over_test_rows(
                value,
                replicate_scores(["auc"], y[rows], good[rows], resamples, task="binary")["auc"],
            )
        )
    assert intervals[0].low == pytest.approx(intervals[1].low, abs=0.01)
    assert intervals[0].high == pytest.approx(intervals[1].high, abs=0.01)


def test_undefined_replicates_widen_the_interval_and_too_many_leave_none() -> None:
    drawn = np.linspace(0, 1, 1001)
    plain = over_test_rows(0.5, drawn)
    assert (plain.low, plain.high) == (
        pytest.approx(0.025, abs=0.001),
        pytest.approx(0.975, abs=0.001),
    )
    some = drawn.copy()
    some[::101] = np.nan
    found = over_test_rows(0.5, some)
    assert found.low < plain.low < plain.high < found.high
    some[::20] = np.nan
    found = over_test_rows(0.5, some)
    assert np.isnan(found.low)
    assert np.isnan(found.high)
    assert found.reason.startswith("not defined in")


@pytest.mark.parametrize("count", [40, 100, 199, 200, 500])
@pytest.mark.parametrize("undefined", [0, 1])
def test_percentiles_are_those_of_numpy_to_the_bit(count: int, undefined: int) -> None:
    rng = np.random.default_rng(count)
    replicates = rng.normal(5.0, 1.0, count).round(2)
    replicates[:undefined] = np.nan
    value = float(np.nanmean(replicates))
    tail = (1 - 0.95) / 2
    low = np.quantile(np.nan_to_num(replicates, nan=-np.inf), tail, method="inverted_cdf")
    high = np.quantile(np.nan_to_num(replicates, nan=np.inf), 1 - tail, method="inverted_cdf")
    found = over_test_rows(value, replicates)
    assert (found.low, found.high) == (low, high)


@pytest.mark.parametrize("degrees", [2, 3.7, 40, 1e12, np.inf])
def test_the_reach_is_student_s_as_scipy_gives_it(degrees: float) -> None:
    # Variances of members a and of rows 1 - a have (members - 1) / a² degrees of freedom.
    members = 3
    part = np.sqrt((members - 1) / degrees)
    found = over_both_variances(0.0, 1.0 - part, part, members)
    expected = float(student.ppf(0.975, (members - 1) / part**2 if part else np.inf))
    assert found.high == pytest.approx(expected, rel=1e-12)
    assert found.low == -found.high


def test_a_biased_bootstrap_gives_no_interval() -> None:
    """A calibrated model has an ECE of 0 that no sample reaches: percentiles would never cover it."""
    rng = np.random.default_rng(0)
    p = rng.beta(1, 6, 1000)
    y, table = (rng.random(1000) < p).astype(int), np.column_stack([1 - p, p])
    value = score_encoded(["ece"], y, table, task="binary").values["ece"]
    drawn = replicate_scores(
        ["ece"], y, table, Resamples(1000, np.random.SeedSequence(0)), task="binary"
    )["ece"]
    for found, reason in (
        (over_test_rows(value, drawn), "biased by"),
        (over_test_rows(value, drawn, metric="ece"), "calibration error of resamples is biased"),
    ):
        assert np.isnan(found.low)
        assert reason in found.reason


@pytest.mark.parametrize("unit", [1.0, 1e-3, 1e-9, 1e9])
def test_a_bias_is_seen_in_any_unit(unit: float) -> None:
    replicates = np.random.default_rng(0).normal(1, 0.1, 500) * unit
    assert "biased by" in over_test_rows(0.5 * unit, replicates).reason
    assert over_test_rows(1.0 * unit, replicates).reason == ""


def test_what_never_varies_has_no_interval_rather_than_a_certain_one() -> None:
    """A recall of 0 of 3 positives is 0 in every replicate, which does not make it certain."""
    found = over_test_rows(0.0, np.zeros(100))
    assert np.isnan(found.low)
    assert found.over == TEST_ROWS
    assert found.reason == "all resamples of the test rows give the same value"


def test_too_few_sets_or_no_value_give_a_reason_and_bounds_are_kept() -> None:
    assert (
        "needs at least 3 of them, found 2"
        in over_sets(0.8, 0.1, 2, over="which dataset one gets").reason
    )
    assert "not defined" in over_sets(np.nan, 0.1, 5, over="x").reason
    assert "not defined" in over_test_rows(np.nan, np.ones(5)).reason
    for score in (0.0, 0.1):
        equal = over_sets(
            float(np.mean([score] * 3)), float(np.std([score] * 3, ddof=1)), 3, over="x"
        )
        assert (np.isnan(equal.low), equal.reason) == (True, "x: all 3 of them give the same value")
    found = over_sets(0.9, 0.2, 4, over="x", bounds=(0.0, 1.0))
    assert found.high == 1.0
    assert 0 <= found.low < 0.9


def test_columns_are_added_and_the_reason_for_the_value_comes_first() -> None:
    frame = pd.DataFrame({"approach": ["a", "b"], "metric": ["auc", "auc"], "value": [np.nan, 0.5]})
    frame.attrs["reasons"] = {"a/auc": "one class only"}
    given = {
        ("a", "auc"): no_interval("the value is not defined"),
        ("b", "auc"): over_sets(0.5, 0.1, 3, over="x"),
    }
    found = with_intervals(frame, given, ["approach", "metric"])
    assert list(found.columns) == [*frame.columns, "low", "high", "over", "reason"]
    assert found["reason"].tolist() == ["one class only", ""]
    assert found["low"].isna().tolist() == [True, False]
    assert found.attrs == frame.attrs


def test_the_share_of_a_bin_has_wilsons_interval_and_covers_the_truth() -> None:
    """Golden: Brown, Cai and DasGupta's formula by hand for 0 of 10, whose upper end is z² / (n +
    z²).
    """
    found = over_bin_rows(0.0, 10)
    assert (found.low, found.high) == (0.0, pytest.approx(1.959964**2 / (10 + 1.959964**2)))
    assert over_bin_rows(1.0, 10).high == 1.0
    assert over_bin_rows(np.nan, 0).reason == "the bin has no rows"
    # Rows of a bin differ in their chances; what is asked for is their mean.
    chances = np.linspace(0.8, 1.0, 30)
    hits = (np.random.default_rng(0).random((2000, 30)) < chances).mean(axis=1)
    covered = [found.low <= 0.9 <= found.high for found in (over_bin_rows(hit, 30) for hit in hits)]
    assert 0.93 < np.mean(covered) < 0.995


def test_intervals_of_means_and_of_ratios_of_means_cover_the_truth() -> None:
    """Known truth: means 1 and 4 of two quantities of skew distributions that go together, and
    their ratio.
    """
    covered = np.zeros(3)
    for seed in range(300):
        part = np.random.default_rng(seed).exponential(1.0, 200)
        whole = part + np.random.default_rng(10**6 + seed).exponential(3.0, 200)
        one, all_of_it = replicate_means(
            [part, whole], Resamples(200, np.random.SeedSequence(seed), 200)
        )
        pairs = [
            (part.mean(), one, 1),
            (whole.mean(), all_of_it, 4),
            (part.mean() / whole.mean(), one / all_of_it, 0.25),
        ]
        for index, (value, drawn, truth) in enumerate(pairs):
            found = over_test_rows(float(value), drawn)
            covered[index] += found.low <= truth <= found.high
    assert ((covered / 300 > 0.90) & (covered / 300 < 0.99)).all(), covered


def test_a_quantity_that_is_the_same_in_all_rows_is_so_in_all_replicates() -> None:
    means = replicate_means(
        [np.full(50, 0.1), np.full(50, 1e6 / 3)], Resamples(50, np.random.SeedSequence(0), 20)
    )
    assert np.ptp(means, axis=1).tolist() == [0.0, 0.0]
    assert (
        over_test_rows(0.1, means[0]).reason == "all resamples of the test rows give the same value"
    )
