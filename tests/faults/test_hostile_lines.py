"""Hostile tables through a whole line of one epoch: a release, or a refusal in words, whatever the
table holds.

Long: `DGE_HOSTILE_LINES` tables that are taken in (20), each from its file to the release.
"""

from __future__ import annotations

import itertools
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest

from dge_assets.core import errors
from dge_assets.core.errors import DgeError
from tests.faults.hostile_tables import HostileTable, drawn_table, split, take_table_in
from tests.integration.conftest import Workshop

LINES = int(os.environ.get("DGE_HOSTILE_LINES", "20"))
OWN = {
    kind.__name__
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, DgeError)
}
CHECKS = "DagsterAssetCheckFailedError"
LEAST_ROWS = 40
"""Tables of fewer rows are refused before anything is trained; the pure tests have them."""


def put_through_a_line(table: HostileTable, folder: Path) -> str:
    """`refused at once`, `released`, or `refused later`; fails on any error that is not one of
    ours.
    """
    try:
        split(take_table_in(table, folder))
    except DgeError:
        return "refused at once"
    attributes = {
        "table": "hostile",
        "source": table.write(folder),
        "contract": {
            "target": "y",
            "columns": {name: stated for name, stated in table.declared.items() if stated},
            "missing_target": table.missing_target,
        },
        "families": {"tvae": {"epochs": 1, "batch_size": 20}},
        "seeds": 2,
        "models": ["lr"],
    }
    with dg.DagsterInstance.ephemeral() as instance:
        result = Workshop(folder, instance, attributes).run()
        foreign = [
            told
            for event in result.all_events
            if event.is_step_failure and (told := foreign_error(event))
        ]
    assert foreign == [], f"{table}: {foreign}"
    return "released" if result.success else "refused later"


def foreign_error(event: dg.DagsterEvent) -> str:
    """The innermost error of a step that failed, where none of the errors that led to it is ours;
    empty otherwise.
    """
    error, text = event.step_failure_data.error, ""
    while error is not None:
        if error.cls_name in (*OWN, CHECKS):
            return ""
        text, error = f"{event.step_key}: {error.message}{''.join(error.stack[-2:])}", error.cause
    return text


def tables_of_some_size() -> Iterator[HostileTable]:
    """Tables with rows enough to be trained on, one after the other."""
    tables = (drawn_table(seed) for seed in itertools.count())
    return (table for table in tables if table.rows >= LEAST_ROWS)


@pytest.mark.long
def test_hostile_tables_go_through_the_line_or_are_refused_in_words(
    record_property: Callable[[str, object], None],
) -> None:
    ends, wrong = Counter[str](), list[str]()
    for table in tables_of_some_size():
        if ends["released"] + ends["refused later"] + len(wrong) >= LINES:
            break
        with tempfile.TemporaryDirectory() as folder:
            try:
                ends[put_through_a_line(table, Path(folder))] += 1
            except AssertionError as error:  # the others are looked at all the same
                wrong.append(str(error))
    for end, count in (*ends.items(), ("wrong", len(wrong))):
        record_property(end, count)
    assert wrong == []
    assert ends["released"] > 0
