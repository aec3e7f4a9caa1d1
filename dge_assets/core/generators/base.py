"""What a family is: train a member, sample it, keep it in formats that cannot run code, and bring it back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from dge_assets.core.generators.parameters import FamilyParameters

Report = Callable[[int, int], None]
"""Called with (epochs done, epochs in all) after each epoch."""


@dataclass(frozen=True)
class GeneratorState:
    """A trained generator as plain data: arrays by name and a JSON document."""

    tensors: dict[str, np.ndarray[Any, Any]]
    document: dict[str, Any]


@dataclass(frozen=True)
class Trained:
    """What training one member gives.

    `losses` has a row per epoch: `epoch` and one column per loss.
    """

    state: GeneratorState
    losses: pd.DataFrame


class Algorithm(Protocol):
    """A family's algorithm on modelling frames (see `codec`)."""

    def train(
        self,
        frame: pd.DataFrame,
        *,
        discrete: tuple[str, ...],
        parameters: FamilyParameters,
        seed: int,
        device: str,
        report: Report,
    ) -> Trained:
        """Train on `frame` (n rows); same arguments on one kind of machine give the same weights."""
        ...

    def sample(self, state: GeneratorState, *, rows: int, seed: int) -> pd.DataFrame:
        """`rows` rows of a modelling frame; same state and seed give the same rows."""
        ...
