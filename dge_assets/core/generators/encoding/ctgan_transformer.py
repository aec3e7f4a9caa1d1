"""The `ctgan` package's fitted DataTransformer as plain data, and back, without pickle.

Continuous columns keep their Bayesian Gaussian mixture (all fitted arrays, so that encoding works
too, not only decoding); discrete columns keep their level order. See docs/decisions for why not
skops.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from ctgan.data_transformer import ColumnTransformInfo, DataTransformer, SpanInfo
from rdt.transformers import ClusterBasedNormalizer, OneHotEncoder
from sklearn.mixture import BayesianGaussianMixture

_MIXTURE_SETTINGS = (
    "n_components",
    "weight_concentration_prior_type",
    "weight_concentration_prior",
    "n_init",
)


def transformer_document(transformer: DataTransformer) -> dict[str, Any]:
    """Plain JSON of a fitted transformer."""
    describe = {"continuous": _continuous_document, "discrete": _discrete_document}
    columns = [describe[info.column_type](info) for info in transformer._column_transform_info_list]
    dtypes = {str(name): str(dtype) for name, dtype in transformer._column_raw_dtypes.items()}
    return {"columns": columns, "dtypes": dtypes}


def transformer_from_document(document: dict[str, Any]) -> DataTransformer:
    """The fitted transformer that `transformer_document` described."""
    import pandas as pd

    build = {"continuous": _continuous_info, "discrete": _discrete_info}
    transformer = DataTransformer()
    transformer.dataframe = True
    infos = [build[column["type"]](column) for column in document["columns"]]
    transformer._column_transform_info_list = infos
    transformer.output_info_list = [info.output_info for info in infos]
    transformer.output_dimensions = sum(info.output_dimensions for info in infos)
    transformer._column_raw_dtypes = pd.Series(
        {name: np.dtype(kind) for name, kind in document["dtypes"].items()}
    )
    return transformer


def _continuous_document(info: ColumnTransformInfo) -> dict[str, Any]:
    normalizer = info.transform
    mixture = normalizer._bgm_transformer
    fitted = {
        name: _listed(value)
        for name, value in vars(mixture).items()
        if _is_fitted_array(name, value)
    }
    return {
        "type": "continuous",
        "name": info.column_name,
        "random_seed": int(normalizer.random_seed),
        "valid": normalizer.valid_component_indicator.tolist(),
        "mixture": {
            "settings": {name: getattr(mixture, name) for name in _MIXTURE_SETTINGS},
            "fitted": fitted,
        },
    }


def _is_fitted_array(name: str, value: Any) -> bool:
    is_data = isinstance(value, np.ndarray | np.generic | tuple | float | int)
    return is_data and name.endswith("_") and not name.startswith("_")


def _listed(value: Any) -> Any:
    """Plain lists; a Dirichlet process has its two concentrations as a tuple of arrays."""
    if isinstance(value, tuple):
        return [_listed(item) for item in value]
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def _continuous_info(column: dict[str, Any]) -> ColumnTransformInfo:
    name, valid = column["name"], np.array(column["valid"], dtype=bool)
    mixture = BayesianGaussianMixture(**column["mixture"]["settings"])
    for key, value in column["mixture"]["fitted"].items():
        setattr(mixture, key, np.array(value) if isinstance(value, list) else value)
    normalizer = ClusterBasedNormalizer(
        missing_value_generation="from_column", max_clusters=mixture.n_components
    )
    _place(
        normalizer,
        name,
        {"normalized": "float", "component": "categorical"},
        seed=column["random_seed"],
    )
    normalizer._bgm_transformer = mixture
    normalizer._dtype = np.dtype("float64")
    normalizer.valid_component_indicator = valid
    normalizer.null_transformer = _no_gaps()
    components = int(valid.sum())
    spans = [SpanInfo(1, "tanh"), SpanInfo(components, "softmax")]
    return ColumnTransformInfo(name, "continuous", normalizer, spans, 1 + components)


def _no_gaps() -> Any:
    """The codec leaves no gap, so the null transformer that rdt wants has nothing to do."""
    import pandas as pd
    from rdt.transformers.null import NullTransformer

    transformer = NullTransformer("mean", "from_column")
    transformer.fit(pd.Series([0.0]))
    return transformer


def _discrete_document(info: ColumnTransformInfo) -> dict[str, Any]:
    return {"type": "discrete", "name": info.column_name, "levels": list(info.transform.dummies)}


def _discrete_info(column: dict[str, Any]) -> ColumnTransformInfo:
    name, levels = column["name"], list(column["levels"])
    encoder = OneHotEncoder()
    _place(encoder, name, {f"value{index}": "float" for index in range(len(levels))})
    encoder.dtype = np.dtype("O")
    encoder._uniques = encoder.dummies = levels
    encoder._dummy_na = False
    encoder._num_dummies = len(levels)
    encoder._indexer = list(range(len(levels)))
    encoder._dummy_encoded = True
    return ColumnTransformInfo(
        name, "discrete", encoder, [SpanInfo(len(levels), "softmax")], len(levels)
    )


def _place(transformer: Any, name: str, outputs: dict[str, str], *, seed: int = 0) -> None:
    """What rdt's `fit` would note about the column that a transformer serves.

    Encoding a number draws its mixture component, from the stream that rdt starts with `seed`.
    """
    transformer.random_seed = seed
    transformer.reset_randomization()
    transformer.columns = [name]
    transformer.column_prefix = name
    transformer.output_properties = {
        key: {"sdtype": kind, "next_transformer": None} for key, kind in outputs.items()
    }
    transformer.output_columns = [f"{name}.{key}" for key in outputs]
