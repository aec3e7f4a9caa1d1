"""Scores on real_test made anew from the warehouse's rows by pandas and scikit-learn alone.

Nothing of the project computes here: not its preprocessing, models, combining nor metrics. So what
agrees was computed twice. Networks are left out, since their fits follow the project's seeds.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

MODELS: dict[str, Callable[[], Any]] = {
    "lr": LogisticRegression,
    "gbdt": lambda: HistGradientBoostingClassifier(early_stopping=False, random_state=0),
}
METRICS: dict[str, Callable[[Any, Any], float]] = {"auc": roc_auc_score, "brier": brier_score_loss}
EPOCH = pd.Timestamp("1970-01-01")
KEYS = ["family", "model", "approach", "metric"]


def recomputed(
    warehouse: Path,
    table: str,
    target: str,
    *,
    max_levels: int = 100,
    categories: Collection[str] = (),
) -> pd.DataFrame:
    """`family, model, approach, metric, value, again`: each headline score of a binary target that
    depends on no seed.

    categories: columns of numbers that are declared to be levels.
    """
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        stated, train, test, rows = (
            connection.sql(f'SELECT * FROM "{table}"."{name}"').df()
            for name in ("training_scores", "real_train", "real_test", "synthetic")
        )
    for frame in (train, test, rows):
        frame[list(categories)] = frame[list(categories)].astype(str)
    columns = [name for name in train if name in rows and name != "record_id"]
    wanted = stated[stated["metric"].isin(METRICS) & stated["model"].isin(MODELS)]
    again = [
        (family, model, approach, metric, score(is_positive(test[target]), chances))
        for family, of_family in rows.groupby("family")
        for model in wanted["model"].unique()
        for approach, chances in _predictions(
            of_family, train[columns], test[columns], target, model, max_levels
        )
        for metric, score in METRICS.items()
    ]
    frame = pd.DataFrame(again, columns=[*KEYS, "again"])
    return wanted[[*KEYS, "value"]].merge(frame, on=KEYS, how="left")


def is_positive(labels: pd.Series) -> pd.Series:
    """Whether a row is of the class that comes last in order."""
    return labels == max(labels.unique())


def _predictions(
    rows: pd.DataFrame,
    train: pd.DataFrame,
    test: pd.DataFrame,
    target: str,
    model: str,
    max_levels: int,
) -> Iterator[tuple[str, np.ndarray]]:
    """(approach, probabilities of the positive class), each ensemble of the first K seeds for any
    K.
    """
    names = [name for name in train if name != target]

    def fitted(frame: pd.DataFrame) -> np.ndarray:
        features = _plain(frame[names])
        pipeline = _pipeline(features, model, max_levels).fit(features, is_positive(frame[target]))
        return pipeline.predict_proba(_plain(test[names]))[:, 1]

    members = [fitted(dataset) for _, dataset in rows.groupby("seed")]
    yield "oracle", fitted(train)
    yield "naive_single", members[0]
    yield "naive_ensemble", members[0]  # fits that depend on no seed are all the same
    yield "naive_concat", fitted(rows)
    for K in range(1, len(members) + 1):
        yield f"dge_{K}", np.mean(members[:K], axis=0)


def _plain(features: pd.DataFrame) -> pd.DataFrame:
    """Moments as year, month, day of the week and days since 1970; all that is a number as a float."""
    parts: dict[str, pd.Series] = {}
    for name, column in features.items():
        if pd.api.types.is_datetime64_any_dtype(column):
            parts |= {f"{name} year": column.dt.year, f"{name} month": column.dt.month}
            parts |= {
                f"{name} weekday": column.dt.dayofweek,
                f"{name} days": (column - EPOCH) / pd.Timedelta(days=1),
            }
        else:
            parts[str(name)] = column
    frame = pd.DataFrame(parts)
    numbers = [name for name in frame if pd.api.types.is_numeric_dtype(frame[name])]
    return frame.astype(dict.fromkeys(numbers, "float64"))


def _pipeline(features: pd.DataFrame, model: str, max_levels: int) -> Pipeline:
    is_number = [pd.api.types.is_numeric_dtype(dtype) for dtype in features.dtypes]
    numbers = list(features.columns[is_number])
    texts = [name for name in features if name not in numbers]
    scaled = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    levels = OneHotEncoder(handle_unknown="ignore", sparse_output=False, max_categories=max_levels)
    return make_pipeline(
        ColumnTransformer([("numbers", scaled, numbers), ("texts", levels, texts)]), MODELS[model]()
    )
