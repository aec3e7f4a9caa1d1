"""What a contract asks of a frame, as plain expectations.

Here: the expectations that follow from a contract, in the words of Great Expectations, and the
thresholds of what is tolerated. Not here: running them (the package itself); nothing here imports
the engine.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from dge_assets.core.contract.contract import (
    RANGED_KINDS,
    Bound,
    Column,
    Constraint,
    Contract,
    Kind,
)

Subject = Literal["source", "synthetic"]
Severity = Literal["critical", "warning"]

_DTYPES: dict[Kind, str] = {
    "continuous": "float64",
    "integer": "int64",
    "boolean": "bool",
    "categorical": "category",
    "datetime": "datetime64",
}
"""The dtype of each kind.

The engine takes nullable Int64 and boolean for int64 and bool; ids come as they are.
"""
_PAIR_TYPES: dict[str, tuple[str, bool]] = {
    "<": ("expect_column_pair_values_a_to_be_greater_than_b", True),
    "<=": ("expect_column_pair_values_a_to_be_greater_than_b", True),
    ">": ("expect_column_pair_values_a_to_be_greater_than_b", False),
    ">=": ("expect_column_pair_values_a_to_be_greater_than_b", False),
    "==": ("expect_column_pair_values_to_be_equal", False),
}
"""Operator -> the engine's expectation, and whether left and right change places in it."""


class Tolerance(BaseModel):
    """The share of rows (0 to 1) that may break each sort of expectation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    range_share: float = Field(
        0.0, ge=0, le=1, description="rows outside a column's minimum and maximum"
    )
    category_share: float = Field(
        0.0, ge=0, le=1, description="rows with a level that is not in the contract"
    )
    missing_share: float = Field(
        0.0, ge=0, le=1, description="missing cells in a column that may have none"
    )
    constraint_share: float = Field(
        0.05, ge=0, le=1, description="rows that break a relation of two columns"
    )


NOTHING = Tolerance(constraint_share=0.0)
"""What is tolerated in a source unless somebody declared otherwise."""


@dataclass(frozen=True)
class Expectation:
    """One expectation: `type` and `kwargs` as the engine names them, `expected` in words. All plain
    JSON.

    `column` for an expectation on one column, `pair` (left, right) for a relation of two, neither
    for the table.
    """

    type: str
    kwargs: Mapping[str, Any]
    expected: str
    column: str | None = None
    pair: tuple[str, str] | None = None
    severity: Severity = "critical"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that must be there for it to be checked."""
        return self.pair or (() if self.column is None else (self.column,))

    @property
    def place(self) -> str:
        """Which column or columns it is about, for messages."""
        named = " and ".join(map(repr, self.columns))
        return f"column{'s' if self.pair else ''} {named}" if named else "table"


def contract_suite(
    contract: Contract, *, subject: Subject, tolerance: Tolerance | None = None
) -> list[Expectation]:
    """The expectations that `contract` sets for a source, or for a synthetic dataset (which has no
    ids).

    In a source a broken row means wrong data or a wrong contract, so that nothing is tolerated
    unless `tolerance` is given.
    """
    tolerated = tolerance or (NOTHING if subject == "source" else Tolerance())
    columns = contract.columns if subject == "source" else contract.modelled
    names = {column.name for column in columns}
    constraints = [c for c in dict.fromkeys(contract.constraints) if {c.left, c.right} <= names]
    return [
        *_table_expectations([column.name for column in columns]),
        *(
            expectation
            for column in columns
            for expectation in _column_expectations(column, tolerated)
        ),
        *_class_expectations(contract),
        *(_constraint_expectation(constraint, tolerated, subject) for constraint in constraints),
    ]


def _table_expectations(names: list[str]) -> list[Expectation]:
    return [
        Expectation("expect_table_row_count_to_be_between", {"min_value": 1}, "at least 1 row"),
        Expectation(
            "expect_table_columns_to_match_ordered_list",
            {"column_list": names},
            f"the columns {shortened(names)}",
        ),
    ]


