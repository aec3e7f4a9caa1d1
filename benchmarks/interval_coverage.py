"""Do the intervals of the evaluation hold what they say they are over? `make interval-coverage`.

A population whose truth is known: outcomes follow a logistic model of four features, and each
member of an ensemble predicts by coefficients that are off by an error of its own and by one that
all members share. Nothing is fitted, so that a repeat takes a fraction of a second. Each repeat
draws members and test rows anew and makes the line's own tables; the truth of these members, and of
members at large, is taken on rows and members without number. The page it writes is
docs/interval-coverage.md.

Here: intervals of scores, differences and correlations, and false alarms of group tests. Not here:
statistics (`coverage`), evaluation on synthetic rows (`perfect_generator`), the page's text
(`interval_coverage_page`).
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.claim_coverage import claim_coverage, size_coverage
from benchmarks.interval_coverage_page import page
from benchmarks.interval_population import Population, hit, member_errors, summary
from dge_assets.core.arrays import Array
from dge_assets.core.ensemble.error_correlation import (
    effective_members,
    effective_number,
    error_products,
)
from dge_assets.core.groups.scores import TestGroup, group_scores
from dge_assets.core.intervals.resampling import Resamples
from dge_assets.core.rounding import mean_of
from dge_assets.core.scores.approach import NAIVE_SINGLE, ORACLE, SINGLE_MEAN, dge
from dge_assets.core.scores.intervals import approach_differences, training_with_intervals
from dge_assets.core.scores.metrics import score_encoded
from dge_assets.core.scores.predictions import TrainingPredictions, combine
from dge_assets.core.scores.scored import Scored
from dge_assets.core.threads import one_thread

METRICS = ("auc", "brier", "accuracy", "nll")
KS = (5, 10, 20)
POSITIVES = (0.05, 0.1, 0.3)
PAGE = Path(__file__).resolve().parents[1] / "docs" / "interval-coverage.md"
TRUE_ROWS, TRUE_SETS, REPLICATES = 40_000, 600, 500
EXPECTED_ROWS = 100_000
"""Rows on which expected scores are taken, once for all repeats: what they are off by is in every
repeat alike.
"""
AGAINST = tuple(map(str, (NAIVE_SINGLE, SINGLE_MEAN, ORACLE)))
_ALONE = tuple(map(str, (NAIVE_SINGLE, ORACLE)))


@dataclass(frozen=True)
class Truth:
    """Expected scores on the population: by approach and metric; and the expected correlation of
    two members' errors.
    """

    expected: dict[tuple[str, str], float]
    rho: float


def truth_of(population: Population, stream: np.random.Generator) -> Truth:
    """By many sets of members on many rows."""
    X, y = population.rows(EXPECTED_ROWS, stream)
    drawn = population.predictions(X, member_errors(TRUE_SETS, stream))
    expected = {
        (str(ORACLE), name): value for name, value in _scores(y, population.of_oracle(X)).items()
    }
    for K in (1, *KS):
        # Sets that share members are as good for a mean as sets that do not, and there are many
        # more of them.
        chosen = [stream.choice(TRUE_SETS, K, replace=False) for _ in range(TRUE_SETS)]
        values = pd.DataFrame([_scores(y, [drawn[i] for i in members]) for members in chosen])
        expected |= {(str(dge(K)), name): float(values[name].mean()) for name in METRICS}
    apart = np.stack([member[:, 1] for member in drawn]) - y
    products = apart @ apart.T / len(y)
    others = products[~np.eye(len(products), dtype=bool)]
    for name in METRICS:
        for single in (NAIVE_SINGLE, SINGLE_MEAN):
            expected[str(single), name] = expected[str(dge(1)), name]
    return Truth(expected, float(others.mean() / np.diag(products).mean()))


def _scores(y: npt.NDArray[np.int64], members: Sequence[Array]) -> dict[str, float]:
    return score_encoded(METRICS, y, combine(members, task="binary"), task="binary").values


@dataclass(frozen=True)
class Repeat:
    """One draw of members and test rows, and the large rows on which these members' truth is taken."""

    population: Population
    truth: Truth
    rows: int

    def run(self, stream: np.random.Generator) -> list[dict[str, object]]:
        """One record per interval: what of, over what, whether it holds its truth, and its width."""
        errors = member_errors(max(KS), stream)
        (X, y), (large, outcomes) = (
            self.population.rows(self.rows, stream),
            self.population.rows(TRUE_ROWS, stream),
        )
        members, on_large = (
            self.population.predictions(X, errors),
            self.population.predictions(large, errors),
        )
        resamples = Resamples(
            self.rows, np.random.SeedSequence(int(stream.integers(2**32))), REPLICATES
        )
        oracle = self.population.of_oracle(X)
        found: list[dict[str, object]] = []
        singles = [_scores(outcomes, [one]) for one in on_large]
        for K in KS:
            predictions = TrainingPredictions(oracle, members[:1], members[0], members[:K])
            scored = Scored(y, predictions, [K], "binary", resamples, METRICS)
            these = self._these(outcomes, large, on_large[:K], singles[:K])
            found += self._held(training_with_intervals(scored), K, these, "")
            found += self._held(
                approach_differences(scored).rename(columns={"difference": "value"}),
                K,
                these,
                "against",
            )
            found += self._correlation(y, members[:K], oracle, resamples)
        return found

    def _these(
        self,
        y: npt.NDArray[np.int64],
        X: Array,
        members: Sequence[Array],
        singles: Sequence[dict[str, float]],
    ) -> dict[tuple[str, str], float]:
        """The truth of these very members: their scores on rows without number."""
        approaches = {
            str(dge(len(members))): _scores(y, members),
            str(NAIVE_SINGLE): singles[0],
            str(SINGLE_MEAN): {
                name: float(mean_of([np.asarray(one[name]) for one in singles])) for name in METRICS
            },
            str(ORACLE): _scores(y, self.population.of_oracle(X)),
        }
        return {
            (approach, name): value
            for approach, of in approaches.items()
            for name, value in of.items()
        }

    def _held(
        self, table: pd.DataFrame, K: int, these: dict[tuple[str, str], float], against: str
    ) -> list[dict[str, object]]:
        records: list[dict[str, object]] = []
        for row in table.to_dict("records"):
            approach, name, other = row["approach"], row["metric"], row.get("against", "")
            if approach != str(dge(K)) and (against or approach not in _ALONE):
                continue
            if against and other not in AGAINST:
                continue
            for prefix, truth in (("", these), ("expected_", self.truth.expected)):
                true = truth[approach, name] - (truth[other, name] if against else 0.0)
                shown = "dge_K" if approach == str(dge(K)) else approach
                records.append(
                    {
                        "K": K,
                        "what": f"{shown} − {other}" if against else shown,
                        "metric": name,
                        "over": "members and test rows" if prefix else "test rows",
                        **hit(row[f"{prefix}low"], row[f"{prefix}high"], true),
                    }
                )
        return records

    def _correlation(
        self,
        y: npt.NDArray[np.int64],
        members: Sequence[Array],
        oracle: Sequence[Array],
        resamples: Resamples,
    ) -> list[dict[str, object]]:
        """The expected effective number alone: that of these members is held to its truth in the
        unit tests.
        """
        K = len(members)
        found = error_products(
            y, {("f", i): member for i, member in enumerate(members)}, oracle, task="binary"
        )
        row = effective_members(found[:1], resamples).iloc[0]
        true = effective_number(K, self.truth.rho)
        told = {"K": K, "what": "effective members", "metric": "error"}
        ends = {"test rows": "effective", "members and test rows": "expected_effective"}
        return [
            {**told, "over": over, **hit(row[f"{e}_low"], row[f"{e}_high"], true)}
            for over, e in ends.items()
        ]


