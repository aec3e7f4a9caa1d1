"""The support vector classifier behind `svm`: scikit-learn's, with a faster look at new rows.

Here: predicting alone; what is fitted is SVC's own. Not here: its probabilities (`models` wraps it for that).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.svm import SVC

BLOCK_ROWS = 512
"""A block's kernel matrix stays in the processor's cache."""
FARTHEST = 1e3
"""Squared length of support vectors up to which their products with rows keep enough digits in single precision."""


class MatrixSVC(SVC):  # type: ignore[misc]
    """SVC whose decision function for two classes is a matrix product.

    f(x) = sum_i a_i exp(-gamma |x - v_i|^2) + b over the support vectors v_i, as SVC has it, to about 1e-4 where every support
    vector is at most sqrt(`FARTHEST`) long, and to about 1e-12 otherwise: single precision takes a third of the time of
    double. libsvm computes it row by row, which takes ten times longer than either. More classes and other kernels go the old
    way.
    """

    def decision_function(self, X: Any) -> npt.NDArray[np.float64]:
        """(n,) distances for two classes, otherwise what SVC gives."""
        if len(self.classes_) != 2 or self.kernel != "rbf" or not isinstance(X, np.ndarray):
            return np.asarray(super().decision_function(X))
        lengths = np.einsum("ij,ij->i", self.support_vectors_, self.support_vectors_)
        precision = np.float32 if lengths.max(initial=0.0) <= FARTHEST else np.float64
        machine = _Machine(self, lengths, precision)
        blocks = [machine.distances(X[start : start + BLOCK_ROWS]) for start in range(0, len(X), BLOCK_ROWS)]
        return np.concatenate(blocks).astype(np.float64) if blocks else np.empty(0)


class _Machine:
    """The numbers of a fitted SVC in one precision, from -gamma |x - v|^2 = 2 gamma x v - gamma |v|^2 - gamma |x|^2."""

    def __init__(self, fitted: SVC, lengths: npt.NDArray[np.float64], precision: Any) -> None:
        self._gamma, self._precision = float(fitted._gamma), precision
        self._vectors = np.ascontiguousarray((2 * self._gamma * fitted.support_vectors_).T, dtype=precision)
        self._lengths = (self._gamma * lengths).astype(precision)
        self._weights = np.asarray(fitted.dual_coef_[0], dtype=precision)
        self._offset = precision(fitted.intercept_[0])

    def distances(self, rows: npt.NDArray[np.float64]) -> npt.NDArray[Any]:
        """f(x) of a block of rows (n, features): (n,)."""
        # A row too far for the precision is as good as infinitely far from all support vectors.
        most = float(np.finfo(self._precision).max)
        squares = np.minimum(self._gamma * np.einsum("ij,ij->i", rows, rows), most)
        kernel = np.clip(rows, -(most**0.25), most**0.25).astype(self._precision) @ self._vectors
        kernel -= self._lengths
        kernel -= squares.astype(self._precision)[:, None]
        # Rounding makes distances of nothing to less than that.
        np.minimum(kernel, 0, out=kernel)
        return np.asarray(np.exp(kernel, out=kernel) @ self._weights + self._offset)
