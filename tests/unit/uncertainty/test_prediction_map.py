"""The map over the plane: which tables have one, what its grid spans, what mean and spread are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dge_assets.core.contract.contract import Contract
from dge_assets.core.downstream.targets import Target
from dge_assets.core.uncertainty.prediction_map import (
    MAP_SIDE,
    map_features,
    map_grid,
    prediction_map,
)
from tests.support.tables import column, contract, every_kind_contract, tiny_contract


def plane(**other: bool) -> Contract:
    target = column("target", "categorical", categories=("no", "yes"))
    return contract(
        "target",
        column("id", "id"),
        column("b", "continuous", **other),
        column("a", "integer"),
        target,
    )


def test_only_two_numeric_features_without_gaps_span_a_plane() -> None:
    assert map_features(plane()) == ("b", "a")
    assert map_features(plane(nullable=True)) is None
    assert map_features(tiny_contract()) is None, "a category"
    assert map_features(every_kind_contract()) is None


def test_the_grid_spans_the_rows_and_a_margin() -> None:
    rows = pd.DataFrame({"a": [4, 4], "b": [0.0, 10.0], "target": ["no", "yes"]})
    grid = map_grid(plane(), rows)
    assert grid is not None
    assert list(grid.columns) == ["b", "a"]
    assert len(grid) == MAP_SIDE**2
    assert grid["b"].iloc[[0, MAP_SIDE - 1]].tolist() == pytest.approx([-1.2, 11.2])
    assert (grid["a"].min(), grid["a"].max()) == (3, 5)
    assert map_grid(tiny_contract(), rows) is None
    assert map_grid(plane(), rows.iloc[:0]) is None


def grid(points: int = 2) -> pd.DataFrame:
    return pd.DataFrame({"b": np.arange(points, dtype=float), "a": np.zeros(points)})


def test_mean_and_spread_are_of_the_positive_class_and_one_fit_has_no_spread() -> None:
    one, other = np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([[0.5, 0.5], [0.2, 0.8]])
    table = prediction_map(
        grid(), {"oracle": [one], "dge_2": [one, other]}, Target("t", "binary", ("no", "yes"))
    )
    assert list(table.columns) == ["approach", "x", "y", "predicted", "mean", "spread", "fits"]
    dge = table[table["approach"] == "dge_2"]
    assert dge["predicted"].tolist() == ["no", "yes"]
    assert dge["mean"].tolist() == pytest.approx([0.3, 0.8])
    assert dge["spread"].tolist() == pytest.approx([np.std([0.1, 0.5], ddof=1), 0])
    assert table.loc[table["approach"] == "oracle", "spread"].isna().all()
    assert dge["fits"].unique().tolist() == [2]


def test_fits_that_are_the_same_have_no_spread_at_all() -> None:
    grid = pd.DataFrame({"x": [0.0, 1.0], "y": [0.0, 1.0]})
    fit = np.array([[0.9, 0.1], [0.3, 0.7]])
    found = prediction_map(grid, {"oracle": [fit] * 3}, Target("t", "binary", ("a", "b")))
    assert found["spread"].tolist() == [0.0, 0.0]


def test_more_classes_show_the_probability_of_the_predicted_one() -> None:
    one, other = np.array([[0.6, 0.3, 0.1]]), np.array([[0.2, 0.7, 0.1]])
    table = prediction_map(grid(1), {"dge_2": [one, other]}, Target("t", "multiclass", (1, 2, 3)))
    assert table["predicted"].tolist() == ["2"]
    assert table["mean"].tolist() == pytest.approx([0.5])
    assert table["spread"].tolist() == pytest.approx([np.std([0.3, 0.7], ddof=1)])


def test_a_regression_shows_its_values() -> None:
    table = prediction_map(
        grid(1), {"dge_2": [np.array([1.0]), np.array([4.0])]}, Target("t", "regression", ())
    )
    assert table["mean"].tolist() == [2.5]
    assert table["predicted"].isna().all()
