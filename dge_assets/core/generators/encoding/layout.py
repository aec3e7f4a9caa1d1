"""Which encoded columns belong to which span, and the maps between spans and columns that a step
needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Layout:
    """The encoded columns (D): numbers, each one wide and in [-1, 1], and one-hot spans.

    `number_columns` and `span_starts` are positions in the encoded row; `condition_spans` are the
    spans that hold a discrete column of the table (the others hold the mixture component of a
    number), on which CTGAN conditions.
    """

    number_columns: tuple[int, ...]
    span_starts: tuple[int, ...]
    span_widths: tuple[int, ...]
    condition_spans: tuple[int, ...]

    @classmethod
    def of(cls, output_info: Sequence[Sequence[tuple[int, str]]]) -> Layout:
        """The layout of a `ctgan` transformer's `output_info_list`: per column, spans as (width,
        activation).
        """
        numbers: list[int] = []
        starts: list[int] = []
        widths: list[int] = []
        conditions: list[int] = []
        position = 0
        for column in output_info:
            for width, activation in column:
                if activation == "tanh":
                    numbers.append(position)
                else:
                    if len(column) == 1:
                        conditions.append(len(starts))
                    starts.append(position)
                    widths.append(width)
                position += width
        return cls(tuple(numbers), tuple(starts), tuple(widths), tuple(conditions))

    @property
    def columns(self) -> int:
        """D, the width of an encoded row."""
        return len(self.number_columns) + sum(self.span_widths)

    @property
    def condition_widths(self) -> tuple[int, ...]:
        """Levels of each discrete column."""
        return tuple(self.span_widths[span] for span in self.condition_spans)

    @property
    def conditions(self) -> int:
        """C, the width of the condition vector."""
        return sum(self.condition_widths)

    @cached_property
    def condition_columns(self) -> Integers:
        """Encoded column of each place of the condition vector (C,)."""
        pieces = [
            np.arange(self.span_starts[span], self.span_starts[span] + self.span_widths[span])
            for span in self.condition_spans
        ]
        return np.concatenate(pieces) if pieces else np.empty(0, dtype=np.int64)

    @cached_property
    def span_of_column(self) -> Integers:
        """Span of each encoded column (D,), -1 for a number."""
        found = np.full(self.columns, -1, dtype=np.int64)
        for span, (start, width) in enumerate(zip(self.span_starts, self.span_widths, strict=True)):
            found[start : start + width] = span
        return found

    @cached_property
    def buckets(self) -> tuple[Integers, ...]:
        """The spans sorted by width into tables (spans, widest) of encoded columns, D where a row
        is shorter.

        A table's widest span is at most twice its narrowest, so that a softmax over its rows wastes
        little.
        """
        order = sorted(range(len(self.span_widths)), key=lambda span: self.span_widths[span])
        tables: list[Integers] = []
        while order:
            widest = 2 * self.span_widths[order[0]]
            taken = [span for span in order if self.span_widths[span] <= widest]
            order = order[len(taken) :]
            table = np.full((len(taken), self.span_widths[taken[-1]]), self.columns, dtype=np.int64)
            for row, span in enumerate(taken):
                table[row, : self.span_widths[span]] = self.span_starts[span] + np.arange(
                    self.span_widths[span]
                )
            tables.append(table)
        return tuple(tables)
