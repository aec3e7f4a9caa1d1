"""What a family's algorithm is: a trainer of members on an encoded table, and a sampler of what it
trained.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
import torch

from dge_assets.core.generators.encoding.encoded_table import Array, EncodedTable
from dge_assets.core.generators.encoding.layout import Layout

Report = Callable[[int, int], None]
"""Called with (epochs done, epochs in all) after each epoch."""

Arrays = dict[str, np.ndarray[Any, Any]]


@dataclass(frozen=True)
class GeneratorState:
    """A trained generator as plain data: arrays by name and a JSON document."""

    tensors: Arrays
    document: dict[str, Any]


@dataclass(frozen=True)
class TrainedMember:
    """A member's generator as plain data, its losses per epoch, and what the codec had to say.

    `losses` has a row per epoch: `epoch` and one column per loss, and `marginal_distance` where it
    was asked for.
    """

    state: GeneratorState
    codec: dict[str, Any]
    losses: pd.DataFrame
    notes: list[str]


class Trainer(Protocol):
    """Trains members side by side; every method is about one of them, but for `epoch`."""

    def epoch(self) -> dict[str, torch.Tensor]:
        """One epoch of all members; each loss by name (K,)."""
        ...

    def export(self, member: int) -> Arrays:
        """The generator's arrays."""
        ...

    def state(self, member: int) -> Arrays:
        """All that going on from here needs."""
        ...

    def load_state(self, member: int, state: Arrays) -> None:
        """Go on from what `state` gave."""
        ...


class Sampler(Protocol):
    """Draws encoded rows from one generator."""

    def chunks(self, rows: int, *, most: int) -> Iterator[tuple[Array, Array]]:
        """`rows` rows as (numbers float32, codes int64), at most `most` at a time; `most` is no
        part of the result.
        """
        ...


@dataclass(frozen=True)
class Algorithm:
    """How to train and how to sample; `describe` gives what the document of a generator holds
    besides its settings.
    """

    trainer: Callable[..., Trainer]
    """(table, parameters, seeds, *, device)."""
    sampler: Callable[[GeneratorState, Layout, Any, np.random.SeedSequence], Sampler]
    """(state, layout, parameters, seed)."""
    describe: Callable[[EncodedTable, Any], dict[str, Any]]
