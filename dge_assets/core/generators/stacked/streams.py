"""One random stream per member, filling each member's part of a stacked tensor.

A member draws the same numbers in any company: its stream serves it alone, in the order of its own
steps. On a CPU the numbers are PyTorch's Mersenne Twister, on a GPU its Philox, so weights agree
between devices only in distribution.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch


class Streams:
    """Random streams of K members on one device."""

    def __init__(self, seeds: Sequence[np.random.SeedSequence], *, device: str) -> None:
        self.generators = [torch.Generator(device=device) for _ in seeds]
        for generator, seed in zip(self.generators, seeds, strict=True):
            generator.manual_seed(int(seed.generate_state(1, np.uint64)[0] >> np.uint64(1)))

    def normal(self, out: torch.Tensor) -> None:
        """Standard normal numbers into `out` (K, ...)."""
        for part, generator in zip(out, self.generators, strict=True):
            part.normal_(generator=generator)

    def uniform(self, out: torch.Tensor) -> None:
        """Numbers uniform in [0, 1) into `out` (K, ...)."""
        for part, generator in zip(out, self.generators, strict=True):
            part.uniform_(generator=generator)

    def bits(self, out: torch.Tensor) -> None:
        """Random bits into `out`, int64 (K, ...); the sign bit stays 0."""
        for part, generator in zip(out, self.generators, strict=True):
            part.random_(generator=generator)

    def permutations(self, rows: int) -> torch.Tensor:
        """A permutation of range(rows) for each member (K, rows)."""
        drawn = [
            torch.randperm(rows, generator=each, device=each.device) for each in self.generators
        ]
        return torch.stack(drawn)

    def export(self, member: int) -> np.ndarray[Any, Any]:
        """Where a member's stream stands."""
        state: np.ndarray[Any, Any] = self.generators[member].get_state().numpy().copy()
        return state

    def load(self, member: int, state: np.ndarray[Any, Any]) -> None:
        """Bring back what `export` gave."""
        self.generators[member].set_state(torch.as_tensor(state))
