"""The K curve: what a larger ensemble buys, as measured and as foretold from ensembles of one and
two.

Source of the prediction: Räisä and Honkela, "A bias-variance decomposition for ensembles over
multiple synthetic datasets", arXiv 2402.03985: MSE_K = MSE_1 - (1 - 1/K) * 2 * (MSE_1 - MSE_2). So
two members tell what ten will bring, before anybody trains them. Not here: drawing (`charts.py`),
fitting.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from dge_assets.core.scores.metrics import SQUARED_ERROR
from dge_assets.core.scores.predictions import require_ks, spread
from dge_assets.core.scores.scored import Scored

K_CURVE_COLUMNS = ["K", "metric", "measured", "std", "predicted", "seconds"]


def predict_squared_error(single: float, pair: float, K: int) -> float:
    """Squared error of an ensemble of K, from the mean over single members and the mean over pairs.

    MSE_K = MSE_1 - (1 - 1/K) * 2 * (MSE_1 - MSE_2) (arXiv 2402.03985).

    >>> predict_squared_error(0.25, 0.20, 2)
    0.2
    """
    return single - (1 - 1 / K) * 2 * (single - pair)


def k_curve(
    scored: Scored, ks: Sequence[int], *, seconds: Sequence[float] | None = None
) -> pd.DataFrame:
    """One row per K and metric: `K, metric, measured, std, predicted, seconds`.

    measured: the score of the first K members, `dge_K` of the training protocol. std: over the
    disjoint groups of K members in seed order (ddof 1), NaN when there are fewer than two.
    predicted: for brier, and for mse which a regression gets besides its metrics; else NaN, as with
    fewer than two members. At K = all members it equals measured exactly. seconds: of CPU time that
    the first K members cost, from each member's.
    """
    sizes = require_ks(ks, scored.size, fewest=1)
    squared = SQUARED_ERROR[scored.task]
    names = tuple(dict.fromkeys([*scored.rows.metrics, squared]))
    foretell = _foretell(scored, squared)
    rows = []
    for K in sizes:
        scores = [one.values(names) for one in scored.sets_of(K)]
        cost = float("nan") if seconds is None else float(np.sum(seconds[:K]))
        for name in names:
            std = spread([values[name] for values in scores])
            predicted = foretell(K) if name == squared else float("nan")
            rows.append((K, name, scores[0][name], std, predicted, cost))
    return pd.DataFrame(rows, columns=K_CURVE_COLUMNS)


def _foretell(scored: Scored, squared: str) -> Callable[[int], float]:
    """K -> predicted squared error; NaN when there is no pair of members to predict from."""
    if scored.size < 2:
        return lambda _K: float("nan")

    def error(members: Sequence[int]) -> float:
        return scored.of_members(members, keep=False).values([squared])[squared]

    single = float(np.mean([error([member]) for member in range(scored.size)]))
    pair = float(np.mean([error(pair) for pair in combinations(range(scored.size), 2)]))
    return lambda K: predict_squared_error(single, pair, K)
