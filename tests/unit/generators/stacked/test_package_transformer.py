"""A stored encoding as the package's transformer: it encodes and decodes exactly as one that the
package fitted.
"""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from ctgan.data_transformer import DataTransformer

from dge_assets.core.generators.stacked.package_transformer import transformer_from_document
from tests.support.ctgan_documents import document_of, fitted_by_package


def frame(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    bumps = np.where(rng.random(n) < 0.5, rng.normal(-5, 0.1, n), rng.normal(900, 40, n))
    codes = rng.choice(["0", "1", "10", "2"], n).astype(object)
    return pd.DataFrame(
        {"c0": bumps, "c1": codes, "c2": rng.exponential(size=n), "c3": np.full(n, 4.0)}
    )


def fitted(n: int) -> DataTransformer:
    return fitted_by_package(frame(n, 0), ("c1",))


def restarted(transformer: DataTransformer) -> DataTransformer:
    """Encoding draws a value's mixture component; both sides draw from the start of rdt's own
    stream.
    """
    for info in transformer._column_transform_info_list:
        info.transform.reset_randomization()
    return transformer


@pytest.mark.parametrize("n", [6, 200])
def test_new_rows_are_encoded_and_decoded_exactly_as_by_the_original(n: int) -> None:
    """6 rows: the package then fits fewer mixture components than its default."""
    original = fitted(n)
    again = transformer_from_document(json.loads(json.dumps(document_of(original))))
    new = frame(150, 1)
    new["c1"] = new["c1"].where(
        new["c1"].isin(original._column_transform_info_list[1].transform.dummies), "0"
    )
    encoded = restarted(original).transform(new)
    np.testing.assert_array_equal(restarted(again).transform(new), encoded)
    pd.testing.assert_frame_equal(
        again.inverse_transform(encoded), original.inverse_transform(encoded)
    )
    sampled = np.random.default_rng(2).normal(size=encoded.shape)
    pd.testing.assert_frame_equal(
        again.inverse_transform(sampled), original.inverse_transform(sampled)
    )


def test_sigmas_as_tvae_uses_them_give_the_same_rows() -> None:
    original = fitted(100)
    again = transformer_from_document(json.loads(json.dumps(document_of(original))))
    sampled = np.random.default_rng(2).normal(size=(50, original.output_dimensions))
    sigmas = np.full(original.output_dimensions, 0.1)
    state = np.random.get_state()
    first = original.inverse_transform(sampled, sigmas)
    np.random.set_state(state)
    pd.testing.assert_frame_equal(again.inverse_transform(sampled, sigmas), first)


def test_the_layout_that_networks_are_built_from_is_the_same() -> None:
    original = fitted(100)
    again = transformer_from_document(document_of(original))
    assert again.output_dimensions == original.output_dimensions
    assert again.output_info_list == original.output_info_list
    assert document_of(again) == document_of(original)
