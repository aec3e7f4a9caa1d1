"""The comparison of rows with real ones: what chance explains, and what it does not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.decoding import MISSING, OTHERS, chance, is_explained, measured, measured_columns
from tests.support.tables import column, contract

AGREED = contract(
    "outcome",
    column("outcome", "categorical", categories=("died", "lived")),
    column("age", "continuous", nullable=True),
    column("day", "datetime"),
)


def _population(rows: int, seed: int, *, died: float = 0.1) -> pd.DataFrame:
    stream = np.random.default_rng(seed)
    age = pd.Series(stream.normal(40, 10, rows)).where(stream.random(rows) < 0.8)
    day = pd.Timestamp("1970-01-03") + pd.to_timedelta(stream.integers(0, 3, rows), unit="D")
    return pd.DataFrame(
        {
            "outcome": pd.Categorical(np.where(stream.random(rows) < died, "died", "lived")),
            "age": age,
            "day": day,
        }
    )


def test_statistics_are_those_that_pandas_gives() -> None:
    real = _population(1_000, 0)
    found = measured(real, measured_columns(AGREED, real))
    assert found["outcome", "died"] == (real["outcome"] == "died").mean()
    assert found["age", MISSING] == real["age"].isna().mean()
    assert found["age", "mean"] == pytest.approx(real["age"].mean())
    assert found["age", "99% quantile"] == pytest.approx(real["age"].quantile(0.99))
    assert found["day", "mean"] == pytest.approx(3, abs=0.1), "days since 1970"
    assert ("day", MISSING) not in found, "no value is missing, and none can be"


def test_levels_beyond_the_commonest_are_one_share() -> None:
    many = pd.DataFrame({"outcome": pd.Categorical(list("aaabbccdefghijkl"))})
    agreed = contract("outcome", column("outcome", "categorical"))
    found = measured(many, measured_columns(agreed, many))
    assert found["outcome", OTHERS] == pytest.approx(4 / 16)
    assert found.sum() == pytest.approx(1)


def test_a_column_of_a_dataset_without_any_value_is_told() -> None:
    real = _population(100, 0)
    found = measured(real.assign(age=np.nan), measured_columns(AGREED, real))
    assert found["age", MISSING] == 1
    assert np.isnan(found["age", "mean"])


def test_fresh_rows_are_within_chance_and_others_are_not() -> None:
    real = _population(2_000, 0)
    columns = measured_columns(AGREED, real)
    by_chance, truth = chance(real, columns, rows=2_000, resamples=100), measured(real, columns)
    assert by_chance["outcome", "died"] == pytest.approx(
        1.96 * np.sqrt(2 * 0.1 * 0.9 / 2_000), rel=0.25
    )
    fresh = pd.DataFrame([measured(_population(2_000, seed), columns) for seed in range(1, 21)])
    assert fresh.sub(truth).abs().le(by_chance).to_numpy().mean() > 0.85
    assert is_explained(fresh.head(5), truth, by_chance).all()
    wrong = pd.DataFrame(
        [measured(_population(2_000, seed, died=0.05), columns) for seed in range(1, 6)]
    )
    for K in (1, 5):
        explained = is_explained(wrong.head(K), truth, by_chance)
        assert not explained["outcome", "died"]
        assert explained["age", "mean"]
