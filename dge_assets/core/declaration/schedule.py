"""What a declaration says of when the whole line runs by itself: a cron line and its time zone.

Here: the schema and its check, light to load. Not here: the schedule (`automation`).
"""

from __future__ import annotations

import re
import zoneinfo

from pydantic import Field, field_validator

from dge_assets.core.contract.closed_model import ClosedModel
from dge_assets.core.contract.masking import found_words

_CRON_FIELDS = (
    ("minute", 0, 59, ""),
    ("hour", 0, 23, ""),
    ("day", 1, 31, ""),
    ("month", 1, 12, "jan feb mar apr may jun jul aug sep oct nov dec"),
    ("weekday", 0, 7, "sun mon tue wed thu fri sat"),
)
_CRON_ITEM = re.compile(r"(?:\*|(\w+)(?:-(\w+))?)(?:/([1-9]\d*))?")


def _is_cron_item(item: str, low: int, high: int, words: str) -> bool:
    found = _CRON_ITEM.fullmatch(item.lower())
    ends = [end for end in found.groups()[:2] if end is not None] if found else []
    known = all(
        low <= int(end) <= high if end.isdecimal() else end in words.split() for end in ends
    )
    return found is not None and known


class ScheduleDeclaration(ClosedModel):
    """When the whole line runs by itself; stopped until somebody starts it."""

    cron: str = Field(description="five fields: minute hour day month weekday")
    timezone: str = Field("UTC", description="IANA name of the zone that the fields are in")

    @field_validator("cron")
    @classmethod
    def _five_fields(cls, cron: str) -> str:
        parts = cron.split()
        if len(parts) != 5:
            raise ValueError(
                f"{found_words(cron)} is not a cron line; five fields are needed, such as '0 3 * * *'"
            )
        for part, (name, low, high, words) in zip(parts, _CRON_FIELDS, strict=True):
            if not all(_is_cron_item(item, low, high, words) for item in part.split(",")):
                raise ValueError(
                    f"{found_words(cron)} is not a cron line; {name}: found {found_words(part)}, allowed are *, {low} to {high}"
                    f"{' or ' + words if words else ''}, ranges (1-5), steps (*/2) and lists of these (1,3)"
                )
        return cron

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, name: str) -> str:
        if name not in zoneinfo.available_timezones():
            raise ValueError(
                f"{found_words(name)} is not a time zone; IANA names are allowed, such as 'Europe/Berlin' or 'UTC'"
            )
        return name
