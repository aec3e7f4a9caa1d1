"""The shared encoding: what the package's transformer gives, without its loop over rows, and kept
without loss.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dge_assets.core.errors import StorageError
from dge_assets.core.generators.encoding.fitting import fit_encoder
from dge_assets.core.generators.encoding.table_encoder import CHUNK_ROWS, TableEncoder
from dge_assets.core.generators.stacked.package_transformer import transformer_from_document
from dge_assets.core.generators.state_files import ENCODED, encoder_files, encoder_from_files
from dge_assets.core.randomness import generator, seed_sequence
from tests.support.stacked import one_hot
from tests.support.tables import every_kind, every_kind_contract, tiny, tiny_contract
from tests.unit.conftest import encoded_of


def _modelled(encoder: TableEncoder, frame: pd.DataFrame) -> pd.DataFrame:
    return encoder.codec.encode(
        frame, rng=generator(seed_sequence(table="kinds", purpose="imputation"))
    )


def test_encoded_rows_are_those_of_the_package() -> None:
    encoder, encoded = encoded_of(every_kind(), every_kind_contract())
    package = transformer_from_document(encoder.transformer)
    expected = package.transform(_modelled(encoder, every_kind()))
    np.testing.assert_allclose(one_hot(encoded), expected, rtol=0, atol=1e-7)
    assert encoded.numbers.dtype == np.float32
    assert encoded.codes.dtype == np.uint8


def test_decoded_rows_are_those_of_the_package() -> None:
    encoder, encoded = encoded_of(every_kind(), every_kind_contract())
    package = transformer_from_document(encoder.transformer)
    expected = package.inverse_transform(one_hot(encoded))
    found = encoder.decode(encoded.numbers, encoded.codes)
    assert list(found) == list(expected)
    for name in expected:
        if expected[name].dtype == object:
            assert found[name].tolist() == expected[name].tolist()
        else:
            np.testing.assert_allclose(found[name], expected[name], rtol=1e-9)


def test_chunks_of_rows_draw_from_one_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    assert CHUNK_ROWS > 1000
    whole = encoded_of(every_kind(), every_kind_contract())[1]
    monkeypatch.setattr("dge_assets.core.generators.encoding.table_encoder.CHUNK_ROWS", 37)
    parts = encoded_of(every_kind(), every_kind_contract())[1]
    np.testing.assert_array_equal(parts.codes, whole.codes)
    np.testing.assert_allclose(parts.numbers, whole.numbers, atol=1e-6)


def test_a_column_of_more_than_256_levels_gets_wider_codes() -> None:
    frame = tiny(900).assign(many=pd.Categorical([f"level {index % 300}" for index in range(900)]))
    agreed = tiny_contract()
    from tests.support.tables import column

    many = column("many", "categorical", categories=tuple(frame["many"].cat.categories))
    wide = agreed.model_copy(update={"columns": (*agreed.columns, many)})
    encoder, encoded = fit_encoder(frame, wide, table="kinds")
    assert encoded.codes.dtype == np.int32
    decoded = encoder.codec.decode(encoder.decode(encoded.numbers, encoded.codes))
    assert decoded["many"].tolist() == frame["many"].tolist()


def test_files_bring_it_back() -> None:
    encoder, encoded = encoded_of(every_kind(), every_kind_contract())
    files = encoder_files(encoder, encoded)
    again, rows = encoder_from_files(files, place="kinds/encoder")
    assert encoder_files(again, rows) == files
    np.testing.assert_array_equal(rows.codes, encoded.codes)
    assert again.layout == encoder.layout
    with pytest.raises(
        StorageError, match=r"kinds/encoder: not a stored encoding.*materialize it again"
    ):
        encoder_from_files({**files, ENCODED: files[ENCODED][:50]}, place="kinds/encoder")
