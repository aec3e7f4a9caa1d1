"""Between a real table and what generators can learn: numbers without gaps and discrete codes.

Encoding takes out ids and constants, imputes missing numbers beside an indicator that is learnt like any column,
and gives discrete levels short codes under safe names. Decoding undoes all of it on sampled rows, so that missingness
is synthesized too, integers stay integers and no column name reaches a library that cannot take it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from dge_assets.core.contract import Column, Contract, Kind, Level
from dge_assets.core.errors import GeneratorError

Role = Literal["constant", "number", "discrete"]
Array = np.ndarray[Any, Any]
NANOSECONDS_PER_DAY = 86_400_000_000_000
Resolution = Literal["D", "s", "ms", "us"]
RESOLUTIONS: tuple[Resolution, ...] = ("D", "s", "ms", "us")
"""Coarsest first. Days since 1970 as float64 tell microseconds apart, nothing finer."""


@dataclass(frozen=True)
class ColumnPlan:
    """How one column is encoded; plain JSON, kept beside the generator."""

    name: str
    kind: Kind
    role: Role
    key: str
    """Name in the modelling frame."""
    indicator: str | None = None
    """Name of the missing-indicator in the modelling frame, where numbers have gaps."""
    constant: Level | None = None
    levels: tuple[Level | None, ...] = ()
    """Discrete levels in code order; None is the missing level."""
    pooled: tuple[Level, ...] = ()
    """Levels too many to be told apart: they share one code and are drawn by frequency on decoding."""
    pooled_shares: tuple[float, ...] = ()
    low: float = 0.0
    high: float = 0.0
    """Bounds that decoded numbers are clipped to (days since 1970 for datetimes)."""
    resolution: Resolution = "us"
    """The coarsest unit in which all of a datetime column's values are whole; decoded ones are rounded to it."""


@dataclass(frozen=True)
class TableCodec:
    """The fitted encoding of a table; the same for every seed and family."""

    plans: tuple[ColumnPlan, ...]
    all_categories: tuple[tuple[Level, ...] | None, ...]

    @property
    def discrete(self) -> tuple[str, ...]:
        """Names of the modelling frame's discrete columns."""
        keys = [plan.key for plan in self.plans if plan.role == "discrete"]
        return (*keys, *(plan.indicator for plan in self.plans if plan.indicator))

    @property
    def notes(self) -> list[str]:
        """What a reader must know about columns that are not modelled as they are."""
        said = [
            f"column {plan.name!r}: {len(plan.pooled)} rare levels are modelled as one and drawn by their frequency"
            for plan in self.plans
            if plan.pooled
        ]
        constant = [plan.name for plan in self.plans if plan.role == "constant"]
        return said + [f"column {name!r}: constant, not modelled" for name in constant]

    def to_document(self) -> dict[str, Any]:
        """Plain JSON from which `from_document` makes the same codec."""
        return {"plans": [asdict(plan) for plan in self.plans], "categories": list(self.all_categories)}

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> TableCodec:
        """The codec that `to_document` wrote."""
        sequences = ("levels", "pooled", "pooled_shares")
        plans = tuple(
            ColumnPlan(**{**plan, **{key: tuple(plan[key]) for key in sequences}}) for plan in document["plans"]
        )
        categories = tuple(None if levels is None else tuple(levels) for levels in document["categories"])
        return cls(plans, categories)

    def encode(self, frame: pd.DataFrame, *, rng: np.random.Generator) -> pd.DataFrame:
        """The modelling frame of `frame` (n rows): float64 numbers without gaps, discrete codes as text.

        `rng` draws the imputed numbers from the observed ones of the same column, which keeps the marginal as it is.
        """
        encoded: dict[str, Array] = {}
        for plan in self.plans:
            values = frame[plan.name]
            if plan.role == "number":
                numbers = _as_numbers(values, plan.kind)
                missing = np.isnan(numbers)
                if plan.indicator:
                    encoded[plan.indicator] = np.where(missing, "1", "0").astype(object)
                encoded[plan.key] = _fill(numbers, missing, rng)
            elif plan.role == "discrete":
                encoded[plan.key] = _codes(values, plan)
        return pd.DataFrame(encoded)

    def decode(self, modelled: pd.DataFrame, *, rng: np.random.Generator) -> pd.DataFrame:
        """Rows as the table has them, from a modelling frame (n rows) that a generator sampled."""
        decoded = {
            plan.name: _decode_column(plan, categories, modelled, rng)
            for plan, categories in zip(self.plans, self.all_categories, strict=True)
        }
        return pd.DataFrame(decoded, index=pd.RangeIndex(len(modelled)))


