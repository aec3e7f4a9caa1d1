"""A small table whose target follows from its features, and datasets of generators that are off."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dge_assets.core.contract.contract import Task
from dge_assets.core.downstream.fitting import Dataset


def blobs(seed: int, n: int, *, task: Task = "binary", shift: float = 0.0) -> pd.DataFrame:
    """Two informative floats, a category and a target; `shift` is the generator's error."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2))
    score = x[:, 0] + 0.5 * x[:, 1] + shift + 0.5 * rng.normal(size=n)
    target = {
        "binary": score > 0,
        "multiclass": np.digitize(score, [-0.6, 0.6]),
        "regression": score,
    }[task]
    labels = (
        target
        if task == "regression"
        else pd.Categorical(np.array(["a", "b", "c"])[target.astype(int)])
    )
    return pd.DataFrame(
        {"x": x[:, 0], "z": x[:, 1], "c": pd.Categorical(rng.choice(["u", "v"], n)), "t": labels}
    )


def dataset(seed: int, *, task: Task = "binary", n: int = 120) -> Dataset:
    frame = blobs(1000 + seed, n, task=task, shift=0.3 * np.sin(seed))
    return frame.iloc[: n - 30].reset_index(drop=True), frame.iloc[n - 30 :].reset_index(drop=True)
