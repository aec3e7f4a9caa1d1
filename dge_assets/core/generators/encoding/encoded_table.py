"""The encoded table as training reads it: float32 numbers and small integer codes, never one-hot as
a whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from dge_assets.core.generators.encoding.layout import Layout

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class EncodedTable:
    """A table of n rows under a layout.

    `numbers`: float32 (n, numbers), in [-0.99, 0.99]. `codes`: unsigned integers (n, spans), the
    place in each span that is 1.
    """

    layout: Layout
    numbers: Array
    codes: Array

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def nbytes(self) -> int:
        """Bytes of both arrays."""
        return int(self.numbers.nbytes + self.codes.nbytes)

    def take(self, rows: Array) -> EncodedTable:
        """Those of its rows (m,), by their places; a place may come more than once."""
        return EncodedTable(self.layout, self.numbers[rows], self.codes[rows])


class RowWriter:
    """Writes rows of an encoded table, one-hot, into batches on a device."""

    def __init__(self, table: EncodedTable, *, device: str) -> None:
        layout = table.layout
        self._numbers = torch.from_numpy(table.numbers).to(device)
        self._codes = torch.from_numpy(table.codes).to(device)
        self._starts = torch.tensor(layout.span_starts, dtype=torch.int64, device=device)
        self._number_columns = torch.tensor(layout.number_columns, dtype=torch.int64, device=device)

    def columns_of(self, rows: torch.Tensor) -> torch.Tensor:
        """The encoded columns that are 1 in each of `rows` (K, B): (K, B, spans)."""
        return self._codes[rows].to(torch.int64) + self._starts

    def numbers_of(self, rows: torch.Tensor) -> torch.Tensor:
        """The numbers of `rows` (K, B): (K, B, numbers)."""
        return self._numbers[rows]

    def write(self, rows: torch.Tensor, out: torch.Tensor) -> None:
        """Write `rows` (K, B) into the first D columns of `out` (K, B, at least D), which must be
        0.
        """
        out.scatter_(2, self.columns_of(rows), 1.0)
        if len(self._number_columns):
            out[:, :, self._number_columns] = self.numbers_of(rows)
