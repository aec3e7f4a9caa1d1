"""The output layer of a generator, over all columns at once: tanh, and Gumbel-softmax or softmax
per span.
"""

from __future__ import annotations

import numpy as np
import torch

from dge_assets.core.generators.encoding.layout import Integers, Layout

TEMPERATURE = 0.2
"""Of the Gumbel-softmax (Jang, Gu and Poole 2017; Maddison, Mnih and Teh 2017), as in `ctgan`."""
SMALLEST_UNIFORM = 2.0**-25
"""Half the smallest step of a float32 in [0, 1): a drawn 0 would make an infinite Gumbel number."""


def gumbel_(uniform: torch.Tensor) -> torch.Tensor:
    """Turn numbers uniform in [0, 1) into standard Gumbel numbers, -log(-log(u)), in place."""
    return uniform.clamp_(min=SMALLEST_UNIFORM).log_().neg_().log_().neg_()


class Activation:
    """Activation of encoded rows as columns (K, D, B): a softmax then runs over many rows of the
    batch at once.
    """

    def __init__(self, layout: Layout, *, device: str) -> None:
        def index(values: Integers) -> torch.Tensor:
            return torch.as_tensor(values, dtype=torch.int64, device=device)

        self._shapes = [table.shape for table in layout.buckets]
        self._tables = [
            index(np.minimum(table.ravel(), layout.columns - 1)) for table in layout.buckets
        ]
        self._pads = [
            torch.as_tensor(table.ravel() == layout.columns, device=device)
            for table in layout.buckets
        ]
        numbers = np.array(layout.number_columns, dtype=np.int64)
        self._numbers = index(numbers)
        # Where each encoded column is found again in the tables that lie one below the other,
        # numbers last.
        sources = np.concatenate([*(table.ravel() for table in layout.buckets), numbers])
        where = np.zeros(layout.columns + 1, dtype=np.int64)
        where[sources] = np.arange(len(sources))
        self._back = index(where[:-1])
        self._is_number = torch.as_tensor(layout.span_of_column < 0, device=device).unsqueeze(1)
        self._span = index(np.maximum(layout.span_of_column, 0))
        inside = np.arange(len(layout.span_starts))[:, None] == layout.span_of_column
        self._membership = torch.as_tensor(inside, dtype=torch.float32, device=device)

    def softmax(self, logits: torch.Tensor) -> torch.Tensor:
        """tanh of the numbers and softmax of each span of `logits` (K, D, B); a new tensor."""
        parts = []
        for table, pads, (spans, width) in zip(self._tables, self._pads, self._shapes, strict=True):
            part = logits.index_select(1, table)
            part.masked_fill_(pads.unsqueeze(1), -torch.inf)
            parts.append(torch.softmax(part.unflatten(1, (spans, width)), 2).flatten(1, 2))
        parts.append(torch.tanh(logits.index_select(1, self._numbers)))
        return torch.cat(parts, 1).index_select(1, self._back)

    def forward(self, logits: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
        """tanh of the numbers, Gumbel-softmax of each span; `uniform` (K, D, B) is used up."""
        noisy = gumbel_(uniform).add_(logits).mul_(1 / TEMPERATURE)
        torch.where(self._is_number, logits, noisy, out=noisy)
        return self.softmax(noisy)

    def backward(
        self, activated: torch.Tensor, gradient: torch.Tensor, *, temperature: float
    ) -> torch.Tensor:
        """Gradient by the logits, from `gradient` by the activated rows, all (K, D, B)."""
        weighted = activated * gradient
        of_span = torch.matmul(self._membership, weighted).index_select(1, self._span)
        of_spans = torch.sub(gradient, of_span, out=of_span).mul_(activated).mul_(1 / temperature)
        of_numbers = torch.addcmul(
            gradient, weighted, activated, value=-1
        )  # gradient * (1 - tanh^2)
        return torch.where(self._is_number, of_numbers, of_spans)
