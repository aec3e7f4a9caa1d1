"""Rows from sequential trees, where theory says what they must be: modelling frames in, modelling
frames out.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from dge_assets.core.generators.families.cart.columns import coded, uncoded, visited_columns
from dge_assets.core.generators.families.cart.fitting import Arrays, Growth, fit_columns
from dge_assets.core.generators.families.cart.sampling import sampled_chunks

GROWTH = Growth(min_samples_leaf=20, max_depth=30, proper=True, split_rows=100_000)
ALPHA = 1e-4
"""Chance alone fails a comparison on a fixed seed in one of 10,000."""
N = 4000


def _quiet(_done: int, _of: int) -> None:
    """Progress that nobody watches."""


def _discrete(modelled: pd.DataFrame) -> list[str]:
    return [key for key in modelled if modelled[key].dtype == object]


def _drawn(
    modelled: pd.DataFrame,
    *,
    rows: int = N,
    seed: int = 0,
    growth: Growth = GROWTH,
    smoothing: bool = True,
    most: int = 10**6,
    first: Sequence[str] = (),
    indicators: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    columns = visited_columns(modelled, _discrete(modelled), indicators or {}, first)
    arrays = fit_columns(modelled, columns, growth, np.random.SeedSequence([seed, 1]), _quiet)
    chunks = sampled_chunks(
        columns,
        arrays,
        rows,
        most=most,
        smoothing=smoothing,
        stream=np.random.SeedSequence([seed, 2]),
    )
    return pd.concat(list(chunks), ignore_index=True)[list(modelled)]


def _codes(values: object) -> pd.Series:
    return pd.Series(values).astype(int).astype(str).astype(object)


def _shares(frame: pd.DataFrame) -> pd.Series:
    return frame.value_counts(normalize=True).sort_index()


def test_a_function_of_columns_is_reproduced_even_one_that_no_single_column_tells() -> None:
    rng = np.random.default_rng(0)
    a, b, c = rng.integers(0, 2, (3, N))
    modelled = pd.DataFrame({"a": _codes(a), "b": _codes(b), "c": _codes(c), "y": _codes(a ^ b)})
    found = _drawn(modelled).astype(int)
    assert (found["a"] ^ found["b"]).equals(found["y"])
    assert 0.4 < found["y"].mean() < 0.6


def test_a_curve_is_followed() -> None:
    x = np.random.default_rng(0).uniform(-3, 3, N)
    modelled = pd.DataFrame({"x": x, "y": np.sin(x)})
    found = _drawn(modelled, first=["x"])
    assert np.abs(found["y"] - np.sin(found["x"])).mean() < 0.03


def test_independent_columns_stay_so() -> None:
    rng = np.random.default_rng(1)
    modelled = pd.DataFrame(
        {"x": rng.normal(size=N), "y": rng.exponential(size=N), "g": _codes(rng.random(N) < 0.3)}
    )
    found = _drawn(modelled)
    assert stats.pearsonr(found["x"], found["y"]).pvalue > ALPHA
    groups = [found.loc[found["g"] == level, "x"] for level in "01"]
    assert stats.ttest_ind(*groups, equal_var=False).pvalue > ALPHA


def test_the_joint_shares_of_two_columns_are_those_of_the_rows_within_chance() -> None:
    """Both are a draw from the truth, and the member one from the rows: three times the chance of
    one.
    """
    rng = np.random.default_rng(2)
    a = rng.integers(0, 4, N)
    b = (a + (rng.random(N) < 0.4) * rng.integers(1, 6, N)) % 6
    modelled = pd.DataFrame({"a": _codes(a), "b": _codes(b)})
    real = _shares(modelled)
    found = _shares(_drawn(modelled)).reindex(real.index, fill_value=0.0)
    distance = float((N * (found - real) ** 2 / real).sum())
    assert distance < 3 * stats.chi2.ppf(1 - ALPHA, len(real) - 1)


def test_means_quantiles_and_conditional_means_are_kept() -> None:
    rng = np.random.default_rng(3)
    group = rng.integers(0, 5, N)
    modelled = pd.DataFrame({"g": _codes(group), "y": rng.lognormal(group / 4, 0.7, N)})
    members = [_drawn(modelled, seed=seed) for seed in range(5)]
    found = pd.concat(members)
    error = modelled["y"].std() / np.sqrt(N)
    assert abs(found["y"].mean() - modelled["y"].mean()) < 3 * error
    for share in (0.05, 0.5, 0.95):
        below = (found["y"] < modelled["y"].quantile(share)).mean()
        assert below == pytest.approx(share, abs=0.02)
    by_group = [frame.groupby("g")["y"].mean() for frame in (found, modelled)]
    assert np.allclose(*by_group, rtol=0.1)


def test_smoothing_leaves_no_number_that_a_row_has_and_drawing_as_they_are_leaves_no_other() -> (
    None
):
    rng = np.random.default_rng(4)
    modelled = pd.DataFrame({"x": rng.normal(size=N), "y": rng.standard_cauchy(N)})
    for smoothing in (True, False):
        found = _drawn(modelled, smoothing=smoothing)
        assert found["x"].isin(modelled["x"]).all() == (not smoothing)
        assert found.isin({key: modelled[key].to_list() for key in modelled}).to_numpy().any() == (
            not smoothing
        )


def test_numbers_that_are_filled_in_are_not_learnt() -> None:
    """Where the indicator says missing a number is a random one: the curve must not know it."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=N)
    missing = rng.random(N) < 0.4
    y = np.where(missing, rng.normal(50, 1, N), x)
    z = np.where(missing, 7.0, x) + rng.normal(0, 0.01, N)
    modelled = pd.DataFrame({"x": x, "y": y, "y_missing": _codes(missing), "z": z})
    found = _drawn(modelled, indicators={"y": "y_missing"}, first=["x", "y", "z"])
    there = found["y_missing"] == "0"
    assert there.mean() == pytest.approx(0.6, abs=0.04)
    assert np.abs(found["y"] - found["x"]).mean() < 0.1  # also where it will be taken out
    assert np.abs(found["z"] - 7)[~there].mean() < 0.05
    assert np.abs(found["z"] - found["x"])[there].mean() < 0.1


