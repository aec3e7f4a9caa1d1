"""The downstream model `xgboost`, from the package of that name, which is an extra of this project.

Here: what XGBoost's scikit-learn interface lacks for our fits. Not here: which models there are
(`models`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin

from dge_assets.core.contract.contract import Task
from dge_assets.core.declaration.model_names import require_installed
from dge_assets.core.errors import DeclarationError


class CompactClasses(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier that sees class codes 0..C-1 without gaps, whatever codes the rows have.

    XGBoost refuses a target of which a class is lacking (codes 0 and 2), as it happens in a
    synthetic dataset.
    """

    def __init__(self, estimator: Any = None) -> None:
        self.estimator = estimator

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> CompactClasses:
        """Fit on X (n, columns) and y (n,) codes, sample_weight (n,) or None."""
        self.classes_, compact = np.unique(y, return_inverse=True)
        self.estimator_ = self.estimator.fit(X, compact, sample_weight=sample_weight)
        return self

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """(n, classes that occurred) probabilities, in the order of `classes_`."""
        return np.asarray(self.estimator_.predict_proba(X), dtype=np.float64)

    def predict(self, X: Any) -> Any:
        """(n,) most probable class codes."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def make_xgboost(task: Task, _seed: int) -> Any:
    """XGBoost with its own defaults (100 trees of depth 6) on one thread; DeclarationError when it
    is not installed.
    """
    try:
        require_installed("xgboost")
    except ValueError as error:
        raise DeclarationError(str(error)) from error
    import xgboost

    # Without row or column sampling no seed matters; one thread, since members are fitted side by
    # side.
    options: dict[str, Any] = {"n_jobs": 1, "random_state": 0, "tree_method": "hist"}
    if task == "regression":
        return xgboost.XGBRegressor(**options)
    return CompactClasses(xgboost.XGBClassifier(**options))
