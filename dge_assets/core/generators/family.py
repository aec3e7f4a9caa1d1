"""What a family is: a way to fit members on a table, and to draw rows from what was fitted.

Here: the interface that every family has, and the values that go in and come out. Not here: a
family's card (`card.py`), families that learn in epochs (`epochs`), the loop that calls all of
them (`members.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pandas as pd

from dge_assets.core.errors import GeneratorError
from dge_assets.core.generators.effort import Effort
from dge_assets.core.generators.encoding.encoded_table import EncodedTable
from dge_assets.core.generators.encoding.table_encoder import TableEncoder
from dge_assets.core.generators.parameters import FamilyParameters
from dge_assets.core.progress import Progress
from dge_assets.core.randomness import seed_sequence

Array = np.ndarray[Any, Any]
Arrays = dict[str, Array]

CHECKPOINT_SECONDS = 30.0
"""What a killed training loses at most, besides the step in work."""


@dataclass(frozen=True)
class GeneratorState:
    """A trained generator as plain data: arrays by name and a JSON document."""

    tensors: Arrays
    document: dict[str, Any]


@dataclass(frozen=True)
class Fitted:
    """A member as its family gives it.

    `state.document` holds what the family itself needs to sample, plain JSON; names that
    `members.py` adds (`RESERVED`) are not for families. `history` has a row per step, its first
    column counts the steps (`epoch`), each further one is a loss or a distance; it may be empty.
    """

    state: GeneratorState
    history: pd.DataFrame = field(default_factory=pd.DataFrame)
    effort: Effort | None = None
    """What was really spent; less than asked for where a training stopped by itself."""
    notes: tuple[str, ...] = ()
    """What a reader must know of this member; they quote no cell."""


class Checkpoints(Protocol):
    """Where the state of a member in training is kept; of what recipe, the keeper knows."""

    def load(self, seed: int) -> Arrays | None:
        """The last state that was kept; None where there is none that can be used."""
        ...

    def save(self, seed: int, state: Arrays) -> None:
        """Keep a state in place of the one before."""
        ...


@dataclass(frozen=True)
class PrivacyBudget:
    """At most so much may a member tell of a single row (differential privacy)."""

    epsilon: float
    delta: float


@dataclass(frozen=True, kw_only=True)
class Training:
    """All that fitting the members `seeds` of one family needs; plain and picklable.

    A member's result depends on (table, family, seed, parameters, its rows) alone, never on its
    company: everything random of a member is drawn from `stream(seed)`.
    """

    table: str
    family: str
    """The declared name, which is part of every stream; often the algorithm's."""
    seeds: tuple[int, ...]
    algorithm: str
    """Name of the card."""
    parameters: FamilyParameters
    encoder: TableEncoder
    encoded: EncodedTable | None = None
    """real_train (n rows) as networks learn it, where the card `learns` that."""
    modelled: pd.DataFrame | None = None
    """real_train (n rows) as a modelling frame, where the card `learns` that."""
    rows: Mapping[int, Array] = field(default_factory=dict)
    """Rows of the table, by their places, that a seed learns from; all of them where it has none
    here.
    """
    device: str = "cpu"
    checkpoints: Checkpoints | None = None
    checkpoint_seconds: float = CHECKPOINT_SECONDS
    privacy: PrivacyBudget | None = None

    @property
    def place(self) -> str:
        """What errors call it: `crash/ctgan/generator`."""
        return f"{self.table}/{self.family}/generator"

    def stream(self, seed: int, purpose: str = "training") -> np.random.SeedSequence:
        """The member's random stream for a purpose; another purpose, an independent stream."""
        return seed_sequence(table=self.table, family=self.family, seed=seed, purpose=purpose)

    def encoded_rows(self, seed: int) -> EncodedTable:
        """The encoded rows that a seed learns from; the same object for seeds that have all rows."""
        if self.encoded is None:
            raise GeneratorError(f"{self.place}: the encoded rows were not given; see `learns`")
        rows = self.rows.get(seed)
        return self.encoded if rows is None else self.encoded.take(rows)

    def modelled_rows(self, seed: int) -> pd.DataFrame:
        """The modelling frame that a seed learns from, with a plain index.

        Numbers are float64 without gaps; levels and indicators are pandas categories of text
        (codes such as "0"), all of the table's, whether a seed's rows have them or not.
        """
        if self.modelled is None:
            raise GeneratorError(f"{self.place}: the modelling frame was not given; see `learns`")
        rows = self.rows.get(seed)
        if rows is None:
            return self.modelled
        return self.modelled.take(rows).reset_index(drop=True)


Condition = Mapping[str, str | float]
"""Columns of the modelling frame with the value that every drawn row has there."""


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """All that drawing rows from one member needs, besides its state."""

    parameters: FamilyParameters
    """The hyperparameters that it was trained with, and those of sampling as they are now."""
    encoder: TableEncoder
    stream: np.random.SeedSequence
    condition: Condition = field(default_factory=dict)
    """Empty but for families whose card says `conditions`."""


class Sampler(Protocol):
    """Draws rows from one member."""

    def chunks(self, rows: int, *, most: int) -> Iterator[pd.DataFrame]:
        """`rows` rows as modelling frames of at most `most` rows each.

        The columns are those of real_train's modelling frame; codes may be text or categories.
        `most` bounds the memory and is no part of the result.
        """
        ...


class Family(Protocol):
    """The code of a family; one object serves all of its members and keeps nothing."""

    def fit(self, training: Training, progress: Progress) -> Iterator[tuple[int, Fitted]]:
        """Fit each of `training.seeds`, giving (seed, member) as each is done, in any order.

        `progress(done, of)` is called after each step, as often as there is something to tell and
        with `done == of` at the end. Raises GeneratorError, which names the member, where a
        member cannot be fitted.
        """
        ...

    def sampler(self, state: GeneratorState, sampling: Sampling) -> Sampler:
        """What draws rows from a member; the same rows for the same state and stream."""
        ...
