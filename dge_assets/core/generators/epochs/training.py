"""The loop over epochs that all families share: losses, divergence, checkpoints and going on from
them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dge_assets.core.errors import GeneratorError
from dge_assets.core.generators.epochs.learning_curve import CURVE, has_stopped
from dge_assets.core.generators.epochs.trainer import Trainer
from dge_assets.core.generators.family import CHECKPOINT_SECONDS, Arrays, Checkpoints
from dge_assets.core.progress import Progress

_LOSSES = "losses/"


@dataclass(frozen=True)
class TrainingResult:
    """A member's generator arrays and its losses (a row per epoch)."""

    tensors: Arrays
    losses: pd.DataFrame


@dataclass(frozen=True)
class LearningCurve:
    """When to measure a member in training, and when to stop it."""

    every: int
    patience: int
    measure: Callable[[int, int, Arrays], float]
    """(seed, epochs done, the generator's arrays) -> distance from the table."""


class _Record:
    """The losses of one member so far, and its arrays once it has stopped early."""

    def __init__(self, state: Arrays | None = None) -> None:
        # A checkpoint's arrays come back in any order; the number in their names keeps the order of
        # the columns.
        found = sorted(name for name in state or {} if name.startswith(_LOSSES))
        self.values: dict[str, list[float]] = {
            name.split("/")[2]: (state or {})[name].tolist() for name in found
        }
        self.stopped_with: Arrays | None = None

    @property
    def epochs(self) -> int:
        return max((len(each) for each in self.values.values()), default=0)

    def add(self, losses: dict[str, float]) -> None:
        for name, value in losses.items():
            self.values.setdefault(name, []).append(value)

    def has_stopped(self, curve: LearningCurve | None) -> bool:
        return curve is not None and has_stopped(
            self.values.get(CURVE, []), patience=curve.patience
        )

    def arrays(self) -> Arrays:
        return {
            f"{_LOSSES}{place}/{name}": np.array(v)
            for place, (name, v) in enumerate(self.values.items())
        }

    def frame(self) -> pd.DataFrame:
        return pd.DataFrame({"epoch": np.arange(self.epochs), **self.values})


@dataclass(frozen=True)
class _Loop:
    """What the epochs of all groups share."""

    records: dict[int, _Record]
    epochs: int
    checkpoints: Checkpoints | None
    checkpoint_seconds: float
    curve: LearningCurve | None
    place: str
    progress: Progress

    def run(self, trainer: Trainer, group: Sequence[int]) -> None:
        """Train the members `group` of one stack to the end."""
        kept = time.monotonic()
        first = self.records[group[0]].epochs
        for epoch in range(first, self.epochs):
            going = [seed for seed in group if not self.records[seed].has_stopped(self.curve)]
            if not going:
                break
            self._epoch(trainer, group, going, epoch)
            if (
                self.checkpoints
                and time.monotonic() - kept > self.checkpoint_seconds
                and epoch + 1 < self.epochs
            ):
                for member, seed in enumerate(group):
                    if self.records[seed].stopped_with is None:
                        self.checkpoints.save(
                            seed, {**trainer.state(member), **self.records[seed].arrays()}
                        )
                kept = time.monotonic()
            self.progress(epoch + 1, self.epochs)

    def _epoch(
        self, trainer: Trainer, group: Sequence[int], going: Sequence[int], epoch: int
    ) -> None:
        losses = {name: value.tolist() for name, value in trainer.epoch().items()}
        for member, seed in enumerate(group):
            if seed not in going:
                continue
            of_member = {name: values[member] for name, values in losses.items()}
            if not np.all(np.isfinite(list(of_member.values()))):
                raise _diverged(f"{self.place}[{seed:03d}]", f"losses {of_member} in epoch {epoch}")
            if self.curve:
                of_member[CURVE] = self._point(trainer, member, seed, epoch + 1)
            self.records[seed].add(of_member)
            if self.records[seed].has_stopped(self.curve):
                self.records[seed].stopped_with = trainer.export(member)

    def _point(self, trainer: Trainer, member: int, seed: int, done: int) -> float:
        assert self.curve is not None
        if done % self.curve.every and done != self.epochs:
            return float("nan")
        return self.curve.measure(seed, done, trainer.export(member))


def train(
    make: Callable[[Sequence[int]], Trainer],
    seeds: Sequence[int],
    *,
    epochs: int,
    checkpoints: Checkpoints | None,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
    curve: LearningCurve | None = None,
    place: str,
    progress: Progress,
) -> dict[int, TrainingResult]:
    """Train members `seeds` for `epochs`, from their checkpoints where there are any.

    Members that stand at the same epoch are trained as one stack, `make(seeds)`. With a `curve`
    each member stops by its own. Raises GeneratorError for a member whose losses or weights are not
    finite.
    """
    states = {seed: checkpoints.load(seed) if checkpoints else None for seed in seeds}
    records = {seed: _Record(state) for seed, state in states.items()}
    loop = _Loop(records, epochs, checkpoints, checkpoint_seconds, curve, place, progress)
    results: dict[int, TrainingResult] = {}
    for start in sorted({record.epochs for record in records.values()}):
        group = [seed for seed in seeds if seed not in results and records[seed].epochs == start]
        trainer = make(group)
        for member, seed in enumerate(group):
            state = states[seed]
            if state is not None:
                trainer.load_state(
                    member, {n: value for n, value in state.items() if not n.startswith(_LOSSES)}
                )
        loop.run(trainer, group)
        for member, seed in enumerate(group):
            tensors = records[seed].stopped_with or trainer.export(member)
            _require_finite(tensors, f"{place}[{seed:03d}]")
            results[seed] = TrainingResult(tensors, records[seed].frame())
    return {seed: results[seed] for seed in seeds}


def _require_finite(tensors: Arrays, place: str) -> None:
    broken = [name for name, value in tensors.items() if not np.all(np.isfinite(value))]
    if broken:
        raise _diverged(place, f"weights {broken[:3]} are not finite")


def _diverged(place: str, found: str) -> GeneratorError:
    return GeneratorError(
        f"{place}: training diverged, {found}; lower the learning rate or the epochs"
    )
