"""Which statistics a table is asked for, beside models: the words of a declaration's `statistics`.

Here: one frozen model per type of statistic, and the default list. Not here: computing them
(`statistics.table`). This module stays light, because declarations are loaded each time the code
location is.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from dge_assets.core.contract.closed_model import QUOTE_IT, ClosedModel, ColumnName, require_type
from dge_assets.core.contract.contract import Contract, Level
from dge_assets.core.errors import DeclarationError

NUMERIC_KINDS = ("continuous", "integer")
LEVELLED_KINDS = ("categorical", "boolean")
Studied = Annotated[ColumnName, Field(description="the column")]
StudiedLevel = Annotated[Level, Field(description="the level that is counted")]


class MeanDeclaration(ClosedModel):
    """The mean of a numeric column."""

    type: Literal["mean"]
    column: Studied


class ProportionDeclaration(ClosedModel):
    """The share of one level of a categorical or boolean column."""

    type: Literal["proportion"]
    column: Studied
    level: StudiedLevel


class QuantileDeclaration(ClosedModel):
    """A quantile of a numeric column."""

    type: Literal["quantile"]
    column: Studied
    probability: float = Field(0.5, gt=0, lt=1, description="share of the rows that lie below it")


class _Regression(ClosedModel):
    """A regression of `column` on `features`."""

    column: Studied
    features: tuple[ColumnName, ...] = Field(
        min_length=1, description="the columns that it is regressed on"
    )

    @model_validator(mode="after")
    def _features_are_apart(self) -> _Regression:
        if self.column in self.features:
            raise ValueError(
                f"column {self.column!r} is the outcome and cannot be among the features"
            )
        if len(set(self.features)) < len(self.features):
            raise ValueError(f"features name a column twice: {list(self.features)}")
        return self


class LinearDeclaration(_Regression):
    """The coefficients of a linear regression of a numeric column on `features`."""

    type: Literal["linear"]


class LogisticDeclaration(_Regression):
    """The coefficients of a logistic regression of one level of `column` on `features`."""

    type: Literal["logistic"]
    level: StudiedLevel


StatisticDeclaration = Annotated[
    MeanDeclaration
    | ProportionDeclaration
    | QuantileDeclaration
    | LinearDeclaration
    | LogisticDeclaration,
    Field(discriminator="type"),
    BeforeValidator(require_type("mean", "proportion", "quantile", "linear", "logistic")),
]


def default_statistics(contract: Contract) -> tuple[StatisticDeclaration, ...]:
    """The mean of each numeric column, and the share of each of the target's classes but the first."""
    means = [
        MeanDeclaration(type="mean", column=column.name)
        for column in contract.modelled
        if column.kind in NUMERIC_KINDS
    ]
    shares = [
        ProportionDeclaration(type="proportion", column=contract.target, level=level)
        for level in (contract.classes or ())[1:]
        if contract.column(contract.target).kind in LEVELLED_KINDS
    ]
    return (*means, *shares)


def require_statistics_fit(
    statistics: tuple[StatisticDeclaration, ...], contract: Contract
) -> None:
    """DeclarationError naming the entry, where a column is not modelled, is of another kind, or
    lacks the level.
    """
    for number, statistic in enumerate(statistics):
        place = f"statistics.{number} ({statistic.type})"
        needs_levels = isinstance(statistic, ProportionDeclaration | LogisticDeclaration)
        _require_kind(
            contract,
            statistic.column,
            LEVELLED_KINDS if needs_levels else NUMERIC_KINDS,
            place=place,
        )
        if isinstance(statistic, ProportionDeclaration | LogisticDeclaration):
            levels = contract.column(statistic.column).categories or (False, True)
            if statistic.level not in levels:
                hint = f"; {QUOTE_IT}" if isinstance(statistic.level, bool) else ""
                raise DeclarationError(
                    f"{place}: {statistic.column!r} has no level {statistic.level!r}; allowed: {list(levels)}{hint}"
                )
        if isinstance(statistic, LinearDeclaration | LogisticDeclaration):
            for feature in statistic.features:
                _require_kind(contract, feature, (*NUMERIC_KINDS, *LEVELLED_KINDS), place=place)


def _require_kind(contract: Contract, name: str, kinds: tuple[str, ...], *, place: str) -> None:
    modelled = [column.name for column in contract.modelled]
    if name not in modelled:
        raise DeclarationError(f"{place}: no modelled column {name!r}; allowed: {modelled}")
    if contract.column(name).kind not in kinds:
        fitting = [column.name for column in contract.modelled if column.kind in kinds]
        raise DeclarationError(
            f"{place}: column {name!r} is {contract.column(name).kind}, needed is {' or '.join(kinds)}; such are {fitting}"
        )
