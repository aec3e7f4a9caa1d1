"""Training and sampling members, of whichever family.

These are the functions that `Compute` runs in worker processes; what they are asked and what they
give is plain and picklable. A training may have several seeds: they may then be trained as one
program, which pays on a GPU.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from dge_assets.core.contract.contract import Level
from dge_assets.core.errors import DgeError, GeneratorError
from dge_assets.core.generators.card import FamilyCard
from dge_assets.core.generators.effort import Effort
from dge_assets.core.generators.encoding.modelling_frame import modelled_condition
from dge_assets.core.generators.encoding.table_encoder import TableEncoder
from dge_assets.core.generators.family import (
    Fitted,
    GeneratorState,
    Sampling,
    Training,
)
from dge_assets.core.generators.registry import family_card, family_code, own_cards, place_of
from dge_assets.core.progress import Progress
from dge_assets.core.randomness import seed_sequence
from dge_assets.core.threads import one_thread

ROWS_AT_A_TIME = 50_000
"""Rows that are sampled and decoded together."""
RESERVED = ("algorithm", "parameters", "transformer")
"""What a generator's document says of every member; a family's own names are beside these."""

TELL = "tell its author, or use another family"


@dataclass(frozen=True)
class TrainedMember:
    """A member's generator as plain data, what its training told, and what the codec had to say.

    `history` has a row per step, its first column counts them; empty for families without steps.
    """

    state: GeneratorState
    codec: dict[str, Any]
    history: pd.DataFrame
    effort: Effort | None
    notes: list[str]


def train_members(training: Training, progress: Progress) -> dict[int, TrainedMember]:
    """Fit the generators of (family, seed) for all seeds of `training`, by seed.

    A member's state depends on (table, family, seed, parameters, its rows) alone: bitwise so on one
    kind of CPU. Raises GeneratorError, which names the member or the package, when a member cannot
    be fitted or a family does not keep to its interface.
    """
    return fit_members(family_card(training.algorithm), training, progress)


def fit_members(
    card: FamilyCard, training: Training, progress: Progress
) -> dict[int, TrainedMember]:
    """`train_members` for the family of a card, wherever that was found."""
    _require_learnable(card, training)
    family = family_code(card)
    given = training if card.abilities.gpu else replace(training, device="cpu")
    with one_thread(), _blamed(card, training.place):
        fitted = dict(family.fit(given, progress))
    if set(fitted) != set(training.seeds):
        raise GeneratorError(
            f"{training.place}: {place_of(card.name)} gave the members {list(fitted)} of {list(training.seeds)}; {TELL}"
        )
    with _blamed(card, training.place):
        return {seed: _member(training, card, fitted[seed]) for seed in training.seeds}


def _member(training: Training, card: FamilyCard, fitted: Fitted) -> TrainedMember:
    encoder = training.encoder
    taken = sorted(set(RESERVED) & set(fitted.state.document))
    if taken:
        raise GeneratorError(
            f"{training.place}: the document of {place_of(card.name)} names {taken}, which every generator has; {TELL}"
        )
    document = {
        "algorithm": card.name,
        "parameters": training.parameters.of_training(),
        "transformer": encoder.transformer,
        **fitted.state.document,
    }
    return TrainedMember(
        GeneratorState(fitted.state.tensors, document),
        encoder.codec.to_document(),
        fitted.history,
        fitted.effort,
        [*encoder.codec.notes, *fitted.notes],
    )


def _require_learnable(card: FamilyCard, training: Training) -> None:
    """GeneratorError where the table has a column of a kind that the family does not learn."""
    plans = [plan for plan in training.encoder.codec.plans if plan.role != "constant"]
    beyond = [
        f"{plan.name!r} ({plan.kind})" for plan in plans if plan.kind not in card.abilities.kinds
    ]
    if beyond:
        raise GeneratorError(
            f"{training.place}: {place_of(card.name)} learns {', '.join(sorted(card.abilities.kinds))}, and the table has "
            f"{', '.join(beyond)}; `drop` these columns in the source, or use another family"
        )


@dataclass(frozen=True, kw_only=True)
class SamplingRequest:
    """All that sampling one member's dataset needs."""

    table: str
    family: str
    seed: int
    state: GeneratorState
    codec: dict[str, Any]
    rows: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    """The family's hyperparameters of sampling (`FamilyParameters.of_sampling`); defaults where one
    is left out.
    """
    condition: Mapping[str, Level | None] = field(default_factory=dict)
    """Columns of the table with the value that all rows have; for families that `conditions`."""


def sample_chunks(
    request: SamplingRequest, *, most: int = ROWS_AT_A_TIME
) -> Iterator[pd.DataFrame]:
    """The dataset of (family, seed), `rows` rows of the table's modelled columns, at most `most` at
    a time, which is no part of the result.
    """
    card = family_card(request.state.document["algorithm"])
    yield from drawn_chunks(card, request, most=most)


def drawn_chunks(
    card: FamilyCard, request: SamplingRequest, *, most: int
) -> Iterator[pd.DataFrame]:
    """`sample_chunks` for the family of a card, wherever that was found."""
    encoder = TableEncoder.from_documents(request.codec, request.state.document["transformer"])
    place = f"{request.table}/{request.family}"
    if request.condition and not card.abilities.conditions:
        raise GeneratorError(
            f"{place}: {place_of(card.name)} draws no rows by a condition; leave {sorted(request.condition)} out, or use a "
            f"family that can"
        )
    sampling = Sampling(
        parameters=card.parameters.model_validate(
            {**request.state.document["parameters"], **request.settings}
        ),
        encoder=encoder,
        stream=seed_sequence(
            table=request.table, family=request.family, seed=request.seed, purpose="sampling"
        ),
        condition=modelled_condition(encoder.codec, request.condition),
    )
    with _blamed(card, place):
        parts = family_code(card).sampler(request.state, sampling).chunks(request.rows, most=most)
    drawn = 0
    while True:
        with _blamed(card, place):  # and not around the yield, where others work
            part = next(parts, None)
            decoded = None if part is None else encoder.codec.decode(part)
        if decoded is None:
            break
        drawn += len(decoded)
        yield decoded
    if drawn != request.rows:
        raise GeneratorError(
            f"{place}: {place_of(card.name)} drew {drawn} rows, asked for {request.rows}; {TELL}"
        )


@contextlib.contextmanager
def _blamed(card: FamilyCard, place: str) -> Iterator[None]:
    """What another package's code raises is told with the package; what this project's raises is a
    defect, and left as it is.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, DgeError) or card.name in own_cards():
            raise
        raise GeneratorError(
            f"{place}: {place_of(card.name)} failed ({type(error).__name__}: {error}); {TELL}"
        ) from error
