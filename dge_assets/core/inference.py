"""Completing a contract: what the declaration leaves open is inferred from the data.

Each inference leaves a note that says so, since an inferred contract is only as right as the data.
Not here: converting the data (`conform.py`).
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from dge_assets.core.contract import (
    RANGED_KINDS,
    RESERVED_NAMES,
    Bound,
    Column,
    ColumnDeclaration,
    Contract,
    ContractDeclaration,
    Kind,
    Level,
    Task,
    sorted_levels,
)
from dge_assets.core.errors import ContractError

MOST_CLASSES = 50
"""A classification target with more levels than this is more likely a mistake than a task."""
ID_ROWS = 50
"""Below this many rows, all-distinct values say nothing about being an id."""
_ISO_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}.*)?$")


@dataclass(frozen=True)
class Inferred:
    """A complete contract and, per thing that was inferred, a line that says so."""

    contract: Contract
    notes: list[str] = field(default_factory=list)


def complete_contract(declared: ContractDeclaration, frame: pd.DataFrame, *, table: str) -> Inferred:
    """Fill what `declared` leaves open from `frame` (n rows, the table's columns).

    Raises ContractError naming table and column for a column that is not there, a target that does
    not fit its task, one class only, or a missing target.
    """
    _require_usable_names(frame, table)
    _require_columns(declared, frame, table)
    kinds = {name: _kind(declared, frame, str(name)) for name in frame.columns}
    task = declared.task or _infer_task(frame[declared.target], kinds[declared.target])
    kinds[declared.target] = _target_kind(kinds[declared.target], task, declared, table)
    columns = tuple(
        _complete_column(
            str(name), kinds[name], declared.columns.get(str(name), ColumnDeclaration()), frame[name], table
        )
        for name in frame.columns
    )
    try:
        contract = Contract(
            target=declared.target,
            task=task,
            columns=columns,
            sensitive=declared.sensitive,
            constraints=declared.constraints,
        )
    except ContractError as error:
        raise ContractError(f"table {table!r}: {error}") from error
    _require_task_fits(contract, frame, table)
    return Inferred(contract, _notes(declared, contract))


def _require_usable_names(frame: pd.DataFrame, table: str) -> None:
    taken = [name for name in frame.columns if str(name).lower() in RESERVED_NAMES]
    if taken:
        raise ContractError(
            f"table {table!r}: column names {taken} are reserved for lineage; "
            f"give them another name with `rename` in the source"
        )


def _require_columns(declared: ContractDeclaration, frame: pd.DataFrame, table: str) -> None:
    named = {"target": [declared.target], "columns": list(declared.columns), "sensitive": declared.sensitive}
    for place, names in named.items():
        for name in names:
            if name not in frame.columns:
                near = difflib.get_close_matches(name, [str(column) for column in frame.columns], n=1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise ContractError(
                    f"table {table!r}, contract.{place}: no column {name!r}{hint} "
                    f"The columns are {[str(column) for column in frame.columns]}"
                )


def _kind(declared: ContractDeclaration, frame: pd.DataFrame, name: str) -> Kind:
    column = declared.columns.get(name, ColumnDeclaration())
    if column.kind is not None:
        return column.kind
    if column.categories is not None:
        return "categorical"
    return infer_kind(frame[name], is_target=name == declared.target)


def infer_kind(values: pd.Series, *, is_target: bool = False) -> Kind:
    """The kind that `values` (one column) most likely has.

    Whole numbers are integer even where missing cells made pandas store floats; two distinct whole
    numbers are categorical (a 0/1 flag keeps its numbers); text that is all ISO dates is a datetime; text or
    consecutive numbers that never repeat are an id.
    """
    present = values.dropna()
    if pd.api.types.is_bool_dtype(values.dtype) or (len(present) and set(map(type, present)) == {bool}):
        return "boolean"
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return "datetime"
    if pd.api.types.is_numeric_dtype(values.dtype):
        return _infer_numeric_kind(present, is_target)
    if len(present) and all(isinstance(value, str) and _ISO_DATE.match(value) for value in present):
        return "datetime"
    never_repeats = len(present) >= ID_ROWS and present.astype(str).is_unique
    return "id" if never_repeats and not is_target else "categorical"


def _infer_numeric_kind(present: pd.Series, is_target: bool) -> Kind:
    numbers = present.to_numpy(dtype=float)
    if not len(numbers) or not np.all(np.isfinite(numbers)) or np.any(numbers != np.round(numbers)):
        return "continuous"
    if len(np.unique(numbers)) <= 2:
        return "categorical"
    consecutive = len(numbers) >= ID_ROWS and not is_target and bool(np.all(np.diff(numbers) == 1))
    return "id" if consecutive else "integer"


def _infer_task(target: pd.Series, kind: Kind) -> Task:
    levels = target.dropna().nunique()
    if kind in ("categorical", "boolean", "datetime"):
        return "binary" if levels <= 2 else "multiclass"
    return "multiclass" if kind == "integer" and levels <= 10 else "regression"


def _target_kind(kind: Kind, task: Task, declared: ContractDeclaration, table: str) -> Kind:
    """A numeric target of a classification is a category; a textual target of a regression is an error."""
    if task == "regression" and kind not in ("continuous", "integer"):
        raise ContractError(
            f"table {table!r}: task regression needs a numeric target, but {declared.target!r} is {kind}; "
            f"declare task: binary or multiclass, or another target"
        )
    if task == "regression" or kind in ("categorical", "boolean", "id"):
        return kind
    stated = declared.columns.get(declared.target, ColumnDeclaration()).kind
    if stated is not None:
        raise ContractError(
            f"table {table!r}: task {task} needs a categorical or boolean target, "
            f"but {declared.target!r} is declared {stated}; declare it categorical, or task: regression"
        )
    return "categorical"


def _complete_column(name: str, kind: Kind, declared: ColumnDeclaration, values: pd.Series, table: str) -> Column:
    present = values.dropna()
    minimum, maximum, categories = declared.minimum, declared.maximum, declared.categories
    if kind in RANGED_KINDS and len(present):
        low, high = _bounds(present, kind, f"table {table!r}, column {name!r}")
        minimum = low if minimum is None else minimum
        maximum = high if maximum is None else maximum
    if kind == "categorical" and categories is None:
        categories = sorted_levels([_plain(level) for level in present.unique()])
    if kind == "boolean":
        categories = (False, True)
    return Column(
        name=name,
        kind=kind,
        nullable=bool(values.isna().any()) if declared.nullable is None else declared.nullable,
        minimum=minimum,
        maximum=maximum,
        categories=categories,
        description=declared.description,
        declared_range=declared.minimum is not None and declared.maximum is not None,
    )


def _bounds(present: pd.Series, kind: Kind, place: str) -> tuple[Bound, Bound]:
    try:
        if kind == "datetime":
            moments = pd.to_datetime(present)
            return moments.min().isoformat(), moments.max().isoformat()
        numbers = pd.to_numeric(present)
    except (ValueError, TypeError) as error:
        raise ContractError(
            f"{place} is {kind}, but holds something else: {error}; mend the data or the declared kind"
        ) from error
    return float(numbers.min()), float(numbers.max())


def _plain(level: object) -> Level:
    """A level as JSON knows it; whole floats (integers beside missing cells) become int."""
    value = level.item() if isinstance(level, np.generic) else level
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, bool | int | float | str) else str(value)


def _require_task_fits(contract: Contract, frame: pd.DataFrame, table: str) -> None:
    if contract.task == "regression":
        return
    found = sorted_levels([_plain(level) for level in frame[contract.target].dropna().unique()])
    place = f"table {table!r}: task {contract.task}, target {contract.target!r}"
    if len(found) < 2:
        raise ContractError(f"{place}: needs at least 2 classes, found {list(found)}; nothing can be learned")
    if contract.task == "binary" and len(found) != 2:
        shown = list(found[:6])
        raise ContractError(f"{place}: needs exactly 2 classes, found {len(found)}: {shown}; declare task: multiclass")
    if len(found) > MOST_CLASSES:
        raise ContractError(
            f"{place}: found {len(found)} classes, more than {MOST_CLASSES}; is it a number (task: regression) "
            f"or an id?"
        )


def _notes(declared: ContractDeclaration, contract: Contract) -> list[str]:
    notes = [] if declared.task else [f"task {contract.task} inferred from target {contract.target!r}"]
    for column in contract.columns:
        stated = declared.columns.get(column.name, ColumnDeclaration())
        inferred = [
            part
            for part in ("kind", "nullable", "minimum", "maximum", "categories")
            if getattr(stated, part) is None and getattr(column, part) is not None
        ]
        if inferred:
            notes.append(f"column {column.name!r} ({column.kind}): {', '.join(inferred)} inferred")
    return notes
