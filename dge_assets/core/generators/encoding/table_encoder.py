"""From a real table to what networks learn, and back: one encoding, the same for every family and
every seed.

Two steps: our codec (gaps, ids, constants, many levels; `codec`) gives a modelling frame, and
`ctgan`'s transformer (a Bayesian Gaussian mixture per number, one-hot levels) encodes that. The
package fits the transformer; rows are encoded and decoded here, as the package does but without its
loop over rows, into float32 numbers and small codes. The package and its scikit-learn are imported
where rows are encoded: training and sampling do without their 100 MB. Not here: fitting it
(`generators.encoding.fitting`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from dge_assets.core.generators.encoding.codec import TableCodec
from dge_assets.core.generators.encoding.encoded_table import Array, EncodedTable
from dge_assets.core.generators.encoding.layout import Layout

MARGIN, CLIP, SPREADS = 1e-6, 0.99, 4
"""rdt's: added to each component's probability; bound of encoded numbers; standard deviations that
make 1.
"""
CHUNK_ROWS = 100_000
"""Rows that are encoded at a time, which bounds the room for their component probabilities."""


@dataclass(frozen=True)
class TableEncoder:
    """A fitted encoding: the codec and the description of the fitted transformer, plain JSON both."""

    codec: TableCodec
    transformer: dict[str, Any]

    @classmethod
    def from_documents(cls, codec: dict[str, Any], transformer: dict[str, Any]) -> TableEncoder:
        """The encoder whose codec and transformer were kept as plain JSON."""
        return cls(TableCodec.from_document(codec), transformer)

    @cached_property
    def layout(self) -> Layout:
        """Which columns the encoded rows have."""
        return Layout.of([_spans(column) for column in self.transformer["columns"]])

    def encode(self, modelled: pd.DataFrame) -> EncodedTable:
        """Encode a modelling frame (n rows).

        A number's mixture component is drawn by its probability, from a stream that the
        transformer's own seed starts.
        """
        from dge_assets.core.generators.encoding.ctgan_transformer import transformer_from_document

        numbers, codes = [], []
        for info in transformer_from_document(self.transformer)._column_transform_info_list:
            values = modelled[info.column_name]
            if info.column_type == "continuous":
                normalized, component = _encode_numbers(
                    info.transform, values.to_numpy(dtype=float)
                )
                numbers.append(normalized)
                codes.append(component)
            else:
                codes.append(pd.Index(info.transform.dummies).get_indexer(values))
        kind = np.min_scalar_type(max(self.layout.span_widths))
        held = np.int32 if kind.itemsize > 1 else kind
        empty = np.empty((len(modelled), 0), dtype=np.float32)
        return EncodedTable(
            self.layout,
            np.stack(numbers, 1) if numbers else empty,
            np.stack(codes, 1).astype(held, copy=False),
        )

    def decode(self, numbers: Array, codes: Array) -> pd.DataFrame:
        """The modelling frame of encoded rows: numbers (n, numbers), codes (n, spans)."""
        columns: dict[str, Any] = {}
        number = 0
        for span, column in enumerate(self.transformer["columns"]):
            if column["type"] == "continuous":
                columns[column["name"]] = decode_numbers(column, numbers[:, number], codes[:, span])
                number += 1
            else:
                columns[column["name"]] = np.array(column["levels"], dtype=object)[codes[:, span]]
        return pd.DataFrame(columns)


def _spans(column: dict[str, Any]) -> list[tuple[int, str]]:
    """A column's part of an encoded row, as `Layout.of` takes it."""
    if column["type"] == "continuous":
        return [(1, "tanh"), (sum(column["valid"]), "softmax")]
    return [(len(column["levels"]), "softmax")]


def _components(means: Any, covariances: Any, valid: Any) -> tuple[Array, Array]:
    """Means and standard deviations of the mixture's valid components."""
    taken = np.asarray(valid, dtype=bool)
    return np.asarray(means).reshape(-1)[taken], np.sqrt(np.asarray(covariances)).reshape(-1)[taken]


def _encode_numbers(normalizer: Any, values: Array) -> tuple[Array, Array]:
    """Numbers in [-0.99, 0.99] (n,) float32, and their components (n,), as rdt's
    ClusterBasedNormalizer gives them.
    """
    mixture, valid = normalizer._bgm_transformer, normalizer.valid_component_indicator
    means, spreads = _components(mixture.means_, mixture.covariances_, valid)
    stream = np.random.RandomState(normalizer.random_seed)
    normalized, components = (
        np.empty(len(values), dtype=np.float32),
        np.empty(len(values), dtype=np.int32),
    )
    for start in range(0, len(values), CHUNK_ROWS):
        rows = slice(start, start + CHUNK_ROWS)
        part = values[rows, None]
        shares = mixture.predict_proba(part)[:, valid] + MARGIN
        chosen = _draw(shares / shares.sum(axis=1, keepdims=True), stream.random_sample(len(part)))
        scaled = (part[:, 0] - means[chosen]) / (SPREADS * spreads[chosen])
        components[rows], normalized[rows] = chosen, np.clip(scaled, -CLIP, CLIP)
    return normalized, components


def _draw(shares: Array, uniform: Array) -> Array:
    """For each row of probabilities the place that `numpy.random.choice` would choose from the same
    number.
    """
    cumulated = shares.cumsum(axis=1)
    cumulated /= cumulated[:, -1:]
    found: Array = (cumulated <= uniform[:, None]).sum(axis=1)
    return found


def decode_numbers(column: dict[str, Any], normalized: Array, components: Array) -> Array:
    """The numbers (n,) of a continuous column, from its part of the transformer's document and its
    encoded rows.
    """
    fitted = column["mixture"]["fitted"]
    means, spreads = _components(fitted["means_"], fitted["covariances_"], column["valid"])
    chosen = components.astype(np.int64)
    decoded: Array = (
        np.clip(normalized.astype(float), -1, 1) * SPREADS * spreads[chosen] + means[chosen]
    )
    return decoded
