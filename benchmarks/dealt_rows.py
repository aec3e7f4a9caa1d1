"""What generators may learn from, and what it does to evaluation on other generators' datasets.

All members of an ensemble usually learn from the same real rows. Then the dataset on which a model
is scored knows the rows that the model's own dataset came from, and a score may be too good. Here:
ways to deal real rows out to K generators, and the bias of the claimed scores against a known
truth. Not here: generators, metrics, the simulation that runs it many times
(`benchmarks/shared_data.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from dge_assets.core.downstream.fitting import Dataset
from dge_assets.core.errors import EvaluationError
from dge_assets.core.protocols import evaluation_scores

Dealing = Literal["same", "bootstrap", "disjoint", "same part"]
DEALINGS: tuple[Dealing, ...] = get_args(Dealing)
BIAS_COLUMNS = ["model", "metric", "approach", "claimed", "truth", "bias"]

Generate = Callable[[pd.DataFrame, int, np.random.Generator], pd.DataFrame]
"""(rows to learn from, rows to make, stream) -> a synthetic dataset of the same columns."""


def deal_rows(
    rows: int, K: int, dealing: Dealing, stream: np.random.Generator
) -> list[npt.NDArray[np.int64]]:
    """The positions (0..rows-1) that each of K generators learns from.

    - same: all rows for each;
    - bootstrap: as many, drawn with replacement, anew for each;
    - disjoint: rows // K for each, none shared; up to K - 1 rows are left over;
    - same part: one such part of rows // K for all, which tells the price of fewer rows from that
      of sharing.

    EvaluationError for K below 1, fewer rows than K, or an unknown dealing.
    """
    if dealing not in DEALINGS:
        raise EvaluationError(f"no dealing {dealing!r}; allowed are {list(DEALINGS)}")
    if not 1 <= K <= rows:
        raise EvaluationError(f"K must be between 1 and the {rows} rows, found {K}")
    if dealing == "same":
        return [np.arange(rows) for _ in range(K)]
    if dealing == "bootstrap":
        return [stream.integers(0, rows, rows) for _ in range(K)]
    parts = np.array_split(stream.permutation(rows)[: rows // K * K], K)
    return parts if dealing == "disjoint" else [parts[0]] * K


def claimed_bias(
    real: pd.DataFrame,
    unseen: pd.DataFrame,
    generate: Generate,
    target: str,
    models: Sequence[str],
    *,
    K: int,
    dealing: Dealing,
    rows: int,
    test_share: float,
    stream: np.random.Generator,
    seed: int,
) -> pd.DataFrame:
    """One row per model, metric and approach (`naive`, `dge_K`): `model, metric, approach, claimed,
    truth, bias`.

    real: what generators learn from, dealt out by `dealing`. unseen: many rows of the population,
    on which the true score of each model is taken. rows: of each dataset, of which `test_share` is
    its own test part. bias: claimed minus truth, means over the K models
    (`protocols.evaluation_scores`). EvaluationError for K below 2.
    """
    if K < 2:
        raise EvaluationError(
            f"K must be at least 2 (a model is scored on other generators' datasets), found {K}"
        )
    parts = deal_rows(len(real), K, dealing, stream)
    drawn = [generate(real.iloc[part].reset_index(drop=True), rows, stream) for part in parts]
    datasets = [_own_parts(frame, test_share) for frame in drawn]
    tables = []
    for model in models:
        scores = evaluation_scores(unseen, datasets, target, model, [K], seed)
        truth = scores[scores["approach"] == "oracle"].set_index("metric")["value"]
        claims = scores[scores["approach"] != "oracle"].rename(columns={"value": "claimed"})
        claims = claims.assign(model=model, truth=claims["metric"].map(truth))
        tables.append(claims.assign(bias=claims["claimed"] - claims["truth"])[BIAS_COLUMNS])
    return pd.concat(tables, ignore_index=True)


def _own_parts(frame: pd.DataFrame, test_share: float) -> Dataset:
    """Train and test part; the rows of a generator come in no order, so the last ones are a random
    part.
    """
    cut = round(len(frame) * (1 - test_share))
    return frame.iloc[:cut].reset_index(drop=True), frame.iloc[cut:].reset_index(drop=True)
