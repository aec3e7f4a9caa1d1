"""The loop over epochs that all families share: losses, divergence, checkpoints and going on from them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from dge_assets.core.errors import GeneratorError
from dge_assets.core.generators.base import Arrays, Report, Trainer

CHECKPOINT_SECONDS = 30.0
"""What a killed training loses at most, besides the epoch in work."""
_LOSSES = "losses/"


class Checkpoints(Protocol):
    """Where the state of a member in training is kept; of what recipe, the keeper knows."""

    def load(self, seed: int) -> Arrays | None:
        """The last state that was kept; None where there is none that can be used."""
        ...

    def save(self, seed: int, state: Arrays) -> None:
        """Keep a state in place of the one before."""
        ...


@dataclass(frozen=True)
class TrainingResult:
    """A member's generator arrays and its losses (a row per epoch)."""

    tensors: Arrays
    losses: pd.DataFrame


class _Record:
    """The losses of one member so far."""

    def __init__(self, state: Arrays | None = None) -> None:
        # A checkpoint's arrays come back in any order; the number in their names keeps the order of the columns.
        found = sorted(name for name in state or {} if name.startswith(_LOSSES))
        self.values: dict[str, list[float]] = {name.split("/")[2]: (state or {})[name].tolist() for name in found}

    @property
    def epochs(self) -> int:
        return max((len(each) for each in self.values.values()), default=0)

    def add(self, losses: dict[str, float]) -> None:
        for name, value in losses.items():
            self.values.setdefault(name, []).append(value)

    def arrays(self) -> Arrays:
        return {f"{_LOSSES}{place}/{name}": np.array(v) for place, (name, v) in enumerate(self.values.items())}

    def frame(self) -> pd.DataFrame:
        return pd.DataFrame({"epoch": np.arange(self.epochs), **self.values})


def train(
    make: Callable[[Sequence[int]], Trainer],
    seeds: Sequence[int],
    *,
    epochs: int,
    checkpoints: Checkpoints | None,
    place: str,
    report: Report,
) -> dict[int, TrainingResult]:
    """Train members `seeds` for `epochs`, from their checkpoints where there are any.

    Members that stand at the same epoch are trained as one stack, `make(seeds)`. Raises GeneratorError for a member
    whose losses or weights are not finite.
    """
    states = {seed: checkpoints.load(seed) if checkpoints else None for seed in seeds}
    records = {seed: _Record(state) for seed, state in states.items()}
    results: dict[int, TrainingResult] = {}
    for start in sorted({record.epochs for record in records.values()}):
        group = [seed for seed in seeds if records[seed].epochs == start]
        trainer = make(group)
        for member, seed in enumerate(group):
            state = states[seed]
            if state is not None:
                trainer.load_state(member, {n: value for n, value in state.items() if not n.startswith(_LOSSES)})
        _run(trainer, group, records, epochs=epochs, checkpoints=checkpoints, place=place, report=report)
        for member, seed in enumerate(group):
            tensors = trainer.export(member)
            _require_finite(tensors, f"{place}[{seed:03d}]")
            results[seed] = TrainingResult(tensors, records[seed].frame())
    return {seed: results[seed] for seed in seeds}


def _run(
    trainer: Trainer,
    group: Sequence[int],
    records: dict[int, _Record],
    *,
    epochs: int,
    checkpoints: Checkpoints | None,
    place: str,
    report: Report,
) -> None:
    kept = time.monotonic()
    for epoch in range(records[group[0]].epochs, epochs):
        losses = {name: value.tolist() for name, value in trainer.epoch().items()}
        for member, seed in enumerate(group):
            of_member = {name: values[member] for name, values in losses.items()}
            if not np.all(np.isfinite(list(of_member.values()))):
                raise _diverged(f"{place}[{seed:03d}]", f"losses {of_member} in epoch {epoch}")
            records[seed].add(of_member)
        if checkpoints and time.monotonic() - kept > CHECKPOINT_SECONDS and epoch + 1 < epochs:
            for member, seed in enumerate(group):
                checkpoints.save(seed, {**trainer.state(member), **records[seed].arrays()})
            kept = time.monotonic()
        report(epoch + 1, epochs)


def _require_finite(tensors: Arrays, place: str) -> None:
    broken = [name for name, value in tensors.items() if not np.all(np.isfinite(value))]
    if broken:
        raise _diverged(place, f"weights {broken[:3]} are not finite")


def _diverged(place: str, found: str) -> GeneratorError:
    return GeneratorError(f"{place}: training diverged, {found}; lower the learning rate or the epochs")
