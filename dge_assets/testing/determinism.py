"""Checks that a member is decided by its table, name, seed, hyperparameters and rows alone."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

import numpy as np

from dge_assets.core.generators.family import Arrays, Training
from dge_assets.core.generators.members import fit_members
from dge_assets.core.generators.state_files import to_files
from dge_assets.testing.subject import SEED, Subject, differing, require, same_arrays
from dge_assets.testing.tables import TinyTable, small


def _small(subject: Subject) -> TinyTable:
    return small(subject.card.abilities.kinds)


def same_seed_gives_the_same_bytes(subject: Subject) -> None:
    """The same seed gives the same files, byte by byte."""
    table = _small(subject)
    found = differing(subject.files(table), subject.files(table))
    require(not found, f"the same seed twice gave other {found}")


def another_seed_gives_another_member(subject: Subject) -> None:
    """Another seed, table's name or family's name gives other rows."""
    table = _small(subject)
    first = subject.rows(subject.member(table), 60)
    other = subject.member(table, SEED + 1)
    require(
        not subject.rows(other, 60, seed=SEED + 1).equals(first), "two seeds gave the same rows"
    )


def company_changes_nothing(subject: Subject) -> None:
    """A member is the same alone and among others, in whichever order; to rounding where the card
    says that members are trained as one program.
    """
    table = _small(subject)
    alone = subject.member(table)
    companies: tuple[tuple[int, ...], ...] = ((SEED, SEED + 2), (SEED + 2, SEED))
    for seeds in companies:
        found = subject.fit(subject.training(table, *seeds))
        require(tuple(found) == seeds, f"asked for {seeds}, given {tuple(found)}")
        among = found[SEED].state.tensors
        to_rounding = subject.card.abilities.stacks
        require(
            same_arrays(alone.state.tensors, among, to_rounding=to_rounding),
            f"seed {SEED} is another member among {seeds}",
        )


def global_random_state_is_left_alone(subject: Subject) -> None:
    """Global random state neither decides a member nor is changed."""
    table, kept = _small(subject), np.random.get_state()
    try:
        first = subject.files(table)
        np.random.seed(99)
        before = _global_state()
        found = differing(first, subject.files(table))
        require(not found, f"numpy's global random state decides {found}")
        after = _global_state()
        require(after == before, "numpy's global random state was changed")
    finally:
        np.random.set_state(kept)


def _global_state() -> list[int]:
    """Where numpy's global random state stands."""
    state: dict[str, Any] = np.random.get_state(legacy=False)
    return [*state["state"]["key"].tolist(), state["state"]["pos"]]


def rows_of_a_seed_are_all_that_it_learns_from(subject: Subject) -> None:
    """A seed with rows of its own gives the member that a table of these rows gives."""
    table = _small(subject)
    places = np.arange(0, len(table.frame), 2)
    training = subject.training(table)
    told = subject.fit(subject.training(table, rows={SEED: places}))[SEED]
    alone = subject.fit(_of_rows(training, places))[SEED]
    found = differing(to_files(told), to_files(alone))
    require(not found, f"`rows` of a seed, and a table of these rows, give other {found}")
    require(to_files(told) != subject.files(table), "`rows` of a seed changed nothing")


def _of_rows(training: Training, places: Any) -> Training:
    if training.encoded is not None:
        return replace(training, encoded=training.encoded.take(places))
    assert training.modelled is not None
    return replace(training, modelled=training.modelled.take(places).reset_index(drop=True))


class _KilledError(Exception):
    """What a killed process looks like from inside."""


class _Kept:
    """Checkpoints in memory, as bytes."""

    def __init__(self) -> None:
        self.states: dict[int, bytes] = {}

    def load(self, seed: int) -> Arrays | None:
        """See `Checkpoints.load`."""
        from safetensors.numpy import load

        found: Arrays | None = load(self.states[seed]) if seed in self.states else None
        return found

    def save(self, seed: int, state: Arrays) -> None:
        """See `Checkpoints.save`."""
        from safetensors.numpy import save

        self.states[seed] = save(state)


def a_killed_training_goes_on(subject: Subject) -> None:
    """A training that is killed goes on from its checkpoint and ends at the same bytes."""
    table, kept, steps = _small(subject), _Kept(), list[int]()
    subject.fit(subject.training(table), lambda done, _of: steps.append(done))
    require(len(steps) > 1, "one step cannot be interrupted: check it with more effort")
    middle = steps[(len(steps) - 1) // 2]

    def killing(done: int, _of: int) -> None:
        if done == middle:
            raise _KilledError

    training = subject.training(table, checkpoints=kept, checkpoint_seconds=0.0)
    with contextlib.suppress(_KilledError):
        fit_members(subject.card, training, killing)
    require(SEED in kept.states, "the card says `resumes`, and no checkpoint was kept")
    again: list[int] = []
    member = fit_members(subject.card, training, lambda done, _of: again.append(done))[SEED]
    found = differing(to_files(member), subject.files(table))
    require(not found, f"a training that went on gave other {found}")
    require(len(again) < len(steps), f"it began anew: steps {again} after a kill at {middle}")
