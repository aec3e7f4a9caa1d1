"""How the result of a query becomes a frame: DuckDB, and databases that SQLAlchemy reaches.

Values come as Python objects, not as pandas would guess them: `source_columns.settle_types` then
gives each column its type, so an integer column with missing values stays integer and keeps all its
digits.
"""

from __future__ import annotations

import glob
import os
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd

from dge_assets.core.declaration.sources import DuckdbSource, SqlSource
from dge_resources.sources.columns import refuse_duplicates
from dge_resources.sources.context import SourceContext
from dge_resources.sources.statements import (
    MANY_STATEMENTS,
    NO_TABLE,
    quoted_words,
    require_one_reading_statement,
)

CONNECT_SECONDS = 10
CONNECT_ARGUMENTS: Mapping[str, Mapping[str, Any]] = {  # drivers that would else wait for minutes
    "psycopg": {"connect_timeout": CONNECT_SECONDS},
    "psycopg2": {"connect_timeout": CONNECT_SECONDS},
    "asyncpg": {"timeout": CONNECT_SECONDS},
    "pymysql": {"connect_timeout": CONNECT_SECONDS},
    "mysqldb": {"connect_timeout": CONNECT_SECONDS},
    "pyodbc": {"timeout": CONNECT_SECONDS},
}
GIVE_NAMES = (
    "Give each column its own name in the query: SELECT a.id AS first_id, b.id AS second_id"
)
QUERY_REMEDY = (
    "Try the query in the DuckDB shell, in the same folder. It may read its DuckDB file, or without `path` the files in the "
    "folder of the declaration; name further folders in `reads: [...]`"
)
READ_ONLY_STATEMENTS: Mapping[str, tuple[str, ...]] = {
    # The second one stands if the driver ends the first one's transaction.
    "postgresql": ("SET TRANSACTION READ ONLY", "SET default_transaction_read_only = on"),
    "mysql": ("SET SESSION TRANSACTION READ ONLY",),
    "mariadb": ("SET SESSION TRANSACTION READ ONLY",),
    "oracle": ("SET TRANSACTION READ ONLY",),
}
_SQLITE_READS = (
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_FUNCTION,
    sqlite3.SQLITE_RECURSIVE,
)
_HARMLESS_PRAGMAS = ("data_version", "table_info", "table_xinfo")  # full-text search asks the first


def read_duckdb(context: SourceContext[DuckdbSource]) -> pd.DataFrame:
    """Run one SELECT on a DuckDB file opened read-only, or on files; relative file names start at
    the base folder.

    The query sees its DuckDB file, or without one what lies in the base folder, and what `reads`
    names; it cannot write.
    """
    import duckdb

    path = _duckdb_path(context)
    with context.mending(
        "the DuckDB file cannot be opened",
        "Check that it is a DuckDB file, of a version that the installed duckdb reads, and that nobody is writing it",
    ):
        config: dict[str, Any] = {
            "file_search_path": context.base_folder,
            "python_enable_replacements": "false",
        }
        connection = duckdb.connect(path or ":memory:", read_only=path is not None, config=config)
    with connection, context.mending("the query fails", QUERY_REMEDY):
        _require_duckdb_select(context, connection)
        _confine(context, connection)
        relation = connection.sql(context.source.query)
        if relation is None:
            raise context.error(*NO_TABLE)
        refuse_duplicates(context, relation.columns, GIVE_NAMES)
        frame: pd.DataFrame = relation.to_arrow_table().to_pandas(
            integer_object_nulls=True, date_as_object=False
        )
        return frame


def _require_duckdb_select(context: SourceContext[DuckdbSource], connection: Any) -> None:
    statements = connection.extract_statements(context.source.query)
    if len(statements) > 1:
        raise context.error(*MANY_STATEMENTS)
    if not statements or statements[0].type.name != "SELECT":
        raise context.error(*NO_TABLE)


def _confine(context: SourceContext[DuckdbSource], connection: Any) -> None:
    """Leave the query no files but the declared ones, and no way to change that."""
    folders = [_place(context, reads) for reads in context.source.reads]
    if context.source.path in (None, ":memory:"):
        folders.append(_place(context, ""))
    if any("://" in folder for folder in folders):
        connection.load_extension("httpfs")  # afterwards nothing can be loaded
    connection.execute("SET allowed_directories = ?", [folders])
    connection.execute("SET allowed_paths = ?", [_relative_files(context, folders)])
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def _place(context: SourceContext[DuckdbSource], reads: str) -> str:
    return context.expand(reads) if "://" in reads else os.path.abspath(context.local_path(reads))  # noqa: PTH100


