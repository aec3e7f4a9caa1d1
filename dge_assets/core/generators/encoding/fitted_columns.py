"""One column's part of a fitted encoding, as plain data: the Gaussian mixture of its numbers, or
the order of its levels.

Fitted as the `ctgan` package fits them, by the scikit-learn that it calls; none of its code runs
here. All of a mixture's fitted arrays are kept, so that encoding works from the document too, not
only decoding. See docs/decisions for why it is no skops file. Not here: a whole table (`fitting`),
rows (`table_encoder`).
"""

from __future__ import annotations

import hashlib
import warnings
from typing import Any

import numpy as np
import pandas as pd
from sklearn.mixture import BayesianGaussianMixture

MOST_COMPONENTS = 10
LEAST_WEIGHT = 0.005
"""A component of no more weight encodes nothing."""
_FIRST_ROWS = 5
_MIXTURE_SEED = 42
_MIXTURE_SETTINGS = (
    "n_components",
    "weight_concentration_prior_type",
    "weight_concentration_prior",
    "n_init",
)


def fit_numbers(values: pd.Series) -> dict[str, Any]:
    """The document of a column of numbers (n,) without gaps, n of 2 at least."""
    numbers = values.to_numpy(dtype=np.float64)
    mixture = BayesianGaussianMixture(
        n_components=min(len(numbers), MOST_COMPONENTS),
        weight_concentration_prior_type="dirichlet_process",
        weight_concentration_prior=0.001,
        random_state=_MIXTURE_SEED,
    )
    with warnings.catch_warnings():
        # It only spreads the numbers out; whether it has converged does not matter.
        warnings.simplefilter("ignore")
        mixture.fit(numbers[:, None])
    return {
        "type": "continuous",
        "name": values.name,
        "random_seed": _encoding_seed(values),
        "valid": (mixture.weights_ > LEAST_WEIGHT).tolist(),
        "mixture": {
            "settings": {name: getattr(mixture, name) for name in _MIXTURE_SETTINGS},
            "fitted": {
                name: _listed(value)
                for name, value in vars(mixture).items()
                if _is_fitted_array(name, value)
            },
        },
    }


def _encoding_seed(values: pd.Series) -> int:
    """The seed of the stream that draws components in encoding: a hash of the column's name and
    first values.
    """
    told = str(values.name) + "".join(map(str, values.head(_FIRST_ROWS).to_numpy()))
    return int(hashlib.sha256(told.encode()).hexdigest(), 16) % (2**32 - 1)


def _is_fitted_array(name: str, value: Any) -> bool:
    is_data = isinstance(value, np.ndarray | np.generic | tuple | float | int)
    return is_data and name.endswith("_") and not name.startswith("_")


def _listed(value: Any) -> Any:
    """Plain lists; a Dirichlet process has its two concentrations as a tuple of arrays."""
    if isinstance(value, tuple):
        return [_listed(item) for item in value]
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def fit_levels(values: pd.Series) -> dict[str, Any]:
    """The document of a column of levels (n,) without gaps: in the order of their first rows."""
    return {"type": "discrete", "name": values.name, "levels": list(pd.unique(values))}


def mixture_of(column: dict[str, Any]) -> BayesianGaussianMixture:
    """The fitted mixture that a column of numbers' document describes."""
    mixture = BayesianGaussianMixture(**column["mixture"]["settings"])
    for name, value in column["mixture"]["fitted"].items():
        setattr(mixture, name, np.array(value) if isinstance(value, list) else value)
    return mixture
