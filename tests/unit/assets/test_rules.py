"""Rules of verdicts: one given under other thresholds counts only where the present ones would give
the same.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from dge_assets.assets.check_cards import NO_COPIES, SYNTHETIC_CONTRACT
from dge_assets.assets.rules import difference, still_counts, thresholds_of
from dge_assets.core.declaration.table import TableDeclaration
from dge_resources.verdicts import Verdict

CONTRACT = {"code_version": "1", "range_share": 0.0, "constraint_share": 0.05}
COPIES = {"code_version": "1", "alpha": 0.002}


def verdict(rule: dict[str, object], *, passed: bool = True, **measured: float) -> Verdict:
    return Verdict(
        table="crash", asset="synthetic", check="contract", member="ctgan/003", passed=passed, severity="ERROR",
        summary="", subjects=("a",), rule=rule, measured=measured,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "passed", "counts"),
    [
        (0.05, True, True),
        (0.05, False, True),
        (0.99, True, False),
        (0.99, False, True),
        (0.01, True, True),
        (0.01, False, False),
    ],
)
def test_what_passed_under_a_looser_threshold_has_to_be_looked_at_again(
    given: float, passed: bool, counts: bool
) -> None:
    assert (
        still_counts(
            verdict({**CONTRACT, "constraint_share": given}, passed=passed),
            SYNTHETIC_CONTRACT,
            CONTRACT,
        )
        is counts
    )


@pytest.mark.parametrize(("p_value", "passed"), [(0.5, True), (0.001, False)])
def test_a_kept_p_value_answers_for_every_level(p_value: float, passed: bool) -> None:
    """K may be raised or lowered, which shares the level among more members or fewer."""
    given = verdict({**COPIES, "alpha": 0.01}, passed=passed, p_value=p_value)
    assert still_counts(given, NO_COPIES, COPIES)
    assert not still_counts(given, NO_COPIES, {**COPIES, "alpha": 0.9 if passed else 0.0001})


def test_another_code_version_other_thresholds_and_none_at_all_do_not_count() -> None:
    for rule in (
        {},
        {**CONTRACT, "code_version": "0"},
        {"code_version": "1"},
        {**CONTRACT, "new": 1},
    ):
        assert not still_counts(verdict(rule), SYNTHETIC_CONTRACT, CONTRACT)


def test_the_difference_is_told() -> None:
    assert (
        difference({**CONTRACT, "constraint_share": 0.99}, CONTRACT)
        == "constraint_share 0.99, now 0.05"
    )
    assert difference({}, COPIES) == "unknown, now code_version 1, alpha 0.002"
    assert replace(verdict(CONTRACT), passed=False).rule == CONTRACT


def test_the_level_of_copies_is_shared_among_the_familys_own_members() -> None:
    """A family of many members beside it makes no other family's test weaker."""
    declaration = {
        "table": "t",
        "source": {"type": "csv", "path": "t.csv"},
        "contract": {"target": "y"},
        "families": {"tvae": {}, "ctgan": {"seeds": 20}},
        "seeds": 5,
        "thresholds": {"copies_alpha": 0.01},
    }
    plan = TableDeclaration.model_validate(declaration).plan("full")
    assert thresholds_of(plan, NO_COPIES, "tvae") == {"alpha": 0.01 / 5}
    assert thresholds_of(plan, NO_COPIES, "ctgan") == {"alpha": 0.01 / 20}
