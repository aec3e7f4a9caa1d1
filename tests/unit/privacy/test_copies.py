"""Copies: known truth (a copying generator is caught, chance is not), and what counts as equal."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from dge_assets.core.errors import EvaluationError
from dge_assets.core.privacy.copies import copy_test, members_differ, split_overlap

ALPHA = 0.05
REPEATS = 200


def mixed_table(rows: int, generator: np.random.Generator) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "income (€)": generator.normal(size=rows),
            "town": pd.Categorical(generator.choice(["a", "b", "c"], size=rows)),
            "children": pd.array(generator.integers(0, 4, size=rows), dtype="Int64"),
        }
    )


def categorical_table(rows: int, generator: np.random.Generator) -> pd.DataFrame:
    """96 possible rows of uneven frequency, so that nearly every row has a twin, and rare ones do
    not.
    """
    levels = {
        "a": [0.7, 0.2, 0.1],
        "b": [0.6, 0.3, 0.08, 0.02],
        "c": [0.9, 0.1],
        "d": [0.5, 0.3, 0.15, 0.05],
    }
    drawn = {name: generator.choice(len(p), size=rows, p=p) for name, p in levels.items()}
    return pd.DataFrame(
        {name: pd.Categorical(values.astype(str)) for name, values in drawn.items()}
    )


def coarse_table(rows: int, generator: np.random.Generator) -> pd.DataFrame:
    """Some 10,000 possible rows, so that a few hundred copies of each side occur by chance."""
    return pd.DataFrame({name: generator.geometric(0.12, size=rows) for name in ("x", "y")})


def test_generator_that_copies_training_rows_is_caught() -> None:
    generator = np.random.default_rng(0)
    train, test, fresh = (mixed_table(rows, generator) for rows in (800, 200, 700))
    synthetic = pd.concat([fresh, train.sample(100, random_state=1)], ignore_index=True)
    result = copy_test(synthetic, train, test, columns=list(train.columns), seed=3)
    assert result.copied_rows == 100
    assert result.copied_share == pytest.approx(100 / 800)
    assert result.compared_rows == 200
    assert result.test_only == 0
    assert result.p_value == pytest.approx(0.5**result.train_only)
    assert result.beyond_chance(alpha=0.01)
    assert "100 synthetic rows (12.50%)" in result.summary


def test_copier_is_caught_among_natural_duplicates() -> None:
    generator = np.random.default_rng(1)
    train, test, fresh = (coarse_table(1000, generator) for _ in range(3))
    synthetic = pd.concat([fresh, train.sample(300, random_state=1)], ignore_index=True)
    columns = list(train.columns)
    honest = copy_test(fresh, train, test, columns=columns, seed=0)
    assert honest.test_only > 50, "the case is meant to have many copies by chance"
    assert not honest.beyond_chance(alpha=0.01)
    assert copy_test(synthetic, train, test, columns=columns, seed=0).beyond_chance(alpha=0.01)


@pytest.mark.parametrize("table", [coarse_table, categorical_table, mixed_table])
@pytest.mark.parametrize(("train_rows", "test_rows"), [(300, 300), (400, 100)])
def test_fresh_draws_alarm_no_more_often_than_alpha(table, train_rows: int, test_rows: int) -> None:  # type: ignore[no-untyped-def]
    """Under independence the rate is at most alpha; the bound is the 99.9 % quantile of that many
    repeats.
    """
    alarms = 0
    for repeat in range(REPEATS):
        generator = np.random.default_rng([7, repeat])
        train, test, synthetic = (table(rows, generator) for rows in (train_rows, test_rows, 300))
        result = copy_test(synthetic, train, test, columns=list(train.columns), seed=repeat)
        alarms += result.beyond_chance(alpha=ALPHA)
    assert alarms <= binom.ppf(0.999, REPEATS, ALPHA)


def test_categorical_table_full_of_copies_raises_no_alarm() -> None:
    generator = np.random.default_rng(5)
    train, test, synthetic = (categorical_table(rows, generator) for rows in (2000, 500, 2000))
    result = copy_test(synthetic, train, test, columns=list(train.columns), seed=0)
    assert result.copied_share > 0.95, "nearly every synthetic row equals a real one by chance"
    assert not result.beyond_chance(alpha=0.05)


def test_copying_the_held_out_side_is_no_evidence_of_memorising_the_training_side() -> None:
    generator = np.random.default_rng(2)
    train, test = mixed_table(300, generator), mixed_table(300, generator)
    result = copy_test(test, train, test, columns=list(train.columns), seed=0)
    assert (result.train_only, result.test_only, result.p_value) == (0, 300, 1.0)


def test_larger_held_out_side_is_drawn_down() -> None:
    generator = np.random.default_rng(3)
    train, test = coarse_table(100, generator), coarse_table(3000, generator)
    result = copy_test(coarse_table(500, generator), train, test, columns=["x", "y"], seed=0)
    assert result.compared_rows == 100


def test_result_depends_on_nothing_but_inputs_and_seed() -> None:
    generator = np.random.default_rng(4)
    train, test, synthetic = (coarse_table(rows, generator) for rows in (400, 100, 400))
    first, again, other = (
        copy_test(synthetic, train, test, columns=["x", "y"], seed=seed) for seed in (1, 1, 2)
    )
    assert first == again
    assert first.copied_rows == other.copied_rows, (
        "the count over all of real_train needs no sampling"
    )


def test_rows_are_equal_across_dtypes_and_where_cells_are_missing() -> None:
    real = pd.DataFrame(
        {
            "n": pd.array([1, None, 3], dtype="Int64"),
            "c": pd.Categorical(["x", None, "z"], categories=["z", "x"]),
            "b": pd.array([True, None, False], dtype="boolean"),
            "t": pd.to_datetime(["2020-01-01", None, "2021-01-01"]),
            "f": [0.1, np.nan, -0.0],
        }
    )
    synthetic = pd.DataFrame(
        {
            "n": [1.0, np.nan, 3.0],
            "c": pd.Categorical(["x", None, "z"], categories=["x", "y", "z"]),
            "b": pd.Series([True, None, False], dtype=object),
            "t": pd.to_datetime(["2020-01-01", None, "2021-01-01"]),
            "f": [0.1, np.nan, 0.0],
        }
    )
    columns = list(real.columns)
    assert copy_test(synthetic, real, real, columns=columns, seed=0).copied_rows == 3
    nudged = synthetic.assign(f=[np.nextafter(0.1, 1), np.nan, 0.0])
    assert copy_test(nudged, real, real, columns=columns, seed=0).copied_rows == 2


def test_only_the_named_columns_are_compared() -> None:
    real = pd.DataFrame({"row_id": ["r1", "r2"], "x": [1.0, 2.0]})
    synthetic = pd.DataFrame({"row_id": ["s1", "s2"], "x": [1.0, 2.0]})
    assert copy_test(synthetic, real, real, columns=["x"], seed=0).copied_rows == 2
    assert copy_test(synthetic, real, real, columns=["row_id", "x"], seed=0).copied_rows == 0


def test_absent_column_and_empty_side_are_named() -> None:
    frame = pd.DataFrame({"x": [1.0]})
    with pytest.raises(EvaluationError, match=r"synthetic: columns \['y'\] are absent"):
        copy_test(frame, frame, frame, columns=["x", "y"], seed=0)
    with pytest.raises(EvaluationError, match=r"\['real_test'\] have no rows"):
        copy_test(frame, frame, frame.iloc[:0], columns=["x"], seed=0)


def test_identical_members_are_named() -> None:
    generator = np.random.default_rng(6)
    first, second = mixed_table(100, generator), mixed_table(100, generator)
    result = members_differ({"000": first, "001": second, "002": first.copy()})
    assert not result.passed
    assert result.identical == (("000", "002"),)
    assert result.compared_pairs == 3
    assert (result.largest_shared_share, result.largest_shared_pair) == (1.0, ("000", "002"))


def test_members_that_share_rows_differ_but_the_share_is_told() -> None:
    generator = np.random.default_rng(7)
    first, second = mixed_table(100, generator), mixed_table(100, generator)
    overlapping = pd.concat([second.iloc[:75], first.iloc[:25]], ignore_index=True)
    result = members_differ({0: first, 1: overlapping, 2: mixed_table(100, generator)})
    assert result.passed
    assert (result.largest_shared_share, result.largest_shared_pair) == (0.25, ("0", "1"))


def test_each_row_is_matched_once() -> None:
    first = pd.DataFrame({"x": [1.5, 1.5, 2.5, 3.5]})
    second = pd.DataFrame({"x": [1.5, 4.5, 5.5, 6.5]})
    assert members_differ({0: first, 1: second}).largest_shared_share == 0.25


def test_same_rows_in_another_order_are_another_dataset_that_shares_all_its_rows() -> None:
    first = mixed_table(50, np.random.default_rng(8))
    result = members_differ({0: first, 1: first.iloc[::-1]})
    assert result.passed
    assert result.largest_shared_share == 1.0


def test_categorical_tables_get_no_share() -> None:
    generator = np.random.default_rng(9)
    result = members_differ(
        {0: categorical_table(100, generator), 1: categorical_table(100, generator)}
    )
    assert result.passed
    assert result.largest_shared_share is None


def test_one_member_or_none_has_nobody_to_equal() -> None:
    assert members_differ({}).passed
    assert members_differ({0: pd.DataFrame({"x": [1.0]})}).compared_pairs == 0


def test_members_of_different_columns_are_an_error() -> None:
    with pytest.raises(EvaluationError, match=r"member 1 has the columns \['x', 'y'\]"):
        members_differ({0: pd.DataFrame({"x": [1.0]}), 1: pd.DataFrame({"x": [1.0], "y": [1.0]})})


def test_split_overlap_fails_for_shared_ids_only() -> None:
    train = pd.DataFrame({"row_id": [1, 2, 3], "x": [1.0, np.nan, 5.0]})
    test = pd.DataFrame({"row_id": [4, 5], "x": [np.nan, 7.0]})
    told = split_overlap(train["row_id"], test["row_id"], real_train=train, real_test=test)
    assert told.passed
    assert told.equal_rows == 1, "a natural duplicate is information, no failure"
    shared = split_overlap(np.array([3, 1, 2]), np.array([2, 3, 9]))
    assert not shared.passed
    assert (shared.shared_ids, shared.shared_id_count, shared.equal_rows) == ((2, 3), 2, None)
    assert all(type(value) is int for value in shared.shared_ids), "plain values, ready for JSON"
