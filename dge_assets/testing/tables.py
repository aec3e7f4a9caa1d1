"""Tiny tables with all that real ones bring: every kind, gaps, constants, names that no library
likes, and few rows.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from dge_assets.core.contract.contract import Column, Contract, Kind, Level
from dge_assets.core.generators.encoding.encoded_table import EncodedTable
from dge_assets.core.generators.encoding.fitting import fit_encoder
from dge_assets.core.generators.encoding.table_encoder import TableEncoder

AWKWARD = 'it\'s "größe" 表'
"""A column name with a space, both quotes and letters beyond ASCII."""
ROWS = 120


@dataclass(frozen=True)
class TinyTable:
    """A table under its contract; the same name, the same table."""

    name: str
    frame: pd.DataFrame
    contract: Contract

    def __hash__(self) -> int:
        return hash(self.name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TinyTable) and self.name == other.name


@cache
def fitted_encoding(table: TinyTable) -> tuple[TableEncoder, EncodedTable]:
    """The encoding of a table, fitted once in a process."""
    return fit_encoder(table.frame, table.contract, table=table.name)


def _gaps(values: pd.Series, share: float, seed: int) -> pd.Series:
    return values.mask(np.random.default_rng(seed).random(len(values)) < share)


def _columns(n: int) -> dict[str, tuple[Kind, pd.Series, tuple[Level, ...] | None]]:
    """Columns of every kind with and without gaps, by name."""
    rng = np.random.default_rng(0)
    numbers = pd.Series(rng.integers(-40, 40, n))
    flags = pd.Series(rng.random(n) < 0.3)
    days = pd.Series(pd.Timestamp("1969-06-01") + pd.to_timedelta(rng.integers(0, 9000, n), "D"))
    words = ("red", "green, light", 'a "b"')
    colours = pd.Series(pd.Categorical(rng.choice(words, n, p=[0.6, 0.3, 0.1]), categories=words))
    return {
        AWKWARD: ("continuous", pd.Series(rng.normal(3, 2, n)), None),
        "gappy float": ("continuous", _gaps(pd.Series(rng.exponential(size=n)), 0.25, 1), None),
        "integer": ("integer", numbers.astype("int64"), None),
        "gappy integer": ("integer", _gaps(numbers.astype("Int64"), 0.3, 2), None),
        "flag": ("boolean", flags, None),
        "gappy flag": ("boolean", _gaps(flags.astype("boolean"), 0.2, 3), None),
        "day": ("datetime", days.astype("datetime64[ns]"), None),
        "gappy day": ("datetime", _gaps(days, 0.15, 4).astype("datetime64[ns]"), None),
        "colour": ("categorical", colours, words),
        "gappy colour": ("categorical", _gaps(colours, 0.2, 5), words),
        "constant": ("integer", pd.Series(np.full(n, 7, dtype="int64")), None),
        "empty": ("continuous", pd.Series(np.full(n, np.nan)), None),
    }


def _table(name: str, n: int, kinds: Collection[Kind], names: Collection[str] = ()) -> TinyTable:
    """A table of the columns of `kinds`, of those with `names` where some are given."""
    taken = {
        column: found
        for column, found in _columns(n).items()
        if found[0] in kinds and (not names or column in names)
    }
    columns = tuple(
        Column(name=column, kind=kind, nullable=bool(values.isna().any()), categories=categories)
        for column, (kind, values, categories) in taken.items()
    )
    target = next(iter(taken))
    frame = pd.DataFrame({column: values for column, (_, values, _) in taken.items()})
    task = "regression" if taken[target][0] in ("continuous", "integer", "datetime") else "binary"
    return TinyTable(
        f"{name} {n} {sorted(taken)}", frame, Contract(target=target, task=task, columns=columns)
    )


@cache
def every_kind(kinds: frozenset[Kind]) -> TinyTable:
    """Columns of all `kinds` with and without gaps, a constant and an empty one."""
    return _table("every kind", ROWS, kinds)


@cache
def small(kinds: frozenset[Kind]) -> TinyTable:
    """A few columns, for checks that do not care which."""
    return _table("small", ROWS, kinds, (AWKWARD, "integer", "gappy flag", "colour", "day"))


@cache
def few_rows(kinds: frozenset[Kind]) -> TinyTable:
    """Seven rows: fewer than any batch."""
    return _table("few rows", 7, kinds)


@cache
def one_column(kind: Kind) -> TinyTable:
    """The first column of a kind alone."""
    first = next(name for name, found in _columns(ROWS).items() if found[0] == kind)
    return _table("one column", ROWS, {kind}, (first,))


@cache
def one_category(kinds: frozenset[Kind]) -> TinyTable:
    """A target of one level beside another column; None where no levels are learnt."""
    frame = small(kinds).frame.assign(only=pd.Categorical(["yes"] * ROWS))
    column = Column(name="only", kind="categorical", nullable=False, categories=("yes",))
    columns = (*small(kinds).contract.columns, column)
    return TinyTable(
        f"one category {sorted(kinds)}",
        frame,
        Contract(target="only", task="binary", columns=columns),
    )
