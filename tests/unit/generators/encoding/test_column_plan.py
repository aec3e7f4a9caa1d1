"""Plans as documents: those of today without loss, and those that former versions kept."""

from __future__ import annotations

import json
from dataclasses import asdict

import pandas as pd

from dge_assets.core.generators.encoding.codec import TableCodec
from dge_assets.core.generators.encoding.column_plan import plan_from_document
from tests.support.hostile_numbers import hostile_numbers, table_of
from tests.unit.conftest import encoded_of

FORMER = {
    "plans": [
        {
            "name": "x",
            "kind": "continuous",
            "role": "number",
            "key": "c0",
            "indicator": None,
            "low": -1.5,
            "high": 2.0,
        },
        {
            "name": "k",
            "kind": "integer",
            "role": "number",
            "key": "c1",
            "indicator": "c1_missing",
            "low": 1.0,
            "high": 9.0,
        },
        {
            "name": "day",
            "kind": "datetime",
            "role": "number",
            "key": "c2",
            "indicator": None,
            "low": 19723.0,
            "high": 19733.5,
            "resolution": "s",
        },
        {
            "name": "y",
            "kind": "categorical",
            "role": "discrete",
            "key": "c3",
            "levels": ["a", "b"],
            "low": 0.0,
            "high": 0.0,
        },
    ],
    "categories": [None, None, None, ["a", "b"]],
}
"""A codec as versions wrote it that knew no grid, no transform and no frequent value."""


def former() -> TableCodec:
    defaults = {
        "indicator": None,
        "constant": None,
        "levels": [],
        "pooled": [],
        "pooled_shares": [],
        "resolution": "us",
    }
    return TableCodec.from_document(
        {**FORMER, "plans": [{**defaults, **plan} for plan in FORMER["plans"]]}
    )


def test_a_codec_that_was_kept_before_decodes_as_it_did() -> None:
    sampled = pd.DataFrame(
        {
            "c0": [-9.0, 0.123456789, 9.0],
            "c1": [-4.0, 4.4, 40.0],
            "c1_missing": ["0", "1", "0"],
            "c2": [0.0, 19730.00001, 1e9],
            "c3": ["0", "1", "0"],
        }
    )
    back = former().decode(sampled)
    assert back["x"].tolist() == [-1.5, 0.123456789, 2.0]
    assert back["k"].astype(object).where(back["k"].notna(), None).tolist() == [1, None, 9]
    assert back["day"].tolist() == [
        pd.Timestamp("2024-01-01"),
        pd.Timestamp("2024-01-08 00:00:01"),
        pd.Timestamp("2024-01-11 12:00"),
    ]
    assert back["y"].tolist() == ["a", "b", "a"]


def test_todays_plans_survive_json() -> None:
    codec = encoded_of(
        *table_of(
            {name: hostile_numbers()[name] for name in ("one far", "two ends", "hours, gaps")}
        )
    )[0].codec
    for plan in codec.plans:
        assert plan_from_document(json.loads(json.dumps(asdict(plan)))) == plan
    assert TableCodec.from_document(json.loads(json.dumps(codec.to_document()))) == codec
