"""Whether a family keeps to its interface: checks that every family passes and its author can run.

    from dge_assets.testing import check_family, family_checks

    check_family("trees")  # all checks; one error that lists those that fail

    @pytest.mark.parametrize("check", family_checks("trees", {"trees": 3}), ids=str)
    def test_trees_keep_to_the_interface(check):
        check()

Here: what shows by training tiny members, and nothing about how good they are. Not here: what shows
by looking at a card (`core.generators.card_checks`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dge_assets.core.generators.card import FamilyCard
from dge_assets.core.generators.registry import family_card, place_of
from dge_assets.testing import determinism, interface, sampling, tables_of_all_sorts
from dge_assets.testing.subject import FamilyFault, Subject, require

__all__ = ["FamilyCheck", "FamilyFault", "check_family", "family_checks"]

_EVERY_FAMILY: tuple[Callable[[Subject], None], ...] = (
    interface.card_is_complete,
    interface.progress_is_told,
    interface.effort_is_told,
    interface.history_has_a_row_per_step,
    interface.state_cannot_run_code,
    determinism.same_seed_gives_the_same_bytes,
    determinism.another_seed_gives_another_member,
    determinism.company_changes_nothing,
    determinism.global_random_state_is_left_alone,
    determinism.rows_of_a_seed_are_all_that_it_learns_from,
    sampling.rows_depend_on_the_seed_alone,
    sampling.chunks_are_what_is_drawn_at_once,
    sampling.any_number_of_rows_can_be_drawn,
    sampling.stored_members_draw_the_same_rows,
    tables_of_all_sorts.every_kind_with_gaps,
    tables_of_all_sorts.one_column,
    tables_of_all_sorts.few_rows,
    tables_of_all_sorts.one_category,
)
_WHERE_THE_CARD_SAYS_SO: dict[str, tuple[Callable[[Subject], None], ...]] = {
    "resumes": (determinism.a_killed_training_goes_on,),
    "conditions": (sampling.conditions_hold_in_every_row,),
}


@dataclass(frozen=True)
class FamilyCheck:
    """One check of one family; call it, and it raises FamilyFault with what is wrong."""

    name: str
    run: Callable[[Subject], None]
    subject: Subject

    def __call__(self) -> None:
        """Run it."""
        self.run(self.subject)

    def __str__(self) -> str:
        return self.name


def family_checks(
    family: str | FamilyCard, parameters: Mapping[str, Any] | None = None
) -> list[FamilyCheck]:
    """The checks that apply to a family, by what its card says of it.

    family: a card, or the name of one that is found. parameters: hyperparameters that train in a
    moment; the card's trial effort where its own is left out. Raises DeclarationError for an unknown
    name and pydantic's ValidationError for wrong hyperparameters.
    """
    card = family_card(family) if isinstance(family, str) else family
    subject = Subject.of(card, parameters or {})
    claimed = [
        check
        for ability, checks in _WHERE_THE_CARD_SAYS_SO.items()
        if getattr(card.abilities, ability)
        for check in checks
    ]
    return [FamilyCheck(run.__name__, run, subject) for run in (*_EVERY_FAMILY, *claimed)]


def check_family(family: str | FamilyCard, parameters: Mapping[str, Any] | None = None) -> None:
    """Run every check that applies to a family (see `family_checks`); FamilyFault with all that
    fail.
    """
    checks = family_checks(family, parameters)
    faults = [text for check in checks for text in _faults(check)]
    require(
        not faults,
        f"{place_of(checks[0].subject.card.name)} fails {len(faults)} of {len(checks)} checks:\n"
        + "\n".join(faults),
    )


def _faults(check: FamilyCheck) -> list[str]:
    try:
        check()
    except Exception as error:  # whatever a family raises is a fault of its own
        kind = "" if isinstance(error, FamilyFault) else f"{type(error).__name__}: "
        return [f"- {check}: {kind}{error}"]
    return []
