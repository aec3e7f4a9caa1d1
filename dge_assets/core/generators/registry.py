"""Which families there are: this project's, and those that installed packages add.

A family of this project is a folder below `families` with a `card.py`; one of another package is an
entry point of the group `dge.families`, whose name is the family's and whose value a `FamilyCard`
or a function that gives one. A package's card is imported when its family is asked for and not
before, so one that is broken fails for those who use it alone. Not here: what a card says
(`card.py`), what a family does (`family.py`).
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

from dge_assets.core.errors import DeclarationError, GeneratorError
from dge_assets.core.generators import families
from dge_assets.core.generators.card import FamilyCard
from dge_assets.core.generators.card_checks import MEND, require_card, require_family
from dge_assets.core.generators.parameters import FamilyParameters

if TYPE_CHECKING:
    from dge_assets.core.generators.family import Family

GROUP = "dge.families"
"""The group of entry points by which other packages add families."""


@cache
def own_cards() -> dict[str, FamilyCard]:
    """The cards of this project by name, in alphabetical order."""
    folders = (found.name for found in pkgutil.iter_modules(families.__path__) if found.ispkg)
    modules = (importlib.import_module(f"{families.__name__}.{name}.card") for name in folders)
    return {module.CARD.name: module.CARD for module in modules}


@cache
def _added() -> dict[str, tuple[EntryPoint, ...]]:
    """The entry points of other packages by name; the same one listed twice counts once."""
    found: dict[str, dict[tuple[str, str], EntryPoint]] = {}
    for point in entry_points(group=GROUP):
        found.setdefault(point.name, {}).setdefault((_package(point), point.value), point)
    return {name: tuple(points.values()) for name, points in sorted(found.items())}


def look_again() -> None:
    """Forget which families were found, as after a package was installed into a running process."""
    own_cards.cache_clear()
    _added.cache_clear()
    _added_card.cache_clear()


def family_names() -> tuple[str, ...]:
    """The names that a declaration can use, this project's first; whether those of other packages
    work shows when they are asked for.
    """
    return (*own_cards(), *(name for name in _added() if name not in own_cards()))


def family_card(name: str) -> FamilyCard:
    """The card of a family.

    Raises DeclarationError for an unknown name, with the known ones, and for a package whose card
    cannot be used, with the package and what to do.
    """
    if name in own_cards():
        return own_cards()[name]
    if name not in _added():
        raise DeclarationError(
            f"unknown family {name!r}; allowed: {', '.join(family_names())}; other packages add families by the entry "
            f"point {GROUP!r}"
        )
    return _added_card(name)


def family_code(card: FamilyCard) -> Family:
    """The code behind a card, imported now; GeneratorError with what is wrong and what to do where
    there is none.
    """
    place = place_of(card.name)
    module, _, name = card.implementation.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except Exception as error:  # whatever a package's code raises is its own defect, told as such
        raise GeneratorError(
            f"{place}: its implementation {card.implementation!r} cannot be imported ({type(error).__name__}: {error}); "
            f"{MEND}"
        ) from error
    return require_family(found, card, place=place)


def place_of(name: str) -> str:
    """What errors call a family: `family 'trees' of package dge-trees 0.1`."""
    points = () if name in own_cards() else _added().get(name, ())
    packages = " and ".join(sorted(_package(point) for point in points))
    return f"family {name!r}" + (f" of package {packages}" if packages else "")


def package_versions(name: str) -> dict[str, str]:
    """The version of the package that a family is from, by the package's name; empty for families
    of this project and unknown ones.
    """
    points = () if name in own_cards() else _added().get(name, ())
    return {each.dist.name: each.dist.version for each in points if each.dist is not None}


def clashes() -> list[str]:
    """What is wrong with installed families and shows without importing any: names that two have.

    A name of this project's stays this project's.
    """
    return [
        f"{_package(point)} adds a family {name!r}, which is the name of one of this project's; that one is used: rename the "
        f"package's entry point and card, or uninstall it"
        for name in own_cards()
        for point in _added().get(name, ())
    ] + [
        _twice(name)
        for name, points in _added().items()
        if name not in own_cards() and len(points) > 1
    ]


def _twice(name: str) -> str:
    return f"{place_of(name)}: one name for two; uninstall all of these packages but one"


def _package(point: EntryPoint) -> str:
    return "unknown" if point.dist is None else f"{point.dist.name} {point.dist.version}"


@cache
def _added_card(name: str) -> FamilyCard:
    points = _added()[name]
    if len(points) > 1:
        raise DeclarationError(_twice(name))
    (point,) = points
    try:
        found = point.load()
        card = found() if callable(found) else found
    except Exception as error:  # whatever a package's code raises is its own defect, told as such
        raise DeclarationError(
            f"{place_of(name)} cannot be loaded ({type(error).__name__}: {error}); {MEND}"
        ) from error
    return require_card(card, name, taken=own_cards(), place=place_of(name))


def parameters_for(algorithm: str, given: dict[str, Any]) -> FamilyParameters:
    """The checked hyperparameters of a family.

    Raises DeclarationError for a family that is unknown or cannot be used, pydantic's
    ValidationError for a wrong hyperparameter.
    """
    return family_card(algorithm).parameters.model_validate(given)
