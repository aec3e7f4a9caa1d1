"""Checks of the rows that a member draws."""

from __future__ import annotations

from typing import Any

import pandas as pd

from dge_assets.core.generators.state_files import from_files, to_files
from dge_assets.testing.subject import SEED, Subject, require
from dge_assets.testing.tables import every_kind, small


def rows_depend_on_the_seed_alone(subject: Subject) -> None:
    """The same member and seed draw the same rows, another seed others."""
    member = subject.member(small(subject.card.abilities.kinds))
    first = subject.rows(member, 60)
    require(subject.rows(member, 60).equals(first), "the same seed twice drew other rows")
    require(
        not subject.rows(member, 60, seed=SEED + 1).equals(first), "two seeds drew the same rows"
    )


def chunks_are_what_is_drawn_at_once(subject: Subject) -> None:
    """However many rows are drawn at a time, the dataset is the same."""
    member = subject.member(small(subject.card.abilities.kinds))
    whole = subject.rows(member, 350)
    for most in (1, 40, 349):
        parts = subject.chunks(member, 350, most=most)
        same = pd.concat(parts, ignore_index=True).equals(whole)
        require(same, f"at most {most} rows at a time gave another dataset than all at once")


def any_number_of_rows_can_be_drawn(subject: Subject) -> None:
    """Exactly so many rows come as were asked for."""
    member = subject.member(small(subject.card.abilities.kinds))
    for rows in (1, 99, 100, 101):
        found = len(subject.rows(member, rows))
        require(found == rows, f"asked for {rows} rows, given {found}")


def stored_members_draw_the_same_rows(subject: Subject) -> None:
    """A member that was stored and read draws the rows that it drew before."""
    member = subject.member(small(subject.card.abilities.kinds))
    again = from_files(to_files(member), place=f"checked/{subject.card.name}/generator[{SEED:03d}]")
    same = subject.rows(again, 60).equals(subject.rows(member, 60))
    require(same, "a member that was stored and read drew other rows")


def conditions_hold_in_every_row(subject: Subject) -> None:
    """Every row has what a condition says, in each column and with missing cells too."""
    table = every_kind(subject.card.abilities.kinds)
    member = subject.member(table)
    for column in table.contract.modelled:
        present = table.frame[column.name].dropna()
        values: list[Any] = [] if present.empty else [_plain(present.iloc[0])]
        values += [None] if column.nullable and not present.empty else []
        for value in values:
            drawn = subject.rows(member, 30, condition={column.name: value})[column.name]
            kept = drawn.isna() if value is None else _equal(drawn, value)
            require(
                bool(kept.all()),
                f"condition {column.name!r} = {value!r}: rows have {list(drawn[~kept])[:3]}",
            )


def _plain(value: Any) -> Any:
    """A cell as a condition states it."""
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    return value.item() if hasattr(value, "item") else value


def _equal(drawn: pd.Series, value: Any) -> pd.Series:
    if pd.api.types.is_datetime64_any_dtype(drawn):
        return drawn == pd.Timestamp(value)
    if isinstance(value, float):
        return (drawn - value).abs() <= 1e-6 * max(1.0, abs(value))
    return (drawn == value).fillna(False).astype(bool)
