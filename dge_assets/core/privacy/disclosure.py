"""Disclosure: of each column only that is told which at least `fewest` rows of real_train share.

Here: the contract that all after the split read (levels that enough rows have, bounds that no row
sets by itself), and real rows told in its levels. What a person declared is public and binds; what
was read off rows is counted in real_train alone, so a level that only real_test has is rare. Rare
levels become one, which names nobody and is learnt and sampled as the level that it is; where they
are too few rows even together, those rows take the column's most frequent level. The target's
classes are never pooled: a model that is told fewer classes answers another question. Not here: the
declaration (`contract.disclosure`), the rule for bounds (`shared_bounds.py`), which texts are no
categories (`text_kinds.py`), personal data (`personal_data.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from dge_assets.core.contract.contract import Bound, Column, Contract, Level, comparable
from dge_assets.core.contract.disclosure import DisclosureDeclaration
from dge_assets.core.contract.values import plain_level
from dge_assets.core.errors import ContractError
from dge_assets.core.privacy.shared_bounds import shared_bounds

LEVELLED_KINDS = ("categorical", "boolean")
OTHER = "(other)"
"""The level that rare ones become; numbered where a real level is called so."""


@dataclass(frozen=True)
class LevelLimits:
    """How many levels a column may have, and what is done about more."""

    most: int
    more: Literal["pool", "error"]


def protected_contract(
    contract: Contract,
    real_train: pd.DataFrame,
    rules: DisclosureDeclaration,
    *,
    limits: LevelLimits,
    table: str,
) -> Contract:
    """`contract` with the levels and bounds that may be told, counted in real_train (n rows, the
    contract's types).

    A column in which fewer rows than needed have a value, or share a level, is left out. Raises
    ContractError, naming no level, where a class of the target is rare, and where rare or many
    levels are declared an error.
    """
    places = {name: f"table {table!r}, column {name!r}" for name in contract.names}
    columns = tuple(
        _protected(column, real_train[column.name], contract, rules, limits, places[column.name])
        for column in contract.columns
    )
    return contract.model_copy(update={"columns": columns})


def _protected(
    column: Column,
    values: pd.Series,
    contract: Contract,
    rules: DisclosureDeclaration,
    limits: LevelLimits,
    place: str,
) -> Column:
    fewest = rules.fewest_of(column.name, sensitive=column.name in contract.sensitive)
    column = column.model_copy(update={"fewest": fewest})
    present = values.dropna()
    if not column.is_modelled:
        return column.without_observations()
    if column.name == contract.target and column.kind in LEVELLED_KINDS:
        return _with_classes(column, present, place)
    if present.empty:
        return column.without_observations()
    if len(present) < fewest:
        reason = f"fewer than {fewest} rows have a value"
        return column.without_observations().model_copy(update={"left_out": reason})
    if column.kind in LEVELLED_KINDS:
        return _with_shared_levels(column, present, rules, limits, place)
    return _with_shared_bounds(column, present)


# ----------------------------------------------------------------------------------------------
# levels


def _with_classes(column: Column, present: pd.Series, place: str) -> Column:
    counts = _counts(present)
    rare = sum(count < column.fewest for count in counts.values())
    if rare:
        raise ContractError(
            f"{place}: {rare} of the target's {len(counts)} classes are in fewer than {column.fewest} rows of "
            "real_train, so a release would disclose details of a few people; merge classes, drop their rows, or "
            f"declare that they may be disclosed: disclosure: {{columns: {{{column.name}: {{fewest: "
            f"{min(counts.values())}}}}}}}"
        )
    order = [level for level in column.categories or () if level in counts]
    classes = (*order, *sorted(set(counts) - set(order), key=str))
    return column.model_copy(
        update={"categories": column.categories or classes, "categories_by": "common"}
    )


def _with_shared_levels(
    column: Column,
    present: pd.Series,
    rules: DisclosureDeclaration,
    limits: LevelLimits,
    place: str,
) -> Column:
    counts = _counts(present)
    kept = [level for level, count in counts.items() if count >= column.fewest]
    rare = len(counts) - len(kept)
    if rare and rules.rare_levels_of(column.name) == "error":
        raise ContractError(
            f"{place}: {rare} of {len(counts)} levels are in fewer than {column.fewest} rows of real_train; merge levels, "
            f"drop the column in the source, or declare disclosure.rare_levels: pool"
        )
    kept = _most_frequent(kept, len(kept) + bool(rare), limits, place)
    rows = sum(count for level, count in counts.items() if level not in kept)
    if not kept:
        reason = f"no level is in {column.fewest} rows or more"
        return column.without_observations().model_copy(update={"left_out": reason})
    pools = rows >= column.fewest and column.kind == "categorical"
    told = _in_order(kept, column.categories or ())
    if pools:
        told = [*_in_one_type(told), _free_name(counts, column)]
    return column.model_copy(
        update={
            "categories": tuple(told),
            "categories_by": "common",
            "others": told[-1] if pools else kept[0],
            "pooled_levels": len(counts) - len(kept),
        }
    )


def _counts(present: pd.Series) -> dict[Level, int]:
    """Rows by level, the most frequent first, as plain values; equal counts in the levels' order as
    text.
    """
    counts = present.astype(object).map(plain_level).value_counts()
    pairs = sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))
    return {level: int(count) for level, count in pairs}


def _most_frequent(kept: list[Level], found: int, limits: LevelLimits, place: str) -> list[Level]:
    if found <= limits.most:
        return kept
    if limits.more == "error":
        raise ContractError(
            f"{place}: {found} levels, more than max_levels={limits.most}; raise max_levels, declare the column as id, "
            f"or set many_levels: pool"
        )
    return kept[: limits.most - 1]


def _in_order(kept: Collection[Level], known: Sequence[Level]) -> list[Level]:
    """`kept` as the contract lists them; one that it does not list follows."""
    listed = [level for level in known if level in kept]
    return [*listed, *sorted((level for level in kept if level not in listed), key=str)]


def _in_one_type(levels: Sequence[Level]) -> list[Level]:
    """As text, since the name of what is pooled is text and a column has one type."""
    return [str(level) for level in levels]


def _free_name(counts: Collection[Level], column: Column) -> str:
    taken = {str(level) for level in (*counts, *(column.categories or ()))}
    number, name = 1, OTHER
    while name in taken:
        number += 1
        name = f"{OTHER[:-1]} {number})"
    return name


# ----------------------------------------------------------------------------------------------
# bounds


def _with_shared_bounds(column: Column, present: pd.Series) -> Column:
    counts = present.value_counts()
    if len(present) - counts.iloc[0] < column.fewest:
        # Constant but for few rows: whatever range was declared, those rows' own numbers are not
        # told.
        only = _written(counts.index[0], column.kind == "datetime")
        return column.model_copy(
            update={
                "minimum": only,
                "maximum": only,
                "minimum_by": "common",
                "maximum_by": "common",
            }
        )
    is_moment = column.kind == "datetime"
    numbers = present.astype("datetime64[ns]").astype("int64") if is_moment else present
    dtype = "float64" if column.kind == "continuous" else "int64"
    found = shared_bounds(
        np.asarray(numbers.to_numpy(dtype=dtype)), fewest=column.fewest, moments=is_moment
    )
    low: Bound | None
    high: Bound | None
    low, high = (_written(bound, is_moment) for bound in found)
    if column.minimum_by == "declared":
        low = column.minimum
        high = low if _below(high, low) else high
    if column.maximum_by == "declared":
        high = column.maximum
        low = high if _below(high, low) and column.minimum_by != "declared" else low
    origins = {f"{end}_by": getattr(column, f"{end}_by") for end in ("minimum", "maximum")}
    told = {
        end: "declared" if origin == "declared" else "common" for end, origin in origins.items()
    }
    return column.model_copy(update={"minimum": low, "maximum": high, **told})


def _written(bound: Any, is_moment: bool) -> Bound:
    if is_moment:
        return str(pd.Timestamp(bound).isoformat())
    plain: Bound = bound.item() if isinstance(bound, np.generic) else bound
    return plain


def _below(first: Bound | None, second: Bound | None) -> bool:
    return first is not None and second is not None and comparable(first) < comparable(second)


# ----------------------------------------------------------------------------------------------
# rows and words


def protected_rows(frame: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    """`frame` (n real rows) in the levels of `contract`, a protected one; numbers and what is left
    out stay as they are.
    """
    told = {
        column.name: _told_in_levels(frame[column.name], column)
        for column in contract.modelled
        if column.kind in LEVELLED_KINDS and column.name != contract.target
    }
    return frame.assign(**told)


def _told_in_levels(values: pd.Series, column: Column) -> pd.Series:
    levels = column.categories or ()
    known: dict[Level, Level] = {level: level for level in levels}

    def told(cell: object) -> Level | None:
        level = plain_level(cell)
        return known.get(level, known.get(str(level), column.others))

    cells = values.astype(object).map(told, na_action="ignore")
    if column.kind == "boolean":
        return cells.astype(values.dtype)
    return pd.Series(
        pd.Categorical(cells.where(cells.notna(), np.nan), categories=list(levels)),
        index=values.index,
    )


def disclosure_notes(contract: Contract) -> list[str]:
    """What a protected contract holds back, one line a column, in words that quote no cell."""
    notes = [
        f"{_named(name, contract)} is left out: {reason}"
        for name, reason in contract.left_out.items()
    ]
    for column in contract.modelled:
        if column.pooled_levels:
            levels = "level is" if column.pooled_levels == 1 else "levels are"
            is_pool = column.kind == "categorical" and str(column.others).startswith(OTHER[:-1])
            told = f"as {column.others!r}" if is_pool else "as the most frequent level"
            few = f"in fewer than {column.fewest} rows or too many to be told apart"
            notes.append(
                f"{_named(column.name, contract)}: {column.pooled_levels} {levels} {few}, and told {told}"
            )
    return notes


def _named(name: str, contract: Contract) -> str:
    return f"{'sensitive ' if name in contract.sensitive else ''}column {name!r}"


def sensitive_text(contract: Contract) -> str:
    """The sensitive columns of a protected contract, and what is told of each."""
    told = []
    for column in contract.columns:
        if column.name in contract.sensitive:
            shared = (
                f"levels and bounds of at least {column.fewest} rows"
                if column.is_modelled
                else "left out"
            )
            told.append(f"{column.name}: {shared}")
    return "; ".join(told) or "no column declared"
