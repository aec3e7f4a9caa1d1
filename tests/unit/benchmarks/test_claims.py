"""The benchmarks that pass judgement: their arithmetic on data whose truth is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.claims.comparing import Sample, compare, judged
from benchmarks.claims.measures import (
    metric,
    risk_area,
    row_weights,
    squared_error,
    total_uncertainty,
)
from benchmarks.claims.page import CLAIMS, page
from benchmarks.claims.predictions import ModelPredictions, TestRows
from benchmarks.fidelity import marginal_fidelity, pairwise_fidelity
from benchmarks.same_outcome import difference
from dge_assets.core.scores.metrics import score_encoded
from dge_assets.core.uncertainty.selective_prediction import selective

ROWS, K = 600, 12


def truth() -> tuple[np.ndarray, np.ndarray]:
    """The probability of class 1 by row, and what came out."""
    rng = np.random.default_rng(0)
    probability = rng.beta(0.6, 0.6, ROWS)
    return probability, (rng.random(ROWS) < probability).astype(np.int64)


def members_with(noise: float, seed: int) -> np.ndarray:
    """(K, ROWS): the truth with independent errors of each member in the logit."""
    probability, _ = truth()
    logit = np.log(probability + 1e-3) - np.log(1 - probability + 1e-3)
    noisy = logit + noise * np.random.default_rng(seed).normal(size=(K, ROWS))
    return np.asarray(1 / (1 + np.exp(-noisy)))


def model(full: np.ndarray, *, own: float, others: float) -> ModelPredictions:
    """One whose part models are as its full ones, and whose scores are claimed too high by `own`
    and `others`.
    """
    _, y = truth()
    true = np.array(
        [metric("auc", y, one, np.ones((ROWS, 1), dtype=np.float32))[0] for one in full]
    )
    rng = np.random.default_rng(1)
    claimed = true[:, None] + others + 0.001 * rng.normal(size=(K, K))
    np.fill_diagonal(claimed, true + own + 0.001 * rng.normal(size=K))
    return ModelPredictions(full=full, part=full, naive_ensemble=full[0], claimed=claimed)


def rows() -> TestRows:
    _, y = truth()
    sparse = np.zeros(ROWS, dtype=bool)
    sparse[:100] = True
    return TestRows(y, sparse, {"a group": ~sparse, "too small": np.arange(ROWS) < 5})


def test_members_that_err_independently_bear_the_claims_out() -> None:
    predicted = {
        "a": model(members_with(1.5, 1), own=0.10, others=0.01),
        "b": model(members_with(2.0, 2), own=0.02, others=0.01),
        "c": model(members_with(3.0, 3), own=0.20, others=0.01),
    }
    found = compare("t", rows(), predicted)
    for key in (
        "training_single",
        "training_ensemble",
        "optimism",
        "evaluation",
        "selection",
        "risk_single",
        "calibration",
    ):
        assert found[key].verdict == "held", key
        assert found[key].low <= found[key].value <= found[key].high
    assert (found["training_single"].held_in, found["training_single"].models) == (3, 3)
    assert found["optimism"].value == pytest.approx((0.10 + 0.02 + 0.20) / 3, abs=0.002)
    assert found["evaluation"].value == pytest.approx((0.10 + 0.02 + 0.20) / 3 - 0.01, abs=0.002)


def test_equal_members_show_nothing_and_worse_claims_are_refuted() -> None:
    same = np.repeat(members_with(1.5, 1)[:1], K, axis=0)
    found = compare("t", rows(), {"a": model(same, own=0.0, others=0.1)})
    assert found["training_single"].value == pytest.approx(0, abs=1e-12)
    assert found["training_single"].verdict == "not shown"
    assert found["evaluation"].verdict == "not held"
    assert found["evaluation"].refuted_in == 1
    assert "selection" not in found  # one model class has no ranking
    assert found["sparse"].value == pytest.approx(0, abs=1e-12)


def test_a_group_that_gains_more_than_all_rows_is_seen() -> None:
    full = members_with(0.2, 1)
    wild = members_with(4.0, 2)
    full[:, :100] = wild[:, :100]
    found = compare("t", rows(), {"a": model(full, own=0.0, others=0.0)})
    assert found["sparse"].verdict == "held"
    assert found["minorities"].verdict == "not held"


def test_an_error_is_over_members_and_rows_together() -> None:
    without = np.array([0.0, 1.0, 2.0, 3.0])
    replicates = np.array([0.0, 2.0])
    # Jackknife: 3/4 times the sum of squares 5; rows: variance 2.
    assert Sample(1.0, replicates, without).error == pytest.approx(np.sqrt(0.75 * 5 + 2))
    assert judged({"a": Sample(np.nan, replicates, without)}, 3) is None


@pytest.mark.parametrize("decimals", [1, 3])
def test_weighted_measures_are_those_of_repeated_rows(decimals: int) -> None:
    _, y = truth()
    members = np.round(members_with(1.0, 4)[:3], decimals)  # few decimals make ties
    probability = members.mean(axis=0)
    weights = row_weights("t", ROWS)
    assert (weights[:, 0] == 1).all()
    assert (weights[:, 1:].sum(axis=0) == ROWS).all()
    unsure = total_uncertainty(members)
    wrong = ((probability > 0.5) != y).astype(float)
    area = risk_area(y, probability, unsure, weights)
    assert area[0] == pytest.approx(selective(wrong, unsure).aurc)
    drawn = np.repeat(np.arange(ROWS), weights[:, 7].astype(int))
    # Neighbours far from the first count as ties: nothing beside the spread of replicates.
    assert area[7] == pytest.approx(
        selective(wrong[drawn], unsure[drawn]).aurc, abs=0.02 * area.std()
    )
    table = np.column_stack([1 - probability, probability])
    for name, values in (
        ("auc", metric("auc", y, probability, weights)),
        ("brier", squared_error(y, probability, weights)),
    ):
        expected = score_encoded([name], y[drawn], table[drawn], task="binary").values[name]
        assert values[7] == pytest.approx(expected, abs=0.02 * values.std())


def test_the_page_has_a_table_for_each_claim_and_tells_what_has_no_value() -> None:
    item = {
        "value": 0.5,
        "low": 0.1,
        "high": 0.9,
        "verdict": "held",
        "held_in": 1,
        "refuted_in": 0,
        "models": 2,
    }
    approaches = (
        "oracle",
        "naive_single",
        "naive_ensemble",
        "naive_concat",
        "dge_5",
        "dge_10",
        "dge_20",
    )
    found = {
        "claims": {key: item for key in CLAIMS if key != "sparse"},
        "scores": dict.fromkeys(approaches, 0.7),
        **{"train_rows": 2000, "test_rows": 8000, "synthetic_rows": 2000},
    }
    text = page({"moons ctgan": found})
    assert all(f"## {claim.title}" in text for claim in CLAIMS.values())
    assert "No value (no such rows, or ties in a ranking): moons ctgan." in text
    assert (
        text.count("is an identity, in any rows") == 2
    )  # wherever a gain in squared error is compared
    assert "| moons | ctgan | +0.5000 | +0.1000 to +0.9000 | 1 / 0 of 2 | **held** |" in text


def test_fidelity_is_one_for_equal_tables_and_nothing_for_tables_apart() -> None:
    rng = np.random.default_rng(0)
    real = pd.DataFrame(
        {"x": rng.normal(size=200), "z": rng.normal(size=200), "c": rng.choice(["a", "b"], 200)}
    )
    assert marginal_fidelity(real, real) == 1
    assert pairwise_fidelity(real, real) == 1
    apart = real.assign(x=real["x"] + 100, z=real["z"] - 100, c="other")
    assert marginal_fidelity(real, apart) == 0
    assert pairwise_fidelity(real, apart) == pytest.approx(0, abs=0.05)
    twice = real.assign(z=real["x"])[["x", "z"]]
    shuffled = twice.assign(x=rng.permutation(twice["x"]))
    assert marginal_fidelity(twice, shuffled) == 1
    assert pairwise_fidelity(twice, shuffled) < 0.3


def test_a_difference_of_means_has_welchs_interval() -> None:
    apart, low, high = difference([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])
    assert apart == 0
    # Standard error sqrt(1/3 + 1/3), 4 degrees of freedom: t is 2.776.
    assert (low, high) == pytest.approx((-2.776 * np.sqrt(2 / 3), 2.776 * np.sqrt(2 / 3)), abs=1e-3)
