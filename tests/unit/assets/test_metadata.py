"""Small tables on the pages of assets: as texts that Dagster shows at once."""

from __future__ import annotations

import pandas as pd

from dge_assets.assets.metadata import table_metadata


def test_cells_are_texts_and_nothing_of_them_is_markup() -> None:
    frame = pd.DataFrame(
        {
            "<b>": ["a | b", None, "*c*"],
            "value": [0.123456, float("nan"), 1e-9],
            "n": pd.array([1, None, 12345678], dtype="Int64"),
        }
    )
    shown = table_metadata(frame)
    assert [column.name for column in shown.schema.columns] == ["<b>", "value", "n"]
    assert [list(record.data.values()) for record in shown.records] == [
        ["a | b", "0.1235", "1"],
        ["—", "—", "—"],
        ["*c*", "1e-09", "12345678"],
    ]


def test_a_long_table_says_where_the_rest_is_and_an_empty_one_has_its_columns() -> None:
    frame = pd.DataFrame({"n": range(9), "m": range(9)})
    *rows, last = table_metadata(frame, most_rows=4).records
    assert len(rows) == 4
    assert last.data == {"n": "5 more rows in the warehouse", "m": ""}
    empty = table_metadata(frame[:0])
    assert empty.records == []
    assert len(empty.schema.columns) == 2
