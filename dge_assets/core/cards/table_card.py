"""The card of an evaluation table: name, grain, columns, maker, keeper, and how the report shows it.

Assets, frames without rows, descriptions, the schema on Dagster's pages, the report's sections, what
a release carries and the page of tables follow from it. A card is light: it names functions by
`package.module:function`, which are imported when they are used, so Dagster reads all cards when it
loads. Not here: which cards there are (`evaluation.catalogue`).
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

import pandas as pd

from dge_assets.core.errors import EvaluationError
from dge_assets.core.rows.tables import no_rows

Part = Literal["pair", "augmented", "family", "model", "evaluation"]
"""What one call of a table's maker sees: one (family, model) pair (`evaluation.pair`), one whose
datasets are added to real rows, in work of its own, one family with all of its models, one model
with all families, or everything (`evaluation.wider`)."""

LABELS: dict[Part, tuple[str, ...]] = {
    "pair": ("family", "model"),
    "augmented": ("family", "model"),
    "family": ("family",),
    "model": ("model",),
    "evaluation": (),
}
"""The columns that tell one part from another; they are put in front of what the maker gives."""


TAKEN = frozenset(
    (
        *("origin", "source", "real_train", "real_test", "encoder", "generator", "synthetic"),
        *("downstream", "report", "release", "synthetic_unused", "lineage", "origin_of"),
    )
)
"""Names of the other assets of a line and the other relations of the warehouse."""


@dataclass(frozen=True)
class ColumnCard:
    """One column: its name, the pandas type that it is stored with, and what it means."""

    name: str
    type: str
    meaning: str


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One place of the report where a table is shown.

    `section` is the id of a section; one that the page does not have yet is made, headed `title`.
    `views` and `sentences` name functions of (frame, report) that give tables ready for the page,
    and plain text. `nothing` is said where there are no views. Behind `folded` the views stand
    folded, where the section has shown something before.
    """

    section: str
    views: str = ""
    sentences: str = ""
    nothing: str = ""
    folded: str = ""
    title: str = ""


@dataclass(frozen=True, kw_only=True)
class TableCard:
    """All that is declared of one evaluation table.

    `keys` are the columns that tell one row from another. `columns` are all columns in the order
    in which they are stored, those of `LABELS[per]` first. `made_by` names the function that
    makes the table of one part, without the columns of `LABELS`. `released`: whether each release
    carries it (then it may hold means over real_test as a whole, and no statistic of few real
    rows); the custodian keeps all. `pictures` names a function of (frame, pictured) that
    draws it.
    """

    name: str
    description: str
    keys: tuple[str, ...]
    columns: tuple[ColumnCard, ...]
    per: Part
    made_by: str
    released: bool = False
    shown: tuple[Shown, ...] = ()
    pictures: str = ""

    def __post_init__(self) -> None:
        names = self.column_names
        if not self.name.isidentifier() or self.name in TAKEN:
            raise EvaluationError(
                f"card {self.name!r}: a table's name is letters, digits and '_', and none of {sorted(TAKEN)}, which are "
                "other assets and relations"
            )
        if tuple(names[: len(self.labels)]) != self.labels:
            raise EvaluationError(
                f"card {self.name!r}: a table made per {self.per} has the columns {self.labels} first, found {names}"
            )
        unknown = [key for key in self.keys if key not in names]
        if unknown or not self.keys:
            raise EvaluationError(
                f"card {self.name!r}: its keys must be some of its columns {names}, found {self.keys}"
            )
        if self.released and "family" not in names:
            raise EvaluationError(
                f"card {self.name!r}: a table that is released needs the column 'family', by which a family that is kept "
                "back is left out"
            )

    @property
    def kept_by(self) -> str:
        """Who has the table, in words."""
        return "the custodian, and each release" if self.released else "the custodian"

    @property
    def labels(self) -> tuple[str, ...]:
        """The columns that are put in front of what the maker gives."""
        return LABELS[self.per]

    @property
    def column_names(self) -> list[str]:
        """Names of all columns, in order."""
        return [column.name for column in self.columns]

    @property
    def made_columns(self) -> list[str]:
        """Names of the columns that the maker gives, in order."""
        return [name for name in self.column_names if name not in self.labels]

    @property
    def types(self) -> dict[str, str]:
        """By column, the pandas type that it is stored with."""
        return {column.name: column.type for column in self.columns}

    @property
    def made_types(self) -> dict[str, str]:
        """The same of what the maker gives."""
        return {name: kind for name, kind in self.types.items() if name not in self.labels}

    def no_rows(self) -> pd.DataFrame:
        """The table without rows, typed as it is with rows."""
        return no_rows(self.types)

    def require_columns(self, frame: pd.DataFrame) -> pd.DataFrame:
        """`frame`, whose columns must be those of the card; EvaluationError that names the
        differences.
        """
        found, declared = list(map(str, frame.columns)), self.column_names
        if found == declared:
            return frame
        missing = [name for name in declared if name not in found]
        unknown = [name for name in found if name not in declared]
        differs = (
            f"missing {missing}, not declared {unknown}"
            if missing or unknown
            else f"their order is {found}"
        )
        raise EvaluationError(
            f"table {self.name!r}: its columns are not those of its card: {differs}; mend the card or {self.made_by}"
        )


def named_function(reference: str) -> Any:
    """The function that `package.module:function` names; imported now, not when a card is read.

    EvaluationError where there is none.
    """
    module, _, name = reference.partition(":")
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise EvaluationError(
            f"a card names {reference!r}, which cannot be imported ({error}); it must be 'package.module:function'"
        ) from error
