"""Whatever a table holds, it is taken or refused in words: never a library's traceback, never
another table.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, event, given, settings

from dge_assets.core.errors import DgeError
from tests.faults.hostile_tables import (
    CELLS,
    FORMATS,
    HostileTable,
    check,
    encode_and_decode,
    hostile_tables,
    split,
    take_table_in,
)

LONG_TABLES = int(os.environ.get("DGE_HOSTILE_TABLES", "500"))
"""How many tables the long form draws."""
HOSTILE = settings(
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),  # an example is small as it is, and told by its parts
    suppress_health_check=list(HealthCheck),
)


def put_through(table: HostileTable, *, checked: bool, encoded: bool) -> bool:
    """Whether the table was taken; anything but a DgeError is a failure."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            taken = take_table_in(table, Path(folder))
            assert list(taken.frame.columns) == [*table.columns, "y"]
            if checked and not check(taken).passed:
                return False  # as in the line, where this check blocks what comes after it
            train, contract = split(taken)
            if encoded:
                assert len(encode_and_decode(train, contract)) == len(train)
        except DgeError:
            return False
    return True


@settings(HOSTILE, max_examples=40)
@given(hostile_tables)
def test_a_hostile_table_is_taken_or_refused_in_words(table: HostileTable) -> None:
    put_through(table, checked=False, encoded=False)


@settings(HOSTILE, max_examples=3)
@given(hostile_tables)
def test_a_hostile_table_is_checked(table: HostileTable) -> None:
    put_through(table, checked=True, encoded=False)


@pytest.mark.long
@settings(HOSTILE, max_examples=LONG_TABLES)
@given(hostile_tables)
def test_many_hostile_tables_are_encoded_or_refused(table: HostileTable) -> None:
    # `--hypothesis-show-statistics` tells how many were taken
    event(
        "taken"
        if put_through(table, checked=True, encoded=True)
        else "refused or blocked by the check"
    )


@pytest.mark.parametrize("file_format", FORMATS)
def test_each_kind_of_cell_by_itself_is_taken_or_refused(file_format: str) -> None:
    taken = {
        cells: put_through(
            HostileTable(
                seed=0, rows=40, columns={"x": cells}, target="zero or one", file_format=file_format
            ),
            checked=False,
            encoded=False,
        )
        for cells in CELLS
    }
    refused = {cells for cells, was_taken in taken.items() if not was_taken}
    # What the line cannot hold and what has no other reading; and what a CSV file cannot say.
    assert refused <= {"infinite", "old dates"} | (
        {"zero bytes"} if "csv" in file_format else set()
    )


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize(
    "cells", ["levels", "leading zeros", "missing words", "blanks", "odd texts", "clock"]
)
def test_declared_levels_come_back_as_they_were_written(
    cells: str, file_format: str, tmp_path: Path
) -> None:
    table = HostileTable(
        seed=1, rows=60, columns={"x": cells}, target="zero or one", file_format=file_format
    )
    written = table.frame()["x"]
    levels = sorted(set(written) - {""})
    declared = HostileTable(**{**vars(table), "declared": {"x": {"categories": levels}}})
    read = take_table_in(declared, tmp_path).frame["x"]
    expected = written.where(written != "") if "csv" in file_format else written
    assert (
        read.astype(object).where(read.notna(), "").tolist()
        == expected.where(expected.notna(), "").tolist()
    )
    assert isinstance(read.dtype, pd.CategoricalDtype)
