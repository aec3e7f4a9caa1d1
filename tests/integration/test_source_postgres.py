"""A table in a real PostgreSQL server, started for these tests from Debian's package and thrown
away.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pydantic import TypeAdapter

from dge_assets.core.declaration.sources import SourceDeclaration
from dge_assets.core.errors import SourceError
from dge_resources.sources import read_source, source_fingerprint
from tests.support.ports import free_port

pytestmark = pytest.mark.postgres

PASSWORD = "pass/word@1%"  # of a server that lives as long as these tests; odd signs on purpose
ENCODED_PASSWORD = "pass%2Fword%401%25"

TABLE = """
CREATE TABLE "crash data" (
    "Impact Speed" double precision, "the ""quoted"" %s :x" text, größe bigint, airbag boolean,
    day date, at timestamptz, cost numeric(8, 2), details jsonb, code uuid, level int
);
INSERT INTO "crash data" VALUES
    (30.5, 'it''s 100%', 9007199254740993, true, '2020-02-29', '2020-07-01 12:00+02', 12.50, '{"a": [1]}',
     '00000000-0000-0000-0000-000000000001', 1),
    (55, 'ä;b', 2, false, '1999-12-31', '2020-01-01 12:00+01', 3, '[]', '00000000-0000-0000-0000-000000000002', 2),
    (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 3);
