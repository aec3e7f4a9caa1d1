"""Names for the arrays that several rooms of the core speak of.

Here: types alone, with the shapes they stand for. Not here: anything that computes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
"""Predictions: (rows, classes) probabilities for classification, (rows,) values for regression."""
Codes = npt.NDArray[np.int64] | npt.NDArray[np.float64]
"""A target as numbers, (rows,): class codes for classification, values for regression."""
Replicates = npt.NDArray[np.float64]
"""(replicates,): one value of a score each; NaN where the metric has none."""
