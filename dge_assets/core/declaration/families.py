"""Families in a declaration: which algorithm, its hyperparameters, how many members.

Here: the schema of one family. Not here: which families there are (`generators.registry`), what a
profile makes of them (`table`).
"""

from __future__ import annotations

import re
from typing import Any

from pydantic import Field, ValidationError

from dge_assets.core.contract.closed_model import ClosedModel
from dge_assets.core.contract.masking import found_words, shown_name
from dge_assets.core.declaration.mistakes import error_lines
from dge_assets.core.errors import DeclarationError
from dge_assets.core.generators.card import FamilyCard
from dge_assets.core.generators.parameters import FamilyParameters
from dge_assets.core.generators.registry import family_card, family_names, own_cards

MOST_SEEDS = 1000
"""Partition keys have three digits."""
NAME = re.compile(r"[a-z][a-z0-9_]*")
"""Names of tables and families."""
_TAKEN_FAMILY_NAMES = (
    "source", "origin", "real_train", "real_test", "evaluation", "report", "release", "encoder", "generator", "synthetic",
    "downstream",
)  # fmt: skip


class FamilyDeclaration(ClosedModel):
    """A family: an algorithm, its hyperparameters, and how many members it has."""

    algorithm: str
    parameters: FamilyParameters
    seeds: int | None = Field(
        None, ge=1, le=MOST_SEEDS, strict=True, description="its K, if not the table's"
    )

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: Any, _handler: Any) -> dict[str, Any]:
        """What people write (editors and `dg check yaml` read this): hyperparameters, and the
        algorithm and the number of members if they differ.
        """
        properties: dict[str, Any] = {
            "algorithm": {"enum": list(family_names())},
            "seeds": {"type": "integer", "minimum": 1, "maximum": MOST_SEEDS},
        }
        for card in own_cards().values():
            properties |= card.parameters.model_json_schema()["properties"]
        # What other packages' families have besides is known once they are asked for by name.
        others = len(family_names()) > len(own_cards())
        return {
            "type": ["object", "null"],
            "properties": properties,
            "additionalProperties": others,
        }

    @property
    def card(self) -> FamilyCard:
        """The card of the algorithm."""
        return family_card(self.algorithm)


def family_declaration(name: str, given: Any) -> Any:
    """What is written below the family `name`, checked; ValueError with each mistake."""
    if isinstance(given, FamilyDeclaration):
        return given
    if not isinstance(given, dict | None):
        raise ValueError(  # noqa: TRY004 (pydantic wants ValueError)
            f"{shown_name(name)}: hyperparameters are a mapping, found {found_words(given)}; write `{name}: {{}}` for defaults"
        )
    if not NAME.fullmatch(name) or name in _TAKEN_FAMILY_NAMES:
        raise ValueError(
            f"{found_words(name)} is not a usable family name: lower-case letters, digits and _, and not a stage's"
        )
    stated = dict(given or {})
    algorithm, seeds = str(stated.pop("algorithm", name)), stated.pop("seeds", None)
    if algorithm not in family_names():
        raise ValueError(
            f"unknown family {found_words(name)} (algorithm {found_words(algorithm)}); allowed: {', '.join(family_names())}"
        )
    try:
        card = family_card(algorithm)
    except DeclarationError as error:  # of a package whose card cannot be used
        raise ValueError(str(error)) from None
    try:
        parameters = card.parameters.model_validate(stated)
        return FamilyDeclaration(algorithm=algorithm, parameters=parameters, seeds=seeds)
    except ValidationError as error:
        lines = error_lines(error)
    raise ValueError(
        "; ".join(f"{name}.{line}" for line in lines)
    )  # no cause: pydantic's message quotes what it found
