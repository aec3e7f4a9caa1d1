"""The conformance suite finds what is wrong with a family, and passes one of another package."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dge_assets.core.errors import DeclarationError, GeneratorError
from dge_assets.core.generators.card import Abilities, FamilyCard
from dge_assets.core.generators.effort import Effort
from dge_assets.core.generators.family import Fitted, GeneratorState, Sampling, Training
from dge_assets.core.generators.registry import look_again
from dge_assets.core.progress import Progress
from dge_assets.testing import FamilyFault, check_family, family_checks
from dge_assets.testing.subject import Subject
from dge_assets.testing.tables import small
from tests.support.plugins import MARGINALS


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Iterator[FamilyCard]:
    """The card of the package in `tests/plugins`, from its source."""
    monkeypatch.syspath_prepend(str(MARGINALS))
    import dge_family_marginals

    yield dge_family_marginals.CARD
    monkeypatch.undo()
    look_again()


def test_a_family_of_another_package_passes(card: FamilyCard) -> None:
    check_family(card, {"share": 0.8})
    names = [str(check) for check in family_checks(card)]
    assert "conditions_hold_in_every_row" in names
    assert "a_killed_training_goes_on" not in names, "it does not say that it resumes"


def test_an_unknown_family_is_told() -> None:
    with pytest.raises(DeclarationError, match="unknown family 'forest'"):
        check_family("forest")


class _Faulty:
    """`marginals` with a fault in what it gives."""

    def __init__(self, **faults: Any) -> None:
        self.faults = faults

    def fit(self, training: Training, progress: Progress) -> Iterator[tuple[int, Fitted]]:
        from dge_family_marginals.family import FAMILY

        changed = replace(training, **self.faults.get("training", {}))
        told = (lambda *_: None) if "silent" in self.faults else progress
        for seed, fitted in FAMILY.fit(changed, told):
            state = self.faults.get("state", lambda state: state)(fitted.state)
            yield seed, replace(fitted, state=state, **self.faults.get("fitted", {}))

    def sampler(self, state: GeneratorState, sampling: Sampling) -> Any:
        from dge_family_marginals.family import FAMILY

        sampler = FAMILY.sampler(state, replace(sampling, **self.faults.get("sampling", {})))
        return self.faults["sampler"](sampler) if "sampler" in self.faults else sampler


class _Chunked:
    """Draws each chunk from the start of its stream."""

    def __init__(self, sampler: Any) -> None:
        self.sampler = sampler

    def chunks(self, rows: int, *, most: int) -> Iterator[pd.DataFrame]:
        for start in range(0, rows, most):
            again = replace(self.sampler.sampling, stream=np.random.SeedSequence(5))
            part = replace(self.sampler, sampling=again)
            yield from part.chunks(min(most, rows - start), most=most)


def _random_cells(state: GeneratorState) -> GeneratorState:
    cells = {name: np.random.permutation(values) for name, values in state.tensors.items()}
    return replace(state, tensors=cells)


def _objects(state: GeneratorState) -> GeneratorState:
    return replace(state, document={**state.document, "code": ("a", "tuple")})


class _NoisySampler(_Chunked):
    def chunks(self, rows: int, *, most: int) -> Iterator[pd.DataFrame]:
        for part in self.sampler.chunks(rows, most=most):
            yield part.iloc[:-1]


FAULTS: dict[str, tuple[_Faulty, str]] = {
    "draws from global random state": (_Faulty(state=_random_cells), "same_seed_gives_the_same"),
    "tells no progress": (_Faulty(silent=True), "progress was never called"),
    "tells another's effort": (
        _Faulty(fitted={"effort": Effort("trees", 3)}),
        "the card has no unit of effort, and 3 trees was reported",
    ),
    "has words in its history": (
        _Faulty(fitted={"history": pd.DataFrame({"step": [0, 1], "said": ["a", "b"]})}),
        "columns of the history that are no numbers: ['said']",
    ),
    "has a document that is no JSON": (_Faulty(state=_objects), "the document is no plain JSON"),
    "knows no seeds of its own rows": (_Faulty(training={"rows": {}}), "`rows` of a seed"),
    "draws each chunk anew": (_Faulty(sampler=_Chunked), "rows at a time gave another dataset"),
    "draws too few rows": (_Faulty(sampler=_NoisySampler), "drew 0 rows, asked for 1"),
    "leaves conditions alone": (
        _Faulty(sampling={"condition": {}}),
        "conditions_hold_in_every_row",
    ),
}
FAULTY = _Faulty()


@pytest.mark.parametrize(("faulty", "told"), FAULTS.values(), ids=FAULTS)
def test_what_is_wrong_with_a_family_is_found(
    card: FamilyCard, monkeypatch: pytest.MonkeyPatch, faulty: _Faulty, told: str
) -> None:
    monkeypatch.setattr(FAULTY, "faults", faulty.faults)
    with pytest.raises(FamilyFault) as caught:
        check_family(replace(card, implementation=f"{__name__}:FAULTY"))
    assert told in str(caught.value)


def test_a_claim_that_does_not_hold_is_found(card: FamilyCard) -> None:
    with pytest.raises(FamilyFault, match="one step cannot be interrupted"):
        check_family(replace(card, abilities=Abilities(resumes=True)))


@pytest.mark.parametrize(
    ("faults", "told"),
    [
        ({"state": lambda _state: None}, "failed (AttributeError"),
        ({"sampler": lambda _sampler: None}, "failed (AttributeError"),
        ({"sampler": _NoisySampler}, "drew 49 rows, asked for 50"),
        (
            {"state": lambda state: replace(state, document={"algorithm": "x"})},
            "names ['algorithm']",
        ),
        ({"training": {"seeds": (8,)}}, "gave the members [8] of [3]"),
    ],
)
def test_a_family_that_breaks_its_interface_in_work_is_told_by_name(
    card: FamilyCard, monkeypatch: pytest.MonkeyPatch, faults: dict[str, Any], told: str
) -> None:
    monkeypatch.setattr(FAULTY, "faults", faults)
    subject = Subject.of(replace(card, implementation=f"{__name__}:FAULTY"), {})
    with pytest.raises(GeneratorError) as caught:
        subject.rows(subject.member(small(card.abilities.kinds)), 50)
    assert "family 'marginals'" in str(caught.value)
    assert told in str(caught.value)


def test_columns_that_a_family_does_not_learn_are_named(card: FamilyCard) -> None:
    table = small(card.abilities.kinds)
    numbers = replace(card, abilities=Abilities(kinds=frozenset({"continuous", "integer"})))
    subject = Subject.of(numbers, {})
    with pytest.raises(
        GeneratorError, match=r"learns continuous, integer, and the table has 'gappy flag'"
    ):
        subject.member(table)
    check_family(numbers)


def test_a_condition_is_refused_for_a_family_that_has_none(card: FamilyCard) -> None:
    table = small(card.abilities.kinds)
    subject = Subject.of(replace(card, abilities=Abilities()), {})
    with pytest.raises(
        GeneratorError, match=r"draws no rows by a condition; leave \['integer'\] out"
    ):
        subject.rows(subject.member(table), 5, condition={"integer": 3})