def test_many_levels_tell_their_means() -> None:
    rng = np.random.default_rng(6)
    effects = rng.permutation(60)
    group = rng.integers(0, 60, N)
    modelled = pd.DataFrame({"g": _codes(group), "y": effects[group] + rng.normal(0, 0.5, N)})
    found = _drawn(modelled)
    means = found.groupby(found["g"].astype(int))["y"].mean()
    assert np.abs(means - effects[means.index]).mean() < 1


def test_the_same_seed_gives_the_same_rows_in_chunks_of_any_size_and_another_one_others() -> None:
    rng = np.random.default_rng(7)
    modelled = pd.DataFrame({"g": _codes(rng.integers(0, 3, 300)), "x": rng.normal(size=300)})
    whole = _drawn(modelled, rows=257)
    for most in (1, 64, 257):
        pd.testing.assert_frame_equal(_drawn(modelled, rows=257, most=most), whole)
    assert not _drawn(modelled, rows=257, seed=1).equals(whole)


def test_members_differ_by_their_trees_where_they_are_proper_and_by_weights_alone_otherwise() -> (
    None
):
    rng = np.random.default_rng(8)
    x = rng.normal(size=500)
    modelled = pd.DataFrame({"x": x, "y": x + rng.normal(size=500)})
    columns = visited_columns(modelled, [], {})

    def members(growth: Growth) -> list[Arrays]:
        streams = [np.random.SeedSequence(seed) for seed in (0, 1)]
        return [fit_columns(modelled, columns, growth, each, _quiet) for each in streams]

    for proper in (True, False):
        one, other = members(replace(GROWTH, proper=proper))
        assert np.array_equal(one["y/threshold"], other["y/threshold"]) == (not proper)
        assert not np.array_equal(one["y/weights"], other["y/weights"])


def test_splits_are_found_on_few_rows_and_leaves_hold_all() -> None:
    rng = np.random.default_rng(9)
    x = rng.normal(size=N)
    modelled = pd.DataFrame({"x": x, "y": x**2})
    columns = visited_columns(modelled, [], {}, ["x", "y"])
    growth = replace(GROWTH, split_rows=200)
    arrays = fit_columns(modelled, columns, growth, np.random.SeedSequence(0), _quiet)
    assert 2 < (arrays["y/feature"] < 0).sum() <= 10
    assert arrays["y/counts"].sum() == N


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_fewer_rows_than_a_leaf_needs_are_one_leaf(rows: int) -> None:
    modelled = pd.DataFrame(
        {"g": _codes(range(rows)), "x": np.arange(rows, dtype=float), "one": _codes([0] * rows)}
    )
    found = _drawn(modelled, rows=50)
    assert found["x"].between(0, rows - 1).all()
    assert set(found["g"]) <= set(modelled["g"])
    assert set(found["one"]) == {"0"}


def test_a_column_whose_numbers_are_all_missing_is_drawn_all_the_same() -> None:
    modelled = pd.DataFrame({"x": [1.0, 2.0, 2.0], "x_missing": _codes([1, 1, 1])})
    found = _drawn(modelled, rows=20, indicators={"x": "x_missing"})
    assert set(found["x_missing"]) == {"1"}


def test_the_order_is_by_different_values_and_indicators_come_right_before_their_numbers() -> None:
    modelled = pd.DataFrame(
        {
            "x": [1.0, 2.0, 3.0, 4.0],
            "three": _codes([0, 1, 2, 2]),
            "two": _codes([0, 1, 1, 1]),
            "x_missing": _codes([0, 0, 0, 1]),
        }
    )
    indicators = {"x": "x_missing"}

    def order(*first: str) -> list[str]:
        found = visited_columns(modelled, _discrete(modelled), indicators, first)
        return [column.key for column in found]

    assert order() == ["two", "three", "x_missing", "x"]
    assert order("x", "three") == ["x_missing", "x", "three", "two"]


def test_levels_may_be_categories_and_ones_that_no_row_has_are_never_drawn() -> None:
    text = ["0", "10", "2", "2"]
    modelled = pd.DataFrame({"g": pd.Categorical(text, categories=["0", "1", "2", "10"])})
    (column,) = visited_columns(modelled, ["g"], {})
    assert column.levels == ("0", "2", "10")
    assert uncoded(coded(modelled, [column]), [column])["g"].tolist() == text


def test_rows_are_drawn_without_scikit_learn() -> None:
    program = "import sys, dge_assets.core.generators.families.cart.sampling; print('sklearn' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
