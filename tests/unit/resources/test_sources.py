"""Files read for real: round trips, types, refusals, fingerprints."""

from __future__ import annotations

import datetime
import gzip
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from dge_assets.core.declaration.sources import SourceDeclaration
from dge_assets.core.errors import SourceError
from dge_resources.sources import READERS, STATES
from dge_resources.sources import files as source_files
from tests.support.sources import fingerprint, read, write

NAMES = ("impact speed", 'the "quoted" one', "it's, a; comma", "größe_日本", "line\tbreak")


@pytest.fixture
def odd_table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            NAMES[0]: [1.5, np.nan, 0.1 + 0.2],
            NAMES[1]: ["a", "b, 'c'", None],
            NAMES[2]: [1, 2, 2**53 + 1],
            NAMES[3]: [True, False, True],
            NAMES[4]: pd.to_datetime(["2020-01-01 00:00", "2021-06-30 12:00", "1999-12-31 23:59"]),
        }
    )


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    frame.to_csv(path, index=False)


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    frame.to_parquet(path)


def write_jsonl(frame: pd.DataFrame, path: Path) -> None:
    frame.to_json(
        path,
        orient="records",
        lines=True,
        date_format="iso",
        force_ascii=False,
        double_precision=15,
    )


WRITERS = {"csv": write_csv, "parquet": write_parquet, "jsonl": write_jsonl}


@pytest.mark.parametrize("kind", WRITERS)
def test_a_file_comes_back_as_it_was_written(
    kind: str, odd_table: pd.DataFrame, tmp_path: Path
) -> None:
    WRITERS[kind](odd_table, tmp_path / "odd file")
    frame = read(tmp_path, type=kind, path="odd file")
    assert list(frame.columns) == list(NAMES)
    assert isinstance(frame.index, pd.RangeIndex)
    assert frame.attrs["notes"] == []
    np.testing.assert_allclose(
        frame[NAMES[0]], odd_table[NAMES[0]], rtol=0 if kind != "jsonl" else 1e-15
    )
    assert frame[NAMES[1]].dtype == object
    assert frame[NAMES[1]].fillna("missing").tolist() == ["a", "b, 'c'", "missing"]
    assert frame[NAMES[2]].dtype == "int64"
    assert frame[NAMES[2]].tolist() == odd_table[NAMES[2]].tolist()
    assert frame[NAMES[3]].dtype == bool
    assert (
        pd.to_datetime(frame[NAMES[4]], format="ISO8601").tolist() == odd_table[NAMES[4]].tolist()
    )


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.lists(
        st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1).filter(
            str.strip
        ),
        min_size=1,
        max_size=4,
        unique_by=str.lower,
    ),
    numbers=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=5),
)
def test_any_names_and_floats_survive_csv_and_parquet(
    tmp_path: Path, names: list[str], numbers: list[float]
) -> None:
    frame = pd.DataFrame({name: [0.5, *numbers] for name in names})
    for kind in ("csv", "parquet"):
        WRITERS[kind](frame, tmp_path / kind)
        found = read(tmp_path, type=kind, path=kind)
        pd.testing.assert_frame_equal(found, frame, check_exact=True)


def test_every_type_of_declaration_has_a_reader_and_a_state() -> None:
    members = TypeAdapter(SourceDeclaration).json_schema()["discriminator"]["mapping"]
    assert set(members) == set(READERS) == set(STATES)


# ----------------------------------------------------------------------------------------------
# types


def test_missing_truth_values_stay_truth_values(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "a,b\nTrue,1\n,2\nFalse,\n")
    write(tmp_path, "a.jsonl", '{"a": true, "b": 1}\n{"a": null, "b": 2}\n')
    assert read(tmp_path, type="csv", path="a.csv")["a"].dtype == "boolean"
    assert read(tmp_path, type="csv", path="a.csv")["b"].dtype == "float64"
    assert read(tmp_path, type="jsonl", path="a.jsonl")["a"].dtype == "boolean"


