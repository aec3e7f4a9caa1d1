"""A stored encoding as the `ctgan` package's own fitted DataTransformer, for reading back.

It is built by hand from the package's and rdt's private attributes, so both are pinned. Not here:
fitting, encoding and decoding, which need neither (`fitted_columns`, `table_encoder`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from ctgan.data_transformer import ColumnTransformInfo, DataTransformer, SpanInfo
from rdt.transformers import ClusterBasedNormalizer, OneHotEncoder
from rdt.transformers.null import NullTransformer

from dge_assets.core.generators.encoding.fitted_columns import mixture_of


def transformer_from_document(document: dict[str, Any]) -> DataTransformer:
    """The package's transformer, as if it had fitted what the document describes."""
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


def _continuous_info(column: dict[str, Any]) -> ColumnTransformInfo:
    name, valid = column["name"], np.array(column["valid"], dtype=bool)
    mixture = mixture_of(column)
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
    transformer = NullTransformer("mean", "from_column")
    transformer.fit(pd.Series([0.0]))
    return transformer


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
