"""This project's families keep to the interface that every family has."""

from __future__ import annotations

import pytest

from dge_assets.core.generators.registry import own_cards
from dge_assets.testing import FamilyCheck, family_checks
from tests.unit.conftest import SMALL


def quick(family: str) -> dict[str, object]:
    """Hyperparameters that train in a moment, and can be interrupted."""
    return {**SMALL[family], "epochs": 3} if family in SMALL else {}


@pytest.mark.parametrize(
    "check",
    [check for family in own_cards() for check in family_checks(family, quick(family))],
    ids=lambda check: f"{check.subject.card.name} {check}",
)
def test_a_family_keeps_to_the_interface(check: FamilyCheck) -> None:
    check()