def _column_expectations(column: Column, tolerated: Tolerance) -> Iterator[Expectation]:
    if column.kind in _DTYPES:
        dtype = _DTYPES[column.kind]
        yield _on(column, "expect_column_values_to_be_of_type", {"type_": dtype}, f"type {dtype}")
    if not column.nullable:
        kwargs: dict[str, Any] = _mostly(tolerated.missing_share)
        yield _on(column, "expect_column_values_to_not_be_null", kwargs, "no missing value")
    if column.kind in RANGED_KINDS and not (column.minimum is None and column.maximum is None):
        yield _range_expectation(column, tolerated)
    if column.kind == "categorical" and column.categories:
        kwargs = {"value_set": list(column.categories), **_mostly(tolerated.category_share)}
        yield _on(
            column,
            "expect_column_values_to_be_in_set",
            kwargs,
            f"one of {shortened(column.categories)}",
        )
    if column.kind == "id":
        yield _on(column, "expect_column_values_to_be_unique", {}, "no value twice")


def _on(column: Column, engine_type: str, kwargs: dict[str, Any], expected: str) -> Expectation:
    return Expectation(engine_type, kwargs, _most(expected, kwargs), column=column.name)


def _range_expectation(column: Column, tolerated: Tolerance) -> Expectation:
    low, high = _finite(column.minimum), _finite(column.maximum)
    kwargs = {"min_value": low, "max_value": high, **_mostly(tolerated.range_share)}
    expected = f"values between {low} and {high}"
    if low is None or high is None:
        expected = f"values of at least {low}" if high is None else f"values of at most {high}"
    return _on(column, "expect_column_values_to_be_between", kwargs, expected)


def _class_expectations(contract: Contract) -> list[Expectation]:
    """A model cannot learn a class that a dataset lacks, so each must occur."""
    if not contract.classes:
        return []
    kwargs = {"value_set": list(contract.classes)}
    expected = f"every class of {shortened(contract.classes)} to occur"
    return [
        _on(
            contract.column(contract.target),
            "expect_column_distinct_values_to_contain_set",
            kwargs,
            expected,
        )
    ]


def _constraint_expectation(
    constraint: Constraint, tolerated: Tolerance, subject: Subject
) -> Expectation:
    engine_type, swapped = _PAIR_TYPES[constraint.operator]
    first, second = (
        (constraint.right, constraint.left) if swapped else (constraint.left, constraint.right)
    )
    kwargs: dict[str, Any] = {
        "column_A": first,
        "column_B": second,
        "ignore_row_if": "either_value_is_missing",
    }
    if constraint.operator != "==":
        kwargs["or_equal"] = constraint.operator in ("<=", ">=")
    kwargs |= _mostly(tolerated.constraint_share)
    expected = _most(f"{constraint.left!r} {constraint.operator} {constraint.right!r}", kwargs)
    severity: Severity = "critical" if subject == "source" else "warning"
    return Expectation(
        engine_type, kwargs, expected, pair=(constraint.left, constraint.right), severity=severity
    )


def _mostly(share: float) -> dict[str, Any]:
    """The engine's threshold: the share of rows that must hold.

    Rounded, or 1 - 0.05 asks for too much.
    """
    return {"mostly": round(1 - share, 12)} if share else {}


def _most(expected: str, kwargs: Mapping[str, Any]) -> str:
    return (
        f"{expected} in at least {kwargs['mostly']:.4g} of rows" if "mostly" in kwargs else expected
    )


def _finite(bound: Bound | None) -> Bound | None:
    """Infinity is no JSON and no bound: with the largest float instead, an infinite value breaks
    the range.
    """
    if not isinstance(bound, float) or math.isfinite(bound):
        return (
            int(bound)
            if isinstance(bound, float) and bound.is_integer() and abs(bound) < 2**53
            else bound
        )
    return math.copysign(sys.float_info.max, bound)


def shortened(values: Sequence[Any]) -> str:
    """The first six values, and how many there are where that is more."""
    shown = ", ".join(map(repr, values[:6]))
    return f"[{shown}]" if len(values) <= 6 else f"[{shown}, ... {len(values)} in all]"
