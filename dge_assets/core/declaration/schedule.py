"""What a declaration says of when the whole line runs by itself: a cron line and its time zone.

Here: the schema, light to load. Not here: what a cron line is (Dagster says it), the schedule
(`automation`).
"""

from __future__ import annotations

import zoneinfo

from pydantic import Field, ValidationInfo, field_validator

from dge_assets.core.contract.closed_model import ClosedModel
from dge_assets.core.contract.masking import found_words
from dge_assets.core.declaration.checks import checked

CRON_CHECK = "cron_check"
"""The key of pydantic's validation context under which a function stands that raises
DeclarationError for what is no cron line. Dagster says what it runs by, and may not be imported
here."""


class ScheduleDeclaration(ClosedModel):
    """When the whole line runs by itself; stopped until somebody starts it."""

    cron: str = Field(description="five fields: minute hour day month weekday")
    timezone: str = Field("UTC", description="IANA name of the zone that the fields are in")

    @field_validator("cron")
    @classmethod
    def _cron_line(cls, cron: str, information: ValidationInfo) -> str:
        return checked(cron, CRON_CHECK, information)

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, name: str) -> str:
        if name not in zoneinfo.available_timezones():
            raise ValueError(
                f"{found_words(name)} is not a time zone; IANA names are allowed, such as 'Europe/Berlin' or 'UTC'"
            )
        return name
