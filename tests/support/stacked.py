"""Small encoded tables, and streams that remember what they gave."""

from __future__ import annotations

import numpy as np
import torch

from dge_assets.core.generators.encoding.encoded_table import EncodedTable
from dge_assets.core.generators.encoding.layout import Layout
from dge_assets.core.generators.stacked.streams import Streams

Columns = list[list[tuple[int, str]]]

DISCRETE: Columns = [[(3, "softmax")], [(2, "softmax")], [(11, "softmax")]]
NUMBERS: Columns = [[(1, "tanh"), (4, "softmax")], [(1, "tanh"), (1, "softmax")]]
MIXED: Columns = [DISCRETE[0], NUMBERS[0], DISCRETE[2], NUMBERS[1], DISCRETE[1]]
TABLES = {"only discrete": DISCRETE, "only numbers": NUMBERS, "mixed": MIXED}


def encoded_table(columns: Columns, rows: int = 60, seed: int = 0) -> EncodedTable:
    """Random rows; every level of every span occurs."""
    rng = np.random.default_rng(seed)
    layout = Layout.of(columns)
    codes = [
        np.concatenate([np.arange(width), (width * rng.random(rows - width) ** 2).astype(int)])
        for width in layout.span_widths
    ]
    stacked = np.stack([rng.permutation(each) for each in codes], 1).astype(np.uint8)
    numbers = rng.uniform(-0.9, 0.9, (rows, len(layout.number_columns))).astype(np.float32)
    return EncodedTable(layout, numbers, stacked)


def one_hot(table: EncodedTable) -> np.ndarray:  # type: ignore[type-arg]
    """The table as `ctgan` has it: (n, D) float64."""
    rows = np.zeros((len(table), table.layout.columns))
    rows[:, list(table.layout.number_columns)] = table.numbers
    for span, start in enumerate(table.layout.span_starts):
        rows[np.arange(len(table)), start + table.codes[:, span]] = 1
    return rows


class RememberingStreams(Streams):
    """Streams that keep a copy of all that was drawn, by sort, in order."""

    def __init__(self, seeds: list[np.random.SeedSequence]) -> None:
        super().__init__(seeds, device="cpu")
        self.drawn: dict[str, list[torch.Tensor]] = {"normal": [], "uniform": [], "bits": []}

    def normal(self, out: torch.Tensor) -> None:
        super().normal(out)
        self.drawn["normal"].append(out.clone())

    def uniform(self, out: torch.Tensor) -> None:
        super().uniform(out)
        self.drawn["uniform"].append(out.clone())

    def bits(self, out: torch.Tensor) -> None:
        super().bits(out)
        self.drawn["bits"].append(out.clone())
