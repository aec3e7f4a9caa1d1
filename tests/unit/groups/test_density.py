"""Groups by density: each row in one decile, isolated rows in the last, equal rows together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dge_assets.core.groups.density import density_groups, neighbour_distances
from tests.support.tables import every_kind


def cloud(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "x": rng.normal(size=n),
            "y": rng.normal(size=n),
            "kind": pd.Categorical(rng.choice(["a", "b"], n)),
            "t": rng.integers(0, 2, n),
        }
    )


@given(seed=st.integers(0, 1000), repeated=st.booleans())
@settings(max_examples=15)
def test_each_test_row_is_in_exactly_one_group(seed: int, repeated: bool) -> None:
    train, test = cloud(150, seed), cloud(77, seed + 1)
    if repeated:
        train, test = (frame.assign(x=frame["x"].round(), y=0.0) for frame in (train, test))
    groups = density_groups(train, test, "t")
    assert sum(int(group.rows.sum()) for group in groups) == 77
    assert np.sum([group.rows for group in groups], axis=0).tolist() == [1] * 77
    assert sum(group.share for group in groups) == pytest.approx(1.0)
    assert len({group.label for group in groups}) == len(groups)


def test_deciles_of_distinct_rows_are_ten_and_outliers_are_in_the_last() -> None:
    train = cloud(500, 0)
    test = cloud(50, 1)
    test.loc[:4, "x"] = 9.0
    groups = density_groups(train, test, "t")
    assert len(groups) == 10
    assert all(group.share == pytest.approx(0.1, abs=0.005) for group in groups)
    assert groups[-1].rows[:5].all()
    assert groups[0].label.startswith("density decile 1 of 10 (neighbour 5 within ")
    assert groups[-1].label.startswith("density decile 10 of 10 (neighbour 5 beyond ")


def test_distances_are_those_of_standardised_numbers_and_one_hot_categories() -> None:
    """Known truth: on a line of equal steps, the k-th neighbour inside is ceil(k / 2) steps away,
    and never the row itself.
    """
    line = pd.DataFrame({"x": np.arange(21.0), "t": 0})
    step = 1 / np.std(np.arange(21.0))
    own, other = neighbour_distances(
        line, line.assign(x=line["x"] + 0.5).head(1), "t", neighbours=2
    )
    np.testing.assert_allclose(own[1:-1], step, atol=1e-6)
    assert own[0] == pytest.approx(2 * step, abs=1e-6)
    assert other[0] == pytest.approx(0.5 * step, abs=1e-6)
    two = pd.DataFrame({"k": pd.Categorical(["a"] * 3 + ["b"] * 3), "t": 0})
    assert neighbour_distances(two, two, "t", neighbours=3)[0].tolist() == pytest.approx(
        [np.sqrt(2)] * 6, abs=1e-6
    )


def test_columns_of_every_kind_with_gaps_have_distances_and_odd_names() -> None:
    frame = every_kind(200).drop(columns="id")
    own, other = neighbour_distances(frame, frame.rename(columns=str), "target")
    assert np.isfinite(own).all()
    assert np.isfinite(other).all()
    assert (other <= own + 1e-6).all(), "among real_test's neighbours the row itself may be"


def test_equal_rows_or_too_few_have_no_deciles() -> None:
    same = cloud(100, 0).assign(x=1.0, y=1.0, kind="a")
    assert density_groups(same, same, "t") == ()
    assert density_groups(same, cloud(100, 1), "t") == ()
    assert density_groups(cloud(5, 0), cloud(5, 0), "t") == ()
