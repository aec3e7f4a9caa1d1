"""What the page on sequential trees says of a table and its datasets, where the answer is known."""

from __future__ import annotations

import pandas as pd
import pytest

from benchmarks.cart import Cost, cost_lines
from benchmarks.cart_page import RealTable, copies, marginals, met_by_chance, model_scores
from dge_assets.core.declaration.table import TableDeclaration
from tests.support.tables import tiny, tiny_contract


@pytest.fixture
def table() -> RealTable:
    declaration = TableDeclaration.model_validate(
        {
            "table": "tiny",
            "source": {"type": "csv", "path": "tiny.csv"},
            "contract": {"target": "target"},
            "families": {"cart": {}},
        }
    )
    return RealTable(declaration, tiny(400, 1), tiny(300, 2), tiny_contract())


def _fresh(K: int = 3) -> list[pd.DataFrame]:
    return [tiny(400, 10 + k) for k in range(K)]


def test_datasets_of_the_same_population_are_as_good_as_the_real_rows(table: RealTable) -> None:
    scores = model_scores({"fresh": _fresh()}, table).set_index("model")
    assert (scores["oracle"] - scores["dge_3"]).abs().max() < 0.03
    assert scores.loc["lr", "one member"] > 0.75


def test_copies_are_counted_and_fresh_rows_are_none(table: RealTable) -> None:
    found = copies({"fresh": _fresh(), "copied": [table.train] * 3}, table).set_index("settings")
    assert found["members beyond chance"].to_dict() == {"fresh": 0, "copied": 3}
    assert found["share of rows that are copies"].to_dict() == {
        "fresh": "0.00%",
        "copied": "100.00%",
    }
    assert met_by_chance(table) == 0.0


def test_a_column_that_is_off_is_told(table: RealTable) -> None:
    shifted = [frame.assign(x=frame["x"] + 1) for frame in _fresh()]
    for datasets, is_off in ((_fresh(), False), (shifted, True)):
        found, unexplained = marginals(datasets, table)
        mean = found[(found["column"] == "x") & (found["statistic"] == "mean")]["cart"].item()
        assert mean.startswith("**") == is_off
        assert (unexplained >= 4) == is_off


def test_costs_are_told_beside_what_they_may_be() -> None:
    lines = cost_lines(Cost(24.4, 883.0), Cost(1.6, 441.0))
    assert "24 s of CPU, peak memory of the process 883 MB" in lines[0]
    assert "1.6 s of CPU (may be 60 s)" in lines[1]
    assert len(cost_lines(Cost(24.4, 883.0), None)) == 1
