"""Drawing rows of a table: small stratified samples, balanced classes, shares of rows in place of
weights.

Here: which rows are drawn. Not here: what is fitted on them (`augmentation.scores`). Streams are
passed in as integers, as scikit-learn's `resample` takes them.
"""

from __future__ import annotations

import importlib.util

import numpy as np
import pandas as pd
from sklearn.utils import resample

from dge_assets.core.contract.contract import Task
from dge_assets.core.downstream.fitting import stack_rows
from dge_assets.core.downstream.preprocessing import treatment_of
from dge_assets.core.errors import EvaluationError

NEIGHBOURS = 5
"""SMOTE draws between a row and one of so many neighbours of its class (Chawla et al. 2002)."""


def stratified_sample(
    frame: pd.DataFrame, target: str, rows: int, *, task: Task, seed: int
) -> pd.DataFrame:
    """`rows` different rows of `frame`, classes in their proportion (to one row); a plain draw for
    regression.
    """
    if not 0 < rows < len(frame):
        raise EvaluationError(
            f"{rows} rows cannot be drawn from {len(frame)}; ask for fewer of them, and at least 1"
        )
    strata = None if task == "regression" else frame[target].astype(object)
    drawn = resample(
        np.arange(len(frame)), replace=False, n_samples=rows, stratify=strata, random_state=seed
    )
    return frame.iloc[np.sort(drawn)].reset_index(drop=True)


def share_of_rows(frame: pd.DataFrame, share: float, *, seed: int) -> pd.DataFrame:
    """share * rows of `frame`: all of them as often as share is whole, and a draw without
    replacement for what is left.

    It stands for a weight of `share` per row where a model takes no weights.
    """
    whole, rest = divmod(share, 1.0)
    drawn = np.random.default_rng(seed).permutation(len(frame))[: round(rest * len(frame))]
    return frame.iloc[
        np.concatenate([np.tile(np.arange(len(frame)), int(whole)), np.sort(drawn)])
    ].reset_index(drop=True)


def oversampled(frame: pd.DataFrame, target: str, *, seed: int) -> pd.DataFrame:
    """The rows of `frame`, and draws with replacement of each smaller class until all are as large
    as the largest.

    What `RandomOverSampler` of imbalanced-learn does by default, by scikit-learn's `resample`.
    """
    classes = frame[target].astype(object)
    counts = classes.value_counts(sort=False)
    most = int(counts.max())
    extra = [
        resample(
            np.flatnonzero(classes == level),
            n_samples=most - int(count),
            random_state=(seed + code) % 2**32,
        )
        for code, (level, count) in enumerate(counts.items())
        if count < most
    ]
    return frame.iloc[np.concatenate([np.arange(len(frame)), *extra]).astype(int)].reset_index(
        drop=True
    )


def has_smote() -> bool:
    """Whether imbalanced-learn (the extra `imbalanced`) is installed."""
    return importlib.util.find_spec("imblearn") is not None


def reason_against_smote(frame: pd.DataFrame, target: str) -> str:
    """Why SMOTENC cannot be used on `frame`, "" where it can."""
    kinds = {_nature(frame[name]) for name in frame.columns if name != target}
    if kinds != {"numeric", "categorical"}:
        return f"needs numeric and categorical features and no others, found {sorted(kinds)}"
    if frame.isna().any(axis=None):
        return "takes no missing cells"
    fewest = int(frame[target].astype(object).value_counts().min())
    return (
        ""
        if fewest > NEIGHBOURS
        else f"needs more than {NEIGHBOURS} rows of each class, found {fewest}"
    )


def _nature(column: pd.Series) -> str:
    """As models treat the column, but for flags: between yes and no there is nothing."""
    return "categorical" if pd.api.types.is_bool_dtype(column.dtype) else treatment_of(column)


def smote(frame: pd.DataFrame, target: str, *, seed: int) -> pd.DataFrame:
    """The rows of `frame`, and made ones of each smaller class by SMOTENC, until all are as large
    as the largest.
    """
    from imblearn.over_sampling import SMOTENC

    features = frame.drop(columns=target)
    nominal = [name for name in features.columns if _nature(features[name]) == "categorical"]
    plain = features.astype(dict.fromkeys(nominal, object)).astype(
        {name: np.float64 for name in features.columns if name not in nominal}
    )
    sampler = SMOTENC(nominal, random_state=seed % 2**32, k_neighbors=NEIGHBOURS)
    made, labels = sampler.fit_resample(plain, frame[target].astype(str))
    text = {str(level): level for level in frame[target].unique()}
    made = pd.DataFrame(made, columns=features.columns)
    made = made.astype(
        {
            name: dtype
            for name, dtype in features.dtypes.items()
            if pd.api.types.is_bool_dtype(dtype)
        }
    )
    made[target] = pd.Series(labels).map(text).to_numpy()
    return stack_rows([made[list(frame.columns)]], name="smote")
