"""Preprocessing of features for downstream models: mixed columns in, a float matrix out.

Here: which column is treated how, and the transformers that scikit-learn has not. All of it is
fitted inside a model's pipeline, on that model's rows only, so nothing of a test set leaks. Not
here: the target (`targets.py`), models (`models.py`), the generators' own encodings.

The transformers live at module level and hold plain lists, so that a fitted pipeline can be stored
with skops, which runs no code on loading.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from dge_assets.core.contract.values import coded, plain_level
from dge_assets.core.errors import EvaluationError

Treatment = Literal["numeric", "categorical", "datetime"]

MOST_LEVELS = 30
"""Default for the most one-hot columns that one categorical column may become."""
MISSING_LEVEL = "\x00missing"
"""The level that missing cells of a categorical column form; the NUL keeps it apart from any real
level.
"""
UNKNOWN_CODE = -1


def treatment_of(column: pd.Series) -> Treatment:
    """How a column is treated, by its type; EvaluationError for types that no treatment is known
    for.
    """
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype) or dtype.kind == "O" or dtype.name == "string":
        return "categorical"
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return "datetime"
    if pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_complex_dtype(dtype):
        return "numeric"
    raise EvaluationError(
        f"column {column.name!r} has type {dtype}, which downstream models cannot read; "
        f"allowed are numbers, booleans, categories, text and datetimes"
    )


def _as_floats(frame: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Numeric columns, nullable ones too, as floats with NaN for missing."""
    if all(isinstance(dtype, np.dtype) for dtype in frame.dtypes):
        values = frame.to_numpy(dtype=np.float64)
    else:
        columns = [
            frame[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in frame.columns
        ]
        values = np.column_stack(columns)
    return np.asarray(values, dtype=np.float64)


class NumberReader(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Numeric and boolean columns, nullable or not, as a float matrix with NaN for missing."""

    def fit(self, X: pd.DataFrame, _y: Any = None) -> NumberReader:
        """Remember the width only; nothing is learned."""
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X: pd.DataFrame) -> npt.NDArray[np.float64]:
        """(rows, columns) floats."""
        return _as_floats(X)


class MomentReader(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Datetime columns as year, month, day of week (Monday 0) and days since 1970-01-01, NaN for
    missing.
    """

    def fit(self, X: pd.DataFrame, _y: Any = None) -> MomentReader:
        """Remember the width only; nothing is learned."""
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X: pd.DataFrame) -> npt.NDArray[np.float64]:
        """(rows, 4 x columns) floats."""
        return np.column_stack([part for name in X.columns for part in _moment_parts(X[name])])


def _moment_parts(column: pd.Series) -> list[npt.NDArray[np.float64]]:
    """Year, month, day of week and days since 1970-01-01, (rows,) each.

    By numpy's own calendar, as pandas' accessors are ten times slower and these parts are made for
    each model anew.
    """
    # to_datetime first looks for repetitions, row by row
    moments = (
        column if pd.api.types.is_datetime64_any_dtype(column.dtype) else pd.to_datetime(column)
    )
    naive = moments if moments.dt.tz is None else moments.dt.tz_convert("UTC").dt.tz_localize(None)
    exact = naive.to_numpy(dtype="datetime64[ns]")
    is_missing = np.isnat(exact)
    months, days = (
        exact.astype("datetime64[M]").astype(np.int64),
        exact.astype("datetime64[D]").astype(np.int64),
    )
    since = (exact - np.datetime64(0, "ns")) / np.timedelta64(1, "D")
    # 1970-01-01 was a Thursday, day 3 of its week.
    found = [months // 12 + 1970, months % 12 + 1, (days + 3) % 7, since]
    return [np.where(is_missing, np.nan, part) for part in found]


class LevelIndicators(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Categorical columns as a column of 0 and 1 per level; missing is a level of its own, an
    unknown level is all zeros.

    Levels are compared as text (a whole float as the integer it is), so a column read back with
    another type keeps its levels. Of a column with more than `max_levels` the max_levels - 1 most
    frequent ones keep a column each, and the others share the last. The matrix is that of
    scikit-learn's OneHotEncoder, made in a fifth of its time: each of many models makes it anew for
    all rows that it is asked about.
    """

    def __init__(self, max_levels: int = MOST_LEVELS) -> None:
        self.max_levels = max_levels

    def fit(self, X: pd.DataFrame, _y: Any = None) -> LevelIndicators:
        """Learn `levels_`, one sorted list per column, and `places_`, the number of each level's
        column among its own.
        """
        self.n_features_in_ = X.shape[1]
        self.levels_, self.places_ = [], []
        for name in X.columns:
            codes, texts = _level_table(X[name])
            levels, number = np.unique(np.asarray(texts, dtype=object), return_inverse=True)
            counts = np.bincount(number[codes], minlength=len(levels))
            self.levels_.append(levels.tolist())
            self.places_.append(_places(counts, self.max_levels))
        return self

    def transform(self, X: pd.DataFrame) -> npt.NDArray[np.float64]:
        """(rows, levels of all columns) zeros and ones."""
        widths = [int(places.max()) + 1 for places in self.places_]
        indicators = np.zeros((len(X), sum(widths)))
        flat, row_starts = indicators.reshape(-1), np.arange(len(X)) * sum(widths)
        first = 0
        for name, levels, places, width in zip(
            X.columns, self.levels_, self.places_, widths, strict=True
        ):
            codes, texts = _level_table(X[name])
            number = dict(zip(levels, places.tolist(), strict=True))
            place = np.asarray([number.get(text, UNKNOWN_CODE) for text in texts], dtype=np.int64)[
                codes
            ]
            flat[(row_starts + place + first)[place != UNKNOWN_CODE]] = 1.0
            first += width
        return indicators


def _places(counts: npt.NDArray[np.int64], most: int) -> npt.NDArray[np.int64]:
    """The column of each level: its own, or the last where more than `most` levels share. Of equal
    counts the later stay.

    As in scikit-learn, of exactly `most` levels the rarest has the last column to itself.
    """
    if len(counts) < most:
        return np.arange(len(counts))
    is_kept = np.zeros(len(counts), dtype=bool)
    is_kept[np.argsort(counts, kind="stable")[len(counts) - (most - 1) :]] = True
    return np.where(is_kept, np.cumsum(is_kept) - 1, most - 1)


def _level_table(column: pd.Series) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Row codes (rows,) and the text of each code; only levels that occur are listed."""
    codes, levels = coded(column)
    return codes, [MISSING_LEVEL if pd.isna(level) else str(plain_level(level)) for level in levels]


def _numeric_steps(reader: BaseEstimator) -> Pipeline:
    """Median for missing cells, with an indicator only for columns that had some when fitted; then
    scaling.

    An all-missing column becomes a constant. On columns without missing cells this is the scaler
    alone.
    """
    imputer = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    return Pipeline([("read", reader), ("impute", imputer), ("scale", StandardScaler())])


def build_preprocessing(
    features: pd.DataFrame, *, max_levels: int = MOST_LEVELS
) -> ColumnTransformer:
    """An unfitted transformer for frames with the columns and types of `features` (no target in
    it).

    Columns that `features` does not have are ignored later on. Categorical columns with more than
    `max_levels` levels keep their max_levels - 1 most frequent ones and pool the others (see
    `pooled_columns`); a level first met when predicting is all zeros.
    """
    treatments = {name: treatment_of(features[name]) for name in features.columns}
    if not treatments:
        raise EvaluationError(
            "no feature columns: a downstream model needs at least one besides the target"
        )
    steps: dict[Treatment, BaseEstimator] = {
        "numeric": _numeric_steps(NumberReader()),
        "categorical": LevelIndicators(max_levels),
        "datetime": _numeric_steps(MomentReader()),
    }
    chosen = {kind: [name for name, found in treatments.items() if found == kind] for kind in steps}
    return ColumnTransformer(
        [(kind, step, chosen[kind]) for kind, step in steps.items() if chosen[kind]],
        sparse_threshold=0.0,
        verbose_feature_names_out=False,
    )


def pooled_columns(frame: pd.DataFrame, max_levels: int = MOST_LEVELS) -> dict[str, int]:
    """Categorical columns with more than `max_levels` levels, whose rare levels a model pools into
    one.

    Returns column name -> number of levels found, a missing cell counting as a level.
    """
    levels = {
        str(name): len(set(_level_table(frame[name])[1]))
        for name in frame.columns
        if treatment_of(frame[name]) == "categorical"
    }
    return {name: count for name, count in levels.items() if count > max_levels}
