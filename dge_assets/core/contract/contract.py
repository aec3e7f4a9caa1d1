"""The contract: what a real table must look like, declared or inferred.

Here: its words (`Column`, `Constraint`, `Contract`), the partial form that people write
(`ContractDeclaration`), and the hash that provenance records carry. Not here: inference from
data (`contract.completion`), bringing a frame into the contract's types (`conform.py`), checks.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from typing import Annotated, Literal

import pandas as pd
from pydantic import BeforeValidator, Field, model_validator

from dge_assets.core.contract.closed_model import QUOTE_IT, ClosedModel, ColumnName
from dge_assets.core.contract.masking import found_words
from dge_assets.core.errors import ContractError

Kind = Literal["continuous", "integer", "categorical", "boolean", "datetime", "id", "text"]
Task = Literal["binary", "multiclass", "regression"]
Operator = Literal["<", "<=", ">", ">=", "=="]
Bound = int | float | str
Level = bool | int | float | str
Origin = Literal["declared", "observed", "common"]
"""How a bound or a list of levels came about: a person stated it; it was read off the rows as they
are; or it is what enough rows share (see `disclosure.py`)."""

RANGED_KINDS: tuple[Kind, ...] = ("continuous", "integer", "datetime")
UNMODELLED_KINDS: tuple[Kind, ...] = ("id", "text")
"""Kinds whose cells tell of one row each: no generator learns them and no dataset has them."""
_ISO_DATE = re.compile(r"^\d{4}(-\d{2}|$)")
NUMBER_FORMATS = ("decimal_comma", "decimal_point")
SPAN_FORMATS = ("duration", "time_of_day", "hours_minutes", "minutes_seconds")
DATE_FORMATS = ("day_first", "month_first", "year_first", "compact_date")
"""How cells may be written; a date's may also be a pattern of strptime, such as `%d.%m.%Y`."""
RESERVED_NAMES = ("family", "seed", "record_id", "row_id")


def _written_bound(value: object) -> object:
    """YAML turns an unquoted date into a `date`; a bound is kept in ISO form."""
    return value if value is None or isinstance(value, int | float | str) else str(value)


OptionalBound = Annotated[Bound | None, BeforeValidator(_written_bound)]


class ColumnDeclaration(ClosedModel):
    """One column as somebody declares it; what is left out (`None`) is inferred from the data."""

    kind: Kind | None = Field(
        None, description="continuous, integer, categorical, boolean, datetime, id or text"
    )
    nullable: bool | None = Field(None, description="whether a value may be missing")
    minimum: OptionalBound = Field(
        None, description="smallest allowed value; ISO text for datetimes"
    )
    maximum: OptionalBound = Field(
        None, description="largest allowed value; ISO text for datetimes"
    )
    categories: tuple[Level, ...] | None = Field(None, description="the allowed levels")
    format: str | None = Field(
        None,
        description="how the cells are written, where that cannot be told from them: "
        f"{', '.join((*NUMBER_FORMATS, *SPAN_FORMATS, *DATE_FORMATS))}, or a pattern for dates such as '%d.%m.%Y'",
    )
    description: str = Field("", description="what the column means")

    @model_validator(mode="after")
    def _known_format(self) -> ColumnDeclaration:
        if self.format is None:
            return self
        is_date = self.format in DATE_FORMATS or "%" in self.format
        if not is_date and self.format not in (*NUMBER_FORMATS, *SPAN_FORMATS):
            allowed = ", ".join((*NUMBER_FORMATS, *SPAN_FORMATS, *DATE_FORMATS))
            raise ValueError(
                f"unknown format {self.format!r}; allowed: {allowed}, or a pattern such as '%d.%m.%Y'"
            )
        fitting: tuple[Kind, ...] = ("datetime",) if is_date else ("continuous", "integer")
        if self.categories is not None or self.kind not in (None, *fitting):
            kind = self.kind if self.categories is None else "categorical"
            raise ValueError(
                f"format {self.format} makes a {fitting[0]} column, not a {kind} one; leave one of them out"
            )
        return self

    @model_validator(mode="after")
    def _consistent(self) -> ColumnDeclaration:
        if any(
            isinstance(bound, float) and math.isnan(bound) for bound in (self.minimum, self.maximum)
        ):
            raise ValueError("a bound must be a number or an ISO date, found NaN; leave it out")
        if self.minimum is not None and self.maximum is not None:
            low, high = comparable(self.minimum), comparable(self.maximum)
            if type(low) is not type(high):
                raise ValueError(
                    f"minimum {self.minimum!r} and maximum {self.maximum!r} are of different types"
                )
            if low > high:
                raise ValueError(
                    f"the range is upside down: minimum {self.minimum!r} is above maximum {self.maximum!r}; swap them"
                )
        ranged = self.minimum is not None or self.maximum is not None
        if ranged and self.kind is not None and self.kind not in RANGED_KINDS:
            raise ValueError(
                f"a {self.kind} column has no minimum or maximum; use `categories`, or another kind"
            )
        if self.categories is not None and self.kind not in (None, "categorical", "boolean"):
            raise ValueError(
                f"a {self.kind} column has no categories; declare kind: categorical, or drop them"
            )
        if self.categories is not None and len(set(self.categories)) != len(self.categories):
            raise ValueError(f"categories name a level twice: {list(self.categories)}")
        kinds = {type(level) for level in self.categories or ()}
        if bool in kinds and str in kinds:
            raise ValueError(
                f"categories mix texts and truth values: {list(self.categories or ())}; {QUOTE_IT}"
            )
        return self


