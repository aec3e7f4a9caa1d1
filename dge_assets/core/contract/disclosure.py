"""What a declaration says of disclosure: how many rows must share what is disclosed of a column, and
what may be told at all.

Here: the words of `disclosure` in a `defs.yaml`, and what they come to for one column. Not here:
acting on them (`disclosure.py`, `personal_data.py`). This module stays light, because declarations
are loaded each time the code location is.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveInt

from dge_assets.core.contract.closed_model import ClosedModel

FEWEST = 10
"""Default of `fewest`."""
SENSITIVE_FACTOR = 2
"""A sensitive column needs so many times as many rows, unless its own number is declared."""

RareLevels = Literal["pool", "error"]
PersonalData = Literal["email", "url", "phone", "iban", "card", "national_id", "ip", "name"]


class ColumnDisclosure(ClosedModel):
    """What holds for one column instead of what holds for the table."""

    fewest: PositiveInt | None = Field(
        None, description="rows of real_train that must share what is disclosed"
    )
    rare_levels: RareLevels | None = Field(
        None, description="pool levels of fewer rows, or refuse the table"
    )
    allow: tuple[PersonalData, ...] = Field(
        (), description="personal data that the column may be modelled with"
    )


class DisclosureDeclaration(ClosedModel):
    """What a release may give away: nothing that fewer than `fewest` rows share."""

    fewest: PositiveInt = Field(
        FEWEST, description="rows of real_train that must share what is disclosed of a column"
    )
    rare_levels: RareLevels = Field(
        "pool", description="pool levels of fewer rows, or refuse the table"
    )
    columns: dict[str, ColumnDisclosure] = Field(default_factory=dict, description="by column name")

    def fewest_of(self, name: str, *, sensitive: bool) -> int:
        """How many rows must share what is told of the column `name`."""
        stated = self._of(name).fewest
        return stated or self.fewest * (SENSITIVE_FACTOR if sensitive else 1)

    def rare_levels_of(self, name: str) -> RareLevels:
        """What to do with the rare levels of the column `name`."""
        return self._of(name).rare_levels or self.rare_levels

    def allowed(self, name: str) -> tuple[PersonalData, ...]:
        """The kinds of personal data that the column `name` may be modelled with."""
        return self._of(name).allow

    def _of(self, name: str) -> ColumnDisclosure:
        return self.columns.get(name, ColumnDisclosure())
