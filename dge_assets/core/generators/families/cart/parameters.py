"""Hyperparameters of `cart`.

Light on purpose (pydantic only), as all hyperparameters are. Not here: what is done by them
(`fitting.py`, `sampling.py`).
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, PositiveInt, field_validator

from dge_assets.core.generators.parameters import FamilyParameters


class CARTParameters(FamilyParameters):
    """Hyperparameters of sequential trees (Nowok, Raab and Dibben 2016), named as in scikit-learn
    and synthpop.
    """

    SAMPLING: ClassVar[frozenset[str]] = frozenset({"smoothing"})

    min_samples_leaf: PositiveInt = Field(
        20, description="fewest rows of a leaf; `minbucket` of synthpop, whose default is 5"
    )
    max_depth: PositiveInt | None = Field(
        30, description="most splits on the way to a leaf; null: no limit"
    )
    smoothing: bool = Field(
        True,
        description="numbers are spread over the gaps between those of their leaf; false: each is that of a real row",
    )
    order: Literal["found"] | tuple[str, ...] = Field(
        "found",
        description="columns in the order in which they are drawn, those left out come after them; found: those with the fewest "
        "different values come first",
    )
    proper: bool = Field(
        False,
        description="each member's trees are grown on a Bayesian bootstrap of the rows; false: on the rows themselves, and "
        "members differ by the weights of the rows in equal leaves",
    )
    split_rows: PositiveInt = Field(
        100_000,
        description="most rows on which splits are found, drawn at random; leaves hold all rows",
    )

    @field_validator("order")
    @classmethod
    def _no_column_twice(cls, order: Literal["found"] | tuple[str, ...]) -> object:
        if order != "found" and len(set(order)) < len(order):
            raise ValueError("names a column twice; name each at most once")
        return order
