"""Do the interval of what a DGE claim is nearer by, and the range of a recommended K, hold?

Each repeat draws members anew. A member is a generator as well as a model here: its dataset's
outcomes follow its own coefficients, so a model claims on a dataset what that generator believes.
What intervals are held to: the mean gain of other members' claims, from all repeats,
each on rows without number; and the variance between members of the whole population.

Here: those two quantities. Not here: scores, differences, correlations (`interval_coverage`, whose
page shows these beside its own).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

from benchmarks.interval_population import Population, hit, member_errors, summary
from dge_assets.core.arrays import Array
from dge_assets.core.ensemble.k_recommendation import k_recommendation, recommend
from dge_assets.core.intervals.resampling import Resamples
from dge_assets.core.scores.approach import dge
from dge_assets.core.scores.claim_errors import claim_errors, nearer_by, own_and_others
from dge_assets.core.scores.metrics import score_encoded
from dge_assets.core.scores.predictions import TrainingPredictions
from dge_assets.core.scores.replicates import replicate_scores
from dge_assets.core.scores.scored import Scored

METRICS = ("auc", "brier")
SYNTHETIC_ROWS, LARGE_ROWS = 1000, 20_000
VARIANCE_ROWS, VARIANCE_MEMBERS, AT_A_TIME = 4000, 20_000, 500
COST = {"seconds_per_member": 10.0, "gain_per_second": 1e-5}
"""Of a recommendation: with these a few to some tens of members are worth their work."""


def claim_coverage(
    population: Population, ks: Sequence[int], *, repeats: int, rows: int, seed: int
) -> pd.DataFrame:
    """`what, metric, over, K, held, width, repeats`: the gain of DGE's claim over the naive one."""
    records: list[dict[str, object]] = []
    for stream in map(np.random.default_rng, np.random.SeedSequence([seed, 2]).spawn(repeats)):
        for K in ks:
            records += _claims(population, K, rows, stream)
    table = pd.DataFrame(records)
    table["true"] = table.groupby(["metric", "K"])["large"].transform("mean")
    hits = [hit(row.low, row.high, row.true) for row in table.itertuples()]
    return summary(pd.concat([table[["what", "metric", "over", "K"]], pd.DataFrame(hits)], axis=1))


def _claims(
    population: Population, K: int, rows: int, stream: np.random.Generator
) -> list[dict[str, object]]:
    errors = member_errors(K, stream)
    cross: dict[str, Array] = {name: np.empty((K, K)) for name in METRICS}
    for dataset in range(K):
        X, y = population.synthetic_rows(SYNTHETIC_ROWS, errors[dataset], stream)
        for model, predictions in enumerate(population.predictions(X, errors)):
            for name, value in _values(y, predictions).items():
                cross[name][model, dataset] = value
    (X, y), (large_X, large_y) = (population.rows(n, stream) for n in (rows, LARGE_ROWS))
    on_test, on_large = (population.predictions(part, errors) for part in (X, large_X))
    resamples = Resamples(rows, np.random.SeedSequence(int(stream.integers(2**32))), 300)
    replicates = [replicate_scores(METRICS, y, one, resamples, task="binary") for one in on_test]
    gain = str(dge(K))
    found = claim_errors(
        _by_approach(cross, _all(y, on_test), gain),
        cross,
        {name: np.stack([of[name] for of in replicates]) for name in METRICS},
        task="binary",
    )
    without_number = _all(large_y, on_large)
    return [
        {
            "what": "gain of a claim",
            "metric": row["metric"],
            "over": "members and test rows",
            "K": K,
            "low": row["low"],
            "high": row["high"],
            "large": _gain(cross[str(row["metric"])], without_number[str(row["metric"])]),
        }
        for row in found[found["approach"] == gain].to_dict("records")
    ]


def _by_approach(
    cross: dict[str, Array], truth: dict[str, Array], dge: str
) -> dict[str, dict[str, Array]]:
    claims = {name: own_and_others(scores) for name, scores in cross.items()}
    return {
        "oracle": truth,
        "naive": {name: own for name, (own, _) in claims.items()},
        dge: {name: others for name, (_, others) in claims.items()},
    }


def _gain(scores: Array, truth: Array) -> float:
    return float(nearer_by(*own_and_others(scores), truth[:, None])[0])


def _all(y: npt.NDArray[np.int64], predictions: Sequence[Array]) -> dict[str, Array]:
    values = [_values(y, one) for one in predictions]
    return {name: np.array([of[name] for of in values]) for name in METRICS}


def _values(y: npt.NDArray[np.int64], predictions: Array) -> dict[str, float]:
    return score_encoded(METRICS, y, predictions, task="binary").values


def size_coverage(
    population: Population, ks: Sequence[int], *, repeats: int, rows: int, seed: int
) -> pd.DataFrame:
    """The same columns: the gain of the next member, and the range of the recommended K."""
    variance = _variance_between_members(population, np.random.default_rng([seed, 3]))
    wanted = recommend(variance, **COST).K
    records: list[dict[str, object]] = []
    for stream in map(np.random.default_rng, np.random.SeedSequence([seed, 4]).spawn(repeats)):
        X, y = population.rows(rows, stream)
        members = population.predictions(X, member_errors(max(ks), stream))
        for K in ks:
            alone = TrainingPredictions(members[:1], members[:1], members[0], members[:K])
            found = k_recommendation(
                Scored(y, alone, [K], "binary"),
                [COST["seconds_per_member"]] * K,
                gain_per_second=COST["gain_per_second"],
            ).iloc[0]
            told = {"metric": "brier", "over": "members and test rows", "K": K}
            K_of_gain = int(found["K"])
            true_gain = variance / (K_of_gain * (K_of_gain + 1))
            records += [
                {
                    "what": "gain of the next member",
                    **told,
                    **hit(found["gain_low"], found["gain_high"], true_gain),
                },
                {
                    "what": "recommended K",
                    **told,
                    **hit(float(found["K_low"]), float(found["K_high"]), wanted),
                },
            ]
    return summary(pd.DataFrame(records))


def _variance_between_members(population: Population, stream: np.random.Generator) -> float:
    """Of the probabilities, mean over rows: what V estimates."""
    X, _ = population.rows(VARIANCE_ROWS, stream)
    total, squares = np.zeros(VARIANCE_ROWS), np.zeros(VARIANCE_ROWS)
    for _ in range(VARIANCE_MEMBERS // AT_A_TIME):
        slopes = population.slopes + population.shared + member_errors(AT_A_TIME, stream)
        positive = expit(X @ slopes.T + population.intercept)
        total += positive.sum(axis=1)
        squares += (positive**2).sum(axis=1)
    mean = total / VARIANCE_MEMBERS
    return float(np.mean(squares / VARIANCE_MEMBERS - mean**2))
