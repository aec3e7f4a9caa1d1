"""What is drawn: conditions, rows that meet them, Gumbel numbers and samples have the distributions
that they should.

Each comparison is a chi-squared test on a fixed seed with a bound that chance alone passes in all
but one of 10,000.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from ctgan.data_sampler import DataSampler
from ctgan.data_transformer import SpanInfo
from scipy import stats

from dge_assets.core.generators.encoding.layout import Layout
from dge_assets.core.generators.stacked.activation import Activation, gumbel_
from dge_assets.core.generators.stacked.conditions import (
    ConditionSampler,
    RowsByCondition,
    level_probabilities,
)
from tests.support.stacked import MIXED, NUMBERS, TABLES, encoded_table, one_hot

ALPHA = 1e-4


def assert_drawn_from(positions: torch.Tensor, shares: np.ndarray) -> None:  # type: ignore[type-arg]
    counts = np.bincount(positions.ravel().numpy(), minlength=len(shares))
    assert counts[shares == 0].sum() == 0
    expected = shares * counts.sum()
    assert stats.chisquare(counts[shares > 0], expected[shares > 0]).pvalue > ALPHA


@pytest.mark.parametrize("log_frequency", [True, False])
def test_level_probabilities_are_the_packages(log_frequency: bool) -> None:
    table = encoded_table(MIXED)
    info = [[SpanInfo(*span) for span in column] for column in MIXED]
    theirs = DataSampler(one_hot(table), info, log_frequency)
    ours = level_probabilities(table, log_frequency=log_frequency)
    starts = np.cumsum([0, *ours.widths])
    for row, (start, width) in enumerate(zip(starts, ours.widths, strict=False)):
        expected = theirs._discrete_column_category_prob[row, :width]
        np.testing.assert_allclose(ours.values[start : start + width], expected, rtol=1e-12)


def test_conditions_are_drawn_by_column_and_then_by_level() -> None:
    shares = level_probabilities(encoded_table(MIXED), log_frequency=True)
    uniform = torch.rand(
        2, 1, 40_000, dtype=torch.float64, generator=torch.Generator().manual_seed(1)
    )
    drawn = ConditionSampler(shares, device="cpu").draw(uniform[0], uniform[1])
    assert_drawn_from(drawn, shares.values / len(shares.widths))


def test_the_ends_of_the_uniform_interval_give_levels_of_the_right_column() -> None:
    shares = level_probabilities(encoded_table(MIXED), log_frequency=True)
    sampler = ConditionSampler(shares, device="cpu")
    below = np.nextafter(1.0, 0.0)
    ends = np.cumsum(shares.widths)
    for column, end in enumerate(ends):
        inside = torch.tensor([[(column + 0.5) / len(ends)]], dtype=torch.float64)
        first = sampler.draw(inside, torch.zeros(1, 1, dtype=torch.float64))
        last = sampler.draw(inside, torch.full((1, 1), below, dtype=torch.float64))
        assert (int(first), int(last)) == (end - shares.widths[column], end - 1)


def test_each_row_that_meets_a_condition_is_as_likely() -> None:
    table = encoded_table(MIXED)
    rows_by_condition = RowsByCondition(table, device="cpu")
    offset = 0
    for span, width in zip(
        table.layout.condition_spans, table.layout.condition_widths, strict=True
    ):
        for level in range(width):
            having = table.codes[:, span] == level
            uniform = torch.rand(
                1, 6_000, dtype=torch.float64, generator=torch.Generator().manual_seed(level)
            )
            drawn = rows_by_condition.draw(torch.full((1, 6_000), offset + level), uniform)
            assert_drawn_from(drawn, having / having.sum())
        offset += width


def test_gumbel_numbers_are_standard_and_finite_at_the_ends() -> None:
    drawn = gumbel_(torch.rand(50_000, generator=torch.Generator().manual_seed(1))).double().numpy()
    assert stats.kstest(drawn, "gumbel_r").pvalue > ALPHA
    ends = gumbel_(torch.tensor([0.0, 1 - 2.0**-24]))
    assert torch.isfinite(ends).all()


def test_the_largest_of_logits_plus_gumbel_numbers_follows_the_softmax() -> None:
    """Gumbel-max (Gumbel 1954): what sampling relies on."""
    layout = Layout.of(NUMBERS)
    logits = torch.tensor([0.3, 1.0, -1.0, 0.0, 2.0, -0.4, 0.7]).view(1, -1, 1).repeat(1, 1, 30_000)
    uniform = torch.rand(logits.shape, generator=torch.Generator().manual_seed(3))
    relaxed = Activation(layout, device="cpu").forward(logits.clone(), uniform)
    start, width = layout.span_starts[0], layout.span_widths[0]
    chosen = relaxed[0, start : start + width].argmax(0)
    shares = torch.softmax(logits[0, start : start + width, 0].double(), 0).numpy()
    assert_drawn_from(chosen, shares / shares.sum())


@pytest.mark.parametrize("columns", TABLES.values(), ids=TABLES)
def test_the_activation_and_its_gradient_are_autograds(
    columns: list[list[tuple[int, str]]],
) -> None:
    layout = Layout.of(columns)
    activation = Activation(layout, device="cpu")
    logits = torch.randn(
        2, layout.columns, 5, generator=torch.Generator().manual_seed(1)
    ).requires_grad_()
    parts = []
    for column in range(layout.columns):
        if layout.span_of_column[column] < 0:
            parts.append((column, 1, torch.tanh(logits[:, column : column + 1])))
    for start, width in zip(layout.span_starts, layout.span_widths, strict=True):
        parts.append((start, width, torch.softmax(logits[:, start : start + width] / 0.5, 1)))
    expected = torch.cat([part for _, _, part in sorted(parts, key=lambda item: item[0])], 1)
    scaled = torch.where(
        torch.as_tensor(layout.span_of_column < 0).view(-1, 1), logits, logits / 0.5
    )
    found = activation.softmax(scaled.detach())
    torch.testing.assert_close(found, expected.detach())
    weights = torch.randn(expected.shape, generator=torch.Generator().manual_seed(2))
    (gradient,) = torch.autograd.grad((expected * weights).sum(), logits)
    torch.testing.assert_close(activation.backward(found, weights, temperature=0.5), gradient)


def test_buckets_hold_each_encoded_column_of_a_span_once() -> None:
    layout = Layout.of([[(width, "softmax")] for width in (2, 2, 3, 5, 9, 40, 41, 300)] + NUMBERS)
    held = np.concatenate([table[table < layout.columns] for table in layout.buckets])
    assert sorted(held) == sorted(np.flatnonzero(layout.span_of_column >= 0))
    for table in layout.buckets:
        assert (table < layout.columns).mean() >= 0.5, "less than half of it is waste"
