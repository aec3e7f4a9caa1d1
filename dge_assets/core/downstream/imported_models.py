"""Downstream models by import path: any scikit-learn estimator, with parameters.

Here: importing the class, trying its parameters, making one for a task. Not here: what such a model
is called (`declaration.model_names`), the models that have a name (`models`).
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from sklearn.base import BaseEstimator, is_classifier, is_regressor

from dge_assets.core.contract.contract import Task
from dge_assets.core.contract.masking import mask_secrets
from dge_assets.core.declaration.model_names import split_model_name
from dge_assets.core.errors import DeclarationError


def imported_class(model: str) -> type[Any]:
    """The class behind `package.module:Class(...)`; DeclarationError when it is none of
    scikit-learn's kind.
    """
    module_name, _, class_name = _split(model)[0].partition(":")
    try:
        found = getattr(importlib.import_module(module_name), class_name)
    except (ImportError, AttributeError, ValueError) as error:
        raise DeclarationError(
            f"downstream model {_shown(model)} cannot be imported: {error}"
        ) from error
    if not (isinstance(found, type) and issubclass(found, BaseEstimator)):
        raise DeclarationError(
            f"downstream model {_shown(model)} is not a scikit-learn estimator class, but {found!r}"
        )
    return found


def _shown(model: str) -> str:
    return mask_secrets(repr(model))


def _split(model: str) -> tuple[str, dict[str, Any]]:
    try:
        return split_model_name(model)
    except ValueError as error:
        raise DeclarationError(str(error)) from error


def make_estimator(model: str) -> Any:
    """An unfitted estimator with the declared parameters; DeclarationError naming those that the
    class lacks.
    """
    kind, parameters = imported_class(model), _split(model)[1]
    try:
        known = set(kind._get_param_names())
        unknown = sorted(set(parameters) - known)
        if unknown:
            raise DeclarationError(
                f"downstream model {_shown(model)}: {kind.__name__} has no parameters {unknown}; allowed are {sorted(known)}"
            )
        return kind(**parameters)
    except TypeError as error:
        raise DeclarationError(
            f"downstream model {_shown(model)} cannot be made without arguments: {error}"
            if not parameters
            else f"downstream model {_shown(model)} cannot be made with these parameters: {error}"
        ) from error


def takes_seed(model: str) -> bool:
    """Whether the run's seed decides the fit: there is a `random_state`, and the declaration leaves
    it open.
    """
    return (
        "random_state" in make_estimator(model).get_params()
        and "random_state" not in _split(model)[1]
    )


def imported_factory(model: str) -> Callable[[Task, int], Any]:
    """(task, seed) -> an unfitted estimator; DeclarationError when the class cannot do the task."""
    is_seeded = takes_seed(model)

    def factory(task: Task, seed: int) -> Any:
        estimator = make_estimator(model)
        fits = is_regressor(estimator) if task == "regression" else is_classifier(estimator)
        if not fits:
            raise DeclarationError(
                f"downstream model {_shown(model)} does not fit task={task}: it is for the other kind of task"
            )
        if task != "regression" and not hasattr(estimator, "predict_proba"):
            raise DeclarationError(
                f"downstream model {_shown(model)} gives no probabilities (predict_proba); wrap it"
            )
        return estimator.set_params(random_state=seed) if is_seeded else estimator

    return factory
