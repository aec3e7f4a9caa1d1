"""Spellings of amounts, dates and spans: what they are taken for, and what a person has to decide."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from dge_assets.core.contract.contract import ColumnDeclaration, ContractDeclaration
from dge_assets.core.contract.formats import Recognised, recognise
from dge_assets.core.errors import ContractError


def recognised(values: Any, *, dtype: Any = None, target: str = "y", **stated: Any) -> Recognised:
    frame = pd.DataFrame({"x": pd.Series(values, dtype=dtype), "y": 0})
    columns = {"x": ColumnDeclaration(**stated)} if stated else {}
    return recognise(frame, ContractDeclaration(target=target, columns=columns), table="t")


DAY = pd.Timestamp("2022-04-22")


@pytest.mark.parametrize(
    ("texts", "expected", "unit"),
    [
        (["1.723,05", "-0,5827", "12"], [1723.05, -0.5827, 12.0], ""),
        (["1.723.000", "1.200"], [1_723_000.0, 1200.0], ""),  # two points can only part thousands
        (["1 723,05", "3,5"], [1723.05, 3.5], ""),
        (["1'723,05", "3,5"], [1723.05, 3.5], ""),
        (["0,123", "1,500"], [0.123, 1.5], ""),  # no group of thousands begins with 0
        (["1,234.50", "12.25"], [1234.5, 12.25], ""),
        (["1,234,567", "12"], [1_234_567.0, 12.0], ""),
        (["12,5 %", "3 %"], [12.5, 3.0], "per cent"),
        (["45%", "7%"], [45.0, 7.0], "per cent"),
        (["€ 1.723,05", "€ 3,5"], [1723.05, 3.5], "€"),
        (["$1,234.50", "$3"], [1234.5, 3.0], "$"),
        (["13:45", "00:00"], [49500.0, 0.0], "seconds since midnight"),
        (["13:45:10.5", "1:00:00"], [49510.5, 3600.0], "seconds since midnight"),
        (["1:30 PM", "12:15 am"], [48600.0, 900.0], "seconds since midnight"),
        (["26:00:01", "0:00:59"], [93601.0, 59.0], "seconds"),
        (["1 days 02:03:04", "-1 days +23:00:00"], [93784.0, -3600.0], "seconds"),
        (["1 day, 2:03:04", "0:00:05"], [93784.0, 5.0], "seconds"),
        (["P1DT2H", "PT1.5S", "P1W"], [93600.0, 1.5, 604800.0], "seconds"),
        ([f"{i} min" for i in range(20)], [60.0 * i for i in range(20)], "seconds"),
    ],
)
def test_amounts_are_read_whatever_their_spelling(
    texts: list[str], expected: list[float], unit: str
) -> None:
    found = recognised([*texts, None])
    assert found.frame["x"].dtype == np.float64
    np.testing.assert_allclose(found.frame["x"][:-1], expected)
    assert np.isnan(found.frame["x"].iloc[-1])
    assert found.units.get("x", "") == unit
    assert "column 'x'" in found.notes[0]
    assert not found.doubts


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["22.04.2022", "07.03.2022"], [DAY, pd.Timestamp("2022-03-07")]),
        (
            ["01.02.2023", "02.03.2023"],
            [pd.Timestamp("2023-02-01"), pd.Timestamp("2023-03-02")],
        ),  # points: day first
        (["22/04/2022", "07/03/2022"], [DAY, pd.Timestamp("2022-03-07")]),
        (["04/22/2022", "07/03/2022"], [DAY, pd.Timestamp("2022-07-03")]),
        (["22.4.22", "1.1.70"], [DAY, pd.Timestamp("1970-01-01")]),
        (["2022/04/22"], [DAY]),
        (["22.04.2022 13:45", "22.04.2022"], [DAY + pd.Timedelta("13:45:00"), DAY]),
        (["04/22/2022 1:45:30 PM"], [DAY + pd.Timedelta("13:45:30")]),
        (["22 Apr 2022", "1 May 2022"], [DAY, pd.Timestamp("2022-05-01")]),
        (["Apr 22, 2022"], [DAY]),
    ],
)
def test_dates_are_read_whatever_their_spelling(
    texts: list[str], expected: list[pd.Timestamp]
) -> None:
    found = recognised([*texts, None])
    assert found.frame["x"].tolist()[:-1] == expected
    assert found.frame["x"].dtype == "datetime64[ns]"
    assert found.notes


COMPACT = [20230601 + i for i in range(9)]


@pytest.mark.parametrize("dtype", ["int64", "float64", "Int64", "object"])
def test_compact_dates_are_dates(dtype: str) -> None:
    values = [str(day) for day in COMPACT] if dtype == "object" else COMPACT
    found = recognised(values, dtype=dtype)
    assert found.frame["x"].tolist() == list(pd.date_range("2023-06-01", periods=9))
    moments = recognised([day * 1_000_000 + 134500 for day in COMPACT], dtype="int64")
    assert moments.frame["x"].iloc[0] == pd.Timestamp("2023-06-01 13:45")


@pytest.mark.parametrize(
    "values",
    [
        [20230601, 20230631, 20230603, 20230604, 20230605],  # 31 June
        [20230601, 20230602],  # too few to be sure
        [20230601.5, 20230602, 20230603, 20230604, 20230605],
        [12345678, 20230602, 20230603, 20230604, 20230605],
    ],
)
def test_numbers_that_only_look_like_dates_stay_numbers(values: list[float]) -> None:
    assert recognised(values).frame["x"].tolist() == values


def test_a_declared_kind_is_obeyed() -> None:
    assert recognised(COMPACT, kind="integer").frame["x"].tolist() == COMPACT
    assert recognised(COMPACT[:2], kind="datetime").frame["x"].iloc[0] == pd.Timestamp("2023-06-01")
    assert recognised(["1,5", "2,5"], kind="categorical").frame["x"].tolist() == ["1,5", "2,5"]
    assert recognised(["13:45", "14:00"], categories=["13:45", "14:00"]).frame["x"].tolist() == [
        "13:45",
        "14:00",
    ]
    assert recognised(["1,5", "2,5"], kind="continuous").frame["x"].tolist() == [1.5, 2.5]


@pytest.mark.parametrize(
    ("texts", "form", "expected"),
    [
        (["1,234", "12,345"], "decimal_comma", [1.234, 12.345]),
        (["1,234", "12,345"], "decimal_point", [1234.0, 12345.0]),
        (["1.723", "12"], "decimal_comma", [1723.0, 12.0]),
        (["04/05/2022"], "day_first", [pd.Timestamp("2022-05-04")]),
        (["04/05/2022"], "month_first", [pd.Timestamp("2022-04-05")]),
        (["04-2022-05"], "%d-%Y-%m", [pd.Timestamp("2022-05-04")]),
        (["20220504"], "compact_date", [pd.Timestamp("2022-05-04")]),
        (["36:15"], "hours_minutes", [36 * 3600 + 15 * 60.0]),
        (["12:34"], "minutes_seconds", [754.0]),
        (["12:34"], "time_of_day", [45240.0]),
        (["90 min"], "duration", [5400.0]),
    ],
)
def test_a_declared_format_decides(texts: list[str], form: str, expected: list[Any]) -> None:
    assert recognised(texts, format=form).frame["x"].tolist() == expected


def test_a_declared_format_that_does_not_fit_says_how_many_and_quotes_none() -> None:
    with pytest.raises(
        ContractError, match=r"table 't', column 'x': 1 of 2 different values.*decimal_comma"
    ) as caught:
        recognised(["1,5", "Mary Smith"], format="decimal_comma")
    assert "Mary" not in str(caught.value)


@pytest.mark.parametrize(
    ("texts", "remedy"),
    [
        (["1,234", "12,345"], "decimal_comma"),
        (["01/02/2023", "03/04/2023"], "day_first"),
        (["36:15", "10:20"], "minutes_seconds"),
        (["31.02.2023", "01.01.2023"], "no date"),
        (["22.04.2022", "23.04.2022", "none yet"], "na_values"),
        (["1,5", "2,25", "n/k"], "na_values"),
    ],
)
def test_what_cannot_be_told_stays_text_and_is_asked(texts: list[str], remedy: str) -> None:
    found = recognised(texts)
    assert found.frame["x"].tolist() == texts
    assert list(found.doubts) == ["x"]
    assert remedy in found.doubts["x"]


def test_under_a_declared_kind_what_cannot_be_told_is_refused() -> None:
    with pytest.raises(
        ContractError, match="day and month cannot be told apart; declare `format: day_first`"
    ):
        recognised(["01/02/2023", "03/04/2023"], kind="datetime")


@pytest.mark.parametrize(
    "texts",
    [
        ["00123", "02139"],
        ["A1", "B2"],
        ["170 123 456", "171 234 567"],  # telephone numbers
        ["30 days", "60 days", "90 days"],  # levels of a plan
        ["10.100.20.3", "10.100.20.4"],
        ["1.5", "2.5"],  # plain numbers in texts are the source's choice
        ["", " "],
    ],
)
def test_other_texts_stay_texts(texts: list[str]) -> None:
    found = recognised(texts)
    assert found.frame["x"].tolist() == texts
    assert not found.notes


def test_dates_for_never_are_missing_and_told() -> None:
    found = recognised(["2023-01-01", "9999-12-31", "9999-12-31", None, "2023-01-02"])
    assert found.frame["x"].isna().tolist() == [False, True, True, True, False]
    assert found.frame["x"].dtype == "datetime64[ns]"
    assert found.notes == [
        "column 'x' has 2 dates that stand for none, such as 9999-12-31: read as missing"
    ]
    assert recognised(["31.12.9999", "01.01.2023"]).frame["x"].isna().tolist() == [True, False]


def test_dates_beyond_nanoseconds_are_refused_by_name_unless_they_are_declared_levels() -> None:
    with pytest.raises(
        ContractError, match=r"column 'x'.*1677-09-21\.\.2262-04-11.*`drop`.*kind: categorical"
    ):
        recognised(["1066-10-14", "2023-01-01"])
    assert recognised(["1066-10-14"], kind="categorical").frame["x"].tolist() == ["1066-10-14"]


def test_zones_are_told() -> None:
    moments = pd.date_range("2023-03-01", periods=3, tz="Europe/Berlin")
    found = recognised(moments)
    assert found.units == {"x": "UTC, from Europe/Berlin"}
    assert found.notes == ["column 'x' holds moments of zone Europe/Berlin: kept in UTC"]
    offsets = recognised(["2023-03-01T00:00:00+01:00", "2023-03-01T00:00:00Z"])
    assert offsets.units == {"x": "UTC"}
    assert offsets.frame["x"].iloc[0] == pd.Timestamp("2023-02-28 23:00")


def test_nanoseconds_survive() -> None:
    moment = "2023-04-27 10:24:59.928166345"
    assert recognised([moment]).frame["x"].iloc[0] == pd.Timestamp(moment)


def test_spans_of_pandas_are_seconds() -> None:
    found = recognised(pd.to_timedelta(["1 days", "1 ms"]))
    assert found.frame["x"].tolist() == [86400.0, 0.001]
    assert found.units == {"x": "seconds"}


def test_a_target_is_no_date_unless_declared() -> None:
    assert recognised(["22.04.2022", "23.04.2022"], target="x").frame["x"].tolist() == [
        "22.04.2022",
        "23.04.2022",
    ]
    assert recognised(["1,5", "2,5"], target="x").frame["x"].tolist() == [1.5, 2.5]
    assert recognised(COMPACT, target="x").frame["x"].tolist() == COMPACT


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ({"format": "comma"}, "unknown format 'comma'; allowed: decimal_comma"),
        ({"format": "day_first", "kind": "integer"}, "makes a datetime column, not a integer one"),
        (
            {"format": "duration", "categories": ["a"]},
            "makes a continuous column, not a categorical one",
        ),
    ],
)
def test_a_format_that_contradicts_the_kind_is_refused(
    stated: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        ColumnDeclaration(**stated)
