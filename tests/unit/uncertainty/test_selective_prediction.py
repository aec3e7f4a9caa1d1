"""Risk against coverage: the best and the worst ranking, rankings that say nothing, and ties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dge_assets.core.errors import EvaluationError
from dge_assets.core.uncertainty.selective_prediction import MOST_COVERAGES, selective

SEEDS = st.integers(0, 2**32 - 1)


def test_golden_curve_of_four_rows() -> None:
    """By hand: kept in order of uncertainty the losses are 0, 1, 0, 1, so the risks are 0, 1/2,
    1/3, 1/2.
    """
    result = selective(np.array([1.0, 0.0, 1.0, 0.0]), np.array([0.9, 0.1, 0.3, 0.5]))
    assert result.curve["coverage"].tolist() == [0.25, 0.5, 0.75, 1.0]
    assert result.curve["risk"].tolist() == pytest.approx([0, 1 / 2, 1 / 3, 1 / 2])
    assert result.aurc == pytest.approx(4 / 12)
    assert result.excess_aurc == pytest.approx(4 / 12 - (0 + 0 + 1 / 3 + 1 / 2) / 4)


@settings(max_examples=30)
@given(seed=SEEDS, rows=st.integers(1, 200))
def test_no_ranking_beats_the_losses_themselves(seed: int, rows: int) -> None:
    rng = np.random.default_rng(seed)
    losses, unsure = (rng.random(rows) < 0.3).astype(float), rng.normal(size=rows)
    result = selective(losses, unsure)
    assert selective(losses, losses).excess_aurc == 0
    assert selective(losses, losses).aurc <= result.aurc + 1e-12
    assert result.aurc <= selective(losses, -losses).aurc + 1e-12
    assert result.curve["risk"].iloc[-1] == pytest.approx(losses.mean())
    assert len(result.curve) == min(rows, MOST_COVERAGES)


@settings(max_examples=30)
@given(seed=SEEDS, rows=st.integers(1, 120))
def test_only_the_order_of_uncertainties_counts_and_not_the_order_of_rows(
    seed: int, rows: int
) -> None:
    rng = np.random.default_rng(seed)
    losses, unsure = rng.random(rows), rng.integers(0, 5, rows).astype(float)
    order = rng.permutation(rows)
    plain = selective(losses, unsure)
    for other in (selective(losses[order], unsure[order]), selective(losses, 3 * unsure - 7)):
        assert other.aurc == pytest.approx(plain.aurc)
        np.testing.assert_allclose(other.curve, plain.curve)


def test_a_ranking_that_says_nothing_is_a_flat_line_at_the_risk() -> None:
    losses = np.array([1.0, 0.0, 0.0, 1.0, 1.0])
    result = selective(losses, np.zeros(5))
    assert result.curve["risk"].tolist() == pytest.approx([0.6] * 5)
    assert result.aurc == pytest.approx(0.6)


def test_ties_are_broken_as_chance_would_on_average() -> None:
    """Known truth by simulation: random tie-breaking gives the same area in the mean."""
    rng = np.random.default_rng(3)
    losses, unsure = (rng.random(40) < 0.4).astype(float), rng.integers(0, 4, 40).astype(float)
    broken = [selective(losses, unsure + rng.random(40) / 2).aurc for _ in range(3000)]
    assert selective(losses, unsure).aurc == pytest.approx(np.mean(broken), abs=3e-3)


def test_what_cannot_be_ranked_is_refused() -> None:
    with pytest.raises(EvaluationError, match="there are no rows"):
        selective(np.empty(0), np.empty(0))
    with pytest.raises(EvaluationError, match="2 losses but 3 uncertainties"):
        selective(np.zeros(2), np.zeros(3))
    with pytest.raises(EvaluationError, match="uncertainties are not finite in 1 of 2 rows"):
        selective(np.zeros(2), np.array([0.0, np.nan]))