class Constraint(ClosedModel):
    """A relation that holds between two columns of each row where both are present."""

    left: ColumnName = Field(description="a column")
    operator: Operator = Field(description="what holds between them")
    right: ColumnName = Field(description="another column")

    @model_validator(mode="after")
    def _two_columns(self) -> Constraint:
        if self.left == self.right:
            raise ValueError(
                f"constraint '{self}' compares a column with itself; name two columns, or leave it out"
            )
        return self

    def __str__(self) -> str:
        return f"{self.left} {self.operator} {self.right}"


class ContractDeclaration(ClosedModel):
    """The part of a contract that a `defs.yaml` states; all but the target may be left out."""

    target: ColumnName = Field(description="the column that downstream models predict")
    task: Task | None = Field(
        None, description="binary, multiclass or regression; inferred when left out"
    )
    columns: dict[ColumnName, ColumnDeclaration] = Field(
        default_factory=dict, description="by column name"
    )
    sensitive: tuple[ColumnName, ...] = Field((), description="columns that need care in a release")
    constraints: tuple[Constraint, ...] = Field((), description="relations between two columns")
    missing_target: Literal["error", "drop"] = Field(
        "error", description="what to do with rows that have no target"
    )


class Column(ClosedModel):
    """One column of a complete contract."""

    name: str
    kind: Kind
    nullable: bool
    minimum: OptionalBound = None
    maximum: OptionalBound = None
    minimum_by: Origin | None = None
    maximum_by: Origin | None = None
    """Where the bound comes from; None for a column without one.

    Only declared ones bind the real table.
    """
    categories: tuple[Level, ...] | None = None
    categories_by: Origin | None = None
    others: Level | None = None
    """The level that stands for all that are not told apart."""
    pooled_levels: int = 0
    """How many levels those are."""
    fewest: int = Field(1, ge=1)
    """So many rows of real_train must share what is told of this column."""
    left_out: str = ""
    """Why the column is not modelled; empty where it is. It quotes no cell."""
    description: str = ""
    unit: str = ""
    """What the numbers count, or the zone that moments came from, where the cells were read as
    something else.
    """
    doubt: str = ""
    """What a person should decide about the column, in words that quote no cell; empty where
    nothing is open.
    """

    @property
    def is_modelled(self) -> bool:
        """Whether generators learn it and synthetic datasets have it."""
        return self.kind not in UNMODELLED_KINDS and not self.left_out

    def without_observations(self) -> Column:
        """The column without the bounds and levels that only repeat what real rows hold."""
        hidden: dict[str, None] = {}
        for part in ("minimum", "maximum", "categories"):
            if getattr(self, f"{part}_by") not in ("declared", "common"):
                hidden |= {part: None, f"{part}_by": None}
        return self.model_copy(update=hidden)


