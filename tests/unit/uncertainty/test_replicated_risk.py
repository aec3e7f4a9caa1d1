"""Areas and risks of replicates: equal to those of the repeated rows, with and without ties, and
right about the truth.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dge_assets.core.errors import EvaluationError
from dge_assets.core.intervals.interval import over_test_rows
from dge_assets.core.intervals.resampling import Resamples
from dge_assets.core.uncertainty import replicated_risk
from dge_assets.core.uncertainty.replicated_risk import replicate_risks, risk_areas
from dge_assets.core.uncertainty.selective_prediction import rows_kept, selective

SIMULATED = 300


@settings(max_examples=40)
@given(
    seed=st.integers(0, 2**32 - 1),
    rows=st.integers(1, 90),
    levels=st.sampled_from([2, 5, 10**6]),
    squared=st.booleans(),
)
def test_replicates_are_the_repeated_rows(seed: int, rows: int, levels: int, squared: bool) -> None:
    rng = np.random.default_rng(seed)
    losses = rng.normal(size=rows) ** 2 if squared else (rng.random(rows) < 0.3).astype(float)
    unsure = rng.integers(0, levels, rows).astype(float)
    resamples = Resamples(rows, np.random.SeedSequence(seed), 5)
    areas, risks = replicate_risks(losses, unsure, resamples, rows_kept(rows))
    (weights,) = resamples.blocks()
    for index, drawn in enumerate(weights.T.astype(int)):
        expected = selective(np.repeat(losses, drawn), np.repeat(unsure, drawn))
        assert areas[index] == pytest.approx(expected.aurc, rel=1e-5, abs=1e-7)
        np.testing.assert_allclose(risks[:, index], expected.curve["risk"], rtol=1e-5, atol=1e-6)
    whole = risk_areas(losses, unsure, np.ones((rows, 1), dtype=np.float32))
    assert whole[0] == pytest.approx(selective(losses, unsure).aurc, rel=1e-5, abs=1e-7)


def test_far_from_the_first_neighbours_are_taken_as_ties_and_nobody_can_tell() -> None:
    losses, unsure = simulated(np.random.default_rng(1), 4000)
    losses, unsure = losses + 0.1, unsure + np.random.default_rng(2).random(4000) / 100  # no ties
    resamples = Resamples(4000, np.random.SeedSequence(0), 40)
    areas, risks = replicate_risks(losses, unsure, resamples, rows_kept(4000))
    (weights,) = resamples.blocks()
    drawn = [np.repeat(np.arange(4000), column) for column in weights.T.astype(int)]
    exact = [selective(losses[rows], unsure[rows]) for rows in drawn]
    off = areas - [one.aurc for one in exact]
    assert np.abs(off).max() < 0.01 * areas.std()
    apart = risks - np.stack([one.curve["risk"] for one in exact], axis=1)
    # One row of some hundred is kept or not: in the mean over replicates a tenth of the spread,
    # which widens it by 1 %.
    assert (np.sqrt(np.mean(apart**2, axis=1)) < 0.15 * risks.std(axis=1)).all()
    one = risk_areas(losses, unsure, np.ones((4000, 1), dtype=np.float32))
    assert one[0] == pytest.approx(selective(losses, unsure).aurc, rel=1e-12)


def test_replicates_in_parts_are_those_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    losses, unsure = rng.random(40), rng.random(40)
    resamples = Resamples(40, np.random.SeedSequence(0), 11)
    areas, risks = replicate_risks(losses, unsure, resamples, [1, 20, 40])
    monkeypatch.setattr(replicated_risk, "MOST_CELLS", 130)
    again = replicate_risks(losses, unsure, resamples, [1, 20, 40])
    np.testing.assert_allclose(again[0], areas)
    np.testing.assert_allclose(again[1], risks)


def test_weights_of_nothing_have_no_area_and_other_rows_are_refused() -> None:
    weights = np.array([[0, 1], [0, 2]], dtype=np.float32)
    assert np.isnan(risk_areas(np.ones(2), np.zeros(2), weights)).tolist() == [True, False]
    with pytest.raises(EvaluationError, match="2 losses for replicates of 3 rows"):
        replicate_risks(np.ones(2), np.zeros(2), Resamples(3, np.random.SeedSequence(0), 2), [1])


def simulated(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Errors of a rate that rises with the uncertainty, which the ranking sees with noise and in
    few levels.
    """
    rate = rng.beta(1, 4, rows)
    return (rng.random(rows) < rate).astype(float), np.round(rate + rng.normal(0, 0.05, rows), 2)


def test_intervals_of_areas_and_of_risks_cover_the_truth() -> None:
    """Known truth: area, excess and risk at half coverage of half a million rows; 300 test sets of
    300 rows.
    """
    truth = selective(*simulated(np.random.default_rng(10**6), 500_000))
    expected = [truth.aurc, truth.excess_aurc, truth.curve["risk"].iloc[24]]
    covered, given_one = np.zeros(3), np.zeros(3)
    for seed in range(SIMULATED):
        losses, unsure = simulated(np.random.default_rng(seed), 300)
        resamples = Resamples(300, np.random.SeedSequence(seed), 200)
        areas, risks = replicate_risks(losses, unsure, resamples, [150])
        best, _ = replicate_risks(losses, losses, resamples, [])
        found = selective(losses, unsure)
        intervals = [
            over_test_rows(found.aurc, areas),
            over_test_rows(found.excess_aurc, areas - best),
            over_test_rows(found.curve["risk"].iloc[24], risks[0]),
        ]
        given_one += [not np.isnan(one.low) for one in intervals]
        covered += [
            one.low <= value <= one.high for one, value in zip(intervals, expected, strict=True)
        ]
    # Three binomial standard errors of 300 draws are 0.038; percentiles are a little narrow.
    assert (given_one > 0.9 * SIMULATED).all(), given_one
    assert ((covered / given_one >= 0.90) & (covered / given_one <= 0.99)).all(), (
        covered / given_one
    )
