"""Groups told by one feature or by two or three together: rare categories, upper tails, and who is
in several of them.

Averages hide them: a generator smooths rare rows away first. Groups are chosen on the features of
real_train, and of real_test only their number of rows is asked, so the choice does not depend on
how anybody scores there. Not here: groups by density (`density`), scores (`groups.scores`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Any, Literal

import numpy as np
import pandas as pd

from dge_assets.core.contract.values import coded
from dge_assets.core.downstream.preprocessing import treatment_of
from dge_assets.core.errors import EvaluationError
from dge_assets.core.scores.metrics import Bools

GroupKind = Literal["level", "top decile", "intersection", "density"]

SMALLEST_SHARE, LARGEST_SHARE = 0.005, 0.20
"""Below, a group has too few rows to be scored; above, it is no minority."""
HALF = 0.50
MOST_OF_A_PART = 0.90
"""An intersection with more of a part's rows than this says nothing that the part does not."""
TAIL = 0.90
FEWEST_TEST_ROWS = 50
"""Of an intersection in real_test."""
MOST_PAIRS, MOST_TRIPLES = 20, 10


@dataclass(frozen=True)
class Group:
    """Some rows, told by `conditions` on features that all must hold.

    `share` (0..1) is of the rows of real_train.
    """

    label: str
    kind: GroupKind
    share: float
    conditions: tuple[tuple[str, Callable[[pd.Series], Any]], ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The features that tell the group."""
        return tuple(column for column, _ in self.conditions)


def rows_in(group: Group, frame: pd.DataFrame, *, name: str) -> Bools:
    """Which rows of `frame` are in the group (rows,); EvaluationError naming the frame when it
    lacks a column.
    """
    inside = np.ones(len(frame), dtype=bool)
    for column, contains in group.conditions:
        if column not in frame.columns:
            raise EvaluationError(
                f"{name}: no column {column!r}, which defines group {group.label!r}"
            )
        inside &= np.asarray(pd.Series(contains(frame[column])).fillna(value=False), dtype=bool)
    return inside


def find_groups(real_train: pd.DataFrame, target: str) -> tuple[Group, ...]:
    """The groups of real_train (rows, features and target), at most one per feature, in column
    order.

    Categorical and boolean features: the rarest level whose share is in [0.005, 0.20]. Numbers: the
    top decile, value >= 0.9-quantile, unless ties make it a larger share than 0.20. Datetimes:
    none.
    """
    found = (
        _group_of(real_train[name], LARGEST_SHARE) for name in real_train.columns if name != target
    )
    return tuple(group for group in found if group is not None)


def find_intersections(
    real_train: pd.DataFrame,
    real_test: pd.DataFrame,
    target: str,
    *,
    fewest_rows: int = FEWEST_TEST_ROWS,
    most_pairs: int = MOST_PAIRS,
    most_triples: int = MOST_TRIPLES,
) -> tuple[Group, ...]:
    """Rows that are in the group of two or three features at once.

    A feature takes part with its group of `find_groups`, or, where a categorical or boolean one has
    no such minority, with its rarest larger level of at most half of the rows (women, where they
    are 45 %). Kept are intersections with at least `fewest_rows` rows in real_test, at most 0.20 of
    real_train, and at most nine tenths of each part; of the pairs the `most_pairs` with the most
    rows of real_train, since small ones cannot be told from chance; then as many of the kept pairs
    with one feature more as `most_triples` allows, again the largest first.
    """
    found = (_group_of(real_train[name], HALF) for name in real_train.columns if name != target)
    parts = [group for group in found if group is not None]
    pick = partial(_largest, real_train=real_train, real_test=real_test, fewest_rows=fewest_rows)
    pairs = pick(combinations(parts, 2), most=most_pairs)
    triples = {
        frozenset((*pair.columns, *part.columns)): (pair, part)
        for pair in pairs
        for part in parts
        if part.columns[0] not in pair.columns
    }
    return (*pairs, *pick(triples.values(), most=most_triples))


def _largest(
    candidates: Iterable[Sequence[Group]],
    *,
    most: int,
    real_train: pd.DataFrame,
    real_test: pd.DataFrame,
    fewest_rows: int,
) -> tuple[Group, ...]:
    masks: dict[tuple[str, str], Bools] = {}

    def rows(group: Group, frame: pd.DataFrame, name: str) -> Bools:
        if (group.label, name) not in masks:
            masks[group.label, name] = rows_in(group, frame, name=name)
        return masks[group.label, name]

    found = []
    for parts in candidates:
        inside = np.logical_and.reduce([rows(part, real_train, "real_train") for part in parts])
        tested = np.logical_and.reduce([rows(part, real_test, "real_test") for part in parts])
        share = float(inside.mean()) if len(inside) else 0.0
        most_share = min(LARGEST_SHARE, *(MOST_OF_A_PART * part.share for part in parts))
        if tested.sum() >= fewest_rows and share <= most_share:
            found.append(_together(parts, share))
    return tuple(sorted(found, key=lambda group: (-group.share, group.label))[:most])


def _together(parts: Sequence[Group], share: float) -> Group:
    label = " & ".join(part.label for part in parts)
    return Group(
        label,
        "intersection",
        share,
        tuple(condition for part in parts for condition in part.conditions),
    )


def _group_of(column: pd.Series, largest: float) -> Group | None:
    kind = treatment_of(column)
    if kind == "categorical" or pd.api.types.is_bool_dtype(column.dtype):
        return _rarest_level(column, LARGEST_SHARE) or _rarest_level(column, largest)
    return _top_decile(column) if kind == "numeric" else None


def _rarest_level(column: pd.Series, largest: float) -> Group | None:
    codes, levels = coded(column)
    shares = np.bincount(codes, minlength=len(levels)) / max(len(column), 1)
    present = [
        (float(share), str(level), level)
        for share, level in zip(shares, levels, strict=True)
        if level is not None
    ]
    ordered = sorted(found for found in present if SMALLEST_SHARE <= found[0] <= largest)
    if not ordered:
        return None
    share, text, level = ordered[0]
    return Group(
        f"{column.name} = {text}",
        "level",
        share,
        ((str(column.name), lambda values: values == level),),
    )


def _top_decile(column: pd.Series) -> Group | None:
    present = column.dropna().to_numpy(dtype=np.float64)
    if not len(present):
        return None
    threshold = float(np.quantile(present, TAIL))
    share = float(np.sum(present >= threshold)) / len(column)
    if not SMALLEST_SHARE <= share <= LARGEST_SHARE:
        return None
    label, name = f"{column.name} >= {threshold:.6g}", str(column.name)
    return Group(label, "top decile", share, ((name, lambda values: values >= threshold),))
