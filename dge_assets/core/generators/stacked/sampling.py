"""Rows from a trained generator, batch by batch, so that no more of them than asked for is ever
held.

A batch is as large as in training: CTGAN's batch normalization keeps using the batch's own
statistics, as in `ctgan`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch

from dge_assets.core.generators.encoding.encoded_table import Array
from dge_assets.core.generators.encoding.layout import Layout
from dge_assets.core.generators.family import GeneratorState
from dge_assets.core.generators.stacked.activation import gumbel_
from dge_assets.core.generators.stacked.conditions import ConditionSampler, LevelProbabilities
from dge_assets.core.generators.stacked.parameters import CTGANParameters, TVAEParameters
from dge_assets.core.generators.stacked.perceptron import Perceptron
from dge_assets.core.generators.stacked.residual import ResidualGenerator
from dge_assets.core.generators.stacked.stack import ParameterStack
from dge_assets.core.generators.stacked.streams import Streams

Batch = tuple[Array, Array]


def chosen_codes(scores: torch.Tensor, layout: Layout) -> torch.Tensor:
    """The place of the largest score in each span: (spans, B) from (D, B)."""
    parts = zip(layout.span_starts, layout.span_widths, strict=True)
    return torch.stack([scores[start : start + width].argmax(0) for start, width in parts])


def _chunked(batch: Callable[[], Batch], rows: int, most: int) -> Iterator[Batch]:
    """Whole batches up to `most` rows at a time; the last one is cut to `rows` in all."""
    while rows > 0:
        drawn = [batch()]
        size = len(drawn[0][1])
        drawn += [batch() for _ in range(min(most // size, -(-rows // size)) - 1)]
        numbers, codes = (np.concatenate([each[part] for each in drawn])[:rows] for part in (0, 1))
        rows -= len(codes)
        yield numbers, codes


def drawn_codes(logits: torch.Tensor, uniform: torch.Tensor, layout: Layout) -> torch.Tensor:
    """A place in each span, drawn from the softmax of its logits: (spans, B) from (D, B).

    The largest of logits plus Gumbel numbers is such a draw (Gumbel 1954). `uniform` (D, B), in [0,
    1), is used up.
    """
    return chosen_codes(gumbel_(uniform).add_(logits), layout)


class CTGANSampler:
    """Samples CTGAN: noise, a condition by the training's level probabilities, and the network's
    Gumbel-softmax.

    Of a Gumbel-softmax the largest is taken, which is a draw from the softmax whatever the
    temperature. Numbers are the tanh of their logits: CTGAN has no noise of theirs.
    """

    def __init__(
        self,
        state: GeneratorState,
        layout: Layout,
        parameters: CTGANParameters,
        seed: np.random.SeedSequence,
    ) -> None:
        self._parameters = parameters
        self._layout, self._streams = layout, Streams([seed], device="cpu")
        self._network = ResidualGenerator(
            self._parameters.embedding_dim + layout.conditions,
            self._parameters.generator_dim,
            layout.columns,
            K=1,
            device="cpu",
        )
        self._network.load(0, state.tensors)
        shares = LevelProbabilities(
            layout.condition_widths, np.array(state.document["level_probabilities"])
        )
        self._conditions = ConditionSampler(shares, device="cpu")
        self._numbers = torch.tensor(layout.number_columns, dtype=torch.int64)

    def chunks(self, rows: int, *, most: int) -> Iterator[Batch]:
        """See `Sampler.chunks`."""
        return _chunked(self._batch, rows, most)

    def _batch(self) -> Batch:
        rows, layout = self._parameters.batch_size, self._layout
        noise, conditions = torch.empty(1, rows, self._parameters.embedding_dim), None
        self._streams.normal(noise)
        if layout.conditions:
            choices = torch.empty(1, 2, rows, dtype=torch.float64)
            self._streams.uniform(choices)
            conditions = self._conditions.draw(choices[:, 0], choices[:, 1])
        buffer = self._network.buffer(rows)
        self._network.write_input(buffer, noise, conditions)
        uniform = torch.empty(1, layout.columns, rows)
        self._streams.uniform(uniform)
        logits = self._network.forward(buffer)[0]
        codes = drawn_codes(logits, uniform[0], layout)
        return torch.tanh(logits[self._numbers]).T.numpy(), codes.T.numpy()


class TVAESampler:
    """Samples TVAE: noise through the decoder, whose output is a distribution, and a draw from that
    (Xu et al. 2019, 4.4).

    A number is normal around the tanh of its logit, with its learnt standard deviation; a span is
    drawn from its softmax, or with `decode: largest` its likeliest place is taken.
    """

    def __init__(
        self,
        state: GeneratorState,
        layout: Layout,
        parameters: TVAEParameters,
        seed: np.random.SeedSequence,
    ) -> None:
        self._parameters = parameters
        self._layout, self._streams = layout, Streams([seed], device="cpu")
        stack = ParameterStack(
            {name: value.shape for name, value in state.tensors.items()}, K=1, device="cpu"
        )
        stack.load(0, state.tensors)
        layers = [f"seq.{2 * layer}" for layer in range(len(self._parameters.decompress_dims) + 1)]
        self._decoder = Perceptron(stack, layers, rectify_last=False)
        self._numbers = torch.tensor(layout.number_columns, dtype=torch.int64)
        self._sigma = stack.values["sigma"][0][self._numbers]

    def chunks(self, rows: int, *, most: int) -> Iterator[Batch]:
        """See `Sampler.chunks`."""
        return _chunked(self._batch, rows, most)

    def _batch(self) -> Batch:
        rows = self._parameters.batch_size
        noise = torch.empty(1, rows, self._parameters.embedding_dim)
        self._streams.normal(noise)
        logits = self._decoder.forward(noise)[0]
        spread = torch.empty(1, rows, len(self._numbers))
        self._streams.normal(spread)
        numbers = torch.tanh(logits[:, self._numbers]) + spread[0] * self._sigma
        return numbers.numpy(), self._codes(logits.T.contiguous()).T.numpy()

    def _codes(self, logits: torch.Tensor) -> torch.Tensor:
        if self._parameters.decode == "largest":
            return chosen_codes(logits, self._layout)
        uniform = torch.empty(1, *logits.shape)
        self._streams.uniform(uniform)
        return drawn_codes(logits, uniform[0], self._layout)
