"""From a real table to what networks learn, and back: one encoding, the same for every family and
every seed.

Two steps: our codec (gaps, ids, constants, many levels; `codec`) gives a modelling frame, and the
transformer (a Bayesian Gaussian mixture per number, one-hot levels) encodes that. It is the one of
the `ctgan` package, without its code: rows become float32 numbers and small codes, without the
package's loop over rows. scikit-learn is imported where rows are encoded: training and sampling do
without it. Not here: fitting it (`generators.encoding.fitting`).
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
        numbers, codes = [], []
        for column in self.transformer["columns"]:
            values = modelled[column["name"]]
            if column["type"] == "continuous":
                normalized, component = _encode_numbers(column, values.to_numpy(dtype=float))
                numbers.append(normalized)
                codes.append(component)
            else:
                codes.append(pd.Index(column["levels"]).get_indexer(values))
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


def _components(column: dict[str, Any]) -> tuple[Array, Array]:
    """Means and standard deviations of the valid components of a column's mixture."""
    fitted, valid = column["mixture"]["fitted"], np.array(column["valid"])
    means, covariances = np.array(fitted["means_"]), np.array(fitted["covariances_"])
    return means.reshape(-1)[valid], np.sqrt(covariances).reshape(-1)[valid]


def _encode_numbers(column: dict[str, Any], values: Array) -> tuple[Array, Array]:
    """Numbers in [-0.99, 0.99] (n,) float32, and their components (n,), as rdt's
    ClusterBasedNormalizer gives them.
    """
    from dge_assets.core.generators.encoding.fitted_columns import mixture_of

    mixture, valid = mixture_of(column), np.array(column["valid"])
    means, spreads = _components(column)
    stream = np.random.RandomState(column["random_seed"])
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
    means, spreads = _components(column)
    chosen = components.astype(np.int64)
    decoded: Array = (
        np.clip(normalized.astype(float), -1, 1) * SPREADS * spreads[chosen] + means[chosen]
    )
    return decoded
