"""Downstream models: one card each, and the pipeline that makes a model of mixed columns.

Here: which model classes there are, and how each is set up for a task. Not here: preprocessing
(`preprocessing.py`), fitting on datasets (`fitting.py`), how a fitted pipeline becomes bytes and
back (`model_files.py`).

A model is named by its card, or by the import path of a scikit-learn estimator
(`declaration.model_names` has the forms, `imported_models` makes them). Settings aim at a few
seconds per fit for 20,000 rows on one core, since K members are each fitted twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from dge_assets.core.contract.contract import Task
from dge_assets.core.downstream.imported_models import imported_factory, takes_seed
from dge_assets.core.downstream.matrix_svc import MatrixSVC
from dge_assets.core.downstream.network_classifier import LossStoppedClassifier
from dge_assets.core.downstream.preprocessing import MOST_LEVELS, build_preprocessing
from dge_assets.core.downstream.xgboost_classifier import make_xgboost
from dge_assets.core.errors import DeclarationError

Factory = Callable[[Task, int], Any]
Adapt = Callable[[Any, Any], Any]
"""(unfitted estimator, target (rows,)) -> the estimator, set up for what this target allows."""

SVM_FOLDS = 3
ROWS_FOR_EARLY_STOPPING = 200
"""With fewer rows a tenth of them says too little to stop by."""


def _unchanged(estimator: Any, _y: Any) -> Any:
    return estimator


@dataclass(frozen=True)
class ModelCard:
    """One model class.

    `is_stochastic`: the fit depends on the seed (if not, refitting on the same rows is a waste).
    `fewest_class_rows`: classes with fewer rows than this cannot be fitted and count as absent.
    """

    name: str
    factory: Factory
    is_stochastic: bool
    fewest_class_rows: int = 1
    adapt: Adapt = _unchanged


def _lr(task: Task, _seed: int) -> Any:
    # Ridge, not plain least squares: one-hot columns are collinear.
    return Ridge() if task == "regression" else LogisticRegression()


def _mlp(layers: tuple[int, ...]) -> Factory:
    def factory(task: Task, seed: int) -> Any:
        options: dict[str, Any] = {
            "hidden_layer_sizes": layers,
            "early_stopping": True,
            "n_iter_no_change": 8,
            "max_iter": 60,
            "random_state": seed,
        }
        if task != "regression":
            return LossStoppedClassifier(**options)
        # A network's steps suit targets of about unit size; prices in thousands would diverge.
        return TransformedTargetRegressor(
            regressor=MLPRegressor(**options), transformer=StandardScaler()
        )

    return factory


def _adapt_mlp(estimator: Any, y: Any) -> Any:
    """Early stopping needs a stratified tenth of the rows: too few rows of a class, and it is
    switched off.
    """
    is_regression = isinstance(estimator, TransformedTargetRegressor)
    rarest = len(y) if is_regression else int(np.unique(y, return_counts=True)[1].min())
    if len(y) >= ROWS_FOR_EARLY_STOPPING and rarest >= 2:
        return estimator
    return estimator.set_params(
        **{("regressor__" if is_regression else "") + "early_stopping": False}
    )


def _gbdt(task: Task, _seed: int) -> Any:
    # Without early stopping and with a fixed state (it bins a subsample above 200,000 rows) no seed
    # matters.
    options: dict[str, Any] = {"early_stopping": False, "random_state": 0}
    boosting = (
        HistGradientBoostingRegressor if task == "regression" else HistGradientBoostingClassifier
    )
    return boosting(**options)


def _knn(task: Task, _seed: int) -> Any:
    return KNeighborsRegressor() if task == "regression" else KNeighborsClassifier()


def _adapt_knn(estimator: Any, y: Any) -> Any:
    return estimator.set_params(n_neighbors=min(estimator.n_neighbors, len(y)))


def _rf(task: Task, seed: int) -> Any:
    if task == "regression":
        # A third of the features per split (Breiman 2001); scikit-learn's default of all takes
        # three times longer.
        return RandomForestRegressor(random_state=seed, n_jobs=1, max_features=1 / 3)
    return RandomForestClassifier(random_state=seed, n_jobs=1)


def _svm(task: Task, _seed: int) -> Any:
    if task == "regression":
        return TransformedTargetRegressor(regressor=SVR(), transformer=StandardScaler())
    # The folds are not shuffled, so the calibrated probabilities do not depend on a seed.
    return CalibratedClassifierCV(MatrixSVC(), ensemble=False, cv=StratifiedKFold(SVM_FOLDS))


_CARDS = (
    ModelCard("lr", _lr, is_stochastic=False),
    ModelCard("mlp", _mlp((100,)), is_stochastic=True, adapt=_adapt_mlp),
    ModelCard("deepish_mlp", _mlp((100, 100)), is_stochastic=True, adapt=_adapt_mlp),
    ModelCard("deep_mlp", _mlp((100, 100, 100)), is_stochastic=True, adapt=_adapt_mlp),
    ModelCard("rf", _rf, is_stochastic=True),
    ModelCard("knn", _knn, is_stochastic=False, adapt=_adapt_knn),
    ModelCard("svm", _svm, is_stochastic=False, fewest_class_rows=SVM_FOLDS),
    ModelCard("gbdt", _gbdt, is_stochastic=False),
    ModelCard("xgboost", make_xgboost, is_stochastic=False),
)
MODELS: dict[str, ModelCard] = {card.name: card for card in _CARDS}


def model_card(model: str) -> ModelCard:
    """The card of a named model, or one made for an import path "package.module:Class" or
    "...:Class(name=value)".

    Raises DeclarationError naming what was asked and what is allowed.
    """
    if model in MODELS:
        return MODELS[model]
    if ":" not in model:
        raise DeclarationError(
            f"no downstream model {model!r}; allowed are {list(MODELS)}, "
            f'or the import path "package.module:Class" of a scikit-learn estimator'
        )
    return ModelCard(model, imported_factory(model), takes_seed(model))


def build_pipeline(
    model: str,
    frame_features: pd.DataFrame,
    *,
    task: Task,
    seed: int,
    max_levels: int = MOST_LEVELS,
) -> Pipeline:
    """An unfitted pipeline, steps `prepare` and `model`, for frames with the columns of
    `frame_features`.

    On float columns without missing cells it is StandardScaler and the estimator, nothing more.
    Raises DeclarationError for an unknown model and EvaluationError for columns of a type nobody
    can read.
    """
    prepare = build_preprocessing(frame_features, max_levels=max_levels)
    return Pipeline([("prepare", prepare), ("model", model_card(model).factory(task, seed))])
