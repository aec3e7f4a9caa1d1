"""What a family that learns in epochs brings: a trainer of members on an encoded table, and a sampler
of encoded rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import torch

from dge_assets.core.generators.encoding.encoded_table import Array
from dge_assets.core.generators.family import Arrays


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


class EncodedSampler(Protocol):
    """Draws encoded rows from one generator."""

    def chunks(self, rows: int, *, most: int) -> Iterator[tuple[Array, Array]]:
        """`rows` rows as (numbers float32, codes int64), at most `most` at a time; `most` is no
        part of the result.
        """
        ...
