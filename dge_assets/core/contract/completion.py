"""Completing a contract: what the declaration leaves open is inferred from the data.

Each inference leaves a note that says so (`contract.completion_notes`). Not here: converting the
data (`conform.py`), the kind that values by themselves seem to have (`column_kinds.py`).
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from dge_assets.core.contract.column_kinds import are_truth_values, infer_kind
from dge_assets.core.contract.completion_notes import inference_notes
from dge_assets.core.contract.conform import convert_column
from dge_assets.core.contract.contract import (
    RESERVED_NAMES,
    UNMODELLED_KINDS,
    Column,
    ColumnDeclaration,
    Contract,
    ContractDeclaration,
    Kind,
    Level,
    Origin,
    Task,
    sorted_levels,
)
from dge_assets.core.contract.disclosure import DisclosureDeclaration
from dge_assets.core.contract.personal_data import WORDS
from dge_assets.core.contract.ranges import complete_range
from dge_assets.core.contract.text_kinds import found_personal_data, reason_left_out
from dge_assets.core.contract.values import distinct, plain_levels, require_usable_columns
from dge_assets.core.errors import ContractError

MOST_CLASSES = 50
"""A classification target with more levels than this is more likely a mistake than a task."""


@dataclass(frozen=True)
class Inferred:
    """A complete contract and, per thing that was inferred, a line that says so."""

    contract: Contract
    notes: list[str] = field(default_factory=list)


def complete_contract(
    declared: ContractDeclaration,
    frame: pd.DataFrame,
    *,
    table: str,
    units: Mapping[str, str] | None = None,
    doubts: Mapping[str, str] | None = None,
    disclosure: DisclosureDeclaration | None = None,
) -> Inferred:
    """Fill what `declared` leaves open from `frame` (n rows, the table's columns); `units` and
    `doubts` by column.

    `disclosure` says how many rows must share a text for it to be a category's, and which personal
    data is allowed.

    Raises ContractError naming table and column for names or cells that cannot be kept, a column
    that is not there, values or bounds that do not fit the kind, a target that does not fit its
    task, one class only, or a missing target.
    """
    require_usable_columns(frame, table)
    _require_free_names(frame, table)
    rules = disclosure or DisclosureDeclaration()
    _require_columns(declared, rules, frame, table)
    kinds, task = _kinds_and_task(declared, rules, frame, table)
    reasons = _reasons_left_out(declared, rules, kinds, frame, table)
    places = {name: f"table {table!r}, column {name!r}" for name in kinds}
    levels = {name: _levels(declared, frame[name], kind) for name, kind in kinds.items()}
    values = {
        name: convert_column(frame[name], kind, levels[name] or (), place=places[name])
        for name, kind in kinds.items()
    }
    columns = tuple(
        _complete_column(
            name, kind, _stated(declared, name), values[name], levels[name], places[name]
        ).model_copy(
            update={
                "unit": (units or {}).get(name, ""),
                "left_out": reasons[name],
                "doubt": (doubts or {}).get(name, ""),
            }
        )
        for name, kind in kinds.items()
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
    _require_task_fits(contract, values[contract.target], table)
    contract = _with_task_question(contract, declared, values[contract.target])
    return Inferred(contract, inference_notes(declared, contract, frame))


def _require_free_names(frame: pd.DataFrame, table: str) -> None:
    taken = [name for name in frame.columns if name.lower() in RESERVED_NAMES]
    if taken:
        raise ContractError(
            f"table {table!r}: column names {taken} are reserved for lineage; "
            f"give them another name with `rename` in the source"
        )


def _require_columns(
    declared: ContractDeclaration, rules: DisclosureDeclaration, frame: pd.DataFrame, table: str
) -> None:
    named = {
        "contract.target": [declared.target],
        "contract.columns": list(declared.columns),
        "contract.sensitive": declared.sensitive,
        "disclosure.columns": list(rules.columns),
    }
    for place, names in named.items():
        for name in names:
            if name not in frame.columns:
                near = difflib.get_close_matches(name, list(frame.columns), n=1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise ContractError(
                    f"table {table!r}, {place}: no column {name!r}{hint} The columns are {list(frame.columns)}"
                )


def _stated(declared: ContractDeclaration, name: str) -> ColumnDeclaration:
    return declared.columns.get(name, ColumnDeclaration())


def _kinds_and_task(
    declared: ContractDeclaration, rules: DisclosureDeclaration, frame: pd.DataFrame, table: str
) -> tuple[dict[str, Kind], Task]:
    target = declared.target
    kinds = {name: _kind(declared, rules, frame, name) for name in frame.columns}
    if kinds[target] in UNMODELLED_KINDS:
        raise ContractError(
            f"table {table!r}: target {target!r} is {'an id' if kinds[target] == 'id' else 'a text'} column: "
            f"{kinds[target]}s are never synthesized; declare another kind, or another target"
        )
    task = declared.task or _infer_task(frame[target], kinds[target], _stated(declared, target))
    kinds[target] = _target_kind(kinds[target], task, declared, table)
    return kinds, task


def _reasons_left_out(
    declared: ContractDeclaration,
    rules: DisclosureDeclaration,
    kinds: Mapping[str, Kind],
    frame: pd.DataFrame,
    table: str,
) -> dict[str, str]:
    """Why a column is not modelled, by name; empty for those that are.

    ContractError where that is the target.
    """
    reasons = {}
    for name, kind in kinds.items():
        allowed = rules.allowed(name)
        found = [
            each for each in found_personal_data(name, frame[name], kind) if each not in allowed
        ]
        if found and name == declared.target:
            raise ContractError(
                f"table {table!r}: target {name!r} holds {', '.join(WORDS[each] for each in found)}; declare another target, "
                f"or allow it: disclosure: {{columns: {{{name}: {{allow: [{', '.join(found)}]}}}}}}"
            )
        fewest = rules.fewest_of(name, sensitive=name in declared.sensitive)
        is_declared = _stated(declared, name).kind is not None
        reasons[name] = reason_left_out(kind, found, fewest=fewest, is_declared=is_declared)
    return reasons


def _kind(
    declared: ContractDeclaration, rules: DisclosureDeclaration, frame: pd.DataFrame, name: str
) -> Kind:
    column = _stated(declared, name)
    if column.kind is not None:
        return column.kind
    if column.categories is not None:
        return "boolean" if are_truth_values(column.categories) else "categorical"
    fewest = rules.fewest_of(name, sensitive=name in declared.sensitive)
    return infer_kind(frame[name], is_target=name == declared.target, fewest=fewest)


def _infer_task(target: pd.Series, kind: Kind, stated: ColumnDeclaration) -> Task:
    levels = max(len(distinct(target)), len(stated.categories or ()))
    if kind in ("categorical", "boolean", "datetime"):
        return "binary" if levels <= 2 or kind == "boolean" else "multiclass"
    return "multiclass" if kind == "integer" and levels <= 10 else "regression"


def _with_task_question(
    contract: Contract, declared: ContractDeclaration, target: pd.Series
) -> Contract:
    """`contract` with a doubt about its target where whole numbers that may be classes were taken
    for amounts.
    """
    values = len(distinct(target))
    if (
        declared.task is not None
        or contract.column(contract.target).kind != "integer"
        or values > MOST_CLASSES
    ):
        return contract
    doubt = (
        f"is the target and holds whole numbers, {values} different ones, so task regression was inferred; declare "
        f"`task: multiclass` if these are classes, else `task: regression`"
    )
    columns = tuple(
        column.model_copy(update={"doubt": doubt}) if column.name == contract.target else column
        for column in contract.columns
    )
    return contract.model_copy(update={"columns": columns})


def _target_kind(kind: Kind, task: Task, declared: ContractDeclaration, table: str) -> Kind:
    """A numeric target of a classification is a category; a textual target of a regression is an
    error.
    """
    if task == "regression" and kind not in ("continuous", "integer"):
        raise ContractError(
            f"table {table!r}: task regression needs a numeric target, but {declared.target!r} is {kind}; "
            f"declare task: binary or multiclass, or another target"
        )
    if task == "regression" or kind in ("categorical", "boolean"):
        return kind
    stated = _stated(declared, declared.target).kind
    if stated is not None:
        raise ContractError(
            f"table {table!r}: task {task} needs a categorical or boolean target, "
            f"but {declared.target!r} is declared {stated}; declare it categorical, or task: regression"
        )
    return "categorical"


def _levels(
    declared: ContractDeclaration, values: pd.Series, kind: Kind
) -> tuple[Level, ...] | None:
    stated = _stated(declared, values.name).categories
    if kind == "boolean":
        return tuple(stated) if stated is not None and are_truth_values(stated) else (False, True)
    if kind != "categorical":
        return None
    return (
        sorted_levels(plain_levels(distinct(values)))
        if stated is None
        else tuple(plain_levels(stated))
    )


def _complete_column(
    name: str,
    kind: Kind,
    stated: ColumnDeclaration,
    values: pd.Series,
    levels: tuple[Level, ...] | None,
    place: str,
) -> Column:
    minimum, maximum = complete_range(stated, kind, values, place=place)
    return Column(
        name=name,
        kind=kind,
        nullable=bool(values.isna().any()) if stated.nullable is None else stated.nullable,
        minimum=minimum,
        maximum=maximum,
        minimum_by=_origin(minimum, stated.minimum),
        maximum_by=_origin(maximum, stated.maximum),
        categories=levels,
        categories_by=_origin(levels, stated.categories),
        description=stated.description,
    )


def _origin(found: object, stated: object) -> Origin | None:
    if found is None:
        return None
    return "observed" if stated is None else "declared"


def _require_task_fits(contract: Contract, target: pd.Series, table: str) -> None:
    if contract.task == "regression":
        return
    found = sorted_levels(plain_levels(distinct(target)))
    levels = sorted_levels(list({*found, *(contract.classes or ())}))
    place = f"table {table!r}: task {contract.task}, target {contract.target!r}"
    if len(found) < 2:
        raise ContractError(
            f"{place}: needs at least 2 classes, found {len(found)}; nothing can be learned"
        )
    if contract.task == "binary" and len(levels) != 2:
        raise ContractError(
            f"{place}: needs exactly 2 classes, found {len(levels)}; declare task: multiclass"
        )
    if contract.task == "multiclass" and len(levels) == 2:
        # Its scores would be those of one class, as for a binary task, under the names of means
        # over classes.
        raise ContractError(f"{place}: has 2 classes; declare task: binary")
    if len(found) > MOST_CLASSES:
        raise ContractError(
            f"{place}: found {len(found)} classes, more than {MOST_CLASSES}; is it a number (task: regression) "
            f"or an id?"
        )
