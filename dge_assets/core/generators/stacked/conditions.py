"""CTGAN's training by sampling: draw a discrete column, one of its levels by log-frequency, and a
row that has it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from dge_assets.core.generators.encoding.encoded_table import Array, EncodedTable


@dataclass(frozen=True)
class LevelProbabilities:
    """For each discrete column the probability with which a level is drawn, column after column
    (C,).
    """

    widths: tuple[int, ...]
    values: Array


def level_probabilities(table: EncodedTable, *, log_frequency: bool) -> LevelProbabilities:
    """Probability of each level within its column: its count, or log(count + 1) (Xu et al.

    2019, section 4.3).
    """
    parts = []
    for span, width in zip(
        table.layout.condition_spans, table.layout.condition_widths, strict=True
    ):
        counts = np.bincount(table.codes[:, span], minlength=width).astype(float)
        weights = np.log(counts + 1) if log_frequency else counts
        parts.append(weights / weights.sum())
    return LevelProbabilities(
        table.layout.condition_widths, np.concatenate(parts) if parts else np.empty(0)
    )


class ConditionSampler:
    """Draws positions in the condition vector (0 to C - 1)."""

    def __init__(self, probabilities: LevelProbabilities, *, device: str) -> None:
        self._columns = len(probabilities.widths)
        ends = np.cumsum(probabilities.widths)
        pieces = np.split(probabilities.values, ends[:-1]) if self._columns else []
        # One ascending line for all columns: column number plus cumulated probability.
        cumulated = [
            number + np.minimum(np.cumsum(piece), 1.0) for number, piece in enumerate(pieces)
        ]
        line = np.concatenate(cumulated) if cumulated else np.empty(0)
        self._line = torch.as_tensor(line, device=device)
        self._last = torch.as_tensor(ends - 1, dtype=torch.int64, device=device)

    def draw(self, column: torch.Tensor, level: torch.Tensor) -> torch.Tensor:
        """Positions in the condition vector from two float64 tensors of numbers uniform in [0, 1),
        of one shape.
        """
        chosen = (column * self._columns).long()
        found = torch.searchsorted(self._line, chosen + level, right=True)
        # Rounding may leave a column's cumulated probability just below 1.
        return torch.minimum(found, self._last[chosen])


class RowsByCondition:
    """All rows of a table, sorted by level for each discrete column, to draw one that meets a
    condition.
    """

    def __init__(self, table: EncodedTable, *, device: str) -> None:
        counts = []
        rows = np.empty((len(table.layout.condition_spans), len(table)), dtype=np.int32)
        for column, (span, width) in enumerate(
            zip(table.layout.condition_spans, table.layout.condition_widths, strict=True)
        ):
            codes = table.codes[:, span]
            rows[column] = np.argsort(codes, kind="stable")
            counts.append(np.bincount(codes, minlength=width))
        flat = np.concatenate(counts) if counts else np.empty(0, dtype=np.int64)
        self._order = torch.as_tensor(rows.ravel(), device=device)
        self._counts = torch.as_tensor(flat, dtype=torch.float64, device=device)
        self._starts = torch.as_tensor(np.cumsum(flat) - flat, dtype=torch.int64, device=device)

    def draw(self, conditions: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
        """A row for each of `conditions` (positions), from a float64 tensor uniform in [0, 1) of
        the same shape.
        """
        within = (uniform * self._counts[conditions]).long()
        return self._order[self._starts[conditions] + within].long()
