"""Between a real table and what generators can learn: numbers without gaps and discrete codes.

Encoding takes out ids and constants, imputes missing numbers beside an indicator that is learnt
like any column, and gives discrete levels short codes under safe names. Decoding undoes all of it
on sampled rows, so that missingness is synthesized too, integers stay integers and no column name
reaches a library that cannot take it. Not here: how one column goes there and back
(`number_codec.py`, `level_codec.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from dge_assets.core.contract.contract import Column, Contract, Level
from dge_assets.core.contract.ranges import within_range
from dge_assets.core.errors import GeneratorError
from dge_assets.core.generators.encoding.column_plan import Array, ColumnPlan, plan_from_document
from dge_assets.core.generators.encoding.level_codec import (
    decode_levels,
    encode_levels,
    plain_cell,
    plan_discrete,
)
from dge_assets.core.generators.encoding.number_codec import (
    decode_number,
    encode_number,
    note_on_numbers,
    plan_number,
    with_transform,
)
from dge_assets.core.generators.encoding.number_transforms import Transform
from dge_assets.core.generators.encoding.round_trip import RoundTrip

MOST_FEW = 2
"""Numbers and moments of so few different values are learnt as levels: a mixture has nothing to
smooth there.
"""


@dataclass(frozen=True)
class TableCodec:
    """The fitted encoding of a table; the same for every seed and family."""

    plans: tuple[ColumnPlan, ...]
    all_categories: tuple[tuple[Level, ...] | None, ...]
    round_trips: tuple[RoundTrip, ...] = ()
    """What encoding alone does to each column of numbers, as far as it was measured."""

    @property
    def discrete(self) -> tuple[str, ...]:
        """Names of the modelling frame's discrete columns."""
        keys = [plan.key for plan in self.plans if plan.role == "discrete"]
        return (*keys, *(plan.indicator for plan in self.plans if plan.indicator))

    @property
    def notes(self) -> list[str]:
        """What a reader must know about columns that are not modelled as they are."""
        said = [
            f"column {plan.name!r}: constant, not modelled"
            for plan in self.plans
            if plan.role == "constant"
        ]
        said += [note for plan in self.plans if (note := note_on_numbers(plan))]
        return said + [trip.note for trip in self.round_trips if not trip.passed]

    def with_transforms(self, transforms: Mapping[str, Transform]) -> TableCodec:
        """The codec with other transforms of some columns of numbers, by name."""
        plans = (
            with_transform(plan, transforms.get(plan.name, plan.transform)) for plan in self.plans
        )
        return replace(self, plans=tuple(plans))

    def to_document(self) -> dict[str, Any]:
        """Plain JSON from which `from_document` makes the same codec."""
        return {
            "plans": [asdict(plan) for plan in self.plans],
            "categories": list(self.all_categories),
            "round_trips": [asdict(trip) for trip in self.round_trips],
        }

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> TableCodec:
        """The codec that `to_document` wrote."""
        plans = tuple(plan_from_document(plan) for plan in document["plans"])
        categories = tuple(
            None if levels is None else tuple(levels) for levels in document["categories"]
        )
        return cls(
            plans, categories, tuple(RoundTrip(**trip) for trip in document.get("round_trips", ()))
        )

    def encode(self, frame: pd.DataFrame, *, rng: np.random.Generator) -> pd.DataFrame:
        """The modelling frame of `frame` (n rows): float64 numbers without gaps, discrete codes as
        text.

        `rng` draws the imputed numbers from the observed ones of the same column, which keeps the
        marginal as it is.
        """
        encoded: dict[str, Array] = {}
        for plan in self.plans:
            values = frame[plan.name]
            if plan.role == "number":
                encoded |= encode_number(values, plan, rng)
            elif plan.role == "discrete":
                encoded[plan.key] = encode_levels(values, plan)
        return pd.DataFrame(encoded)

    def decode(self, modelled: pd.DataFrame) -> pd.DataFrame:
        """Rows as the table has them, from a modelling frame (n rows) that a generator sampled."""
        decoded = {
            plan.name: _decode_column(plan, categories, modelled)
            for plan, categories in zip(self.plans, self.all_categories, strict=True)
        }
        return pd.DataFrame(decoded, index=pd.RangeIndex(len(modelled)))


def fit_codec(real_train: pd.DataFrame, contract: Contract) -> TableCodec:
    """Plan the encoding of each modelled column from real_train (n rows, the contract's types).

    Levels are learnt as they are: which are told apart is settled before (`disclosure.py`). Raises
    GeneratorError.
    """
    plans = []
    for index, column in enumerate(contract.modelled):
        values = within_range(real_train[column.name], column)
        keep = column.name == contract.target
        plans.append(_plan(column, values, f"c{index}", keep=keep))
    if all(plan.role == "constant" for plan in plans):
        raise GeneratorError("nothing to learn: every column of the table is constant")
    return TableCodec(tuple(plans), tuple(column.categories for column in contract.modelled))


def _plan(column: Column, values: pd.Series, key: str, *, keep: bool) -> ColumnPlan:
    present = values.dropna()
    different, gaps = present.nunique(), bool(values.isna().any())
    if different == 0 or (different == 1 and not gaps and not keep):
        constant = None if present.empty else plain_cell(present.iloc[0], column.kind)
        return ColumnPlan(column.name, column.kind, "constant", key, constant=constant)
    if column.kind in ("categorical", "boolean") or different <= MOST_FEW:
        return plan_discrete(column, values, key)
    return plan_number(column, values, key)


def _decode_column(
    plan: ColumnPlan, categories: tuple[Level, ...] | None, modelled: pd.DataFrame
) -> pd.Series:
    if plan.role == "constant":
        return _typed(np.full(len(modelled), plan.constant, dtype=object), plan, categories)
    if plan.role == "discrete":
        return _typed(decode_levels(modelled[plan.key], plan), plan, categories)
    return decode_number(modelled, plan)


def _typed(values: Array, plan: ColumnPlan, categories: tuple[Level, ...] | None) -> pd.Series:
    missing = bool(pd.isna(values).any()) or None in plan.levels
    if plan.kind == "categorical":
        return pd.Series(pd.Categorical(values, categories=list(categories or ())))
    if plan.kind == "boolean":
        return pd.Series(values, dtype="boolean" if missing else "bool")
    if plan.kind == "integer":
        return pd.Series(values, dtype="Int64" if missing else "int64")
    if plan.kind == "datetime":
        return pd.Series(pd.to_datetime(values, format="ISO8601")).astype("datetime64[ns]")
    return pd.Series(values, dtype="float64")
