"""What a text file's spelling of a cell decides: codes stay codes, levels stay levels, blanks and
encodings are told.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import TypeAdapter

from dge_assets.core.contract.contract import ContractDeclaration
from dge_assets.core.declaration.sources import SourceDeclaration
from dge_assets.core.errors import SourceError
from dge_assets.core.rows.intake import take_in
from dge_resources.sources import read_source, source_fingerprint, spelling


def read(
    folder: Path, content: str | bytes, columns: dict[str, Any] | None = None, **source: Any
) -> pd.DataFrame:
    data = content if isinstance(content, bytes) else content.encode()
    source = {"type": "csv", "path": "a.csv", **source}
    (folder / source["path"]).write_bytes(data)
    contract = ContractDeclaration(target="y", columns=columns or {})
    declaration: SourceDeclaration = TypeAdapter(SourceDeclaration).validate_python(source)
    return read_source(declaration, base_folder=str(folder), table="t", contract=contract)


ZIPS = "zip,y\n00123,0\n10001,1\n,1\n94110,0\n"


@pytest.mark.parametrize("columns", [{}, {"zip": {"kind": "categorical"}}, {"zip": {"kind": "id"}}])
def test_leading_zeros_are_kept_declared_or_not(columns: dict[str, Any], tmp_path: Path) -> None:
    frame = read(tmp_path, ZIPS, columns)
    assert frame["zip"].dropna().tolist() == ["00123", "10001", "94110"]
    assert frame["zip"].isna().sum() == 1
    told = [note for note in frame.attrs["notes"] if "leading zero" in note]
    assert told == ([] if columns else [told[0]])
    assert "123" not in " ".join(told)


@pytest.mark.parametrize("engine", ["c", "python"])
def test_leading_zeros_are_found_late_in_a_long_file(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spelling, "ROWS_AT_A_TIME", 3)
    frame = read(tmp_path, "zip,y\n" + "10001,0\n" * 10 + "00123,1\n", options={"engine": engine})
    assert frame["zip"].iloc[-1] == "00123"


def test_telephone_numbers_are_no_amounts_and_padded_amounts_are_numbers_if_declared(
    tmp_path: Path,
) -> None:
    assert read(tmp_path, "x,y\n+491701234567,0\n+491701234568,1\n")["x"].iloc[0] == "+491701234567"
    assert read(tmp_path, "x,y\n007,0\n012,1\n", {"x": {"kind": "integer"}})["x"].tolist() == [
        7,
        12,
    ]
    assert read(tmp_path, "x,y\n0,0\n0.5,1\n-0.25,1\n+1.5,0\n")["x"].tolist() == [
        0.0,
        0.5,
        -0.25,
        1.5,
    ]


def test_a_renamed_column_is_declared_under_its_new_name(tmp_path: Path) -> None:
    frame = read(
        tmp_path,
        ZIPS,
        {"code": {"categories": ["00123", "10001", "94110"]}},
        rename={"zip": "code"},
    )
    assert frame["code"].dropna().tolist() == ["00123", "10001", "94110"]


LEVELS = "drug,x,y\nNA,1,0\nnull,NA,1\nNone,3,0\n,4,1\n"


def test_declared_levels_are_no_missing_values(tmp_path: Path) -> None:
    frame = read(tmp_path, LEVELS, {"drug": {"categories": ["NA", "null", "None"]}})
    assert frame["drug"].tolist()[:3] == ["NA", "null", "None"]
    assert frame["drug"].isna().tolist() == [False, False, False, True]
    assert frame["x"].isna().tolist() == [False, True, False, False]


def test_words_that_became_missing_are_told(tmp_path: Path) -> None:
    frame = read(tmp_path, LEVELS)
    assert frame["drug"].isna().all()
    told = next(note for note in frame.attrs["notes"] if "'drug'" in note)
    assert "cells that say 'NA' (1), 'None' (1), 'null' (1): read as missing" in told


def test_options_still_decide_what_is_missing(tmp_path: Path) -> None:
    columns = {"drug": {"categories": ["NA", "null", "None"]}}
    frame = read(tmp_path, LEVELS, columns, options={"na_values": {"drug": ["null"]}})
    assert frame["drug"].isna().tolist() == [False, True, False, True]
    frame = read(tmp_path, LEVELS, columns, options={"keep_default_na": False})
    assert frame["drug"].tolist() == ["NA", "null", "None", ""]


def test_a_declared_flag_of_numbers_keeps_its_numbers(tmp_path: Path) -> None:
    declared = {"x": {"kind": "categorical"}, "z": {"kind": "categorical"}}
    frame = read(tmp_path, "x,z,y\n0,True,0\n1,False,1\n", declared)
    assert frame["x"].tolist() == [0, 1]
    assert frame["z"].tolist() == [True, False]
    frame = read(tmp_path, "x,z,y\n1.0,yes,0\n1.50,no,1\n", declared)
    assert frame["x"].tolist() == ["1.0", "1.50"]


@pytest.mark.parametrize("levels", [["1", "2"], [1, 2]])
def test_numbers_of_a_file_meet_declared_levels(levels: list[Any], tmp_path: Path) -> None:
    declared = ContractDeclaration(target="y", columns={"x": {"categories": levels}})
    raw = read(tmp_path, "x,y\n1.0,0\n2.0,1\n,1\n1.0,0\n", {"x": {"categories": levels}})
    assert take_in(raw, declared, table="t").frame["x"].dropna().tolist() == [*levels, levels[0]]


LONG = 2**53 + 1


def test_long_whole_numbers_beside_missing_cells_keep_every_digit(tmp_path: Path) -> None:
    frame = read(tmp_path, f"x,y\n{LONG},0\n,1\n-{LONG},1\n")
    assert frame["x"].dtype == "Int64"
    assert frame["x"].dropna().tolist() == [LONG, -LONG]


def test_long_whole_numbers_in_json_lines_and_parquet_keep_every_digit(tmp_path: Path) -> None:
    lines = f'{{"x": {LONG}, "y": 0}}\n{{"x": null, "y": 1}}\n{{"y": 1}}\n'
    frame = read(tmp_path, lines, type="jsonl", path="a.jsonl")
    assert frame["x"].dropna().tolist() == [LONG]
    packed = read(tmp_path, gzip.compress(lines.encode()), type="jsonl", path="a.jsonl.gz")
    assert packed["x"].dropna().tolist() == [LONG]
    pd.DataFrame({"x": pd.array([LONG, None], dtype="Int64"), "y": [0, 1]}).to_parquet(
        tmp_path / "p"
    )
    import pyarrow.parquet as pq

    pq.write_table(
        pq.read_table(tmp_path / "p").replace_schema_metadata(), tmp_path / "p"
    )  # as other writers leave it
    frame = read(tmp_path, (tmp_path / "p").read_bytes(), type="parquet", path="p")
    assert frame["x"].dropna().tolist() == [LONG]


def test_json_texts_that_spell_missing_marks_stay_texts(tmp_path: Path) -> None:
    frame = read(
        tmp_path, '{"x": "NA", "y": 0}\n{"x": "null", "y": 1}\n{"x": null, "y": 1}\n', type="jsonl"
    )
    assert frame["x"].tolist()[:2] == ["NA", "null"]
    assert frame["x"].isna().tolist() == [False, False, True]


# ----------------------------------------------------------------------------------------------
# blanks

BLANKS = " job, age ,y\n clerk, 12,0\n ?, ?,1\n clerk , 30,1\n"


def test_blanks_around_levels_are_told(tmp_path: Path) -> None:
    notes = read(tmp_path, BLANKS).attrs["notes"]
    assert (
        "column ' job' has blanks around the text in 3 of 3 cells; `strip: true` removes them"
        in notes
    )


def test_strip_takes_them_away(tmp_path: Path) -> None:
    frame = read(tmp_path, BLANKS, strip=True, options={"na_values": "?"}, rename={"job": "work"})
    assert list(frame.columns) == ["work", "age", "y"]
    assert frame["work"].dropna().tolist() == ["clerk", "clerk"]
    assert frame["age"].dropna().tolist() == [12, 30]
    assert not frame.attrs["notes"]
    lines = read(tmp_path, '{"x": " a", "y": 0}\n{"x": " ", "y": 1}\n', strip=True, type="jsonl")
    assert lines["x"].tolist()[0] == "a"
    assert lines["x"].isna().tolist() == [False, True]


def test_strip_belongs_to_the_fingerprint_only_where_it_is_set(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(BLANKS)

    def fingerprint(**stated: Any) -> str:
        source: SourceDeclaration = TypeAdapter(SourceDeclaration).validate_python(
            {"type": "csv", "path": "a.csv", **stated}
        )
        return source_fingerprint(source, base_folder=str(tmp_path), table="t")

    assert fingerprint() == fingerprint(strip=False) != fingerprint(strip=True)


# ----------------------------------------------------------------------------------------------
# files that are not it

TABLE = "größe;preis;y\n1;2,5;0\n2;3,75;1\n"


@pytest.mark.parametrize(
    ("encoding", "message"),
    [
        ("utf-16", "written in UTF-16.*`options: {encoding: utf-16}`"),
        ("utf-32", "written in UTF-32.*`options: {encoding: utf-32}`"),
        ("utf-16-le", "zero in every second byte.*`options: {encoding: utf-16-le}`"),
        ("utf-16-be", "zero in every second byte.*`options: {encoding: utf-16-be}`"),
        ("latin-1", "'utf-8' codec can't decode.*encoding"),
    ],
)
def test_another_encoding_is_told_and_mended_by_the_option(
    encoding: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(SourceError, match=message):
        read(tmp_path, TABLE.encode(encoding), options={"sep": ";"})
    frame = read(tmp_path, TABLE.encode(encoding), options={"sep": ";", "encoding": encoding})
    assert list(frame.columns) == ["größe", "preis", "y"]


@pytest.mark.parametrize(("other", "option"), [(";", "';'"), ("\t", r'"\\t"'), ("|", r"'\|'")])
def test_another_separator_is_told_and_mended_by_the_option(
    other: str, option: str, tmp_path: Path
) -> None:
    content = TABLE.replace(";", other)
    with pytest.raises(
        SourceError,
        match=rf"not separated by ','.*into 3 fields each.*`options: {{sep: {option}}}`",
    ):
        read(tmp_path, content)
    assert read(tmp_path, content, options={"sep": other})["preis"].tolist() == ["2,5", "3,75"]


def test_a_comma_where_a_semicolon_is_declared_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"not separated by ';'.*sep: ','"):
        read(tmp_path, "a,b\n1,2\n", options={"sep": ";"})


def test_a_zero_byte_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="zero byte in its line 3"):
        read(tmp_path, "a,y\nx,0\nx\0y,1\n")


@pytest.mark.parametrize("number", ["5e-320", "1e308", str(2**70), "-0.0"])
def test_json_numbers_at_their_ends_are_read(number: str, tmp_path: Path) -> None:
    frame = read(tmp_path, f'{{"x": {number}, "y": 0}}\n', type="jsonl")
    assert float(frame["x"].iloc[0]) == float(number)


def test_other_signs_inside_cells_are_no_separators(tmp_path: Path) -> None:
    assert read(tmp_path, 'a,b\n"x;y",1\n"z;w",2\n')["a"].tolist() == ["x;y", "z;w"]
    assert read(tmp_path, "a\n1\n2\n")["a"].tolist() == [1, 2]


POINTS = "menge;preis;y\n1.723;1,5;0\n987;2,25;1\n12.500;3,75;1\n"


def test_points_that_may_part_thousands_are_asked_about(tmp_path: Path) -> None:
    frame = read(tmp_path, POINTS, options={"sep": ";"}, rename={"menge": "amount"})
    assert frame["amount"].tolist() == [1.723, 987.0, 12.5]
    assert list(frame.attrs["doubts"]) == ["amount"]
    declared = ContractDeclaration(target="y")
    assert (
        "column 'amount' has three digits after each point"
        in take_in(frame, declared, table="t").contract.doubts[0]
    )
    for form, amount in (("decimal_comma", 1723.0), ("decimal_point", 1.723)):
        columns = {"menge": {"format": form}}
        frame = read(tmp_path, POINTS, columns, options={"sep": ";"})
        assert not frame.attrs["doubts"]
        table = take_in(frame, ContractDeclaration(target="y", columns=columns), table="t")
        assert table.frame["menge"].iloc[0] == amount
    for plain in (POINTS.replace("987", "0.987"), POINTS.replace("12.500", "12.5")):
        assert not read(tmp_path, plain, options={"sep": ";"}).attrs["doubts"]


# ----------------------------------------------------------------------------------------------
# values of databases


def test_spans_times_and_intervals_of_a_query_are_amounts(tmp_path: Path) -> None:
    query = (
        "SELECT TIME '13:45:00.5' AS clock, INTERVAL '1 day 2 hours' AS span, INTERVAL '1 month' AS month, "
        "TIMESTAMPTZ '2023-01-01 00:00:00+00' AS moment, DATE '9999-12-31' AS never, 1 AS y "
        "UNION ALL SELECT NULL, NULL, NULL, NULL, DATE '2023-01-01', 2"
    )
    source: SourceDeclaration = TypeAdapter(SourceDeclaration).validate_python(
        {"type": "duckdb", "query": query}
    )
    raw = read_source(source, base_folder=str(tmp_path), table="t")
    table = take_in(raw.sort_values("y"), ContractDeclaration(target="y"), table="t")
    first = table.frame.iloc[0]
    assert first["clock"] == 49500.5
    assert first["span"] == 93600
    assert first["month"] == 30 * 86400
    assert np.isnat(first["never"].to_datetime64())
    assert table.contract.column("span").unit == "seconds"
    assert table.contract.column("clock").unit == "seconds since midnight"
    assert any("each is counted as 30 days" in note for note in table.notes)
