"""A perfect generator draws from the true distribution: intervals of the evaluation must then hold
the true score.

The small version of benchmarks/perfect_generator.py, with a true score that is known in closed
form.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from dge_assets.core.downstream.fitting import Dataset, fit_model, stack_rows
from dge_assets.core.downstream.targets import Target
from dge_assets.core.protocols import evaluation_scores, evaluation_targets, predict_member
from dge_assets.core.scores.claim_intervals import evaluation_intervals
from dge_assets.core.scores.tables import cross_scores

K, REPEATS = 4, 15


def drawn(rows: int, stream: np.random.Generator) -> pd.DataFrame:
    """x is normal with mean -1 (class 0) or 1 (class 1) and variance 1, classes equally likely."""
    y = stream.integers(0, 2, rows)
    return pd.DataFrame({"x": 2.0 * y - 1 + stream.normal(size=rows), "t": y})


def true_accuracy(cut: float) -> float:
    """Share of rows that `x > cut` tells rightly: (P(x > cut | 1) + P(x <= cut | 0)) / 2."""
    return float((norm.cdf(1 - cut) + norm.cdf(cut + 1)) / 2)


def repeat(stream: np.random.Generator) -> tuple[pd.DataFrame, float, list[Dataset]]:
    """The intervals by kind, the mean true accuracy of these models, and their datasets."""
    whole = [drawn(60, stream) for _ in range(K)]
    datasets = [(frame[:45], frame[45:].reset_index(drop=True)) for frame in whole]
    target = Target("t", "binary", (0, 1))
    models = [
        fit_model(train, target, "lr", seed=i, name="d") for i, (train, _) in enumerate(datasets)
    ]
    cuts = []
    for model in models:
        scaler = model.pipeline.named_steps["prepare"].transformers_[0][1].named_steps["scale"]
        line = model.pipeline.named_steps["model"]
        cuts.append(
            float(scaler.mean_[0] - line.intercept_[0] / line.coef_[0, 0] * scaler.scale_[0])
        )
    targets = evaluation_targets(whole[0], datasets, whole, target)
    stacked = stack_rows(whole, name="d")
    seen = [
        predict_member(i, m, whole[0], datasets[i][1], whole, stacked=stacked)
        for i, m in enumerate(models)
    ]
    crossed = cross_scores(seen, targets, task="binary", metrics=["accuracy"])
    true = float(np.mean([true_accuracy(cut) for cut in cuts]))
    return evaluation_intervals(crossed, [K], task="binary").set_index("over"), true, datasets


def test_intervals_of_the_evaluation_hold_the_true_score() -> None:
    """At least 95 % less three binomial standard errors, for the models at hand;
    docs/perfect-generator.md has more.
    """
    held = {"models": 0, "members": 0}
    streams = [np.random.default_rng(child) for child in np.random.SeedSequence(7).spawn(REPEATS)]
    for stream in streams:
        found, true, _ = repeat(stream)
        held["models"] += bool(found.loc["models", "low"] <= true <= found.loc["models", "high"])
        # Models of one threshold differ little, so the true score of these is nearly that of any
        # model.
        held["members"] += bool(found.loc["members", "low"] <= true <= found.loc["members", "high"])
    fewest = REPEATS * (0.95 - 3 * np.sqrt(0.95 * 0.05 / REPEATS))
    assert held["models"] >= fewest, held
    assert held["members"] >= fewest, held


def test_the_mean_over_pairs_is_what_the_evaluation_says() -> None:
    """Accuracy is a mean over rows and the datasets are of one size, so both are the same number."""
    found, _, datasets = repeat(np.random.default_rng(0))
    table = evaluation_scores(datasets[0][1], datasets, "t", "lr", [K], 0).set_index(
        ["approach", "metric"]
    )
    assert found.loc["models", "value"] == pytest.approx(table.loc[("dge_4", "accuracy"), "value"])