"""


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.skip("no PostgreSQL server here: install Debian's package `postgresql`")
    return found[-1].parent


def _user() -> list[str]:
    """Give the words before a command that must not run as root: the server refuses to."""
    if os.geteuid() != 0:
        return []
    try:
        pwd.getpwnam("postgres")
    except KeyError:
        pytest.skip("this is root, and there is no user `postgres` that the server could run as")
    if shutil.which("runuser") is None:
        pytest.skip("this is root, and there is no `runuser` to start the server as another user")
    return ["runuser", "-u", "postgres", "--"]


def _run(*words: str | Path, folder: Path) -> None:
    done = subprocess.run(
        [str(word) for word in words], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        log = folder / "log"
        kept = log.read_text() if log.exists() else ""
        pytest.fail(f"{words} gave {done.returncode}: {done.stdout}{done.stderr}{kept}")


@pytest.fixture(scope="module")
def server() -> Iterator[int]:
    """Start a server that asks for a password on a free port of the loopback, with the table in it;
    give the port.
    """
    pytest.importorskip("psycopg", reason="no driver: pip install 'dge[postgres]'")
    programs, user = _programs(), _user()
    # Not pytest's own folder: that is closed to other users, and its path may be too long for a
    # socket.
    with tempfile.TemporaryDirectory(prefix="dge-pg-") as name:
        folder, port = Path(name), free_port()
        (folder / "password").write_text(PASSWORD)
        if user:
            for place in (folder, folder / "password"):
                shutil.chown(place, "postgres")
        options = f"-c listen_addresses=127.0.0.1 -p {port} -k {folder} -c fsync=off -c timezone=Europe/Berlin"
        data = folder / "data"
        initialize = (
            programs / "initdb",
            "-D",
            data,
            "-U",
            "ann",
            "-A",
            "scram-sha-256",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
        )
        _run(*user, *initialize, f"--pwfile={folder / 'password'}", folder=folder)
        _run(
            *user,
            programs / "pg_ctl",
            "-D",
            data,
            "-l",
            folder / "log",
            "-o",
            options,
            "-w",
            "start",
            folder=folder,
        )
        try:
            _execute(port, TABLE)
            yield port
        finally:
            _run(
                *user,
                programs / "pg_ctl",
                "-D",
                data,
                "-m",
                "immediate",
                "-w",
                "stop",
                folder=folder,
            )


def _execute(port: int, statements: str) -> None:
    import psycopg

    with psycopg.connect(
        host="127.0.0.1", port=port, user="ann", password=PASSWORD, dbname="postgres"
    ) as connection:
        connection.execute(statements)


def declare(port: int, *, query: str, password: str = ENCODED_PASSWORD, **keys: Any) -> Any:
    url = f"postgresql+psycopg://ann:{password}@127.0.0.1:{port}/postgres"
    return TypeAdapter(SourceDeclaration).validate_python(
        {"type": "sql", "url": url, "query": query, **keys}
    )


def read(source: Any) -> pd.DataFrame:
    return read_source(source, base_folder="/nowhere", table="crash")


def fingerprint(source: Any) -> str:
    return source_fingerprint(source, base_folder="/nowhere", table="crash")


def test_a_table_comes_with_its_names_types_and_missing_values(server: int) -> None:
    frame = read(
        declare(
            server, query='SELECT * FROM "crash data" ORDER BY level', rename={"at": "happened at"}
        )
    )
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == {
        "Impact Speed": "float64",
        'the "quoted" %s :x': "object",
        "größe": "Int64",
        "airbag": "boolean",
        "day": "datetime64[ns]",
        "happened at": "datetime64[ns, Europe/Berlin]",
        "cost": "float64",
        "details": "object",
        "code": "object",
        "level": "int64",
    }
    assert frame.isna().sum().tolist() == [1] * 9 + [0]
    first = frame.iloc[0]
    assert first["größe"] == 9007199254740993
    assert first['the "quoted" %s :x'] == "it's 100%"
    assert first["happened at"] == pd.Timestamp("2020-07-01 10:00", tz="UTC")
    assert frame["happened at"][1] == pd.Timestamp("2020-01-01 11:00", tz="UTC")
    assert first["details"] == '{"a": [1]}'
    assert first["cost"] == 12.5
    assert len(frame.attrs["notes"]) == 2
    assert "'details'" in frame.attrs["notes"][0]
    assert "'code'" in frame.attrs["notes"][1]


def test_percent_signs_and_colons_in_a_query_are_no_parameters(server: int) -> None:
    query = """SELECT level::int, ':x' AS a FROM "crash data" WHERE "the ""quoted"" %s :x" LIKE '%100\\%'"""
    assert read(declare(server, query=query)).iloc[0].tolist() == [1, ":x"]


def test_the_url_may_come_from_the_environment(
    server: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRASH_PASSWORD", ENCODED_PASSWORD)
    assert (
        len(
            read(
                declare(
                    server, query='SELECT level FROM "crash data"', password="${CRASH_PASSWORD}"
                )
            )
        )
        == 3
    )


def test_the_fingerprint_follows_the_rows_not_their_order(server: int) -> None:
    _execute(
        server,
        "CREATE TABLE moving AS SELECT * FROM (VALUES (1, NULL), (2, 'x'), (3, 'y')) AS t(a, b)",
    )
    source = declare(server, query="SELECT * FROM moving")
    before, order = fingerprint(source), read(source)["a"].tolist()
    _execute(
        server, "UPDATE moving SET a = a WHERE a = 1"
    )  # writes the row anew, behind the others
    assert read(source)["a"].tolist() != order
    assert fingerprint(source) == before
    _execute(server, "UPDATE moving SET b = 'z' WHERE a = 1")
    assert fingerprint(source) != before


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ('DELETE FROM "crash data" RETURNING level', "gives no table"),
        (
            'WITH gone AS (DELETE FROM "crash data" RETURNING level) SELECT * FROM gone',
            "read-only transaction",
        ),
        ('SELECT level INTO copied FROM "crash data"', "read-only transaction"),
        ('SELECT 1 AS a; COMMIT; DROP TABLE "crash data"', "more than one statement"),
        ("SELECT E'\\'' AS a; DROP TABLE \"crash data\" --'", "more than one statement"),
        (
            "SELECT set_config('transaction_read_only', 'off', false), lo_create(8)",
            "read-only|read-write",
        ),
    ],
)
def test_a_query_cannot_change_the_table(server: int, query: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        read(declare(server, query=query))
    assert len(read(declare(server, query='SELECT level FROM "crash data"'))) == 3


def test_a_wrong_password_is_said_and_not_shown(server: int) -> None:
    with pytest.raises(
        SourceError, match=r"cannot be reached: OperationalError.*password authentication"
    ) as caught:
        read(declare(server, query="SELECT 1 AS a", password="WRONGSECRET"))
    assert "WRONGSECRET" not in str(caught.value)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            'SELECT nope FROM "crash data"',
            r'query fails: ProgrammingError.*column "nope" does not exist',
        ),
        ("SELECT 1 AS a, 2 AS a", r"more than once: \['a'\]"),
        ("SELECT 1 AS a WHERE false", "empty: 0 rows, 1 columns"),
        ("SET timezone = 'UTC'", "gives no table"),
    ],
)
def test_queries_that_give_no_table_are_refused(query: str, message: str, server: int) -> None:
    for use in (read, fingerprint):
        with pytest.raises(SourceError, match=message):
            use(declare(server, query=query))


def test_a_server_that_is_not_there_is_said_soon() -> None:
    pytest.importorskip("psycopg", reason="no driver: pip install 'dge[postgres]'")
    with pytest.raises(SourceError, match=r"database cannot be reached: OperationalError.*refused"):
        read(declare(free_port(), query="SELECT 1 AS a"))
