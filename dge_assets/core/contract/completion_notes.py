"""What was inferred of a contract, in a line each: an inferred contract is only as right as the
data.

Here: the lines. Not here: inferring (`contract.completion`), questions that a person should answer
(`Contract.doubts`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from dge_assets.core.contract.column_kinds import look_like_dates, trouble_with_dates
from dge_assets.core.contract.contract import (
    Column,
    ColumnDeclaration,
    Contract,
    ContractDeclaration,
)
from dge_assets.core.contract.values import LARGEST_EXACT


def _task_note(contract: Contract) -> str:
    kind = contract.column(contract.target).kind
    reason = (
        "which is a number"
        if contract.classes is None
        else f"which has {len(contract.classes)} levels"
    )
    return f"task {contract.task} inferred from target {contract.target!r} ({kind}), {reason}"


def inference_notes(
    declared: ContractDeclaration, contract: Contract, frame: pd.DataFrame
) -> list[str]:
    """A line for the task and each column of which the declaration left something open; frame: the
    rows it is from.
    """
    notes = [] if declared.task else [_task_note(contract)]
    for column in contract.columns:
        stated = declared.columns.get(column.name, ColumnDeclaration())
        inferred = [
            part
            for part in ("kind", "nullable", "minimum", "maximum", "categories")
            if getattr(stated, part) is None and getattr(column, part) is not None
        ]
        if inferred:
            notes.append(f"column {column.name!r} ({column.kind}): {', '.join(inferred)} inferred")
        if stated.kind is None and stated.categories is None:
            notes += _note_on_dates(column, frame[column.name].dropna())
            notes += _note_on_long_numbers(column, frame[column.name].dropna())
    return notes


def _note_on_dates(column: Column, present: pd.Series) -> list[str]:
    trouble = (
        trouble_with_dates(present)
        if column.kind != "datetime" and look_like_dates(present)
        else ""
    )
    return (
        [f"column {column.name!r} looks like dates, but is taken as {column.kind}: {trouble}"]
        if trouble
        else []
    )


def _note_on_long_numbers(column: Column, present: pd.Series) -> list[str]:
    """Whole numbers that no integer of 64 bits holds, or that came as floats and so may have lost
    digits before.
    """
    if column.kind != "continuous" or not pd.api.types.is_numeric_dtype(present.dtype):
        return []
    numbers = present.to_numpy(dtype=float)
    whole = bool(np.all(numbers == np.round(numbers)))
    if not len(numbers) or not whole or not np.any(np.abs(numbers) > LARGEST_EXACT):
        return []
    return [
        f"column {column.name!r} holds whole numbers too long for an integer: taken as continuous, only 15 digits are kept; "
        f"declare `kind: id` or `kind: categorical` where each digit counts"
    ]
