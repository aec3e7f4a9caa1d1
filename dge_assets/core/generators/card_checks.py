"""Whether a card and the code behind it keep to the interface: what a package must be told of its
family before anything of it is used.

Here: what shows by looking. Not here: what shows by training (`dge_assets.testing`).
"""

from __future__ import annotations

import re
import typing
from collections.abc import Container, Iterator
from typing import TYPE_CHECKING, Any

from dge_assets.core.errors import DeclarationError, GeneratorError
from dge_assets.core.generators.card import LEARNABLE_KINDS, Abilities, FamilyCard, Form
from dge_assets.core.generators.effort import EffortUnit
from dge_assets.core.generators.parameters import FamilyParameters

if TYPE_CHECKING:
    from dge_assets.core.generators.family import Family

_IMPLEMENTATION = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
MEND = "mend or uninstall the package, or use another family"


def require_card(found: Any, name: str, *, taken: Container[str], place: str) -> FamilyCard:
    """`found` as the card of the family `name`; DeclarationError with `place` and all its mistakes
    otherwise.

    taken: names that belong to other families.
    """
    if not isinstance(found, FamilyCard):
        raise DeclarationError(
            f"{place}: its entry point gives {type(found).__name__} where a FamilyCard, or a function without arguments that "
            f"gives one, is needed; {MEND}"
        )
    mistakes = [*_name_mistakes(found, name, taken), *card_mistakes(found)]
    if mistakes:
        raise DeclarationError(f"{place}: its card is wrong: {'; '.join(mistakes)}; {MEND}")
    return found


def _name_mistakes(card: FamilyCard, name: str, taken: Container[str]) -> Iterator[str]:
    if card.name != name:
        why = ", which is the name of another family" if card.name in taken else ""
        yield f"name is {card.name!r}{why}, its entry point's is {name!r}: both must be the same"


def card_mistakes(card: Any) -> list[str]:
    """What is wrong with a FamilyCard, each as a sentence; empty where nothing is.

    Its fields may hold anything, as nothing but its author's type checker has looked at them.
    """
    mistakes = [
        *(
            f"{field} is {getattr(card, field)!r}, a text is needed"
            for field in ("licence", "source", "library")
            if not (isinstance(getattr(card, field), str) and getattr(card, field).strip())
        ),
        *_choice_mistakes(card),
    ]
    if not (isinstance(card.parameters, type) and issubclass(card.parameters, FamilyParameters)):
        return [*mistakes, f"parameters is {card.parameters!r}, a FamilyParameters class is needed"]
    return [*mistakes, *_parameter_mistakes(card.parameters, card.effort)]


def _choice_mistakes(card: Any) -> Iterator[str]:
    if not (
        isinstance(card.implementation, str) and _IMPLEMENTATION.fullmatch(card.implementation)
    ):
        yield f"implementation is {card.implementation!r}, 'package.module:NAME' is needed"
    if card.learns not in typing.get_args(Form):
        yield f"learns is {card.learns!r}, allowed: {', '.join(typing.get_args(Form))}"
    if not isinstance(card.abilities, Abilities):
        yield f"abilities is {card.abilities!r}, Abilities are needed"
    elif not card.abilities.kinds or not card.abilities.kinds <= LEARNABLE_KINDS:
        yield (
            f"abilities.kinds is {sorted(card.abilities.kinds)}, allowed: {', '.join(sorted(LEARNABLE_KINDS))}"
        )


def _parameter_mistakes(
    parameters: type[FamilyParameters], effort: EffortUnit | None
) -> Iterator[str]:
    required = [name for name, field in parameters.model_fields.items() if field.is_required()]
    if required:
        yield f"hyperparameters without a default: {', '.join(required)}"
    taken = sorted({"algorithm", "seeds"} & set(parameters.model_fields))
    if taken:
        yield f"hyperparameters {', '.join(taken)}: a declaration has these words for every family"
    unknown = sorted(set(parameters.SAMPLING) - set(parameters.model_fields))
    if unknown:
        yield f"SAMPLING names {', '.join(unknown)}, which are not hyperparameters"
    if effort is None or required:
        return
    declared = getattr(parameters(), effort.parameter, None)
    if not isinstance(declared, int) or declared < 1 or effort.trial < 1:
        yield (
            f"effort counts {effort.name} by the hyperparameter {effort.parameter!r}, which must be there with a positive "
            f"integer as its default"
        )


def require_family(found: Any, card: FamilyCard, *, place: str) -> Family:
    """`found` as a family's code; GeneratorError with `place` and what it lacks otherwise."""
    lacking = [name for name in ("fit", "sampler") if not callable(getattr(found, name, None))]
    if isinstance(found, type) or lacking:
        what = "a class: give an instance" if isinstance(found, type) else f"without {lacking}"
        raise GeneratorError(
            f"{place}: its implementation {card.implementation!r} is {what}; a Family has the methods fit and sampler "
            f"(dge_assets.core.generators.family); {MEND}"
        )
    family: Family = found
    return family