def test_json_texts_and_numbers_are_not_reinterpreted(tmp_path: Path) -> None:
    write(tmp_path, "a.jsonl", '\n{"zip": "01234", "date": 5, "sold_at": "2020-01-01"}\n')
    assert read(tmp_path, type="jsonl", path="a.jsonl").iloc[0].tolist() == [
        "01234",
        5,
        "2020-01-01",
    ]


def test_a_mixed_column_becomes_text_with_a_note(tmp_path: Path) -> None:
    write(
        tmp_path,
        "a.jsonl",
        '{"a": 1, "b": [1, {"c": 2}]}\n{"a": "x", "b": null}\n{"a": null, "b": [3]}\n',
    )
    frame = read(tmp_path, type="jsonl", path="a.jsonl")
    assert frame["a"].tolist()[:2] == ["1", "x"]
    assert pd.isna(frame["a"][2])
    assert frame["b"].tolist()[0] == '[1, {"c": 2}]'
    assert frame.attrs["notes"] == [
        "column 'a' holds int, str; all became text",
        "column 'b' holds list; all became text",
    ]


def test_numbers_spoilt_by_a_word_are_noted(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "age,code\n" + "unknown,A7\n" * 10 + "41,A1\n73,A2\nMary,A7\n52,A8\n")
    frame = read(tmp_path, type="csv", path="a.csv")
    assert frame["age"].tolist()[9:] == ["unknown", "41", "73", "Mary", "52"]
    (note,) = frame.attrs["notes"]
    assert "'age'" in note
    assert "11 cells, such as ['unknown']" in note
    assert "Mary" not in note  # a word of one row may be a person's


def test_a_late_word_in_a_long_file_does_not_mix_types(tmp_path: Path) -> None:
    rows = 300_000  # more than one of the pieces that pandas would type on their own
    write(tmp_path, "a.csv", "age\n" + "41\n" * rows + "x\n")
    frame = read(tmp_path, type="csv", path="a.csv")
    assert set(frame["age"]) == {"41", "x"}


def test_a_pandas_index_in_parquet_is_a_column_only_if_named(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1, 2]}, index=[7, 9])
    frame.to_parquet(tmp_path / "plain.parquet")
    frame.rename_axis("person").to_parquet(tmp_path / "named.parquet")
    assert list(read(tmp_path, type="parquet", path="plain.parquet").columns) == ["a"]
    assert read(tmp_path, type="parquet", path="named.parquet")["person"].tolist() == [7, 9]


def test_parquet_string_and_date_types_are_made_plain(tmp_path: Path) -> None:
    dates = [datetime.date(2020, 1, 1), None]
    pd.DataFrame({"s": pd.array(["a", None], dtype="string"), "d": dates}).to_parquet(
        tmp_path / "a.parquet"
    )
    frame = read(tmp_path, type="parquet", path="a.parquet")
    assert frame["s"].dtype == object
    assert frame["d"].dtype == "datetime64[ns]"


@pytest.mark.parametrize(
    ("content", "options", "expected"),
    [
        ("a;b\n1,5;2\n", {"sep": ";", "decimal": ","}, [1.5, 2]),
        ("a;b\n1;2\n", {"sep": None}, [1, 2]),
        ("a || b\n1 || 2\n", {"sep": r" \|\| "}, [1, 2]),
        ("1,2\n", {"header": None, "names": ["a", "b"]}, [1, 2]),
        ("report\n\nof today,,,\na,b\n1,2\n", {"header": 2}, [1, 2]),
        ("x,a,a,b\n0,1,9,2\n", {"usecols": ["b", "x"]}, [0, 2]),
        ("a,b\n1,ü\n", {"encoding": "latin-1"}, [1, "ü"]),
        ("\ufeffa,b\n1,2\n", {}, [1, 2]),
    ],
)
def test_options_reach_pandas(
    content: str, options: dict[str, Any], expected: list[Any], tmp_path: Path
) -> None:
    write(tmp_path, "a.csv", content.encode(options.get("encoding", "utf-8")))
    frame = read(tmp_path, type="csv", path="a.csv", options=options)
    assert frame.iloc[0].tolist() == expected
    assert "\ufeff" not in "".join(frame.columns)


