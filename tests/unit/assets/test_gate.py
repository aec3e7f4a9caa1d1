"""The gate stands on the checks whose cards say so, and on no other list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from dge_assets.assets.check_cards import CHECK_CARDS, ROUND_TRIP
from dge_assets.assets.gate import Passed, require_passed
from dge_assets.assets.line import Line
from dge_assets.assets.verdicts import keep_verdict
from dge_assets.checks import table_checks
from dge_assets.core.cards.check_card import CheckCard
from dge_assets.core.declaration.table import TableDeclaration
from dge_assets.core.errors import ReleaseError
from dge_resources.lake import Address
from dge_resources.records import Recorded, recorded
from dge_resources.storage import Storage
from tests.support.tables import recipe, tiny

TABLE, FAMILIES, SEEDS = "crash", ("ctgan", "tvae"), (0, 1)
PLAN = TableDeclaration.model_validate(
    {
        "table": TABLE,
        "source": {"type": "csv", "path": "crash.csv"},
        "contract": {"target": "dead"},
        "families": {family: {} for family in FAMILIES},
        "seeds": len(SEEDS),
    }
).plan("full")
GATING = [card for card in CHECK_CARDS if card.gates]


class Custodian:
    """A root with rows and datasets, whose checks have all passed but those named."""

    def __init__(self, root: Path, cards: tuple[CheckCard, ...] = CHECK_CARDS) -> None:
        self.storage = Storage(home=str(root))
        self.line = Line(PLAN, "", checks=cards)
        self.real = {name: self._kept(name) for name in ("source", "real_train", "real_test")}
        self.datasets = {
            (family, seed): self._kept("synthetic", family, seed)
            for family in FAMILIES
            for seed in SEEDS
        }

    def _kept(self, asset: str, family: str | None = None, seed: int | None = None) -> Recorded:
        item = recorded(
            tiny(20, seed=seed or 0), recipe(asset, family, seed, table=TABLE), run_id="r"
        )
        self.storage.lake.write(item)
        assert self.storage.lake.has(Address(TABLE, asset, family, seed))
        return item

    def check(self, card: CheckCard, *, passed: bool = True) -> None:
        """Keep what the check says of everything that it is about."""
        of_family: Mapping[str, list[Recorded]] = {
            family: [item for (name, _), item in self.datasets.items() if name == family]
            for family in FAMILIES
        }
        about = {
            "table": {"": list(self.real.values())},
            "family": of_family,
            "member": {f"{f}/{s:03d}": [item] for (f, s), item in self.datasets.items()},
        }[card.scope]
        for member, items in about.items():
            keep_verdict(
                self.line, self.storage, card, passed, "seen", items, member=member,
                measured={"p_value": 0.5 if passed else 0.0},
            )  # fmt: skip

    def ask(self) -> Passed:
        return require_passed(self.line, self.storage, self.datasets, self.real["real_train"])


@pytest.mark.parametrize("gating", GATING, ids=lambda card: f"{card.asset} {card.name}")
def test_a_check_whose_card_gates_keeps_a_release_back(gating: CheckCard, tmp_path: Path) -> None:
    shop = Custodian(tmp_path)
    for card in CHECK_CARDS:
        if card != gating:
            shop.check(card)
    place = gating.place("tvae" if gating.scope != "table" else "")
    with pytest.raises(ReleaseError, match=f"{place}: check {gating.name}.* was not run on what"):
        shop.ask()
    shop.check(gating, passed=False)
    with pytest.raises(ReleaseError) as refused:
        shop.ask()
    family = "" if gating.scope == "table" else "tvae"
    assert gating.remedy(PLAN, family) in str(refused.value)
    shop.check(gating)
    assert shop.ask().families == FAMILIES


def test_a_check_gates_as_soon_as_its_card_says_so(tmp_path: Path) -> None:
    """One word on the card, and no list anywhere else."""
    shop = Custodian(tmp_path / "as it is")
    for card in GATING:
        shop.check(card)
    shop.check(ROUND_TRIP, passed=False)
    counted = shop.ask().checks
    assert counted == sum(
        {"table": 1, "family": len(FAMILIES), "member": len(FAMILIES) * len(SEEDS)}[card.scope]
        for card in GATING
    )
    gates = replace(ROUND_TRIP, gates=True, subjects=("real_train",))
    strict = Custodian(tmp_path / "stricter", (*GATING, gates))
    for card in GATING:
        strict.check(card)
    strict.check(gates, passed=False)
    with pytest.raises(ReleaseError, match="crash/encoder: check round_trip failed: seen"):
        strict.ask()


def test_a_check_of_somebody_else_gates_too(tmp_path: Path) -> None:
    own = replace(
        ROUND_TRIP, name="no_secrets", asset="synthetic", scope="member", gates=True,
        remedy=lambda _plan, family: f"ask {family}'s author",
    )  # fmt: skip
    shop = Custodian(tmp_path, (*CHECK_CARDS, own))
    for card in CHECK_CARDS:
        shop.check(card)
    with pytest.raises(ReleaseError, match="check no_secrets on ctgan/000 was not run"):
        shop.ask()
    shop.check(own, passed=False)
    with pytest.raises(
        ReleaseError, match="tvae seeds 000, 001 of 2, no_secrets: ask tvae's author"
    ):
        shop.ask()
    shop.check(own)
    assert shop.ask().families == FAMILIES


def make_own_check(line: Line, card: CheckCard, family: str) -> dg.AssetChecksDefinition:
    """A check that finds nothing."""

    @dg.asset_check(asset=line.key(card.asset, family), name=card.name, blocking=card.blocking)
    def own() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=True)

    return own


def test_a_check_is_added_by_its_function_and_its_card() -> None:
    own = replace(
        ROUND_TRIP, name="no_secrets", asset="synthetic", scope="family",
        made_by=f"{__name__}:make_own_check",
    )  # fmt: skip
    line = Line(PLAN, "", checks=(*CHECK_CARDS, own))
    keys = {key for check in table_checks(line) for key in check.check_keys}
    added = {(f"{TABLE}/{family}/synthetic", "no_secrets") for family in FAMILIES}
    assert {(key.asset_key.to_user_string(), key.name) for key in keys} == added | {
        (f"{TABLE}/{card.place(family)}", card.name)
        for card in CHECK_CARDS
        for family in (FAMILIES if card.scope != "table" else ("",))
    }


def test_cards_tell_checks_apart_and_say_all_that_there_is_to_say() -> None:
    places = [(card.asset, card.name) for card in CHECK_CARDS]
    assert len(set(places)) == len(places)
    for card in CHECK_CARDS:
        assert card.description
        assert card.fails_when
        assert card.remedy(PLAN, "" if card.scope == "table" else "tvae")
        assert card.subjects or card.scope != "table" or not card.gates
