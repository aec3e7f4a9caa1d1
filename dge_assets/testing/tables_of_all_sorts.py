"""Checks that a family learns from whatever table comes: every kind, gaps, one column, few rows."""

from __future__ import annotations

import pandas as pd

from dge_assets.testing import tables
from dge_assets.testing.subject import Subject, require
from dge_assets.testing.tables import TinyTable


def every_kind_with_gaps(subject: Subject) -> None:
    """Every kind of column with and without gaps, constants, and a name with quotes."""
    _learns(subject, tables.every_kind(subject.card.abilities.kinds))


def one_column(subject: Subject) -> None:
    """A table of one column, of each kind."""
    for kind in sorted(subject.card.abilities.kinds):
        _learns(subject, tables.one_column(kind))


def few_rows(subject: Subject) -> None:
    """A table of fewer rows than a batch."""
    _learns(subject, tables.few_rows(subject.card.abilities.kinds))


def one_category(subject: Subject) -> None:
    """A target of one level."""
    if "categorical" in subject.card.abilities.kinds:
        _learns(subject, tables.one_category(subject.card.abilities.kinds))


def _learns(subject: Subject, table: TinyTable) -> None:
    """A member is fitted, and its rows have the table's columns, types, levels and gaps."""
    drawn, real = subject.rows(subject.member(table), 200), table.frame
    require(list(drawn) == list(real), f"{table.name}: columns {list(drawn)}")
    for name in real:
        require(drawn[name].dtype == real[name].dtype, f"{name!r} has become {drawn[name].dtype}")
        if not real[name].isna().any():
            require(bool(drawn[name].notna().all()), f"{name!r} has no gaps, and its rows have")
        if isinstance(real[name].dtype, pd.CategoricalDtype):
            unknown = sorted(set(drawn[name].dropna()) - set(real[name].dropna()))
            require(not unknown, f"{name!r} has levels that no real row has: {unknown}")
