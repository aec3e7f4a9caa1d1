"""Tables that a contract meets badly: odd cells, odd names, bounds and levels that do not fit,
dates that are none.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dge_assets.core.contract.column_kinds import infer_kind
from dge_assets.core.contract.completion import Inferred, complete_contract
from dge_assets.core.contract.conform import conform, convert_column
from dge_assets.core.contract.contract import ColumnDeclaration, Contract, ContractDeclaration
from dge_assets.core.contract.values import distinct, plain_level, plain_levels
from dge_assets.core.errors import ContractError

ROWS = 60


def with_target(values: Any) -> pd.DataFrame:
    column = pd.Series(values)
    return pd.DataFrame(
        {"v": column, "y": pd.Series(np.arange(len(column)) % 2, index=column.index)}
    )


def inferred(
    frame: pd.DataFrame, declared: dict[str, Any] | None = None, **others: Any
) -> Inferred:
    columns = {"v": ColumnDeclaration(**declared)} if declared else {}
    return complete_contract(
        ContractDeclaration(target="y", columns=columns, **others), frame, table="crash"
    )


def both(values: Any, **declared: Any) -> tuple[Contract, pd.Series]:
    """The contract and the conformed column of a table with one column `v`."""
    frame = with_target(values)
    contract = inferred(frame, declared).contract
    return contract, conform(frame, contract, table="crash")["v"]


# --- levels
# ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("levels", "values", "kept"),
    [
        (("1", "2"), [1.0, None, 2.0], ["1", "2"]),
        (("1", "2"), pd.array([1, None, 2], dtype="Int64"), ["1", "2"]),
        (("1.0", "2.0"), [1.0, None, 2.0], ["1.0", "2.0"]),
        (("1.5", "2"), [1.5, None, 2.0], ["1.5", "2"]),
        (("true", "false"), [True, None, False], ["true", "false"]),
        ((1, 2, "unknown"), ["1", None, "unknown"], ["1", "unknown"]),
        ((1, 2), ["1", None, "2.0"], [1, 2]),
        ((1.5, 2), pd.Categorical(["1.5", None, "2"]), [1.5, 2]),
    ],
)
def test_levels_meet_their_values_beside_missing_cells(
    levels: Any, values: Any, kept: list[Any]
) -> None:
    contract, column = both(values, categories=levels)
    assert list(column.dropna()) == kept
    assert list(column.isna()) == [False, True, False]
    assert list(column.cat.categories) == list(contract.column("v").categories or ()), (
        "no level beside the declared"
    )


@pytest.mark.parametrize(
    ("declared", "values"),
    [
        ({"categories": (True, False)}, [True, False, True]),
        ({"categories": (True, False)}, ["true", None, "False"]),
        ({"categories": (True, False)}, [1.0, None, 0.0]),
        ({}, pd.Series([np.True_, np.False_, None], dtype=object)),
        ({"kind": "categorical", "categories": (True, False)}, [True, False]),
        ({"kind": "categorical"}, pd.Series([np.True_, np.False_], dtype=object)),
    ],
)
def test_truth_values_stay_truth_values(declared: dict[str, Any], values: Any) -> None:
    contract, column = both(values, **declared)
    assert contract.column("v").kind == declared.get("kind", "boolean")
    assert sorted(map(repr, contract.column("v").categories or ())) == ["False", "True"]
    assert {type(value) for value in column.dropna().tolist()} == {bool}


def test_yaml_s_yes_and_no_are_explained() -> None:
    with pytest.raises(
        ContractError, match=r"column 'v'.*rows 1 and 2 do not fit.*unquoted yes, no, on.*quotes"
    ):
        both(["yes", "no"], categories=(True, False))


def test_a_number_stays_a_number_in_a_declared_flag_of_numbers() -> None:
    contract, column = both([0, 1, 1], categories=(0, 1))
    assert contract.column("v").kind == "categorical"
    assert column.tolist() == [0, 1, 1]
    assert {type(level) for level in column.cat.categories} == {int}


def test_text_that_differs_after_a_nul_character_stays_apart() -> None:
    # pandas' own `unique` compares texts up to the first NUL, and would drop the second of these.
    texts = ["", "\x00", "a\x00b", "a\x00c"] * 10
    contract, column = both(texts)
    assert column.tolist() == texts
    assert len(contract.column("v").categories or ()) == 4


def test_plain_levels() -> None:
    assert [plain_level(value) for value in (np.int64(3), 3.0, np.bool_(True), 1e300, 2.5)] == [
        3,
        3,
        True,
        1e300,
        2.5,
    ]
    assert isinstance(plain_level(1e300), float), "as an integer it would fit no column"
    assert plain_levels([1, 1.0, "a"]) == ["1", "a"]
    assert distinct(pd.Series(["b", None, "a", "b"])) == ["b", "a"]


# --- bounds
# ---------------------------------------------------------------------------------------------------

DAYS = ["2020-01-01", "2021-06-01", "2022-01-01"]


@pytest.mark.parametrize(
    ("values", "declared", "message"),
    [
        (
            [1.5, 2.5, 3.5],
            {"minimum": "abc"},
            "minimum 'abc' does not fit kind continuous; allowed: a number",
        ),
        (
            [1, 2, 3],
            {"maximum": "2020-01-01"},
            "maximum '2020-01-01' does not fit kind integer; allowed: a number",
        ),
        (DAYS, {"minimum": 5}, "minimum 5.* does not fit kind datetime; allowed: an ISO 8601 date"),
        (DAYS, {"minimum": "now"}, "minimum 'now' does not fit kind datetime"),
        (
            DAYS,
            {"kind": "datetime", "maximum": "2020-13-45"},
            "maximum '2020-13-45' does not fit kind datetime",
        ),
        (
            ["a", "b", "c"] * 10,
            {"minimum": 5},
            "minimum 5.* the column is categorical and has no range; allowed.*integer",
        ),
        ([0, 1, 1], {"maximum": 9}, "maximum 9.* the column is categorical and has no range"),
        ([1, 2, 3], {"minimum": 5}, r"every value found is beyond the declared minimum 5; mend"),
        (DAYS, {"maximum": "2019-01-01"}, "beyond the declared maximum '2019-01-01'; mend"),
    ],
)
def test_bounds_that_do_not_fit_are_named(
    values: list[Any], declared: dict[str, Any], message: str
) -> None:
    with pytest.raises(ContractError, match=f"table 'crash', column 'v': .*{message}"):
        both(values, **declared)


def test_a_range_on_a_target_that_is_classified_is_refused() -> None:
    frame = pd.DataFrame({"x": 1.5, "y": [1, 2, 3] * 5})
    declared = ContractDeclaration(target="y", columns={"y": ColumnDeclaration(minimum=1)})
    with pytest.raises(
        ContractError, match=r"column 'y': minimum 1.*is declared, but the column is categorical"
    ):
        complete_contract(declared, frame, table="crash")


def test_bounds_that_the_data_break_are_for_the_checks_where_both_are_declared() -> None:
    contract, _ = both([1, 2, 3], minimum=5, maximum=9)
    assert (contract.column("v").minimum, contract.column("v").maximum) == (5, 9)


def test_a_bound_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="found NaN; leave it out"):
        ColumnDeclaration(minimum=float("nan"))


def test_declared_dates_beyond_nanoseconds_are_bounds_all_the_same() -> None:
    assert both(DAYS, maximum="9999-12-31")[0].column("v").maximum == "9999-12-31"


# --- dates
# ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "moments"),
    [
        (["2020-01-01", "2020-01-02T10:30:15.5"], ["2020-01-01", "2020-01-02 10:30:15.5"]),
        (
            ["2020-01-01 10:00+02:00", "2020-07-01 10:00-05:00", None],
            ["2020-01-01 08:00", "2020-07-01 15:00", None],
        ),
        (["2020-01-01 10:00+02:00", "2020-01-01"], ["2020-01-01 08:00", "2020-01-01"]),
        (["2020-01-01 10:00Z", "2020-01-01"], ["2020-01-01 10:00", "2020-01-01"]),
    ],
)
def test_iso_text_of_mixed_formats_and_offsets_is_read_as_utc(
    values: list[Any], moments: list[Any]
) -> None:
    contract, column = both(values)
    assert contract.column("v").kind == "datetime"
    assert column.tolist() == [
        pd.NaT if moment is None else pd.Timestamp(moment) for moment in moments
    ]
    assert contract.column("v").maximum == column.max().isoformat()


@pytest.mark.parametrize("spoilt", ["9999-12-31", "2020-13-45", "2020-01-01 25:00"])
def test_dates_that_cannot_be_kept_are_texts_and_a_note_says_so(spoilt: str) -> None:
    days = [f"2020-{month:02}-{day:02}" for month in (1, 2, 3) for day in range(1, 26)]
    frame = with_target([*days, spoilt])
    result = inferred(frame)
    assert result.contract.column("v").kind == "id"
    (note,) = [note for note in result.notes if "looks like dates" in note]
    assert "row 76 does not fit" in note
    assert spoilt not in note
    assert conform(frame, result.contract, table="crash")["v"].tolist() == [*days, spoilt]


def test_moments_beyond_nanoseconds_are_texts_too() -> None:
    result = inferred(
        with_target(pd.Series(np.array(["2020-01-01", "9999-12-31"] * 10, dtype="datetime64[s]")))
    )
    assert result.contract.column("v").categories == ("2020-01-01 00:00:00", "9999-12-31 00:00:00")
    assert "looks like dates" in result.notes[2]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["2020-01-01", "31/12/2020"], "row 2 does not fit .no date in ISO8601 format"),
        (["2020-01-01", "today"], r"row 2 does not fit \(now and today change with each reading"),
        (
            ["2020-01-01", "9999-12-31"],
            r"row 2 does not fit \(no date in ISO8601 format .* or outside 1677",
        ),
        (
            [2020, 2021],
            r"rows 1 and 2 do not fit \(numbers give no moment in time; write dates as ISO 8601 text",
        ),
    ],
)
def test_declared_dates_that_are_none_are_named(values: list[Any], message: str) -> None:
    with pytest.raises(ContractError, match=f"column 'v': declared datetime, but {message}"):
        both(values, kind="datetime")


def test_bounds_of_moments_with_a_zone_are_those_of_the_conformed_data() -> None:
    contract, column = both(pd.date_range("2020-01-01", periods=2, tz="Europe/Rome"))
    assert contract.column("v").minimum == "2019-12-31T23:00:00" == column.min().isoformat()
    assert contract.column("v").maximum == "2020-01-01T23:00:00" == column.max().isoformat()


def test_declared_bounds_with_an_offset_are_kept_in_utc() -> None:
    contract, _ = both(DAYS, minimum="2020-01-01T01:00+02:00")
    assert contract.column("v").minimum == "2019-12-31T23:00:00"


# --- numbers
# --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1e300, 1.0, 2.0], "continuous"),
        ([2.0**63, 1.0, 2.0], "continuous"),
        ([2.0**63, 1.0], "continuous"),
        (pd.array([2**63, 1, 2], dtype="UInt64"), "continuous"),
        (pd.array([2**62 + 1, 1, 2], dtype="UInt64"), "integer"),
        ([2**62 + 1, 1, 2], "integer"),
        ([float(2**53), 1.0, 2.0], "integer"),
        ([-(2**63), 2**63 - 1, 0], "integer"),
    ],
)
def test_whole_numbers_are_integer_as_far_as_they_are_exact(values: Any, kind: str) -> None:
    contract, column = both(values)
    assert contract.column("v").kind == kind
    assert column.tolist() == [
        float(v) if kind == "continuous" else int(v) for v in pd.Series(values)
    ]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["9007199254740993", None], [9007199254740993, None]),
        (["9007199254740993", "1.0", " 7 "], [9007199254740993, 1, 7]),
        (["-9223372036854775808"], [-(2**63)]),
    ],
)
def test_long_whole_numbers_in_texts_keep_their_digits(
    values: list[Any], expected: list[Any]
) -> None:
    found = convert_column(pd.Series(values, name="v"), "integer", place="v")
    assert [None if pd.isna(value) else int(value) for value in found] == expected


@pytest.mark.parametrize(
    "values", [pd.array([2**63 + 5, 1], dtype="UInt64"), ["9223372036854775808"], [2**64]]
)
def test_whole_numbers_beyond_64_bits_are_refused_whatever_holds_them(values: Any) -> None:
    with pytest.raises(ContractError, match=r"v: .*integer"):
        convert_column(pd.Series(values, name="v"), "integer", place="v")


def test_whole_numbers_that_lose_digits_are_told() -> None:
    frame = pd.DataFrame({"x": np.array([2**63, 2**64 - 1] * 30, dtype="uint64"), "y": [0, 1] * 30})
    found = complete_contract(ContractDeclaration(target="y"), frame, table="t")
    assert found.contract.column("x").kind == "continuous"
    assert [note for note in found.notes if "only 15 digits are kept" in note and "'x'" in note]


def test_bounds_of_integers_that_no_float_equals_are_rounded_outwards() -> None:
    column = both([2**60 + 1, 2**53 + 1, 7])[0].column("v")
    assert column.maximum is not None
    assert column.maximum >= 2**60 + 1


def test_large_integers_as_objects_keep_every_digit() -> None:
    _, column = both(pd.Series([2**60 + 1, None, 5], dtype=object), kind="integer")
    assert column.dropna().tolist() == [2**60 + 1, 5]


@pytest.mark.parametrize("value", [1e300, 2.0**63, -1e300])
def test_numbers_too_large_for_a_declared_integer_are_named(value: float) -> None:
    with pytest.raises(
        ContractError,
        match=r"column 'v': declared integer, but row 1 does not fit \(beyond what an integer",
    ):
        both([value, 1.0], kind="integer")


def test_infinity_is_refused_with_its_count() -> None:
    values = [np.inf, 1.5, -np.inf, 2.5]
    with pytest.raises(
        ContractError,
        match=r"column 'v': declared continuous, but rows 1 and 3 do not fit \(2 of 4 values are",
    ):
        both(values)
    contract, _ = both([1.5, 2.5])
    with pytest.raises(
        ContractError, match=r"table 'crash', column 'v'.*2 of 4 values are infinite"
    ):
        conform(with_target(values), contract, table="crash")


# --- names, cells and targets
# ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["v", "v", "y"], r"columns \['v', 'v'\] have the same name.*`rename` in the source"),
        (
            ["V", "v", "y"],
            r"columns \['V', 'v'\] have the same name, upper and lower case aside, and DuckDB cannot",
        ),
        ([0, 1, "y"], r"column names must be text, found \[0, 1\]; give names in the source"),
        ([None, "v", "y"], r"column names must be text, found \[None\]"),
    ],
)
def test_names_that_cannot_be_kept_are_refused(names: list[Any], message: str) -> None:
    frame = pd.DataFrame([[1.5, 2.5, 0], [3.5, 4.5, 1]], columns=pd.Index(names, dtype=object))
    with pytest.raises(ContractError, match=f"table 'crash': {message}"):
        inferred(frame)


def test_duckdb_tells_letters_apart_that_are_not_ascii() -> None:
    frame = pd.DataFrame({"é": [1.5, 2.5], "É": [1.5, 2.5], "y": [0, 1]})
    assert inferred(frame).contract.names == ("é", "É", "y")


def test_conforming_refuses_a_name_that_comes_twice() -> None:
    contract, _ = both([1.5, 2.5])
    frame = pd.DataFrame([[1.5, 2.5, 0], [3.5, 4.5, 1]], columns=["v", "v", "y"])
    with pytest.raises(
        ContractError, match=r"table 'crash': columns \['v', 'v'\] have the same name"
    ):
        conform(frame, contract, table="crash")


@pytest.mark.parametrize("cell", [[1, 2], {"a": 1}, {1}, np.array([1]), 1 + 2j])
def test_nested_and_complex_cells_are_refused(cell: Any) -> None:
    frame = pd.DataFrame({"v": pd.Series(["a", cell, "b"], dtype=object), "y": ["p", "q", "p"]})
    with pytest.raises(
        ContractError,
        match=f"column 'v': holds a {type(cell).__name__} in row 2; .*one value a cell",
    ):
        inferred(frame)
    contract, _ = both(["a", "b", "c"])
    with pytest.raises(ContractError, match=f"column 'v': holds a {type(cell).__name__}"):
        conform(frame, contract, table="crash")


@pytest.mark.parametrize("task", [None, "binary", "regression"])
def test_a_target_declared_id_is_told_so_whatever_the_task(task: Any) -> None:
    frame = pd.DataFrame({"x": 1.5, "y": range(ROWS)})
    declared = ContractDeclaration(
        target="y", task=task, columns={"y": ColumnDeclaration(kind="id")}
    )
    with pytest.raises(
        ContractError,
        match="target 'y' is an id column: ids are never synthesized; declare another",
    ):
        complete_contract(declared, frame, table="crash")


def test_declared_levels_count_as_classes() -> None:
    frame = pd.DataFrame({"x": 1.5, "y": ["a", "b"] * 5})
    columns = {"y": ColumnDeclaration(categories=("a", "b", "c"))}
    contract = complete_contract(
        ContractDeclaration(target="y", columns=columns), frame, table="crash"
    ).contract
    assert (contract.task, contract.classes) == ("multiclass", ("a", "b", "c"))
    with pytest.raises(ContractError, match="needs exactly 2 classes, found 3"):
        complete_contract(
            ContractDeclaration(target="y", task="binary", columns=columns), frame, table="crash"
        )


def test_kind_of_a_column_is_the_same_before_and_after_conforming() -> None:
    for values in ([1.5, 2.5, None], [1, 2, 3], [True, False, None], DAYS, ["a", "b", None]):
        contract, column = both(values)
        assert infer_kind(column) == contract.column("v").kind


# --- anything at all
# ------------------------------------------------------------------------------------------

CELLS: list[Any] = [
    *(
        None,
        np.nan,
        pd.NaT,
        pd.NA,
        True,
        False,
        np.True_,
        0,
        1,
        2,
        1.0,
        2.5,
        1e300,
        2**63,
        -(2**70),
        np.inf,
        b"x",
        (1, 2),
    ),
    *(
        "a",
        "",
        "1",
        "1.0",
        "true",
        "2020-01-01",
        "2020-13-01",
        "9999-12-31",
        "now",
        "\x00",
        pd.Timestamp("2020"),
    ),
    *(
        dt.date(2020, 1, 1),
        dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
        Decimal("1.5"),
        pd.Timedelta(1),
        1 + 2j,
    ),
]
DECLARED: list[dict[str, Any]] = [
    *({}, {"minimum": 1}, {"maximum": "2020-01-01"}),
    *(
        {"kind": kind}
        for kind in ("continuous", "integer", "categorical", "boolean", "datetime", "id")
    ),
    *({"categories": levels} for levels in ((1, 2), ("1", "2"), (True, False), (1, "a"), (1.5,))),
]


@settings(max_examples=150)
@given(
    cells=st.lists(st.sampled_from(CELLS), min_size=1, max_size=4),
    repeat=st.sampled_from([2, 30]),
    as_objects=st.booleans(),
    declared=st.sampled_from(DECLARED),
)
def test_any_cells_are_kept_or_refused_by_name(
    cells: list[Any], repeat: int, as_objects: bool, declared: dict[str, Any]
) -> None:
    """No warning and no foreign error comes through; conforming twice changes nothing, and nothing
    becomes missing.
    """
    values = pd.Series(cells * repeat, dtype=object)
    frame = with_target(values if as_objects else values.infer_objects())
    try:
        contract = inferred(frame, declared).contract
        once = conform(frame, contract, table="crash")
    except ContractError as error:
        refusal = str(error)
    else:
        refusal = ""
    if refusal:
        assert "table 'crash'" in refusal
        return
    pd.testing.assert_frame_equal(conform(once, contract, table="crash"), once)
    if not declared:
        assert list(once["v"].isna()) == list(frame["v"].isna())
