"""The simulation behind docs/interval-coverage.md, in its shortest form: it runs, and the wide
intervals are the honest ones.
"""

import numpy as np
import pytest

from benchmarks import interval_coverage
from benchmarks.claim_coverage import claim_coverage, size_coverage
from benchmarks.interval_coverage_page import page
from benchmarks.interval_population import Population


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "TRUE_ROWS": 4000,
        "EXPECTED_ROWS": 8000,
        "TRUE_SETS": 60,
        "REPLICATES": 60,
        "KS": (5,),
    }.items():
        monkeypatch.setattr(interval_coverage, name, value)


@pytest.mark.usefixtures("small")
def test_intervals_over_members_hold_what_those_over_rows_do_not() -> None:
    found = interval_coverage.simulate(0.2, repeats=12, rows=500, seed=0)
    held = found.groupby("over")["held"].mean()
    assert held["members and test rows"] > 0.85
    effective = found[found["what"] == "effective members"].set_index("over")["held"]
    assert effective["members and test rows"] > effective["test rows"] + 0.2
    alarms = interval_coverage.false_alarms(0.2, repeats=3, rows=1000, seed=0)
    text = page({0.2: found}, {0.2: alarms}, repeats=12, rows=500, seconds=1.0)
    assert "| dge_K | auc |" in text
    assert "## False alarms of groups" in text


def test_the_population_has_the_share_of_positives_that_is_asked_for() -> None:
    stream = np.random.default_rng(0)
    population = Population.of(0.05, stream)
    assert population.rows(100_000, stream)[1].mean() == pytest.approx(0.05, abs=0.005)


def test_claims_and_sizes_are_counted_as_the_scores_are() -> None:
    population = Population.of(0.3, np.random.default_rng(0))
    claims = claim_coverage(population, (5,), repeats=4, rows=400, seed=0)
    assert list(claims["metric"]) == ["auc", "brier"]
    sizes = size_coverage(population, (5, 10), repeats=20, rows=400, seed=0)
    assert sizes.groupby("what")["held"].mean().min() > 0.8
    assert (
        sizes.pivot(index="K", columns="what", values="width")
        .loc[5]
        .gt(sizes.pivot(index="K", columns="what", values="width").loc[10])
        .all()
    ), "more members, narrower"
