"""The codec: what is encoded comes back, missingness is learnt, and what cannot be told apart is
said by name.
"""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dge_assets.core.contract.contract import Contract
from dge_assets.core.errors import GeneratorError
from dge_assets.core.generators.encoding.codec import TableCodec, fit_codec
from tests.support.tables import (
    AWKWARD,
    column,
    contract,
    every_kind,
    every_kind_contract,
    with_ranges,
)


def fitted(frame: pd.DataFrame, agreed: Contract) -> TableCodec:
    return fit_codec(frame, agreed)


def there_and_back(codec: TableCodec, frame: pd.DataFrame) -> pd.DataFrame:
    """What a generator that repeats its training rows would give."""
    modelled = codec.encode(frame, rng=np.random.default_rng(0))
    return codec.decode(modelled)


def one_column(values: pd.Series, kind: str, **options: object) -> tuple[pd.DataFrame, Contract]:
    """A table of one column under test beside a target."""
    target = pd.Series(
        pd.Categorical(["no", "yes"] * (len(values) // 2) + ["no"] * (len(values) % 2))
    )
    agreed = contract(
        "target",
        column("value", kind, **options),  # type: ignore[arg-type]
        column("target", "categorical", categories=("no", "yes")),
    )
    return pd.DataFrame({"value": values, "target": target}), agreed


def test_every_kind_comes_back_with_its_values_its_gaps_and_its_type() -> None:
    frame, agreed = every_kind(), every_kind_contract()
    back = there_and_back(fitted(frame, agreed), frame)
    assert list(back.columns) == [name for name in agreed.names if name != "id"]
    pd.testing.assert_frame_equal(back, frame.drop(columns="id"), check_exact=True)


def test_the_modelling_frame_has_safe_names_no_gap_and_the_columns_own_marginal() -> None:
    frame = every_kind()
    codec = fitted(frame, every_kind_contract())
    modelled = codec.encode(frame, rng=np.random.default_rng(0))
    assert all(name.isascii() and name.isidentifier() for name in modelled.columns)
    assert not modelled.isna().any().any()
    assert set(codec.discrete) <= set(modelled.columns)
    assert all(
        modelled[name].dtype == ("object" if name in codec.discrete else "float64")
        for name in modelled
    )
    plan = next(plan for plan in codec.plans if plan.name == "gappy float")
    assert set(modelled[plan.key]) == set(frame["gappy float"].dropna()), (
        "imputed values are observed ones"
    )
    assert (modelled[plan.indicator] == "1").sum() == frame["gappy float"].isna().sum()


def test_constants_and_all_missing_columns_are_not_modelled_and_come_back() -> None:
    frame = every_kind(50)
    codec = fitted(frame, every_kind_contract())
    roles = {plan.name: plan.role for plan in codec.plans}
    assert {name for name, role in roles.items() if role == "constant"} == {"constant", "empty"}
    assert [note for note in codec.notes if "constant, not modelled" in note] == [
        "column 'constant': constant, not modelled",
        "column 'empty': constant, not modelled",
    ]


@pytest.mark.parametrize("kind", ["continuous", "integer", "boolean", "datetime", "categorical"])
def test_an_all_missing_column_of_any_kind_stays_all_missing(kind: str) -> None:
    types = {
        "continuous": "float64",
        "integer": "Int64",
        "boolean": "boolean",
        "datetime": "datetime64[ns]",
    }
    empty = pd.Series([None] * 10, dtype=object)
    values = (
        empty.astype(types[kind])
        if kind in types
        else pd.Series(pd.Categorical(empty, categories=["a"]))
    )
    options = {"categories": ("a",)} if kind == "categorical" else {}
    frame, agreed = one_column(values, kind, nullable=True, **options)
    pd.testing.assert_frame_equal(there_and_back(fitted(frame, agreed), frame), frame)


@pytest.mark.parametrize("value", [pd.Timestamp("1961-02-03 04:05:06"), True, 3, 2.5, "ä 'b'"])
def test_a_constant_of_any_kind_comes_back(value: object) -> None:
    kinds = {
        pd.Timestamp: "datetime",
        bool: "boolean",
        int: "integer",
        float: "continuous",
        str: "categorical",
    }
    values = pd.Series([value] * 6)
    options = {}
    if isinstance(value, str):
        values, options = (
            pd.Series(pd.Categorical(values, categories=[value, "other"])),
            {"categories": (value, "other")},
        )
    frame, agreed = one_column(values, kinds[type(value)], **options)
    frame["value"] = (
        frame["value"].astype("datetime64[ns]")
        if isinstance(value, pd.Timestamp)
        else frame["value"]
    )
    pd.testing.assert_frame_equal(there_and_back(fitted(frame, agreed), frame), frame)


@pytest.mark.parametrize("step", ["D", "s", "ms", "us"])
def test_moments_keep_their_resolution_and_their_range(step: str) -> None:
    rng = np.random.default_rng(0)
    offsets = pd.to_timedelta(rng.integers(0, 10_000, 60), unit=step)
    moments = pd.Series(pd.Timestamp("2024-02-28") + offsets).astype("datetime64[ns]")
    ends = {"minimum": moments.min().isoformat(), "maximum": moments.max().isoformat()}
    frame, agreed = one_column(moments, "datetime", **ends)
    codec = fitted(frame, agreed)
    pd.testing.assert_frame_equal(there_and_back(codec, frame), frame)
    wild = codec.encode(frame, rng=rng).assign(
        c0=lambda sampled: sampled["c0"] + rng.normal(0, 1, len(sampled))
    )
    drawn = codec.decode(wild)["value"]
    assert drawn.between(frame["value"].min(), frame["value"].max()).all(), (
        "rounding must not leave the range"
    )
    assert (drawn == drawn.dt.floor(step)).all()


def test_sampled_numbers_are_clipped_to_the_range_and_integers_stay_whole() -> None:
    """The range is the contract's: what the rows at hand reach beyond it is neither learnt nor
    sampled.
    """
    frame, agreed = one_column(
        pd.Series([1, 5, 90, 3], dtype="int64"), "integer", minimum=1, maximum=9
    )
    codec = fitted(frame, agreed)
    assert codec.encode(frame, rng=np.random.default_rng(0))["c0"].tolist() == [1, 5, 9, 3]
    sampled = pd.DataFrame({"c0": [-1e12, 1.4, 4.6, 1e12], "c1": ["0", "1", "0", "1"]})
    assert codec.decode(sampled)["value"].tolist() == [1, 1, 5, 9]


def test_a_column_whose_range_is_one_value_is_constant() -> None:
    frame, agreed = one_column(
        pd.Series([7, 7, 7, 900], dtype="int64"), "integer", minimum=7, maximum=7
    )
    codec = fitted(frame, agreed)
    assert codec.plans[0].role == "constant"
    assert there_and_back(codec, frame)["value"].tolist() == [7, 7, 7, 7]


def test_a_declared_bound_beyond_what_nanoseconds_reach_binds_nothing_and_is_no_error() -> None:
    moments = pd.Series(pd.to_datetime(["2020-01-01", "2021-01-01", "2022-01-01"])).astype(
        "datetime64[ns]"
    )
    frame, agreed = one_column(moments, "datetime", minimum="1900-01-01", maximum="9999-12-31")
    pd.testing.assert_frame_equal(there_and_back(fitted(frame, agreed), frame), frame)


def test_a_dataset_without_a_gap_has_the_type_of_a_column_with_gaps() -> None:
    """Datasets of one table must not differ in type by the luck of a sample."""
    frame, agreed = one_column(pd.array([1, None, 3, 4], dtype="Int64"), "integer", nullable=True)
    codec = fitted(frame, agreed)
    sampled = codec.encode(frame, rng=np.random.default_rng(0)).assign(c0_missing="0")
    assert codec.decode(sampled)["value"].dtype == "Int64"
    flags, agreed = one_column(
        pd.array([True, None, False, True], dtype="boolean"), "boolean", nullable=True
    )
    codec = fitted(flags, agreed)
    sampled = codec.encode(flags.iloc[[0, 2]], rng=np.random.default_rng(0))
    assert codec.decode(sampled)["value"].dtype == "boolean"


def test_a_level_that_the_encoding_was_not_fitted_on_is_refused_by_column() -> None:
    frame, agreed = one_column(
        pd.Series(pd.Categorical(list("aabb"))), "categorical", categories=tuple("ab")
    )
    with pytest.raises(GeneratorError, match="column 'value': 1 cells have a level") as raised:
        fitted(frame, agreed).encode(
            frame.assign(value=pd.Categorical(list("aabz"))), rng=np.random.default_rng(0)
        )
    assert "z" not in str(raised.value).split("column")[1]


def test_a_table_of_constants_is_refused() -> None:
    agreed = contract(
        "y", column("x", "integer"), column("y", "continuous", nullable=True), task="regression"
    )
    frame = pd.DataFrame({"x": [1, 1], "y": [np.nan, np.nan]})
    with pytest.raises(
        GeneratorError, match="nothing to learn: every column of the table is constant"
    ):
        fitted(frame, agreed)


def test_a_codec_survives_json_and_decodes_the_same() -> None:
    frame = every_kind()
    codec = fitted(frame, every_kind_contract())
    again = TableCodec.from_document(json.loads(json.dumps(codec.to_document())))
    assert again == codec
    pd.testing.assert_frame_equal(there_and_back(again, frame), there_and_back(codec, frame))


def test_one_stream_gives_one_encoding() -> None:
    frame = every_kind()
    codec = fitted(frame, every_kind_contract())
    first, second, other = (
        codec.encode(frame, rng=np.random.default_rng(seed)) for seed in (0, 0, 1)
    )
    pd.testing.assert_frame_equal(first, second)
    assert not first.equals(other)


_cells = {
    "continuous": st.floats(-1e12, 1e12, allow_nan=False) | st.none(),
    "integer": st.integers(-(2**53), 2**53) | st.none(),
    "boolean": st.booleans() | st.none(),
    "datetime": st.datetimes(pd.Timestamp("1700-01-01"), pd.Timestamp("2200-01-01")).map(
        lambda moment: moment.replace(microsecond=0)
    )
    | st.none(),
    "categorical": st.text(max_size=3) | st.none(),
}
_types = {
    "continuous": "float64",
    "integer": "Int64",
    "boolean": "boolean",
    "datetime": "datetime64[ns]",
}


@settings(max_examples=60)
@given(kind=st.sampled_from(sorted(_cells)), data=st.data())
def test_what_is_encoded_comes_back(kind: str, data: st.DataObject) -> None:
    """decode(encode(x)) == x, imputed cells being restored as missing."""
    cells = data.draw(st.lists(_cells[kind], min_size=2, max_size=30))
    values = pd.Series(cells, dtype=object)
    levels = tuple(sorted(set(values.dropna())))
    options: dict[str, object] = {"nullable": True}
    if kind == "categorical":
        values, options["categories"] = pd.Series(pd.Categorical(values, categories=levels)), levels
    else:
        values = values.astype(_types[kind])
    frame, agreed = one_column(values, kind, **options)
    codec = fitted(frame, agreed)
    back = there_and_back(codec, frame)["value"]
    assert back.isna().tolist() == frame["value"].isna().tolist()
    was, came = frame["value"].dropna(), back.dropna()
    if kind == "continuous" and len(was):
        np.testing.assert_allclose(came, was, rtol=1e-12, atol=1e-14 * was.abs().max())
    elif kind == "integer":
        np.testing.assert_allclose(
            came.astype(float), was.astype(float), rtol=1e-13, err_msg="exact below 1e12"
        )
    else:
        assert came.tolist() == was.tolist()


def test_awkward_names_are_names_of_the_decoded_frame() -> None:
    frame = every_kind(30)
    assert AWKWARD in there_and_back(fitted(frame, every_kind_contract()), frame).columns


@pytest.mark.parametrize(
    ("values", "kind", "bounds", "expected"),
    [
        (
            [1.5, 93600.0, 93600.0, 93600.0],
            "continuous",
            (37400.0, 93600.0),
            [37400.0, 93600.0, 93600.0, 93600.0],
        ),
        ([1, 5, 5, None], "integer", (2, 4), [2, 4, 4, None]),
        (
            ["1970-01-01", "2023-01-01", "2023-01-01", "2023-01-02"],
            "datetime",
            ("2023-01-01", "2023-01-02"),
            ["2023-01-01", "2023-01-01", "2023-01-01", "2023-01-02"],
        ),
    ],
)
def test_few_numbers_beyond_their_bounds_are_the_nearest_level(
    values: list[object], kind: str, bounds: tuple[object, object], expected: list[object]
) -> None:
    dtype = {"continuous": "float64", "integer": "Int64", "datetime": "datetime64[ns]"}[kind]
    frame, agreed = one_column(
        pd.Series(values, dtype=dtype), kind, minimum=bounds[0], maximum=bounds[1], nullable=True
    )
    back = there_and_back(fitted(frame, agreed), frame)["value"]
    pd.testing.assert_series_equal(back, pd.Series(expected, dtype=dtype, name="value"))


def test_two_moments_that_differ_by_a_nanosecond_come_back() -> None:
    """As levels they are texts of two forms, with and without a fraction of a second."""
    first = pd.Timestamp("1970-01-01")
    frame = pd.DataFrame(
        {"when": [first] * 20 + [first + pd.Timedelta(1, "ns")] * 20, "x": np.arange(40.0)}
    )
    codec = fit_codec(
        frame,
        with_ranges(
            contract("x", column("when", "datetime"), column("x", "continuous"), task="regression"),
            frame,
        ),
    )
    again = codec.decode(codec.encode(frame, rng=np.random.default_rng(0)))
    pd.testing.assert_series_equal(again["when"], frame["when"], check_names=False)
