"""The TVAE trainer: K members, one step at a time (Xu et al. 2019, section 4.4; `ctgan` 0.12).

The loss of a batch is factor times the reconstruction error (a Gaussian for each number, with a
standard deviation of its own that is learnt, and a cross entropy for each span) plus the divergence
from the standard normal prior, per row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from dge_assets.core.generators.encoding.encoded_table import EncodedTable, RowWriter
from dge_assets.core.generators.stacked.activation import Activation
from dge_assets.core.generators.stacked.parameters import TVAEParameters
from dge_assets.core.generators.stacked.perceptron import Perceptron
from dge_assets.core.generators.stacked.stack import (
    AdamState,
    Arrays,
    ParameterStack,
    linear_shapes,
)
from dge_assets.core.generators.stacked.streams import Streams

LEARNING_RATE, BETAS = 1e-3, (0.9, 0.999)
"""PyTorch's defaults of Adam, which the package keeps."""
FIRST_SIGMA, SIGMA_RANGE = 0.1, (0.01, 1.0)


class TVAETrainer:
    """Trains K members on one encoded table; `seeds` has one stream for each."""

    def __init__(
        self,
        table: EncodedTable,
        parameters: TVAEParameters,
        seeds: Sequence[np.random.SeedSequence],
        *,
        device: str = "cpu",
    ) -> None:
        self.parameters, self.layout = parameters, table.layout
        self.K, self._table_rows = len(seeds), len(table)
        self._batch = min(parameters.batch_size, len(table))
        self._streams = Streams(seeds, device=device)
        embedding, columns = parameters.embedding_dim, table.layout.columns
        compress = _layers("encoder.seq", [columns, *parameters.compress_dims])
        heads = dict.fromkeys(
            ("encoder.fc1", "encoder.fc2"), (parameters.compress_dims[-1], embedding)
        )
        decompress = _layers("decoder.seq", [embedding, *parameters.decompress_dims, columns])
        shapes: dict[str, tuple[int, ...]] = {}
        for name, sizes in {**compress, **heads, **decompress}.items():
            shapes |= linear_shapes(name, *sizes)
        self.stack = ParameterStack(
            {**shapes, "decoder.sigma": (columns,)}, K=self.K, device=device
        )
        self._compress = Perceptron(self.stack, list(compress), rectify_last=True)
        self._mean = Perceptron(self.stack, ["encoder.fc1"], rectify_last=False)
        self._log_variance = Perceptron(self.stack, ["encoder.fc2"], rectify_last=False)
        self._decoder = Perceptron(self.stack, list(decompress), rectify_last=False)
        for part in (self._compress, self._mean, self._log_variance, self._decoder):
            part.initialize(self._streams.uniform)
        self.stack.values["decoder.sigma"].fill_(FIRST_SIGMA)
        self._optimizer = AdamState(
            self.stack, lr=LEARNING_RATE, betas=BETAS, weight_decay=parameters.l2scale
        )
        self._activation = Activation(table.layout, device=device)
        self._writer = RowWriter(table, device=device)
        self._rows = torch.zeros(self.K, self._batch, columns, device=device)
        self._noise = torch.zeros(self.K, self._batch, embedding, device=device)
        self._numbers = torch.tensor(table.layout.number_columns, dtype=torch.int64, device=device)

    @property
    def steps_per_epoch(self) -> int:
        """Batches that cover all rows; the last may be smaller."""
        return -(-self._table_rows // self._batch)

    def epoch(self) -> dict[str, torch.Tensor]:
        """One pass over the rows, in an order of each member's own; the mean loss (K,) of its
        steps.
        """
        order = self._streams.permutations(self._table_rows)
        # A tensor kept from each step would lie between what steps free, and keep the allocator
        # from using that again.
        losses = torch.empty(self.steps_per_epoch, self.K, device=order.device)
        for step, batch in enumerate(order.split(self._batch, 1)):
            losses[step] = self.step(batch)
        return {"loss": losses.mean(0)}

    def step(self, batch: torch.Tensor) -> torch.Tensor:
        """One update on the rows `batch` (K, B) of the table; the loss (K,)."""
        rows = self._rows[:, : batch.shape[1]].zero_()
        self._writer.write(batch, rows)
        noise = self._noise[:, : batch.shape[1]]
        self._streams.normal(noise)
        loss = self.compute_gradients(rows, batch, noise)
        self._optimizer.step()
        self.stack.values["decoder.sigma"].clamp_(*SIGMA_RANGE)
        return loss

    def compute_gradients(
        self, rows: torch.Tensor, batch: torch.Tensor, noise: torch.Tensor
    ) -> torch.Tensor:
        """Set the gradient of the loss for encoded rows (K, B, D), the table's rows `batch` (K, B);
        the loss (K,).
        """
        size = rows.shape[1]
        feature = self._compress.forward(rows)
        mean, log_variance = self._mean.forward(feature), self._log_variance.forward(feature)
        spread = torch.exp(0.5 * log_variance)
        reconstructed = self._decoder.forward(torch.addcmul(mean, noise, spread))
        loss, by_reconstructed = self._reconstruction(reconstructed, batch)
        variance = spread.square()
        divergence = -0.5 * (1 + log_variance - mean.square() - variance).sum((1, 2)) / size
        by_embedding = self._decoder.backward(by_reconstructed)
        by_mean = torch.add(by_embedding, mean, alpha=1 / size)
        by_log_variance = (
            (by_embedding * noise * spread).add_(variance - 1, alpha=1 / size).mul_(0.5)
        )
        by_feature = self._mean.backward(by_mean)
        self._compress.set_gradients(by_feature + self._log_variance.backward(by_log_variance))
        return loss + divergence

    def _reconstruction(
        self, logits: torch.Tensor, batch: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """factor * error per row (K,) and its gradient by the logits (K, B, D); sets the gradient
        by sigma.
        """
        scale = self.parameters.loss_factor / logits.shape[1]
        activated = self._activation.softmax(logits.transpose(1, 2).contiguous()).transpose(1, 2)
        columns = self._writer.columns_of(batch)
        # A softmax that is 0 in float32 still has a finite logarithm by its logits; this floor is
        # below any of those.
        of_spans = -activated.gather(2, columns).clamp_(min=1e-38).log_().sum((1, 2))
        by_logits = activated.contiguous()
        by_logits.scatter_add_(2, columns, torch.full(columns.shape, -1.0, device=logits.device))
        by_logits.mul_(scale)
        of_numbers = self._numbers_error(logits, batch, by_logits, scale)
        return (of_spans + of_numbers) * scale, by_logits

    def _numbers_error(
        self, logits: torch.Tensor, batch: torch.Tensor, by_logits: torch.Tensor, scale: float
    ) -> torch.Tensor:
        """Negative log-likelihood of the numbers, without its constant (K,)."""
        by_sigma = self.stack.gradients["decoder.sigma"].zero_()
        if not len(self._numbers):
            return torch.zeros(logits.shape[0], device=logits.device)
        rows = logits.shape[1]
        sigma = self.stack.values["decoder.sigma"].index_select(1, self._numbers).unsqueeze(1)
        found = torch.tanh(logits.index_select(2, self._numbers))
        error = self._writer.numbers_of(batch) - found
        squares = error.square().sum(1, keepdim=True)
        by_logits[:, :, self._numbers] = -scale * error / sigma.square() * (1 - found.square())
        by_sigma[:, self._numbers] = (scale * (rows / sigma - squares / sigma**3)).squeeze(1)
        return (squares / (2 * sigma.square()) + rows * torch.log(sigma)).sum((1, 2))

    def export(self, member: int) -> Arrays:
        """The member's decoder, as `ctgan` names and orders it."""
        arrays = self.stack.export(member)
        decoder = {
            name.removeprefix("decoder."): v
            for name, v in arrays.items()
            if name.startswith("decoder.")
        }
        return {"sigma": decoder.pop("sigma"), **decoder}

    def state(self, member: int) -> Arrays:
        """All that going on from here needs."""
        parts: dict[str, Arrays] = {
            "network": self.stack.export(member),
            "adam": self._optimizer.export(member),
            "stream": {"state": self._streams.export(member)},
        }
        return {
            f"{part}/{name}": value
            for part, arrays in parts.items()
            for name, value in arrays.items()
        }

    def load_state(self, member: int, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        parts: dict[str, Arrays] = {"network": {}, "adam": {}, "stream": {}}
        for name, value in state.items():
            part, rest = name.split("/", 1)
            parts[part][rest] = value
        self.stack.load(member, parts["network"])
        self._optimizer.load(member, parts["adam"])
        self._streams.load(member, parts["stream"]["state"])


def _layers(prefix: str, sizes: Sequence[int]) -> dict[str, tuple[int, int]]:
    """Name to (inputs, outputs) of the linear layers of a `torch.nn.Sequential` of Linear and ReLU
    in turn.
    """
    return {
        f"{prefix}.{2 * layer}": (sizes[layer], sizes[layer + 1]) for layer in range(len(sizes) - 1)
    }
