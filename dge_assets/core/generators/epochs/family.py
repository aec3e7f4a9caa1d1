"""A family that learns in epochs, made of its trainer and its sampler.

Here: from `Trainer` and `EncodedSampler` to the interface that every family has. Not here: the loop
over epochs (`training.py`), what a family's epoch is (`generators.stacked`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch

from dge_assets.core.errors import GeneratorError
from dge_assets.core.generators.effort import EPOCHS, Effort
from dge_assets.core.generators.encoding.encoded_table import EncodedTable
from dge_assets.core.generators.encoding.layout import Layout
from dge_assets.core.generators.encoding.table_encoder import TableEncoder
from dge_assets.core.generators.epochs.learning_curve import ROWS, marginal_distance
from dge_assets.core.generators.epochs.trainer import EncodedSampler, Trainer
from dge_assets.core.generators.epochs.training import LearningCurve, train
from dge_assets.core.generators.family import Arrays, Fitted, GeneratorState, Sampling, Training
from dge_assets.core.generators.parameters import EpochParameters
from dge_assets.core.progress import Progress
from dge_assets.core.threads import tiny_numbers_as_zero


def _nothing(_table: EncodedTable, _parameters: Any) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class EpochFamily:
    """A `Family` whose members are trained epoch by epoch, several as one program where asked to."""

    trainer: Callable[..., Trainer]
    """(table, parameters, seeds, *, device)."""
    encoded_sampler: Callable[[GeneratorState, Layout, Any, np.random.SeedSequence], EncodedSampler]
    """(state, layout, parameters, seed)."""
    describe: Callable[[EncodedTable, Any], dict[str, Any]] = _nothing
    """(table, parameters) -> what sampling needs to know of the table, plain JSON."""

    def fit(self, training: Training, progress: Progress) -> Iterator[tuple[int, Fitted]]:
        """See `Family.fit`; raises GeneratorError, which names the member, when training diverges."""
        _require_device(training)
        for seeds in _stacks(training):
            with tiny_numbers_as_zero(), torch.no_grad():
                fitted = self._fit_stack(training, seeds, progress)
            yield from fitted.items()

    def sampler(self, state: GeneratorState, sampling: Sampling) -> DecodedSampler:
        """See `Family.sampler`."""
        encoder = sampling.encoder
        drawing = self.encoded_sampler(state, encoder.layout, sampling.parameters, sampling.stream)
        return DecodedSampler(drawing, encoder)

    def _fit_stack(
        self, training: Training, seeds: Sequence[int], progress: Progress
    ) -> dict[int, Fitted]:
        """The members `seeds`, which learn from the same rows, as one program."""
        table, parameters = training.encoded_rows(seeds[0]), training.parameters
        assert isinstance(parameters, EpochParameters)
        document = self.describe(table, parameters)
        results = train(
            lambda group: self.trainer(
                table,
                parameters,
                [training.stream(seed) for seed in group],
                device=training.device,
            ),
            seeds,
            epochs=parameters.epochs,
            checkpoints=training.checkpoints,
            checkpoint_seconds=training.checkpoint_seconds,
            curve=self._learning_curve(training, table, document),
            place=training.place,
            progress=progress,
        )
        return {
            seed: Fitted(
                GeneratorState(result.tensors, document),
                result.losses,
                Effort(EPOCHS.name, len(result.losses)),
            )
            for seed, result in results.items()
        }

    def _learning_curve(
        self, training: Training, table: EncodedTable, document: dict[str, Any]
    ) -> LearningCurve | None:
        parameters = training.parameters
        assert isinstance(parameters, EpochParameters)
        if not parameters.curve_every:
            return None
        # Hyperparameters of sampling must not decide when a training stops: it is measured by their
        # defaults.
        as_trained = type(parameters).model_validate(parameters.of_training())

        def measure(seed: int, epochs: int, tensors: Arrays) -> float:
            state = GeneratorState(tensors, document)
            stream = training.stream(seed, f"learning curve {epochs}")
            sampler = self.encoded_sampler(state, table.layout, as_trained, stream)
            (drawn,) = sampler.chunks(ROWS, most=ROWS)
            return marginal_distance(table, *drawn)

        return LearningCurve(parameters.curve_every, parameters.patience, measure)


@dataclass(frozen=True)
class DecodedSampler:
    """Draws encoded rows and gives them as modelling frames."""

    drawing: EncodedSampler
    encoder: TableEncoder

    def chunks(self, rows: int, *, most: int) -> Iterator[pd.DataFrame]:
        """See `Sampler.chunks`."""
        parts = self.drawing.chunks(rows, most=most)
        while True:
            with torch.no_grad():  # and not around the yield: whoever reads on is outside of it
                part = next(parts, None)
            if part is None:
                return
            yield self.encoder.decode(*part)


def _require_device(training: Training) -> None:
    if training.device == "cuda" and not torch.cuda.is_available():
        raise GeneratorError(
            f"{training.place}{list(training.seeds)}: declared device cuda, but torch {torch.__version__} finds no GPU; "
            f"declare device: cpu, or install a CUDA build of torch (docs/gpu.md)"
        )


def _stacks(training: Training) -> list[tuple[int, ...]]:
    """The seeds that learn from all rows together; each that has rows of its own alone."""
    shared = tuple(seed for seed in training.seeds if seed not in training.rows)
    own = [(seed,) for seed in training.seeds if seed in training.rows]
    return [*([shared] if shared else []), *own]
