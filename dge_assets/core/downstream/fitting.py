"""Fitting downstream models and predicting with them: frames in, fitted models and prediction
arrays out.

Here: one fit, the fits of a member, the fits of the baselines, and predictions aligned to the
classes. Not here: scores (`scores.tables`), the composition of a whole evaluation (`protocols.py`),
storing models (`downstream.model_files.dump_pipeline`).

Conventions. A dataset is a pair (train part, test part). Models are fitted on class codes
(`targets.py`), so a stored pipeline goes with its tuple of classes. A class that a dataset lacks
gets probability 0 from the models fitted on it: that is the dataset's fault and is scored as such.
A dataset with one class only, or with one only that has enough rows for the model, gives a constant
model: the dataset's class frequencies for every row. It says so (`is_constant`).
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter

from dge_assets.core.arrays import Array, Codes
from dge_assets.core.contract.contract import Level, Task
from dge_assets.core.contract.values import moments
from dge_assets.core.downstream.models import ModelCard, build_pipeline, model_card
from dge_assets.core.downstream.preprocessing import MOST_LEVELS
from dge_assets.core.downstream.targets import Target, encode_target
from dge_assets.core.errors import EvaluationError

Dataset = tuple[pd.DataFrame, pd.DataFrame]
"""One synthetic dataset: its own train part and its own test part."""

BATCH_ROWS = 16_384
"""Rows that are prepared and predicted at once: more of them leave the processor's cache and take
longer each.
"""


@dataclass(frozen=True)
class FittedModel:
    """A fitted pipeline, what is needed to predict with it, and how the fit went.

    `pipeline` predicts codes of `classes`; `classes` is () for regression. `converged` is False
    where the optimizer stopped at its limit of iterations. `is_constant` is True where there were
    no two classes to tell apart.
    """

    pipeline: Pipeline
    model: str
    seed: int
    task: Task
    classes: tuple[Level, ...]
    converged: bool = True
    is_constant: bool = False
    fit_seconds: float = float("nan")


@dataclass(frozen=True)
class MemberModels:
    """The two downstream models of a member: fitted on all rows of its dataset, and on its train
    part.
    """

    full: FittedModel
    part: FittedModel


def model_seed(seed: int, member: int) -> int:
    """The seed of the downstream models of one member, 0 <= it < 2**32.

    The oracle's and the naive ensemble's fit number i has the seed of member i: with equal datasets
    the ensemble over members and the naive ensemble are then the same thing.
    """
    return int(np.random.SeedSequence([seed, member]).generate_state(1)[0])


def stack_rows(frames: Sequence[pd.DataFrame], *, name: str) -> pd.DataFrame:
    """The rows of `frames`, one after the other; EvaluationError naming columns that one of them
    lacks.

    Column by column, since pandas guesses types anew (and warns) when whole frames differ in
    all-missing columns; frames without rows do not take part.
    """
    filled = [frame for frame in frames if len(frame)] or list(frames[:1])
    columns = list(filled[0].columns)
    for frame in filled[1:]:
        if set(frame.columns) != set(columns):
            odd = sorted(map(str, set(frame.columns) ^ set(columns)))
            raise EvaluationError(
                f"{name}: columns {odd} are in some of the frames only; all must have the same"
            )
    if len(filled) == 1:
        return filled[0].reset_index(drop=True)
    return pd.DataFrame(
        {column: _stacked([frame[column] for frame in filled]) for column in columns}
    )


def _stacked(parts: Sequence[pd.Series]) -> pd.Series:
    """One column; moments of several time zones become those of UTC, which pandas would make plain
    objects of.
    """
    dtypes = {part.dtype for part in parts}
    if len(dtypes) > 1 and all(pd.api.types.is_datetime64_any_dtype(dtype) for dtype in dtypes):
        parts = [moments(part) for part in parts]
    return pd.concat(parts, ignore_index=True)


def _named_by_text(frame: pd.DataFrame) -> pd.DataFrame:
    """scikit-learn finds columns by name only when all names are text."""
    return (
        frame if all(isinstance(name, str) for name in frame.columns) else frame.rename(columns=str)
    )


def fit_model(
    frame: pd.DataFrame,
    target: Target,
    model: str,
    *,
    seed: int,
    name: str,
    max_levels: int = MOST_LEVELS,
    weights: Array | None = None,
) -> FittedModel:
    """Fit `model` on all rows of `frame`; every column but the target is a feature.

    name: what errors call the frame. weights: (rows,) of the loss, where the model takes them (see
    `takes_weights`); preprocessing does not look at them. Rows of classes that are too rare for the
    model (see `ModelCard.fewest_class_rows`) are left out. Raises EvaluationError for a frame
    without rows or with a bad target, and when the fit itself fails.
    """
    card = model_card(model)
    if not len(frame):
        raise EvaluationError(f"{name} has no rows: {model} cannot be fitted")
    task, y = target.task, encode_target(frame, target, name=name)
    features = _named_by_text(frame.drop(columns=target.name))
    usable = _usable_rows(y, task, card)
    is_constant = task != "regression" and len(np.unique(y[usable])) < 2
    if not is_constant:
        features, y = features[usable], y[usable]
    pipeline = build_pipeline(model, features, task=task, seed=seed, max_levels=max_levels)
    step = DummyClassifier() if is_constant else card.adapt(pipeline.named_steps["model"], y)
    pipeline.set_params(model=step)
    place = f"{model} (seed {seed}) on {name}"
    options = (
        {}
        if weights is None
        else {"model__sample_weight": weights if is_constant else weights[usable]}
    )
    if options and not has_fit_parameter(step, "sample_weight"):
        raise EvaluationError(
            f"{place} takes no weights of rows; draw rows in proportion to them instead"
        )
    start = time.perf_counter()
    converged = _fit_quietly(pipeline, features, y, place=place, options=options)
    seconds = time.perf_counter() - start
    return FittedModel(pipeline, model, seed, task, target.classes, converged, is_constant, seconds)


def takes_weights(model: str, task: Task) -> bool:
    """Whether fits of `model` can weigh rows."""
    return bool(has_fit_parameter(model_card(model).factory(task, 0), "sample_weight"))


def _usable_rows(y: Codes, task: Task, card: ModelCard) -> npt.NDArray[np.bool_]:
    """Rows of the classes that have enough of them for the model."""
    if task == "regression":
        return np.ones(len(y), dtype=bool)
    codes = y.astype(np.int64)
    counts = np.bincount(codes)
    is_usable: npt.NDArray[np.bool_] = counts >= card.fewest_class_rows
    return is_usable[codes]


def _fit_quietly(
    pipeline: Pipeline,
    features: pd.DataFrame,
    y: Codes,
    *,
    place: str,
    options: Mapping[str, Array],
) -> bool:
    """Fit in place; True when it converged. Other warnings go on to whoever listens."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        try:
            pipeline.fit(features, y, **options)
        except (ValueError, TypeError) as error:
            raise EvaluationError(f"{place} cannot be fitted: {error}") from error
    for item in caught:
        if not issubclass(item.category, ConvergenceWarning):
            warnings.warn_explicit(item.message, item.category, item.filename, item.lineno)
    return not any(issubclass(item.category, ConvergenceWarning) for item in caught)