GROUP_SIZES = (8, 12, 40, 100, 200, 200, 300, 500, 500, 1000)
"""Rows of the groups that are tested; drawn at random, so that no approach is worse in one of them
than elsewhere.
"""


def false_alarms(positives: float, repeats: int, rows: int, seed: int) -> pd.DataFrame:
    """Share of repeats in which an approach is said to fail in any group, by approach and metric:
    `approach, metric, alarms`.
    """
    stream = np.random.default_rng([seed, 1])
    population, found = Population.of(positives, stream), []
    for _ in range(repeats):
        X, y = population.rows(rows, stream)
        members = population.predictions(X, member_errors(KS[0], stream))
        groups = tuple(
            TestGroup(
                f"group {i}",
                "level",
                size / rows,
                np.isin(np.arange(rows), stream.choice(rows, size, replace=False)),
            )
            for i, size in enumerate(GROUP_SIZES)
        )
        resamples = Resamples(rows, np.random.SeedSequence(int(stream.integers(2**32))), REPLICATES)
        predictions = TrainingPredictions(population.of_oracle(X), members[:1], members[0], members)
        scored = Scored(y, predictions, KS[:1], "binary", resamples, METRICS)
        gaps = group_scores(groups, scored).gaps
        is_alarm = gaps["p_adjusted"] < 0.05
        found.append(is_alarm.groupby([gaps["approach"], gaps["metric"]], sort=False).any())
    return pd.DataFrame(found).mean().rename("alarms").reset_index()


def simulate(positives: float, repeats: int, rows: int, seed: int) -> pd.DataFrame:
    """Coverage by K, quantity, metric and what the interval is over."""
    streams = [
        np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(repeats + 1)
    ]
    own = streams.pop()
    population = Population.of(positives, own)
    repeat = Repeat(population, truth_of(population, own), rows)
    records = pd.DataFrame([record for stream in streams for record in repeat.run(stream)])
    return summary(records)


def part(name: str, share: float, repeats: int, rows: int) -> pd.DataFrame:
    """One part of the page at one share of positives; `name` is one of `PARTS`."""
    population = Population.of(share, np.random.default_rng([0, 5]))
    told = {"repeats": repeats, "rows": rows, "seed": 0}
    with one_thread():
        if name == "claims":
            return claim_coverage(population, KS, **told)
        if name == "sizes":
            return size_coverage(population, KS, **told)
        return simulate(share, **told) if name == "scores" else false_alarms(share, **told)


PARTS = ("claims", "scores", "sizes", "alarms")
"""In the order of their work, the longest first."""


def main() -> None:
    """Simulate for each share of positives, side by side, and write the page."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.interval_coverage", description=__doc__
    )
    parser.add_argument("--repeats", type=int, default=400)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    started = time.perf_counter()
    keys = [(name, share) for name in PARTS for share in POSITIVES]
    with multiprocessing.get_context("spawn").Pool(given.processes) as pool:
        work = [(*key, given.repeats, given.rows) for key in keys]
        found = dict(zip(keys, pool.starmap(part, work, chunksize=1), strict=True))
    covered = {
        share: pd.concat(
            [found[name, share] for name in ("scores", "claims", "sizes")], ignore_index=True
        )
        for share in POSITIVES
    }
    alarms = {share: found["alarms", share] for share in POSITIVES}
    seconds = time.perf_counter() - started
    PAGE.write_text(
        page(covered, alarms, repeats=given.repeats, rows=given.rows, seconds=seconds),
        encoding="utf-8",
    )
    print(f"written to {PAGE}")


if __name__ == "__main__":
    main()
