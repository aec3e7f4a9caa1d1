"""The target of a downstream task: which task it is, which classes it has, and its values as
numbers.

Classification targets are coded 0..C-1 in the order of `classes`, so that every model, prediction
and metric speaks of the same columns, whatever the labels' type; in a binary task the last class is
the positive one. Not here: features (`preprocessing.py`), the contract's own inference
(`contract.completion`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from dge_assets.core.arrays import Codes
from dge_assets.core.contract.contract import Contract, Level, Task, sorted_levels
from dge_assets.core.contract.values import coded, plain_level
from dge_assets.core.errors import EvaluationError

MOST_INTEGER_CLASSES = 10
"""Whole numbers with more distinct values than this are an amount (regression), not classes."""


@dataclass(frozen=True)
class Target:
    """What is predicted: the column `name`, as which task, and its classes in the order of their
    codes; none for a regression.
    """

    name: str
    task: Task
    classes: tuple[Level, ...] = ()

    @classmethod
    def of(cls, contract: Contract) -> Target:
        """What downstream models of a table predict."""
        return cls(contract.target, contract.task, contract.classes or ())


def target_column(frame: pd.DataFrame, target: str, *, name: str) -> pd.Series:
    """The target of `frame`; EvaluationError naming the frame when it is absent or has missing
    values.
    """
    if target not in frame.columns:
        raise EvaluationError(
            f"{name}: no target column {target!r}; the columns are {list(frame.columns)}"
        )
    missing = int(frame[target].isna().sum())
    if missing:
        raise EvaluationError(
            f"{name}: target {target!r} is missing in {missing} of {len(frame)} rows; drop those rows first"
        )
    return frame[target]


def classes_of(frames: Mapping[str, pd.DataFrame], target: str) -> tuple[Level, ...]:
    """All labels that the target takes in any of `frames` (name -> frame), numbers before text,
    sorted.
    """
    columns = [target_column(frame, target, name=name) for name, frame in frames.items()]
    return sorted_levels(
        list({plain_level(label) for column in columns for label in coded(column)[1]})
    )


def infer_task(frames: Mapping[str, pd.DataFrame], target: str) -> Task:
    """The task that the target's type suggests, from the first frame's type and all frames' labels.

    Text, categories and booleans are classes; so are whole numbers with at most
    `MOST_INTEGER_CLASSES` distinct values. Other numbers are a regression, except floats with
    exactly two whole values (a 0/1 flag that passed through a float array), which are binary.
    """
    first = next(iter(frames))
    dtype = target_column(frames[first], target, name=first).dtype
    is_number = pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype)
    if is_number and _distinct(frames, target) > MOST_INTEGER_CLASSES:
        return "regression"
    classes = classes_of(frames, target)
    if is_number and pd.api.types.is_float_dtype(dtype) and not _is_flag(classes):
        return "regression"
    return "binary" if len(classes) <= 2 else "multiclass"


def _distinct(frames: Mapping[str, pd.DataFrame], target: str) -> int:
    return max(
        len(coded(target_column(frame, target, name=name))[1]) for name, frame in frames.items()
    )


def _is_flag(classes: Sequence[Level]) -> bool:
    return len(classes) == 2 and all(isinstance(level, int) for level in classes)


def require_task_fits(task: Task, classes: Sequence[Level], target: str) -> None:
    """EvaluationError when the number of classes is not what the task needs."""
    needed = {
        "binary": "exactly 2 classes",
        "multiclass": "at least 2 classes",
        "regression": "no classes",
    }
    fits = {"binary": len(classes) == 2, "multiclass": len(classes) >= 2, "regression": not classes}
    if task not in fits:
        raise EvaluationError(f"no task {task!r}; allowed are {list(fits)}")
    if not fits[task]:
        shown = list(classes[:6])
        raise EvaluationError(
            f"target {target!r} must have {needed[task]} for task={task}, found {len(classes)}: {shown}"
        )


def resolve_target(frames: Mapping[str, pd.DataFrame], name: str, task: Task | None) -> Target:
    """The target of `frames`, its task inferred when None; EvaluationError when task and classes
    disagree.
    """
    known: Task = task or infer_task(frames, name)
    classes = () if known == "regression" else classes_of(frames, name)
    require_task_fits(known, classes, name)
    return Target(name, known, classes)


def encode_labels(labels: object, classes: Sequence[Level], *, name: str) -> npt.NDArray[np.int64]:
    """Class codes 0..C-1 of `labels` (rows,), in the order of `classes`.

    Raises EvaluationError naming the rows' origin `name` for labels that are in no class.
    """
    codes, levels = coded(pd.Series(labels))
    position = {level: index for index, level in enumerate(classes)}
    known = [position.get(plain_level(level), -1) for level in levels]
    strange = [level for level, index in zip(levels, known, strict=True) if index < 0]
    if strange:
        raise EvaluationError(
            f"{name}: labels {strange[:6]} are none of the classes {list(classes)}"
        )
    found: npt.NDArray[np.int64] = np.asarray(known, dtype=np.int64)[codes]
    return found


def encode_target(frame: pd.DataFrame, target: Target, *, name: str) -> Codes:
    """The target of `frame` as numbers (rows,): class codes, or float values for regression.

    Raises EvaluationError naming the frame for an absent target, missing values, strange labels or
    text where a regression needs numbers.
    """
    column = target_column(frame, target.name, name=name)
    if target.task != "regression":
        return encode_labels(column, target.classes, name=name)
    try:
        values: npt.NDArray[np.float64] = column.to_numpy(dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise EvaluationError(
            f"{name}: target {target.name!r} of a regression must be numeric, found {error}"
        ) from error
    if not np.all(np.isfinite(values)):
        raise EvaluationError(
            f"{name}: target {target.name!r} holds infinite values; a regression needs finite ones"
        )
    return values
