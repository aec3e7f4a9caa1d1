"""Groups told by features: who is in them, which intersections are kept, and by what rule."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dge_assets.core.errors import EvaluationError
from dge_assets.core.groups.feature_groups import find_groups, find_intersections, rows_in
from tests.support.tables import people


def crossed(n: int = 4000) -> pd.DataFrame:
    """Independent features: four with a minority of a tenth or so, and one of two nearly equal
    halves.
    """
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "a": pd.Categorical(np.where(rng.random(n) < 0.20, "few", "many")),
            "b": pd.Categorical(np.where(rng.random(n) < 0.15, "few", "many")),
            "same": 0,
            "c": rng.normal(size=n),
            "sex": pd.Categorical(np.where(rng.random(n) < 0.45, "f", "m")),
            "t": rng.integers(0, 2, n),
        }
    ).assign(same=lambda frame: frame["a"])


def test_groups_are_the_rarest_sizeable_level_and_the_top_decile() -> None:
    """'lone' (0.3 %) is too small to score, 'l' and 'r' and the half with children are no minority."""
    groups = {group.columns: group for group in find_groups(people(), "t")}
    assert set(groups) == {("income",), ("city",), ("rare",)}
    assert groups["income",].label == "income >= 899.1"
    assert groups["income",].kind == "top decile"
    assert groups["income",].share == pytest.approx(0.1)
    assert groups["city",].label == "city = tiny"
    assert groups["city",].kind == "level"
    assert groups["city",].share == pytest.approx(0.05)
    assert groups["rare",].label == "rare = True"
    assert groups["rare",].share == pytest.approx(0.04)


def test_a_column_that_the_test_rows_lack_is_named() -> None:
    frame = people()
    income = find_groups(frame, "t")[0]
    with pytest.raises(EvaluationError, match="real_test: no column 'income'"):
        rows_in(income, frame.drop(columns="income"), name="real_test")


def test_intersections_are_the_rows_in_each_part_of_enough_rows_largest_first() -> None:
    frame = crossed()
    found = find_intersections(frame, frame, "t")
    counts = [int(rows_in(group, frame, name="x").sum()) for group in found]
    pairs = [group for group in found if len(group.columns) == 2]
    triples = [group for group in found if len(group.columns) == 3]
    assert all(group.kind == "intersection" for group in found)
    assert min(counts) >= 50
    assert {("a", "b"), ("a", "sex"), ("b", "sex"), ("a", "c")} <= {
        group.columns for group in pairs
    }
    assert ("a", "b", "sex") in {tuple(sorted(group.columns)) for group in triples}
    for part in (pairs, triples):
        assert [group.share for group in part] == sorted(
            (group.share for group in part), reverse=True
        )
    both = next(group for group in pairs if group.columns == ("a", "b"))
    expected = ((frame["a"] == "few") & (frame["b"] == "few")).to_numpy()
    np.testing.assert_array_equal(rows_in(both, frame, name="x"), expected)
    assert both.share == expected.mean()
    assert len({frozenset(group.columns) for group in found}) == len(found)


def test_an_intersection_that_says_nothing_new_is_left_out() -> None:
    """`same` repeats `a`, so who is in both is who is in one."""
    columns = [set(group.columns) for group in find_intersections(crossed(), crossed(), "t")]
    assert columns
    assert not any({"a", "same"} <= found for found in columns)


def test_the_numbers_of_rows_and_of_intersections_are_limits() -> None:
    frame = crossed()
    few = find_intersections(frame, frame, "t", most_pairs=2, most_triples=1)
    assert [len(group.columns) for group in few] == [2, 2, 3]
    whole = [group.label for group in find_intersections(frame, frame, "t")]
    assert [group.label for group in few[:2]] == whole[:2]
    assert find_intersections(frame, frame.head(60), "t") == ()
    assert find_intersections(frame[["a", "t"]], frame[["a", "t"]], "t") == ()
