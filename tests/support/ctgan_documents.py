"""What the `ctgan` package fits to a table, as the plain data that an encoding is stored as."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from ctgan.data_transformer import ColumnTransformInfo, DataTransformer

from dge_assets.core.threads import one_thread

SETTINGS = (
    "n_components",
    "weight_concentration_prior_type",
    "weight_concentration_prior",
    "n_init",
)
FITTED = (
    "n_features_in_",
    "weight_concentration_prior_",
    "mean_precision_prior_",
    "mean_prior_",
    "degrees_of_freedom_prior_",
    "covariance_prior_",
    "converged_",
    "weight_concentration_",
    "mean_precision_",
    "means_",
    "degrees_of_freedom_",
    "covariances_",
    "precisions_cholesky_",
    "weights_",
    "precisions_",
    "n_iter_",
    "lower_bound_",
)
"""What is kept of scikit-learn's fitted mixture: all that encoding and decoding ask for, and more."""


def fitted_by_package(frame: pd.DataFrame, discrete: Sequence[str]) -> DataTransformer:
    """The package's transformer of a modelling frame (n rows), without its warnings of mixtures."""
    transformer = DataTransformer()
    with warnings.catch_warnings(), one_thread():
        warnings.simplefilter("ignore")
        transformer.fit(frame, discrete)
    return transformer


def document_of(transformer: DataTransformer) -> dict[str, Any]:
    """A fitted transformer of the package as plain JSON."""
    columns = [_column(info) for info in transformer._column_transform_info_list]
    dtypes = {str(name): str(dtype) for name, dtype in transformer._column_raw_dtypes.items()}
    return {"columns": columns, "dtypes": dtypes}


def _column(info: ColumnTransformInfo) -> dict[str, Any]:
    told = {"type": info.column_type, "name": info.column_name}
    if info.column_type == "discrete":
        return told | {"levels": list(info.transform.dummies)}
    mixture = info.transform._bgm_transformer
    return told | {
        "random_seed": int(info.transform.random_seed),
        "valid": info.transform.valid_component_indicator.tolist(),
        "mixture": {
            "settings": {name: getattr(mixture, name) for name in SETTINGS},
            "fitted": {name: _listed(vars(mixture)[name]) for name in FITTED},
        },
    }


def _listed(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_listed(item) for item in value]
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value
