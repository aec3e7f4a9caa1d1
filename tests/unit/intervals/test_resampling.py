"""Replicates: as many rows as there are, the same when asked again, in blocks as well as at once."""

from __future__ import annotations

import numpy as np
import pytest

from dge_assets.core.errors import EvaluationError
from dge_assets.core.intervals import resampling
from dge_assets.core.intervals.resampling import Resamples


def all_weights(resamples: Resamples) -> np.ndarray:
    return np.concatenate(list(resamples.blocks()), axis=1)


def test_each_replicate_has_as_many_rows_as_there_are_and_is_drawn_with_replacement() -> None:
    weights = all_weights(Resamples(200, np.random.SeedSequence(1), 300))
    assert weights.shape == (200, 300)
    assert (weights.sum(axis=0) == 200).all()
    # Known truth: a row is left out of a replicate with probability (1 - 1/200)^200 = 0.367.
    assert (weights == 0).mean() == pytest.approx(0.367, abs=0.01)


def test_the_same_sequence_gives_the_same_replicates_and_another_one_others() -> None:
    first, again = (
        Resamples(50, np.random.SeedSequence(1), 20),
        Resamples(50, np.random.SeedSequence(1), 20),
    )
    np.testing.assert_array_equal(all_weights(first), all_weights(first))
    np.testing.assert_array_equal(all_weights(first), all_weights(again))
    assert not np.array_equal(
        all_weights(first), all_weights(Resamples(50, np.random.SeedSequence(2), 20))
    )


def test_large_tables_come_in_blocks_that_can_be_read_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(resampling, "MOST_CELLS", 350)
    resamples = Resamples(50, np.random.SeedSequence(1), 20)
    assert [block.shape for block in resamples.blocks()] == [(50, 7), (50, 7), (50, 6)]
    weights = all_weights(resamples)
    np.testing.assert_array_equal(weights, all_weights(resamples))
    assert not np.array_equal(weights[:, :6], weights[:, 7:13]), "blocks must not repeat each other"
    assert (weights.sum(axis=0) == 50).all()


def test_no_rows_give_empty_replicates_and_one_replicate_is_refused() -> None:
    assert all_weights(Resamples(0, np.random.SeedSequence(1), 5)).shape == (0, 5)
    with pytest.raises(EvaluationError, match="at least 2, found 1"):
        Resamples(10, np.random.SeedSequence(1), 1)
