"""Correlation of errors: identities with the ensemble's score, known truth, and what has no answer."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dge_assets.core.ensemble.correlation_intervals import pair_errors, rho_replicates
from dge_assets.core.ensemble.error_correlation import (
    EFFECTIVE_COLUMNS,
    PAIR_COLUMNS,
    ErrorProducts,
    Member,
    effective_members,
    effective_number,
    error_correlation,
    error_products,
)
from dge_assets.core.errors import EvaluationError
from dge_assets.core.intervals.resampling import Resamples
from dge_assets.core.scores.metrics import score_encoded
from dge_assets.core.scores.predictions import combine


def regression(
    rho: float, noise: float = 1.0, rows: int = 40_000, K: int = 4
) -> tuple[np.ndarray, dict[Member, np.ndarray]]:
    """Known truth: deviations of variance 1 from the signal with correlation rho; the outcome has
    noise of its own.
    """
    rng = np.random.default_rng(3)
    signal, common = rng.normal(size=(2, rows))
    members = {
        ("tvae", seed): signal + np.sqrt(rho) * common + np.sqrt(1 - rho) * rng.normal(size=rows)
        for seed in range(K)
    }
    return signal, members


def effective(found: tuple[ErrorProducts, ...]) -> pd.DataFrame:
    rows = found[0].by_row.shape[1]
    return effective_members(
        found, Resamples(rows, np.random.SeedSequence(0), 20 if rows > 10_000 else 200)
    )


def cell(table: pd.DataFrame, one: str, other: str, kind: str = "error") -> pd.Series:
    rows = table[
        (table["family_a"] == one) & (table["family_b"] == other) & (table["kind"] == kind)
    ]
    assert len(rows) == 1
    return rows.iloc[0]


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.9])
def test_deviations_have_the_correlation_that_made_them_and_errors_a_higher_one(rho: float) -> None:
    signal, members = regression(rho)
    y = (
        signal + np.random.default_rng(4).normal(size=len(signal)) * 2
    )  # noise variance 4, common to all members
    table = effective(error_products(y, members, [signal], task="regression"))
    deviation, error = cell(table, "tvae", "tvae", "deviation"), cell(table, "tvae", "tvae")
    assert deviation["rho"] == pytest.approx(rho, abs=0.02)
    assert deviation["effective"] == pytest.approx(effective_number(4, rho), rel=0.05)
    assert error["rho"] == pytest.approx((rho + 4) / 5, abs=0.02)


@given(
    task=st.sampled_from(["binary", "multiclass", "regression"]),
    K=st.integers(2, 6),
    seed=st.integers(0, 1000),
)
def test_the_effective_number_is_what_averaging_gains(task: str, K: int, seed: int) -> None:
    """Identity: effective = MSE_1 / MSE_K, with MSE_1 the mean over members."""
    rng = np.random.default_rng(seed)
    if task == "regression":
        y, arrays, metric = rng.normal(size=30), [rng.normal(size=30) for _ in range(K)], "mse"
    else:
        classes, metric = (2 if task == "binary" else 3), "brier"
        y, arrays = (
            rng.integers(0, classes, 30),
            [rng.dirichlet(np.ones(classes), 30) for _ in range(K)],
        )

    def score(group: list[np.ndarray]) -> float:
        return score_encoded([metric], y, combine(group, task=task), task=task).values[metric]  # type: ignore[arg-type]

    found = error_products(y, {("f", i): array for i, array in enumerate(arrays)}, [], task=task)  # type: ignore[arg-type]
    row = cell(effective(found), "f", "f")
    assert row["effective"] == pytest.approx(
        np.mean([score([one]) for one in arrays]) / score(arrays)
    )
    assert error_correlation(found)["value"].between(-1, 1).all()


def test_families_are_compared_with_themselves_with_each_other_and_as_one() -> None:
    """Members of a family share half of their error, members of two families nothing."""
    rng = np.random.default_rng(0)
    shared = {family: rng.normal(size=20_000) for family in ("a", "b")}
    members = {
        (family, seed): shared[family] + rng.normal(size=20_000)
        for family in shared
        for seed in range(3)
    }
    table = effective(error_products(np.zeros(20_000), members, [], task="regression"))
    assert list(table.columns) == EFFECTIVE_COLUMNS
    assert cell(table, "a", "a")["rho"] == pytest.approx(0.5, abs=0.03)
    assert cell(table, "a", "b")["rho"] == pytest.approx(0.0, abs=0.03)
    assert cell(table, "a", "b")["K"] == 2
    whole = cell(table, "all", "all")
    assert whole["K"] == 6
    assert whole["rho"] == pytest.approx(0.5 * 6 / 15, abs=0.03), "6 of 15 pairs are of one family"
    assert whole["effective"] > cell(table, "a", "a")["effective"]


@pytest.mark.parametrize("unit", [1e160, 1e-160])
def test_the_unit_of_the_target_does_not_matter(unit: float) -> None:
    signal, members = regression(0.3, rows=60)
    y = signal + 1.0
    plain, scaled = (
        error_products(
            y * u, {of: array * u for of, array in members.items()}, [signal * u], task="regression"
        )
        for u in (1.0, unit)
    )
    columns = ["rho", "effective", "rho_low", "rho_high"]
    np.testing.assert_allclose(effective(scaled)[columns], effective(plain)[columns], rtol=1e-5)
    np.testing.assert_allclose(
        error_correlation(scaled)["value"], error_correlation(plain)["value"], rtol=1e-9
    )


def test_each_pair_stands_once() -> None:
    _, members = regression(0.5, rows=50)
    members |= {("ctgan", 7): np.ones(50)}
    table = error_correlation(
        error_products(np.zeros(50), members, [np.zeros(50)], task="regression")
    )
    assert list(table.columns) == PAIR_COLUMNS
    assert len(table) == 2 * 10
    assert not table.duplicated(PAIR_COLUMNS[:5]).any()
    a, b = members["tvae", 0], members["ctgan", 7]
    found = table[
        (table["kind"] == "error") & (table["family_b"] == "ctgan") & (table["seed_a"] == 0)
    ]["value"].iloc[0]
    assert found == pytest.approx(float(a @ b / np.sqrt((a @ a) * (b @ b))))


def test_a_shared_bias_is_a_shared_error() -> None:
    rng = np.random.default_rng(1)
    members = {("f", seed): 3 + rng.normal(size=5000) for seed in range(2)}
    table = effective(error_products(np.zeros(5000), members, [], task="regression"))
    assert cell(table, "f", "f")["rho"] == pytest.approx(0.9, abs=0.02)


def test_identical_members_are_one() -> None:
    same = np.random.default_rng(0).normal(size=50)
    table = effective(
        error_products(np.zeros(50), {("f", i): same for i in range(5)}, [], task="regression")
    )
    assert cell(table, "f", "f")["effective"] == pytest.approx(1.0)


def test_one_member_is_one_and_has_nobody_to_be_compared_with() -> None:
    found = error_products(np.zeros(9), {("f", 0): np.ones(9)}, [], task="regression")
    row = cell(effective(found), "f", "f")
    assert (row["K"], row["effective"]) == (1, 1.0)
    assert np.isnan(row["rho"])
    assert row["note"] == "one member has no other to be compared with"
    assert error_correlation(found).empty


def test_members_without_any_error_have_a_reason() -> None:
    """A member that predicts as the oracle does deviates nowhere: 0/0 is no correlation."""
    oracle = np.random.default_rng(0).normal(size=9)
    members = {("f", 0): oracle, ("f", 1): oracle}
    found = error_products(np.zeros(9), members, [oracle], task="regression")
    pairs = error_correlation(found)
    assert pairs.set_index("kind")["value"].isna().to_dict() == {"error": False, "deviation": True}
    assert (
        pairs.attrs["reasons"]["deviation/f[001]"]
        == "no deviation on any row, so nothing to correlate"
    )
    row = cell(effective(found), "f", "f", "deviation")
    assert np.isnan([row["rho"], row["effective"]]).all()
    assert "nothing to correlate" in row["note"]


def test_errors_that_cancel_leave_no_number() -> None:
    members = {("f", 0): np.ones(9), ("f", 1): -np.ones(9)}
    row = cell(effective(error_products(np.zeros(9), members, [], task="regression")), "f", "f")
    assert row["rho"] == -1
    assert np.isnan(row["effective"])
    assert "cancel to nothing" in row["note"]


@pytest.mark.parametrize(
    ("y", "members", "message"),
    [
        (np.zeros(3), {}, "needs members and rows, found 0 and 3"),
        (np.zeros(0), {("f", 0): np.zeros(0)}, "found 1 and 0"),
        (np.zeros(3), {("f", 0): np.zeros(4)}, r"predictions of \('f', 0\) are not of the 3 rows"),
    ],
)
def test_bad_input_is_told(y: np.ndarray, members: dict[Member, np.ndarray], message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        error_products(y, members, [], task="regression")


@pytest.mark.parametrize("classes", [1, 3])
def test_standard_errors_of_pairs_are_those_of_resampled_rows(classes: int) -> None:
    rng = np.random.default_rng(2)
    errors = rng.normal(size=(1, 400, classes)) + rng.exponential(size=(3, 400, classes))
    drawn = Resamples(400, np.random.SeedSequence(0), 2000)
    expected = [
        rho_replicates(errors[[i]], errors[[j]], drawn, same=False).std()
        for i, j in ((0, 1), (0, 2), (1, 2))
    ]
    assert pair_errors(errors)[np.triu_indices(3, 1)] == pytest.approx(expected, rel=0.08)


def test_replicates_of_rho_are_rho_of_the_repeated_rows() -> None:
    rng = np.random.default_rng(3)
    arrays = {
        ("f", 0): rng.normal(size=40),
        ("f", 1): rng.normal(size=40) + 1,
        ("g", 0): rng.normal(size=40) + 1,
    }
    resamples = Resamples(40, np.random.SeedSequence(0), 4)
    (item,) = error_products(np.zeros(40), arrays, [], task="regression")
    one, other = item.by_row[:2], item.by_row[2:]
    (weights,) = resamples.blocks()
    for index, counts in enumerate(weights.T.astype(int)):
        again = {member: np.repeat(array, counts) for member, array in arrays.items()}
        table = effective(error_products(np.zeros(40), again, [], task="regression"))
        assert rho_replicates(one, one, resamples, same=True)[index] == pytest.approx(
            cell(table, "f", "f")["rho"], abs=1e-6
        )
        assert rho_replicates(one, other, resamples, same=False)[index] == pytest.approx(
            cell(table, "f", "g")["rho"], abs=1e-6
        )


def test_intervals_of_correlations_cover_the_truth() -> None:
    """Known truth: errors share half of their variance; skewed, so that normal theory alone would
    not do.
    """
    pairs, means, numbers, expected = [], [], [], []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        shared, own = (
            rng.normal(size=200),
            rng.normal(size=(3, 200)) * rng.choice([0.5, 1.3229], (3, 200)),
        )
        found = error_products(
            np.zeros(200), {("f", k): shared + own[k] for k in range(3)}, [], task="regression"
        )
        pair, row = error_correlation(found).iloc[0], effective(found).iloc[0]
        pairs.append(pair["low"] <= 0.5 <= pair["high"])
        means.append(row["rho_low"] <= 0.5 <= row["rho_high"])
        numbers.append(row["effective_low"] <= effective_number(3, 0.5) <= row["effective_high"])
        expected.append(
            row["expected_effective_low"]
            <= effective_number(3, 0.5)
            <= row["expected_effective_high"]
        )
    for hits in (pairs, means, numbers, expected):
        assert 0.90 <= np.mean(hits) <= 0.99, np.mean(hits)


def test_members_in_proportion_have_no_interval_and_say_so() -> None:
    same = np.random.default_rng(0).normal(size=50)
    found = error_products(
        np.zeros(50), {("f", 0): same, ("f", 1): 2 * same}, [], task="regression"
    )
    assert error_correlation(found)["reason"].tolist() == [
        "the two errors are in one proportion on all test rows"
    ]
    assert effective(found)["rho_low"].isna().all()
    assert (effective(found)["reason"] != "").all()
