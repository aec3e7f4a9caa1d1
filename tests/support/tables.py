"""Small tables with all that real ones bring: every kind, gaps, constants, names that no library
likes.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from dge_assets.core.contract.contract import (
    Bound,
    Column,
    ColumnDeclaration,
    Contract,
    Kind,
    Level,
    Task,
)
from dge_assets.core.contract.ranges import complete_range
from dge_assets.core.lineage.provenance import Recipe

AWKWARD = 'it\'s "größe" 表'
"""A column name with a space, both quotes and letters beyond ASCII."""


def column(
    name: str,
    kind: Kind,
    *,
    nullable: bool = False,
    categories: tuple[Level, ...] | None = None,
    minimum: Bound | None = None,
    maximum: Bound | None = None,
) -> Column:
    return Column(
        name=name,
        kind=kind,
        nullable=nullable,
        categories=categories,
        minimum=minimum,
        maximum=maximum,
    )


def contract(target: str, *columns: Column, task: Task = "binary") -> Contract:
    return Contract(target=target, task=task, columns=columns)


def with_gaps(values: pd.Series, share: float, seed: int) -> pd.Series:
    """`values` with about `share` of them missing."""
    return values.mask(np.random.default_rng(seed).random(len(values)) < share)


def grades(values: np.ndarray[tuple[int], np.dtype[np.int64]]) -> pd.Series:
    """Categories that are whole numbers, with gaps."""
    return pd.Series(
        pd.Categorical(with_gaps(pd.Series(values, dtype=object), 0.1, 5), categories=[1, 2, 3])
    )


def every_kind(n: int = 200, seed: int = 0) -> pd.DataFrame:
    """n rows of a table with a column of each kind, with and without gaps."""
    rng = np.random.default_rng(seed)
    days = pd.Series(
        pd.Timestamp("1969-06-01") + pd.to_timedelta(rng.integers(0, 9000, n), unit="D")
    )
    seconds = pd.Series(
        pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 10**8, n), unit="s")
    )
    numbers = pd.Series(rng.integers(-40, 40, n))
    flags = pd.Series(rng.random(n) < 0.3)
    text = pd.Series(rng.choice(["red", "green, light", 'a "b"'], n, p=[0.6, 0.3, 0.1]))
    return pd.DataFrame(
        {
            "id": [f"row-{i}" for i in range(n)],
            AWKWARD: rng.normal(3, 2, n),
            "gappy float": with_gaps(pd.Series(rng.exponential(size=n)), 0.25, 1),
            "integer": numbers.astype("int64"),
            "gappy integer": with_gaps(numbers.astype("Int64"), 0.3, 2),
            "flag": flags,
            "gappy flag": with_gaps(flags.astype("boolean"), 0.2, 3),
            "day": days.astype("datetime64[ns]"),
            "moment": with_gaps(seconds, 0.15, 4).astype("datetime64[ns]"),
            "colour": pd.Series(
                pd.Categorical(text, categories=["red", "green, light", 'a "b"', "unseen"])
            ),
            "grade": grades(rng.integers(1, 4, n)),
            "constant": np.full(n, 7, dtype="int64"),
            "empty": np.full(n, np.nan),
            "target": pd.Series(pd.Categorical(rng.choice(["no", "yes"], n))),
        }
    )


def every_kind_contract() -> Contract:
    """The contract of `every_kind`."""
    return contract(
        "target",
        column("id", "id"),
        column(AWKWARD, "continuous"),
        column("gappy float", "continuous", nullable=True),
        column("integer", "integer"),
        column("gappy integer", "integer", nullable=True),
        column("flag", "boolean"),
        column("gappy flag", "boolean", nullable=True),
        column("day", "datetime"),
        column("moment", "datetime", nullable=True),
        column("colour", "categorical", categories=("red", "green, light", 'a "b"', "unseen")),
        column("grade", "categorical", nullable=True, categories=(1, 2, 3)),
        column("constant", "integer"),
        column("empty", "continuous", nullable=True),
        column("target", "categorical", categories=("no", "yes")),
    )


def with_ranges(agreed: Contract, frame: pd.DataFrame) -> Contract:
    """The contract with the extremes of `frame` as the ranges of its columns."""
    columns = []
    for item in agreed.columns:
        place = f"column {item.name!r}"
        minimum, maximum = complete_range(
            ColumnDeclaration(), item.kind, frame[item.name], place=place
        )
        columns.append(item.model_copy(update={"minimum": minimum, "maximum": maximum}))
    return agreed.model_copy(update={"columns": tuple(columns)})


def tiny(n: int = 200, seed: int = 0) -> pd.DataFrame:
    """n rows of one float, one category and a target that follows both."""
    rng = np.random.default_rng(seed)
    x, group = rng.normal(size=n), rng.choice(["u", "v", "w"], n)
    label = np.where(x + (group == "u") + rng.normal(size=n) > 0, "yes", "no")
    return pd.DataFrame({"x": x, "group": pd.Categorical(group), "target": pd.Categorical(label)})


def tiny_contract() -> Contract:
    """The contract of `tiny`."""
    return contract(
        "target",
        column("x", "continuous"),
        column("group", "categorical", categories=("u", "v", "w")),
        column("target", "categorical", categories=("no", "yes")),
    )


def recipe(
    asset: str,
    family: str | None = None,
    seed: int | None = None,
    *,
    table: str = "crash",
    **other: object,
) -> Recipe:
    """A recipe of a made-up line."""
    stated: dict[str, object] = {
        "table_fingerprint": "f" * 64,
        "contract_sha256": "c" * 64,
        "code_version": "1",
    }
    return Recipe(table=table, asset=asset, family=family, seed=seed, **{**stated, **other})  # type: ignore[arg-type]


def people(n: int = 1000) -> pd.DataFrame:
    """n rows with groups that are easily told: tails, rare levels, halves, and columns without any."""
    return pd.DataFrame(
        {
            "income": np.arange(n, dtype=float),
            "children": np.r_[np.zeros(n // 2, dtype=int), np.ones(n - n // 2, dtype=int)],
            "city": pd.Categorical(
                ["big"] * (n - 153) + ["small"] * 100 + ["tiny"] * 50 + ["lone"] * 3
            ),
            "even": pd.Categorical(["l", "r"] * (n // 2)),
            "rare": pd.array([True] * 40 + [False] * (n - 41) + [None], dtype="boolean"),
            "born": pd.Timestamp("2000-01-01"),
            "nothing": np.nan,
            "t": np.arange(n) % 2,
        }
    )
