"""Groups of real rows that synthetic data serves worst: rare categories and upper tails.

Averages hide them: a generator smooths rare rows away first. Groups are chosen on real_train and scored on
real_test, so their choice does not depend on the rows they are scored on. Not here: fitting, drawing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dge_assets.core.contract import Task
from dge_assets.core.errors import EvaluationError
from dge_assets.core.metrics import metric_names
from dge_assets.core.preprocessing import treatment_of
from dge_assets.core.scoring import TrainingPredictions, score_training
from dge_assets.core.targets import Array, Codes

SMALLEST_SHARE, LARGEST_SHARE = 0.005, 0.20
"""Below, a group has too few rows to be scored; above, it is no minority."""
TAIL = 0.90
GROUP_COLUMNS = ["group", "share", "n", "approach", "metric", "value", "std"]


@dataclass(frozen=True)
class Group:
    """Some rows, told by one feature. `share` (0..1) is of the rows of real_train."""

    label: str
    column: str
    share: float
    contains: Callable[[pd.Series], Any]


def find_groups(real_train: pd.DataFrame, target: str) -> tuple[Group, ...]:
    """The groups of real_train (rows, features and target), at most one per feature, in column order.

    Categorical and boolean features: the rarest level whose share is in [0.005, 0.20]. Numbers: the top
    decile, value >= 0.9-quantile, unless ties make it a larger share than 0.20. Datetimes: none.
    """
    features = [name for name in real_train.columns if name != target]
    found = (_group_of(real_train[name]) for name in features)
    return tuple(group for group in found if group is not None)


def _group_of(column: pd.Series) -> Group | None:
    kind = treatment_of(column)
    if kind == "categorical" or pd.api.types.is_bool_dtype(column.dtype):
        return _rarest_level(column)
    return _top_decile(column) if kind == "numeric" else None


def _is_minority(share: float) -> bool:
    return SMALLEST_SHARE <= share <= LARGEST_SHARE


def _rarest_level(column: pd.Series) -> Group | None:
    counts = column.value_counts() / max(len(column), 1)
    fitting = sorted((float(share), str(level), level) for level, share in counts.items() if _is_minority(share))
    if not fitting:
        return None
    share, text, level = fitting[0]
    return Group(f"{column.name} = {text}", str(column.name), share, lambda values: values == level)


def _top_decile(column: pd.Series) -> Group | None:
    present = column.dropna().to_numpy(dtype=np.float64)
    if not len(present):
        return None
    threshold = float(np.quantile(present, TAIL))
    share = float(np.sum(present >= threshold)) / len(column)
    if not _is_minority(share):
        return None
    return Group(f"{column.name} >= {threshold:.6g}", str(column.name), share, lambda values: values >= threshold)


def _rows_in(group: Group, frame: pd.DataFrame) -> npt.NDArray[np.bool_]:
    if group.column not in frame.columns:
        raise EvaluationError(f"real_test: no column {group.column!r}, which group {group.label!r} is told by")
    inside = pd.Series(group.contains(frame[group.column])).fillna(value=False)
    return np.asarray(inside, dtype=bool)


def _restricted(predictions: TrainingPredictions, rows: npt.NDArray[np.bool_]) -> TrainingPredictions:
    def keep(arrays: Sequence[Array]) -> tuple[Array, ...]:
        return tuple(array[rows] for array in arrays)

    return TrainingPredictions(
        oracle=keep(predictions.oracle),
        naive_ensemble=keep(predictions.naive_ensemble),
        naive_concat=predictions.naive_concat[rows],
        members=keep(predictions.members),
    )


def group_scores(
    real_train: pd.DataFrame,
    real_test: pd.DataFrame,
    target: str,
    y: Codes,
    predictions: TrainingPredictions,
    *,
    task: Task,
    K: int | None = None,
    metrics: Sequence[str] | None = None,
) -> pd.DataFrame:
    """One row per group, approach and metric: `group, share, n, approach, metric, value, std`.

    y and predictions: of all rows of real_test, as for `score_training`. K: the ensemble to compare, all
    members when None. Approaches: oracle, naive_single (std over which dataset one gets), dge_K. share: of
    real_train; n: rows of real_test that are scored. A metric without a value there (one class only, no
    rows) is NaN, with its reason in `attrs["reasons"]` by "group/approach/metric".
    """
    size = len(predictions.members) if K is None else K
    approaches = ["oracle", "naive_single", f"dge_{size}"]
    names = tuple(metrics or metric_names(task))
    tables: list[pd.DataFrame] = []
    reasons: dict[str, str] = {}
    for group in find_groups(real_train, target):
        rows = _rows_in(group, real_test)
        scores = score_training(y[rows], _restricted(predictions, rows), [size], task=task, metrics=names)
        kept = scores[scores["approach"].isin(approaches)]
        tables.append(kept.assign(group=group.label, share=group.share, n=int(rows.sum()))[GROUP_COLUMNS])
        reasons |= {
            f"{group.label}/{place}": reason
            for place, reason in scores.attrs["reasons"].items()
            if place.split("/")[0] in approaches
        }
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=GROUP_COLUMNS)
    table.attrs["reasons"] = reasons
    return table
