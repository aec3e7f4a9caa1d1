"""The comparison with the package: like for like where it tells of the training, and drawn beside
it.
"""

from __future__ import annotations

import numpy as np

from benchmarks.both_sides import LARGEST, OURS, THEIRS
from benchmarks.same_outcome import Results, page


def _scores(mean: float, seed: int) -> dict[str, list[float]]:
    return {"marginal": list(np.random.default_rng(seed).normal(mean, 0.01, 20))}


def _verdicts(text: str) -> dict[tuple[str, str, str], str]:
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in text.splitlines()
        if line.startswith("| crash")
    ]
    return {(row[1], row[2], row[3]): row[-1] for row in rows}


def test_tvae_is_compared_with_its_largest_levels_and_drawn_beside() -> None:
    results: Results = {
        "crash tvae": {OURS: _scores(0.95, 1), LARGEST: _scores(0.80, 2), THEIRS: _scores(0.80, 2)},
        "crash tvae from 20": {
            OURS: _scores(0.95, 3),
            LARGEST: _scores(0.70, 4),
            THEIRS: _scores(0.80, 5),
        },
        "crash ctgan": {OURS: _scores(0.90, 6), THEIRS: _scores(0.90, 6)},
    }
    text = page(results, 20)
    assert _verdicts(text) == {
        ("tvae", "largest", "0 to 19"): "no difference shown",
        ("tvae", "drawn", "0 to 19"): "ours is better",
        ("tvae", "largest", "20 to 39"): "ours is worse",
        ("tvae", "drawn", "20 to 39"): "ours is better",
        ("ctgan", "drawn", "0 to 19"): "no difference shown",
    }
    assert "2 intervals of the first 20 seeds:\nno difference shown: 2." in text
    assert "Of theirs:\nours is worse: 1." in text
    assert "TVAE against the package's:\nours is better: 2" in text
    assert "Not run yet: adult ctgan; adult tvae." in text


def test_a_side_that_was_not_run_is_named_and_not_compared() -> None:
    results: Results = {"crash tvae": {LARGEST: _scores(0.8, 1), THEIRS: _scores(0.8, 2)}}
    text = page(results, 20)
    assert set(_verdicts(text)) == {("tvae", "largest", "0 to 19")}
    assert "crash tvae: ours" in text