def fit_member(
    train_part: pd.DataFrame,
    test_part: pd.DataFrame,
    target: Target,
    model: str,
    *,
    seed: int,
    name: str = "the dataset",
    max_levels: int = MOST_LEVELS,
) -> MemberModels:
    """The two fits of one member, with one model seed (`model_seed(run seed, member)`).

    The full fit sees the train part's rows first, then the test part's.
    """
    full = stack_rows([train_part, test_part], name=name)

    def fit(frame: pd.DataFrame, rows: str) -> FittedModel:
        return fit_model(
            frame,
            target,
            model,
            seed=seed,
            name=rows,
            max_levels=max_levels,
        )

    return MemberModels(full=fit(full, name), part=fit(train_part, f"{name} (train part)"))


def predict(fitted: FittedModel, frame: pd.DataFrame, *, name: str = "the rows") -> Array:
    """Predictions for all rows of `frame`: (rows, classes) probabilities, or (rows,) values for
    regression.

    Columns are in the order of `fitted.classes`; a class unknown to the model has probability 0.
    Columns of the frame that the model does not use are ignored. Raises EvaluationError naming
    model and seed when a prediction is not a finite number or the frame does not fit the model.
    """
    width = (len(fitted.classes),) if fitted.task != "regression" else ()
    features = _named_by_text(frame)
    starts = range(0, len(frame), BATCH_ROWS)
    place = f"{fitted.model} (seed {fitted.seed}) on {name}"
    try:
        batches = [
            _predict_batch(fitted, features.iloc[start : start + BATCH_ROWS]) for start in starts
        ]
    except (ValueError, TypeError) as error:
        raise EvaluationError(f"{place} cannot predict: {error}") from error
    predictions = np.concatenate(batches) if batches else np.empty((0, *width))
    bad = ~np.isfinite(predictions)
    if bad.any():
        rows = int(bad.any(axis=1).sum() if bad.ndim == 2 else bad.sum())
        raise EvaluationError(f"{place} predicts no finite number for {rows} of {len(frame)} rows")
    return predictions


def _predict_batch(fitted: FittedModel, features: pd.DataFrame) -> Array:
    if fitted.task == "regression":
        return np.asarray(fitted.pipeline.predict(features), dtype=np.float64)
    aligned = np.zeros((len(features), len(fitted.classes)))
    aligned[:, np.asarray(fitted.pipeline.classes_, dtype=int)] = fitted.pipeline.predict_proba(
        features
    )
    return aligned