class Contract(ClosedModel):
    """A complete contract: every column of the table, in order, with nothing left open."""

    target: str
    task: Task
    columns: tuple[Column, ...]
    sensitive: tuple[str, ...] = ()
    constraints: tuple[Constraint, ...] = ()

    @model_validator(mode="after")
    def _names_exist(self) -> Contract:
        names = self.names
        for place, name in [
            ("target", self.target),
            *(("sensitive", name) for name in self.sensitive),
        ]:
            if name not in names:
                raise ContractError(f"{place}: no column {name!r}; the columns are {list(names)}")
        for constraint in self.constraints:
            for name in (constraint.left, constraint.right):
                if name not in names:
                    raise ContractError(
                        f"constraint '{constraint}': no column {name!r}; the columns are {list(names)}"
                    )
        if self.column(self.target).kind == "id":
            raise ContractError(
                f"target {self.target!r} is an id column: ids are never synthesized"
            )
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns, in the table's order."""
        return tuple(column.name for column in self.columns)

    @property
    def modelled(self) -> tuple[Column, ...]:
        """The columns that generators learn and synthetic datasets have: all but ids, texts and
        what is left out.
        """
        return tuple(column for column in self.columns if column.is_modelled)

    @property
    def left_out(self) -> dict[str, str]:
        """Each column that no dataset has, and why, in words that quote no cell."""
        return {
            column.name: column.left_out or f"declared {column.kind}"
            for column in self.columns
            if not column.is_modelled
        }

    @property
    def doubts(self) -> tuple[str, ...]:
        """What a person should decide, a line per column that is open."""
        return tuple(
            f"column {column.name!r} {column.doubt}" for column in self.columns if column.doubt
        )

    def as_declared(self) -> Contract:
        """The contract as far as a person stated it, beside kinds, gaps and classes: what binds the
        real table.

        Levels and bounds that were read off the rows say nothing of them, and would carry single
        cells into records.
        """
        columns = tuple(
            column
            if column.name == self.target and column.categories
            else column.without_observations()
            for column in self.columns
        )
        return self.model_copy(update={"columns": columns})

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the columns that downstream models read: modelled and not the target."""
        return tuple(column.name for column in self.modelled if column.name != self.target)

    @property
    def classes(self) -> tuple[Level, ...] | None:
        """The target's levels, sorted unless declared otherwise (the last is the positive class);
        None for regression.
        """
        return None if self.task == "regression" else self.column(self.target).categories

    def column(self, name: str) -> Column:
        """The column called `name`; KeyError when there is none."""
        return next(column for column in self.columns if column.name == name)

    @property
    def sha256(self) -> str:
        """Hash of all that binds data; descriptions, units and doubts do not, so mending one makes
        nothing stale.
        """
        document = self.model_dump(mode="json")
        for column in document["columns"]:
            column.pop("description")
            column.pop("unit")
            column.pop("doubt")
        return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()

    def for_release(self) -> Contract:
        """The contract that consumers get: the columns of the datasets, without what was read off
        single rows.
        """
        columns = tuple(column.without_observations() for column in self.modelled)
        kept = {column.name for column in columns}
        return self.model_copy(
            update={
                "columns": columns,
                "sensitive": tuple(name for name in self.sensitive if name in kept),
                "constraints": tuple(c for c in self.constraints if {c.left, c.right} <= kept),
            }
        )


def comparable(bound: Bound) -> float | pd.Timestamp:
    """A bound as something that compares: numbers as float, ISO text as a timestamp in UTC without
    a zone.

    Raises ValueError for text that is no date.
    """
    if not isinstance(bound, str):
        return float(bound)
    if not _ISO_DATE.match(bound):  # pandas would take `now`, or a lone number, for a moment
        raise ValueError(
            f"{found_words(bound)} is neither a number nor an ISO 8601 date such as '2020-12-31'"
        )
    moment = pd.Timestamp(bound)
    return moment if moment.tz is None else moment.tz_convert("UTC").tz_localize(None)


def sorted_levels(levels: list[Level]) -> tuple[Level, ...]:
    """Levels in a stable order, numbers before text."""
    return tuple(sorted(levels, key=lambda level: (isinstance(level, str), level)))