def fit_codec(
    real_train: pd.DataFrame, contract: Contract, *, max_levels: int, many_levels: Literal["pool", "error"]
) -> TableCodec:
    """Plan the encoding of each modelled column from real_train (n rows, the contract's types).

    A categorical column of more than `max_levels` levels is an error, or has its rarest levels pooled: the column is
    named either way. Raises GeneratorError.
    """
    plans = []
    for index, column in enumerate(contract.modelled):
        values = real_train[column.name]
        keep = column.name == contract.target
        plans.append(_plan(column, values, f"c{index}", max_levels=max_levels, many_levels=many_levels, keep=keep))
    if all(plan.role == "constant" for plan in plans):
        raise GeneratorError("nothing to learn: every column of the table is constant")
    return TableCodec(tuple(plans), tuple(column.categories for column in contract.modelled))


def _plan(column: Column, values: pd.Series, key: str, *, max_levels: int, many_levels: str, keep: bool) -> ColumnPlan:
    present = values.dropna()
    gaps = bool(values.isna().any())
    if present.nunique() == 0 or (present.nunique() == 1 and not gaps and not keep):
        constant = None if present.empty else _plain(present.iloc[0], column.kind)
        return ColumnPlan(column.name, column.kind, "constant", key, constant=constant)
    if column.kind in ("categorical", "boolean"):
        # The target's classes are always told apart: pooled ones would be drawn without regard to their rows.
        return _plan_discrete(column, values, key, values.nunique() if keep else max_levels, many_levels)
    numbers = _as_numbers(present, column.kind)
    return ColumnPlan(
        column.name,
        column.kind,
        "number",
        key,
        indicator=f"{key}_missing" if gaps else None,
        low=float(numbers.min()),
        high=float(numbers.max()),
        resolution=_resolution(present) if column.kind == "datetime" else "us",
    )


def _resolution(moments: pd.Series) -> Resolution:
    return next((unit for unit in RESOLUTIONS if (moments == moments.dt.floor(unit)).all()), "us")


def _plan_discrete(column: Column, values: pd.Series, key: str, max_levels: int, many_levels: str) -> ColumnPlan:
    counts = values.value_counts()
    counts = counts[counts > 0]
    levels: list[Level | None] = [_plain(level, column.kind) for level in counts.index]
    pooled: list[Level] = []
    shares: tuple[float, ...] = ()
    if len(levels) > max_levels:
        if many_levels == "error":
            raise GeneratorError(
                f"column {column.name!r}: {len(levels)} levels, more than max_levels={max_levels}; raise max_levels, "
                f"declare the column as id, or set many_levels: pool"
            )
        pooled = [level for level in levels[max_levels - 1 :] if level is not None]
        rare = counts.to_numpy(dtype=float)[max_levels - 1 :]
        shares = tuple(float(share) for share in rare / rare.sum())
        levels = levels[: max_levels - 1]
    if values.isna().any():
        levels.append(None)
    return ColumnPlan(
        column.name,
        column.kind,
        "discrete",
        key,
        levels=tuple(levels),
        pooled=tuple(pooled),
        pooled_shares=shares,
    )


