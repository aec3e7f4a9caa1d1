"""What is fitted to a column is what the `ctgan` package fits, without its code."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dge_assets.core.contract.contract import Contract
from dge_assets.core.generators.encoding.codec import fit_codec
from dge_assets.core.generators.encoding.fitting import fit_transformer
from dge_assets.core.threads import one_thread
from tests.support.ctgan_documents import document_of, fitted_by_package
from tests.support.hostile_numbers import hostile_numbers, table_of
from tests.support.tables import AWKWARD, every_kind, every_kind_contract


def _columns(n: int, seed: int = 0) -> pd.DataFrame:
    """Numbers of many shapes and levels of many names, as a modelling frame has them."""
    rng = np.random.default_rng(seed)
    bumps = np.where(rng.random(n) < 0.5, rng.normal(-5, 0.1, n), rng.normal(900, 40, n))
    return pd.DataFrame(
        {
            "bumps": bumps,
            "skewed": rng.lognormal(0, 2, n),
            "few values": rng.choice([0.0, 1.0, 7.5], n),
            "constant": np.full(n, 4.0),
            "whole": rng.integers(-3, 400, n).astype(float),
            "tiny": rng.normal(1.7e-19, 2e-20, n),
            "huge": rng.lognormal(40, 1, n),
            "codes": rng.choice(["0", "1", "10", "2"], n).astype(object),
            AWKWARD: rng.choice(["a b", 'quo"te', "größe", "1.0"], n).astype(object),
            "one level": np.full(n, "only", dtype=object),
        }
    )


def _discrete(frame: pd.DataFrame) -> list[str]:
    return list(frame.select_dtypes(object))


def _modelled(frame: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    return fit_codec(frame, contract).encode(frame, rng=np.random.default_rng(0))


TABLES = {
    "many rows": lambda: _columns(700),
    "as few rows as components": lambda: _columns(10),
    "fewer rows than components": lambda: _columns(3),
    "every kind with gaps": lambda: _modelled(every_kind(), every_kind_contract()),
    "hostile numbers": lambda: _modelled(*table_of(hostile_numbers(100))),
}


@pytest.mark.parametrize("name", sorted(TABLES))
def test_the_document_is_that_of_what_the_package_fits(name: str) -> None:
    """To the last digit: equal documents encode equally, so members stay the same."""
    frame = TABLES[name]()
    with one_thread():
        ours = fit_transformer(frame, _discrete(frame))
    theirs = document_of(fitted_by_package(frame, _discrete(frame)))
    assert json.dumps(ours) == json.dumps(theirs)


def test_the_document_is_json_without_code() -> None:
    frame = _columns(50)
    document = fit_transformer(frame, _discrete(frame))
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    kinds = set[type]()

    def walk(value: Any) -> None:
        kinds.add(type(value))
        for item in (
            value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        ):
            walk(item)

    walk(document)
    assert kinds <= {dict, list, str, int, float, bool}
