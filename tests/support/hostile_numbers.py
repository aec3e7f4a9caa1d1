"""Columns of numbers and moments that encodings have lost: scales, tails, grids, frequent values,
ends of types.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from dge_assets.core.contract.completion import complete_contract
from dge_assets.core.contract.conform import conform
from dge_assets.core.contract.contract import ColumnDeclaration, Contract, ContractDeclaration, Kind

N = 500
START = pd.Timestamp("2024-01-01")


def after(offsets: np.ndarray, unit: str) -> pd.Series:
    """Moments from the start of 2024 on."""
    return pd.Series(START + pd.to_timedelta(offsets, unit=unit)).astype("datetime64[ns]")


def hostile_numbers(n: int = N, seed: int = 0) -> dict[str, pd.Series]:
    """Columns of n rows by name."""
    rng = np.random.default_rng(seed)
    columns = {
        "micro": rng.normal(0, 1e-6, n),
        "charge": rng.normal(1.7e-19, 2e-20, n),
        "concentration": rng.lognormal(-15.5, 1, n),
        "mass": rng.lognormal(70, 1, n),
        "pareto": 1 + rng.pareto(1.05, n),
        "cauchy": rng.standard_cauchy(n),
        "one far": np.r_[rng.normal(size=n - 1), 1e30],
        "one farther": np.r_[rng.normal(size=n - 1), 1e200],
        "whole span": rng.choice([-1.7e308, 1.7e308], n) * rng.random(n),
        "denormal": rng.integers(1, 50, n) * 5e-324,
        "zeros": np.where(rng.random(n) < 0.7, 0.0, rng.lognormal(0, 1, n)),
        "negative zeros": np.where(rng.random(n) < 0.5, -0.0, rng.normal(size=n)),
        "two ends": np.where(
            rng.random(n) < 0.3, 0.0, np.where(rng.random(n) < 0.3, 100.0, rng.random(n) * 100)
        ),
        "price": np.round(rng.lognormal(2, 1, n), 2),
        "quarters": rng.integers(0, 40, n) / 4,
        "fives": rng.integers(0, 40, n) * 5,
        "near 2^63": (2**63 - 1) - rng.integers(0, 10**6, n),
        "all of int64": rng.integers(-(2**63), 2**63 - 1, n),
        "beyond 2^53": 2**55 + rng.integers(0, 1000, n),
        "seconds": 1_700_000_000 + rng.integers(0, 60, n),
        "hours": after(rng.integers(0, 24 * 300, n), "h"),
        "minutes": after(rng.integers(0, 60 * 24 * 300, n), "min"),
        "nanoseconds": after(rng.integers(0, 10**17, n), "ns"),
        "one minute": after(rng.integers(0, 60_000, n), "ms"),
        "far dates": pd.to_datetime(
            rng.integers(-9_200_000_000_000_000_000, 9_200_000_000_000_000_000, n)
        ),
        "all but one equal": np.r_[np.full(n - 1, 3.5), 4.5],
        "two values": rng.choice([0.25, 1e-9], n),
    }
    found = {name: pd.Series(values) for name, values in columns.items()}
    gaps = rng.random(n) < 0.2
    found |= {
        f"{name}, gaps": found[name].mask(gaps) for name in ("zeros", "price", "hours", "micro")
    }
    for name in ("near 2^63", "beyond 2^53", "fives"):
        found[f"{name}, gaps"] = found[name].astype("Int64").mask(gaps)
    only = pd.Series(np.arange(n) == n // 2)
    found["one present"] = pd.Series(np.full(n, 7.25)).where(only)
    found["one present moment"] = pd.Series([START] * n).astype("datetime64[ns]").where(only)
    found["constant, gaps"] = pd.Series(np.full(n, 2**60 + 1)).astype("Int64").mask(gaps)
    return found


def kind_of(values: pd.Series) -> Kind:
    """The kind that a column's type stands for."""
    kinds: dict[str, Kind] = {"M": "datetime", "i": "integer"}
    return kinds.get(values.dtype.kind, "continuous")


def table_of(columns: Mapping[str, pd.Series]) -> tuple[pd.DataFrame, Contract]:
    """A table of some columns of numbers and a target, in its contract's types."""
    frame = pd.DataFrame(dict(columns))
    frame["y"] = np.where(np.arange(len(frame)) % 2 == 0, "no", "yes")
    declared = ContractDeclaration(
        target="y",
        columns={name: ColumnDeclaration(kind=kind_of(values)) for name, values in columns.items()},
    )
    agreed = complete_contract(declared, frame, table="hostile").contract
    return conform(frame, agreed, table="hostile"), agreed