def _plain(level: Any, kind: Kind) -> Level:
    if kind == "datetime":
        return str(pd.Timestamp(level).isoformat())
    value = level.item() if isinstance(level, np.generic) else level
    return value if isinstance(value, bool | int | float) else str(value)


def _as_numbers(values: pd.Series, kind: Kind) -> Array:
    """float64, NaN where missing; days since 1970 for datetimes."""
    if kind == "datetime":
        moments = values.astype("datetime64[ns]")
        days = moments.astype("int64").to_numpy() / NANOSECONDS_PER_DAY
        return np.where(moments.isna(), np.nan, days)
    return np.asarray(values.to_numpy(dtype=float, na_value=np.nan))


def _fill(numbers: Array, missing: Array, rng: np.random.Generator) -> Array:
    if not missing.any():
        return numbers
    filled = numbers.copy()
    filled[missing] = rng.choice(numbers[~missing], size=int(missing.sum()))
    return filled


def _codes(values: pd.Series, plan: ColumnPlan) -> Array:
    known = {level: str(code) for code, level in enumerate(plan.levels) if level is not None}
    codes = values.astype(object).map(known)
    rest = str(len(plan.levels))
    missing = str(plan.levels.index(None)) if None in plan.levels else rest
    return np.asarray(codes.where(codes.notna(), np.where(values.isna(), missing, rest)), dtype=object)


def _decode_column(
    plan: ColumnPlan, categories: tuple[Level, ...] | None, modelled: pd.DataFrame, rng: np.random.Generator
) -> pd.Series:
    if plan.role == "constant":
        return _typed(np.full(len(modelled), plan.constant, dtype=object), plan, categories)
    if plan.role == "discrete":
        return _typed(_decode_levels(modelled[plan.key], plan, rng), plan, categories)
    numbers = np.clip(modelled[plan.key].to_numpy(dtype=float), plan.low, plan.high)
    if plan.kind == "integer":
        numbers = np.round(numbers)
    if plan.indicator:
        numbers = np.where(modelled[plan.indicator].to_numpy() == "1", np.nan, numbers)
    return _typed_numbers(numbers, plan)


def _decode_levels(codes: pd.Series, plan: ColumnPlan, rng: np.random.Generator) -> Array:
    values = np.empty(len(plan.levels) + 1, dtype=object)
    values[: len(plan.levels)] = plan.levels
    index = codes.astype(int).to_numpy()
    decoded = values[index]
    rest = index == len(plan.levels)
    if rest.any():
        pool = np.empty(len(plan.pooled), dtype=object)
        pool[:] = plan.pooled
        decoded[rest] = rng.choice(pool, size=int(rest.sum()), p=np.asarray(plan.pooled_shares))
    return np.asarray(decoded)


def _typed_numbers(numbers: Array, plan: ColumnPlan) -> pd.Series:
    if plan.kind == "datetime":
        whole = np.round(np.nan_to_num(numbers) * NANOSECONDS_PER_DAY).astype("int64")
        moments = pd.Series(pd.to_datetime(whole)).dt.round(plan.resolution)
        return moments.where(~np.isnan(numbers)).astype("datetime64[ns]")
    if plan.kind == "integer":
        # The type follows the table, not the sample: a dataset without a gap still is nullable.
        return pd.Series(numbers).astype("Int64" if plan.indicator else "int64")
    return pd.Series(numbers)


def _typed(values: Array, plan: ColumnPlan, categories: tuple[Level, ...] | None) -> pd.Series:
    missing = bool(pd.isna(values).any()) or None in plan.levels
    if plan.kind == "categorical":
        return pd.Series(pd.Categorical(values, categories=list(categories or ())))
    if plan.kind == "boolean":
        return pd.Series(values, dtype="boolean" if missing else "bool")
    if plan.kind == "integer":
        return pd.Series(values, dtype="Int64" if missing else "int64")
    if plan.kind == "datetime":
        return pd.Series(pd.to_datetime(values)).astype("datetime64[ns]")
    return pd.Series(values, dtype="float64")
