"""DuckDB and SQLite (through SQLAlchemy) read for real."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import duckdb
import pytest

from dge_assets.core.errors import SourceError
from tests.support.sources import fingerprint, read, write

DUCKDB_QUERY = """SELECT * FROM (VALUES
    (1, 9007199254740993, DATE '2020-01-01', 1.5::DECIMAL(5, 2), TRUE, [1, 2], 'ä'::ENUM('ä', 'b')),
    (2, NULL, NULL, NULL, NULL, NULL, NULL)) AS t("a b", big, day, "dec""imal", flag, list, level)"""


def test_duckdb_types_and_names(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "a.duckdb")) as connection:
        connection.execute(f"CREATE TABLE t AS {DUCKDB_QUERY}")
    frame = read(tmp_path, type="duckdb", path="a.duckdb", query="FROM t")
    kinds = {name: str(kind) for name, kind in frame.dtypes.items()}
    assert kinds == {
        "a b": "int32",
        "big": "Int64",
        "day": "datetime64[ns]",
        'dec"imal': "float64",
        "flag": "boolean",
        "list": "object",
        "level": "category",
    }
    assert frame["big"][0] == 9007199254740993
    assert frame.attrs["notes"] == ["column 'list' holds ndarray; all became text"]


def test_duckdb_reads_files_beside_the_declaration_and_no_python_variable(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "a,b\n1,2\n")
    assert read(tmp_path, type="duckdb", query="FROM 'a.csv'").iloc[0].tolist() == [1, 2]
    with pytest.raises(SourceError, match="the query fails: CatalogException"):
        read(tmp_path, type="duckdb", query="FROM context")


def test_duckdb_does_not_change_the_file(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "a.duckdb")) as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS a")
    before = (tmp_path / "a.duckdb").read_bytes()
    for query in (
        "INSERT INTO t VALUES (2)",
        "DROP TABLE t",
        "FROM t; DROP TABLE t",
        "CALL force_checkpoint()",
    ):
        with pytest.raises(SourceError, match=r"gives no table|more than one statement"):
            read(tmp_path, type="duckdb", path="a.duckdb", query=query)
    assert (tmp_path / "a.duckdb").read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["a.duckdb"]


@pytest.mark.parametrize("path", [None, "a.duckdb"])
@pytest.mark.parametrize(
    "query",
    [
        "FROM '{outside}/secret.csv'",
        "FROM '../outside/secret.csv'",
        "FROM 'sub/../../outside/secret.csv'",
        "FROM read_csv('{outside}/*.csv')",
        "FROM read_csv('../outside/*.csv')",
        "SELECT content FROM read_text('{outside}/secret.csv')",
        "FROM glob('{outside}/*')",
        "FROM read_csv('../out' || 'side/secret.csv')",
        "FROM query($$COPY (SELECT 1) TO 'made.csv'$$)",
        "FROM read_csv('http://127.0.0.1:9/a.csv')",
        "COPY (SELECT 1) TO '{outside}/made.csv'",
        "COPY (SELECT 1) TO 'made.csv'",
        "ATTACH '{outside}/made.duckdb' AS made",
        "EXPORT DATABASE 'made'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "SET lock_configuration = false; FROM '{outside}/secret.csv'",
    ],
)
def test_a_duckdb_query_reads_and_writes_no_other_file(
    tmp_path: Path, query: str, path: str | None
) -> None:
    folder, outside = tmp_path / "declared", tmp_path / "outside"
    for place in (folder, outside):
        place.mkdir()
    duckdb.connect(str(folder / "a.duckdb")).close()
    write(outside, "secret.csv", "a,b\n1,2\n")
    with pytest.raises(SourceError):
        read(folder, type="duckdb", path=path, query=query.format(outside=outside))
    assert sorted(file.name for file in tmp_path.rglob("*")) == [
        "a.duckdb",
        "declared",
        "outside",
        "secret.csv",
    ]


def test_a_duckdb_query_reads_what_the_declaration_names(tmp_path: Path) -> None:
    folder, outside = tmp_path / "declared", tmp_path / "outside"
    folder.mkdir()
    outside.mkdir()
    write(outside, "a.csv", "a,b\n1,2\n")
    with duckdb.connect(str(folder / "a.duckdb")) as connection:
        connection.execute(f"CREATE VIEW v AS FROM '{outside}/a.csv'")
    for path, query in (
        (None, "FROM '../outside/a.csv'"),
        (None, f"FROM '{outside}/*.csv'"),
        ("a.duckdb", "FROM v"),
    ):
        with pytest.raises(SourceError, match=r"disabled by configuration.*reads: \[...\]"):
            read(folder, type="duckdb", path=path, query=query)
        for reads in ("../outside", str(outside)):
            assert read(folder, type="duckdb", path=path, query=query, reads=[reads]).iloc[
                0
            ].tolist() == [1, 2]


def test_a_file_of_the_working_folder_is_not_taken_for_the_declared_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, working = tmp_path / "declared", tmp_path / "working"
    for place in (folder, working):
        place.mkdir()
        write(place, "both.csv", "a,b\n1,2\n")
    write(working, "only.csv", "a,b\n1,2\n")
    monkeypatch.chdir(working)
    with pytest.raises(SourceError, match=r"'both.csv' is in the working folder .*whole path"):
        read(folder, type="duckdb", query="FROM 'both.csv'")
    with pytest.raises(SourceError, match="disabled by configuration"):
        read(folder, type="duckdb", query="FROM 'only.csv'")
    assert len(read(folder, type="duckdb", query=f"FROM '{folder}/both.csv'")) == 1
    monkeypatch.chdir(folder)
    assert len(read(folder, type="duckdb", query="FROM 'both.csv'")) == 1


def test_remote_files_need_their_extension(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))  # where extensions would be
    with pytest.raises(SourceError, match="httpfs"):
        read(tmp_path, type="duckdb", query="FROM 's3://bucket/a.csv'", reads=["s3://bucket/"])


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"query": "SELECT nope"}, 'query fails: BinderException.*"nope"'),
        ({"query": "SELECT 1 AS a, 2 AS a"}, r"more than once: \['a'\].*SELECT"),
        ({"query": "SELECT 1 AS a, 2 AS A"}, "upper and lower case"),
        ({"query": "SELECT 1 AS a WHERE false"}, "empty: 0 rows, 1 columns"),
        ({"query": ";"}, "gives no table"),
        ({"path": "none.duckdb", "query": "SELECT 1"}, r"no DuckDB file '.*/none\.duckdb'"),
        ({"path": "bad.duckdb", "query": "SELECT 1"}, "cannot be opened: IOException"),
    ],
)
def test_duckdb_failures(keys: dict[str, str], message: str, tmp_path: Path) -> None:
    write(tmp_path, "bad.duckdb", "no database" * 100)
    for use in (read, fingerprint):
        with pytest.raises(SourceError, match="table 'crash', source DuckDB query.*" + message):
            use(tmp_path, type="duckdb", **keys)


@pytest.fixture
def sqlite_folder(tmp_path: Path) -> Path:
    connection = sqlite3.connect(tmp_path / "crash.sqlite")
    connection.executescript(
        """CREATE TABLE t ("a b" INTEGER, "ü"" " REAL, s TEXT, mixed);
        INSERT INTO t VALUES (1, 1.5, 'x', 1), (NULL, NULL, NULL, 'y'), (9007199254740993, 2, 'ä', NULL);"""
    )
    connection.close()
    return tmp_path


def test_sqlite_through_sqlalchemy(sqlite_folder: Path) -> None:
    frame = read(sqlite_folder, type="sql", url="sqlite:///crash.sqlite", query="SELECT * FROM t")
    assert [str(kind) for kind in frame.dtypes] == ["Int64", "float64", "object", "object"]
    assert frame["a b"].tolist()[2] == 9007199254740993
    assert frame.attrs["notes"] == ["column 'mixed' holds int, str; all became text"]


def test_colons_and_percent_signs_in_a_query_are_no_parameters(sqlite_folder: Path) -> None:
    query = "SELECT ':x' AS a, s FROM t WHERE s LIKE 'x%'"
    frame = read(sqlite_folder, type="sql", url="sqlite:///crash.sqlite", query=query)
    assert frame.iloc[0].tolist() == [":x", "x"]


@pytest.mark.parametrize(
    "url", ["sqlite:///crash.sqlite", "sqlite:///file:{folder}/crash.sqlite?mode=rwc&uri=true"]
)
@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM t",
        "DROP TABLE t",
        "WITH a AS (SELECT 1) DELETE FROM t",
        "ATTACH '{folder}/made.sqlite' AS made",
        "VACUUM INTO '{folder}/made.sqlite'",
        "PRAGMA query_only = off",
        "CREATE TEMP TABLE made AS SELECT 1",
        "SELECT 1 AS a; DROP TABLE t",
        "SELECT load_extension('{folder}/made.so')",
        "SELECT writefile('{folder}/made', 'x')",
    ],
)
def test_a_query_cannot_change_the_database(sqlite_folder: Path, url: str, query: str) -> None:
    keys = {"type": "sql", "url": url.format(folder=sqlite_folder)}
    before = (sqlite_folder / "crash.sqlite").read_bytes()
    with pytest.raises(SourceError):
        read(sqlite_folder, **keys, query=query.format(folder=sqlite_folder))
    assert (sqlite_folder / "crash.sqlite").read_bytes() == before
    assert [file.name for file in sqlite_folder.iterdir()] == ["crash.sqlite"]
    assert len(read(sqlite_folder, **keys, query="SELECT * FROM t")) == 3


def test_sqlite_itself_refuses_what_does_not_look_like_writing(sqlite_folder: Path) -> None:
    with pytest.raises(SourceError, match="not authorized"):
        read(
            sqlite_folder,
            type="sql",
            url="sqlite:///crash.sqlite",
            query="WITH a AS (SELECT 1) DELETE FROM t",
        )


def test_a_folder_with_odd_signs_and_a_database_in_use(sqlite_folder: Path) -> None:
    odd = sqlite_folder / "50% ö #1"
    odd.mkdir()
    writer = sqlite3.connect(odd / "a b.sqlite")
    writer.executescript("PRAGMA journal_mode = wal; CREATE TABLE t (a); INSERT INTO t VALUES (1);")
    assert len(read(odd, type="sql", url="sqlite:///a b.sqlite", query="SELECT * FROM t")) == 1
    writer.close()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("sqlite:///none.sqlite", r"no SQLite file '.*/none\.sqlite'"),
        ("no url", "database URL is not usable: ArgumentError"),
        ("nosuch://ann:SECRET@host/db", "not usable: NoSuchModuleError"),
        ("${NO_SUCH_URL}", "NO_SUCH_URL, which is not set"),
        ("sqlite:///crash.sqlite", "query fails: OperationalError.*no such column"),
    ],
)
def test_sql_failures_say_what_is_wrong_but_no_secret(
    url: str, message: str, sqlite_folder: Path
) -> None:
    for use in (read, fingerprint):
        with pytest.raises(SourceError, match=message) as caught:
            use(sqlite_folder, type="sql", url=url, query="SELECT nope FROM t")
        assert "SECRET" not in str(caught.value)


def test_a_query_s_fingerprint_follows_its_rows_not_their_order(tmp_path: Path) -> None:
    path = tmp_path / "a.duckdb"
    prints = []
    for values in (
        "(1, 'x'), (2, NULL)",
        "(2, NULL), (1, 'x')",
        "(1, 'x'), (2, 'y')",
        "(1, 'x'), (NULL, NULL)",
    ):
        with duckdb.connect(str(path)) as connection:
            connection.execute(
                f"CREATE OR REPLACE TABLE t AS SELECT * FROM (VALUES {values}) AS t(a, b)"
            )
        prints.append(
            fingerprint(tmp_path, type="duckdb", path="a.duckdb", query="SELECT * FROM t")
        )
    assert prints[0] == prints[1]
    assert len(set(prints)) == 3


def test_a_cell_that_cannot_be_converted_is_not_quoted(tmp_path: Path) -> None:
    """Neither in the message nor in what led to it: both are stored and logged."""
    with duckdb.connect(str(tmp_path / "t.duckdb")) as connection:
        connection.execute("CREATE TABLE t AS SELECT 'canary cell' AS b")
    with pytest.raises(SourceError, match=r"ConversionException.*'\.\.\.'") as raised:
        read(
            tmp_path, type="duckdb", path="t.duckdb", query="SELECT CAST(b AS INTEGER) AS n FROM t"
        )
    assert "canary" not in str(raised.value)
    assert raised.value.__cause__ is None
