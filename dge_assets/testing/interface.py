"""Checks of what a family tells: its card, progress, effort, history, and a state that is plain
data.
"""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from dge_assets.core.generators.card_checks import card_mistakes
from dge_assets.core.generators.effort import Effort
from dge_assets.core.generators.registry import family_code
from dge_assets.core.generators.state_files import from_files, to_files
from dge_assets.testing.subject import SEED, Subject, differing, require
from dge_assets.testing.tables import small


def card_is_complete(subject: Subject) -> None:
    """The card holds what it must, its code can be imported, each hyperparameter is described."""
    card = subject.card
    mistakes = card_mistakes(card)
    require(not mistakes, "; ".join(mistakes))
    family_code(card)
    silent = [n for n, field in card.parameters.model_fields.items() if not field.description]
    require(not silent, f"hyperparameters without a description: {silent}")


def progress_is_told(subject: Subject) -> None:
    """`progress` is called with growing steps of one whole, and at the end with all of them."""
    seen: list[tuple[int, int]] = []
    subject.fit(
        subject.training(small(subject.card.abilities.kinds)), lambda *step: seen.append(step)
    )
    require(bool(seen), "progress was never called")
    wholes, steps = {of for _, of in seen}, [done for done, _ in seen]
    require(len(wholes) == 1, f"the whole changed: {sorted(wholes)}")
    require(steps == sorted(steps) and steps[0] >= 0, f"steps go back: {steps}")
    require(steps[-1] == seen[-1][1], f"the end was not reported: {seen[-1]}")


def effort_is_told(subject: Subject) -> None:
    """What was spent is told in the card's unit, and is no more than was asked for."""
    card, told = subject.card, subject.member(small(subject.card.abilities.kinds)).effort
    asked = card.effort_of(subject.parameters)
    if asked is None:
        require(told is None, f"the card has no unit of effort, and {told} was reported")
        return
    require(told is not None and told.unit == asked.unit, f"asked for {asked}, told {told}")
    assert told is not None
    require(0 < told.amount <= asked.amount, f"asked for {asked}, told {told}")
    least = Subject(card, card.limited(subject.parameters, 1))
    spent = least.member(small(card.abilities.kinds)).effort
    require(spent == Effort(asked.unit, 1), f"limited to 1 {asked.unit}, told {spent}")


def history_has_a_row_per_step(subject: Subject) -> None:
    """The history is empty, or its first column counts steps and the others are numbers."""
    history = subject.member(small(subject.card.abilities.kinds)).history
    if history.empty:
        return
    steps = history.iloc[:, 0]
    require(steps.is_monotonic_increasing and steps.is_unique, f"steps do not grow: {list(steps)}")
    words = [name for name in history if not pd.api.types.is_numeric_dtype(history[name])]
    require(not words, f"columns of the history that are no numbers: {words}")


def state_cannot_run_code(subject: Subject) -> None:
    """The state is arrays of numbers and plain JSON, and comes back from its files as it was."""
    member = subject.member(small(subject.card.abilities.kinds))
    for name, values in member.state.tensors.items():
        plain = isinstance(values, np.ndarray) and values.dtype.kind in "fiub"
        require(plain, f"array {name!r} is {getattr(values, 'dtype', type(values))}, no numbers")
    document = json.loads(json.dumps(member.state.document))
    require(
        document == member.state.document, "the document is no plain JSON: it comes back as another"
    )
    files = to_files(member)
    again = to_files(from_files(files, place=f"checked/{subject.card.name}/generator[{SEED:03d}]"))
    require(again == files, f"files that do not come back: {differing(files, again)}")
