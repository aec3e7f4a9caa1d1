"""The modelling frame: a real table's rows as the codec writes them, before networks' own encoding.

Here: making it, for fitting an encoding and for families that learn from it, and what a condition
on the table's columns says of it. Not here: how one column is written (`codec.py`).
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from dge_assets.core.contract.contract import Kind, Level
from dge_assets.core.errors import GeneratorError
from dge_assets.core.generators.encoding.codec import TableCodec
from dge_assets.core.generators.encoding.column_plan import ColumnPlan
from dge_assets.core.generators.encoding.level_codec import encode_levels
from dge_assets.core.generators.encoding.number_codec import (
    MISSING,
    ORDINARY,
    as_numbers,
    states_of,
)
from dge_assets.core.randomness import generator, seed_sequence

_DTYPES: dict[Kind, str] = {
    "continuous": "float64",
    "integer": "Int64",
    "datetime": "datetime64[ns]",
    "boolean": "boolean",
}


def modelling_frame(codec: TableCodec, real_train: pd.DataFrame, *, table: str) -> pd.DataFrame:
    """The modelling frame of real_train (n rows): float64 numbers without gaps, codes as text.

    Cells without a number of their own are imputed from a stream of the table's, so every member
    learns from the same rows.
    """
    return codec.encode(real_train, rng=generator(seed_sequence(table=table, purpose="imputation")))


def with_categories(codec: TableCodec, modelled: pd.DataFrame) -> pd.DataFrame:
    """A modelling frame (n rows) whose codes are categories, in the order of their numbers.

    They take a byte a cell instead of eight, so a frame of a million rows travels to a worker.
    """
    found = {
        name: pd.Categorical(values, categories=sorted(values.unique(), key=int))
        for name in codec.discrete
        for values in [modelled[name]]
    }
    return modelled.assign(**found)


def modelled_condition(
    codec: TableCodec, condition: Mapping[str, Level | None]
) -> dict[str, str | float]:
    """A condition on the table's columns as one on the modelling frame's; None is a missing cell.

    Raises GeneratorError for a column that is not modelled and a value that it cannot have.
    """
    plans = {plan.name: plan for plan in codec.plans}
    found: dict[str, str | float] = {}
    for name, value in condition.items():
        if name not in plans:
            raise GeneratorError(f"condition on {name!r}: no such column; there are {list(plans)}")
        found |= _cell_condition(plans[name], value)
    return found


def _cell_condition(plan: ColumnPlan, value: Level | None) -> dict[str, str | float]:
    if plan.role == "constant":
        if value != plan.constant:
            raise GeneratorError(
                f"condition on {plan.name!r}: all of its cells are {plan.constant!r}"
            )
        return {}
    cell = pd.Series([value], dtype=_DTYPES.get(plan.kind, "object"))
    if value is None and not (plan.gaps or None in plan.levels):
        raise GeneratorError(f"condition on {plan.name!r}: none of its cells is missing")
    if plan.role == "discrete":
        return {plan.key: str(encode_levels(cell, plan)[0])}
    if value is None:
        return {str(plan.indicator): str(MISSING)}
    return _number_condition(plan, cell)


def _number_condition(plan: ColumnPlan, cell: pd.Series) -> dict[str, str | float]:
    number = float(plan.transform.apply(as_numbers(cell, plan))[0])
    if plan.indicator is None:
        return {plan.key: number}
    state = str(states_of(cell, plan)[0])
    return {plan.indicator: state} | ({plan.key: number} if state == str(ORDINARY) else {})