def test_a_compressed_file_is_known_by_its_content(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", gzip.compress(b"a,b\n1,2\n"))
    write(tmp_path, "a.jsonl.gz", gzip.compress(b'{"a": 1, "b": 2}\n'))
    assert read(tmp_path, type="csv", path="a.csv").iloc[0].tolist() == [1, 2]
    assert read(tmp_path, type="jsonl", path="a.jsonl.gz").iloc[0].tolist() == [1, 2]


@pytest.fixture
def memory_file() -> Iterator[str]:
    url = "memory://sources/a b.csv"
    with fsspec.open(url, "wb") as file:
        file.write(b"a,b\n1,2\n")
    yield url
    fsspec.filesystem("memory").rm("/sources", recursive=True)


def test_any_fsspec_url_is_read(memory_file: str, tmp_path: Path) -> None:
    assert read(tmp_path, type="csv", path=memory_file).iloc[0].tolist() == [1, 2]
    before = fingerprint(tmp_path, type="csv", path=memory_file)
    with fsspec.open(memory_file, "wb") as file:
        file.write(b"a,b\n1,3\n")
    assert fingerprint(tmp_path, type="csv", path=memory_file) != before
    with pytest.raises(SourceError, match="there is no such file"):
        read(tmp_path, type="csv", path="memory://sources/none.csv")


def test_moments_beyond_nanoseconds_become_iso_text(tmp_path: Path) -> None:
    frame = read(tmp_path, type="duckdb", query="SELECT TIMESTAMP '3000-01-01 00:00:00' AS t")
    assert frame["t"].tolist() == ["3000-01-01 00:00:00"]


# ----------------------------------------------------------------------------------------------
# names


def test_drop_and_rename_speak_of_the_source_s_names(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "Age,age,seed\n1,2,3\n")
    frame = read(
        tmp_path,
        type="csv",
        path="a.csv",
        drop=["age"],
        rename={"Age": "age", "seed": "source_seed"},
    )
    assert frame.to_dict("list") == {"age": [1], "source_seed": [3]}


@pytest.mark.parametrize(
    ("content", "keys", "message"),
    [
        ("a,a,b\n1,2,3\n", {}, r"more than once: \['a'\].*names"),
        ("x\na,b,a\n1,2,3\n", {"options": {"header": 1}}, r"more than once: \['a'\]"),
        ("Age,age\n1,2\n", {}, r"upper and lower case: \[\['Age', 'age'\]\].*rename"),
        ("Family,seed\n1,2\n", {}, r"\['Family', 'seed'\] are reserved.*rename"),
        ("a\n1\n", {"rename": {"a": "row_id"}}, r"\['row_id'\] are reserved"),
        ("a,b\n1,2\n", {"rename": {"a": "b"}}, r"more than once: \['b'\].*rename"),
        (
            "weight,age\n1,2\n",
            {"drop": ["agee"]},
            r"`drop`.*\['agee'\].*closest first: \['age', 'weight'\]",
        ),
        (
            "weight,age\n1,2\n",
            {"rename": {"wait": "x"}},
            r"`rename`.*\['wait'\].*\['weight', 'age'\]",
        ),
        ("1,2\n", {"options": {"header": None}}, r"without a text as name: \[0, 1\].*names"),
        ("a,b\n1,2,3\n1,2,3\n", {}, "1 more fields than its header"),
        ("a,b\n", {}, "empty: 0 rows, 2 columns"),
        ("a\n1\n", {"drop": ["a"]}, "empty: 1 rows, 0 columns"),
        ("", {}, r"empty \(0 bytes\)"),
        ("a,b\n1,2\n3,4,5\n", {}, "cannot be read as CSV: ParserError.*line 3"),
        ("a\nü\n".encode("latin-1"), {}, "UnicodeDecodeError.*latin-1"),
        ("<!DOCTYPE html><html></html>", {}, "HTML page"),
    ],
)
def test_a_csv_that_cannot_be_kept_is_refused(
    content: str | bytes, keys: dict[str, Any], message: str, tmp_path: Path
) -> None:
    write(tmp_path, "a.csv", content)
    with pytest.raises(SourceError, match=r"table 'crash', source CSV file a\.csv: .*" + message):
        read(tmp_path, type="csv", path="a.csv", **keys)


@pytest.mark.parametrize(
    ("kind", "content", "message"),
    [
        ("parquet", b"PAR1 but no more", "cannot be read as Parquet: ArrowInvalid"),
        ("jsonl", b'{"a": 1}\n{"a": \n', "its line 2 is not JSON: Expecting value, at character"),
        ("jsonl", b"a,b\n1,2\n", "cannot be read as JSON lines: JSONDecodeError"),
        ("jsonl", b'{"a": 1, "a": 2}\n', r"more than once: \['a'\]"),
        ("jsonl", b'[{"a": 1}]\n', "not a JSON object"),
        ("jsonl", b'{"": 1}\n', r"without a text as name: \[''\]"),
        ("csv", gzip.compress(b"a\n1\n" * 1000, mtime=0)[:-20], "cannot be read as CSV: EOFError"),
    ],
)
def test_a_damaged_file_is_refused(kind: str, content: bytes, message: str, tmp_path: Path) -> None:
    write(tmp_path, "a", content)
    with pytest.raises(SourceError, match=message):
        read(tmp_path, type=kind, path="a")


def test_parquet_with_names_that_are_numbers_or_come_twice_is_refused(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(
        pa.Table.from_arrays([pa.array([1]), pa.array([2])], ["a", "a"]), tmp_path / "twice"
    )
    with pytest.raises(SourceError, match="more than once"):
        read(tmp_path, type="parquet", path="twice")
    pq.write_table(pa.Table.from_pandas(pd.DataFrame({0: [1]})), tmp_path / "numbers")
    with pytest.raises(SourceError, match=r"without a text as name: \[0\]"):
        read(tmp_path, type="parquet", path="numbers")


def test_a_missing_file_is_named_with_like_ones(tmp_path: Path) -> None:
    write(tmp_path, "crash.csv", "a\n1\n")
    for use in (read, fingerprint):
        with pytest.raises(
            SourceError, match=r"no file '.*/crsh\.csv'; its folder holds \['crash\.csv'\]"
        ):
            use(tmp_path, type="csv", path="crsh.csv")
        with pytest.raises(SourceError, match=r"no folder '.*/deep'"):
            use(tmp_path, type="csv", path="deep/crash.csv")
        with pytest.raises(SourceError, match=r"a folder, not a file.*duckdb"):
            use(tmp_path, type="csv", path=".")
        with pytest.raises(SourceError, match=r"file system cannot be reached.*nosuch"):
            use(tmp_path, type="csv", path="nosuch://a/b.csv")


def test_the_environment_is_expanded_and_missing_names_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "a.csv", "a\n1\n")
    monkeypatch.setenv("CRASH_FOLDER", str(tmp_path))
    assert len(read(Path("/"), type="csv", path="${CRASH_FOLDER}/a.csv")) == 1
    monkeypatch.delenv("CRASH_FOLDER")
    with pytest.raises(
        SourceError, match=r"environment variable CRASH_FOLDER, which is not set\. Set"
    ):
        read(tmp_path, type="csv", path="${CRASH_FOLDER}/a.csv")


# ----------------------------------------------------------------------------------------------
# fingerprints


def test_a_touched_file_is_unchanged_and_an_edited_one_is_not(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "a\n1\n")
    before = fingerprint(tmp_path, type="csv", path="a.csv")
    os.utime(path, (1, 1))
    assert fingerprint(tmp_path, type="csv", path="a.csv") == before
    assert fingerprint(tmp_path, type="csv", path=str(path)) == before
    assert fingerprint(tmp_path, type="csv", path="a.csv", drop=["a"]) != before
    path.write_text("a\n2\n")
    assert fingerprint(tmp_path, type="csv", path="a.csv") != before


def test_a_large_file_is_known_by_size_and_time_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, "a.csv", "a\n" + "1\n" * (source_files.HASHED_FILE_BYTES // 2))
    before = fingerprint(tmp_path, type="csv", path="a.csv")
    assert fingerprint(tmp_path, type="csv", path="a.csv") == before
    os.utime(path, (1, 1))
    assert fingerprint(tmp_path, type="csv", path="a.csv") != before