def _relative_files(context: SourceContext[DuckdbSource], folders: list[str]) -> list[str]:
    """Find the relative file names of a query that lie in one of `folders`.

    DuckDB asks whether a relative name is allowed before it looks where the file lies. It looks in
    the working folder of the process first, so a file there must not be taken for a declared one.
    """
    allowed = []
    for word in quoted_words(context.source.query):
        place = os.path.normpath(os.path.join(_place(context, ""), word))  # noqa: PTH118
        inside = any(Path(place).is_relative_to(folder) for folder in folders)
        if not word or "://" in word or os.path.isabs(word) or not inside:  # noqa: PTH117
            continue
        if not _is_in_working_folder(word, place):
            allowed.append(word)
        elif _exists(place):
            raise context.error(
                f"the file {word!r} is in the working folder {os.getcwd()!r} too",  # noqa: PTH109
                f"Write its whole path in the query: {place!r}",
            )
    return allowed


def _is_in_working_folder(word: str, place: str) -> bool:
    return os.path.abspath(word) != place and _exists(word)  # noqa: PTH100


def _exists(pattern: str) -> bool:
    return any(glob.iglob(pattern, recursive=True))  # noqa: PTH207 (patterns that pathlib refuses are DuckDB's to judge)


def _duckdb_path(context: SourceContext[DuckdbSource]) -> str | None:
    if context.source.path in (None, ":memory:"):
        return None
    path = context.local_path(context.source.path or "")
    if not Path(path).is_file():
        raise context.error(
            f"there is no DuckDB file {path!r}",
            "Correct `path`: a relative path starts at the folder of the declaration",
        )
    return path


def read_sql(context: SourceContext[SqlSource]) -> pd.DataFrame:
    """Run one SELECT through SQLAlchemy, read-only where the database knows that, and roll back in
    any case.
    """
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    require_one_reading_statement(context)
    with context.mending(
        "the database URL is not usable", "Check the URL, and that its driver is installed"
    ):
        url = _sql_url(context)
        arguments = dict(CONNECT_ARGUMENTS.get(url.get_dialect().driver, {}))
        engine = create_engine(url, poolclass=NullPool, connect_args=arguments)
    with context.mending(
        "the database cannot be reached", "Check host, port, user, password and database in the URL"
    ):
        connection = engine.connect()
    # `no_parameters` and the driver's own SQL keep `:name` and `%` in a query as they are.
    with (
        connection,
        context.mending("the query fails", "Try the query in the database's own client"),
    ):
        _forbid_writing(connection)
        result = connection.execution_options(no_parameters=True).exec_driver_sql(
            context.source.query
        )
        if not result.returns_rows:
            raise context.error(*NO_TABLE)
        names = list(result.keys())
        refuse_duplicates(context, names, GIVE_NAMES)
        rows = [tuple(row) for row in result]
        connection.rollback()
        return _object_frame(names, rows)


def _forbid_writing(connection: Any) -> None:
    """Have the database itself refuse to write. Others than these only have the roll-back."""
    for statement in READ_ONLY_STATEMENTS.get(connection.dialect.name, ()):
        connection.exec_driver_sql(statement)
    if connection.dialect.name == "sqlite":
        connection.connection.dbapi_connection.set_authorizer(_authorize_reading)


def _authorize_reading(action: int, subject: str | None, *_: str | None) -> int:
    """SQLite asks this for each part of a statement; a read-only file alone would still let it
    attach and write others.
    """
    allowed = action in _SQLITE_READS or (
        action == sqlite3.SQLITE_PRAGMA and subject in _HARMLESS_PRAGMAS
    )
    return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY


def _sql_url(context: SourceContext[SqlSource]) -> Any:
    """Parse the URL; an SQLite file must be there, since SQLite would make an empty one, and is
    opened read-only.
    """
    from sqlalchemy.engine import make_url

    url = make_url(context.expand(context.source.url))
    name = url.database
    if url.get_backend_name() != "sqlite" or not name or name == ":memory:":
        return url
    if not name.startswith("file:"):
        path = context.local_path(name)
        if not Path(path).is_file():
            raise context.error(
                f"there is no SQLite file {path!r}",
                "Correct the URL: a relative path (three slashes) starts at the folder of the declaration",
            )
        name = f"file:{quote(path)}"
    return url.set(database=name).update_query_dict({"mode": "ro", "uri": "true"})


def _object_frame(names: list[str], rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    return pd.DataFrame(
        {
            name: pd.Series(list(values), dtype=object)
            for name, values in zip(names, columns, strict=True)
        }
    )


QUERY_READERS: Mapping[str, Callable[[SourceContext[Any]], pd.DataFrame]] = {
    "duckdb": read_duckdb,
    "sql": read_sql,
}
