"""The base of everything that people write in a declaration: frozen, closed, with errors that help."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from dge_assets.core.contract.masking import shown_name

QUOTE_IT = "an unquoted yes, no, on, off, true or false of YAML is a truth value: put it in quotes, such as 'no'"


def _named(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError(  # noqa: TRY004
            f"found the truth value {str(value).lower()} where a name is needed; {QUOTE_IT}"
        )
    return value


ColumnName = Annotated[str, Field(min_length=1), BeforeValidator(_named)]
"""A column's name; YAML makes truth values of some words, which then are told as what they are."""


class ClosedModel(BaseModel):
    """A frozen model whose errors for unknown fields list the allowed ones."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _known_fields_only(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        allowed = list(cls.model_fields)
        for name in data:
            if name not in allowed:
                near = difflib.get_close_matches(str(name), allowed, n=1)
                hint = f"did you mean {near[0]!r}? " if near else ""
                raise ValueError(
                    f"unknown field {shown_name(name)!r}; {hint}allowed: {', '.join(allowed)}"
                )
        return data


def require_type(*types: str) -> Callable[[Any], Any]:
    """Give a validator that refuses a mapping whose `type` is none of `types`, before pydantic
    does.

    Pydantic's message quotes the type that it found, and by mistake a URL with its password may
    stand there.
    """

    def validate(given: Any) -> Any:
        if isinstance(given, dict) and "type" in given and given["type"] not in types:
            raise ValueError(f"type: unknown; allowed: {', '.join(map(repr, types))}")
        return given

    return validate
