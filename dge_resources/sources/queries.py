"""How the result of a query becomes a frame: DuckDB, and databases that SQLAlchemy reaches.

Values come as Python objects, not as pandas would guess them: `source_columns.settle_types` then gives each column
its type, so an integer column with missing values stays integer and keeps all its digits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from dge_assets.core.source_declaration import DuckdbSource, SqlSource
from dge_resources.sources.columns import refuse_duplicates
from dge_resources.sources.context import SourceContext

CONNECT_SECONDS = 10
CONNECT_ARGUMENTS: Mapping[str, Mapping[str, Any]] = {  # drivers that would else wait for minutes
    "psycopg": {"connect_timeout": CONNECT_SECONDS},
    "psycopg2": {"connect_timeout": CONNECT_SECONDS},
    "asyncpg": {"timeout": CONNECT_SECONDS},
    "pymysql": {"connect_timeout": CONNECT_SECONDS},
    "mysqldb": {"connect_timeout": CONNECT_SECONDS},
    "pyodbc": {"timeout": CONNECT_SECONDS},
}
GIVE_NAMES = "Give each column its own name in the query: SELECT a.id AS first_id, b.id AS second_id"
NO_TABLE = ("the query gives no table", "Write a SELECT")


def read_duckdb(context: SourceContext[DuckdbSource]) -> pd.DataFrame:
    """Run a query on a DuckDB file opened read-only, or on files; relative file names start at the base folder."""
    import duckdb

    path = _duckdb_path(context)
    config: dict[str, Any] = {"file_search_path": context.base_folder, "python_enable_replacements": "false"}
    with context.mending(
        "the DuckDB file cannot be opened",
        "Check that it is a DuckDB file, of a version that the installed duckdb reads, and that nobody is writing it",
    ):
        connection = duckdb.connect(path or ":memory:", read_only=path is not None, config=config)
    with connection, context.mending("the query fails", "Try the query in the DuckDB shell, in the same folder"):
        relation = connection.sql(context.source.query)
        if relation is None:
            raise context.error(*NO_TABLE)
        refuse_duplicates(context, relation.columns, GIVE_NAMES)
        frame: pd.DataFrame = relation.to_arrow_table().to_pandas(integer_object_nulls=True, date_as_object=False)
        return frame


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
    """Run a query through SQLAlchemy. The transaction is rolled back, so a query cannot change the database."""
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    with context.mending("the database URL is not usable", "Check the URL, and that its driver is installed"):
        url = _sql_url(context)
        arguments = dict(CONNECT_ARGUMENTS.get(url.get_dialect().driver, {}))
        engine = create_engine(url, poolclass=NullPool, connect_args=arguments)
    with context.mending("the database cannot be reached", "Check host, port, user, password and database in the URL"):
        connection = engine.connect()
    # `no_parameters` and the driver's own SQL keep `:name` and `%` in a query as they are.
    with connection, context.mending("the query fails", "Try the query in the database's own client"):
        result = connection.execution_options(no_parameters=True).exec_driver_sql(context.source.query)
        if not result.returns_rows:
            raise context.error(*NO_TABLE)
        names = list(result.keys())
        refuse_duplicates(context, names, GIVE_NAMES)
        return _object_frame(names, [tuple(row) for row in result])


def _sql_url(context: SourceContext[SqlSource]) -> Any:
    """Parse the URL; SQLite would make an empty database where the file is missing, so the file must be there."""
    from sqlalchemy.engine import make_url

    url = make_url(context.expand(context.source.url))
    name = url.database
    if url.get_backend_name() != "sqlite" or not name or name == ":memory:" or name.startswith("file:"):
        return url
    path = context.local_path(name)
    if not Path(path).is_file():
        raise context.error(
            f"there is no SQLite file {path!r}",
            "Correct the URL: a relative path (three slashes) starts at the folder of the declaration",
        )
    return url.set(database=path)


def _object_frame(names: list[str], rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    return pd.DataFrame(
        {name: pd.Series(list(values), dtype=object) for name, values in zip(names, columns, strict=True)}
    )


QUERY_READERS: Mapping[str, Callable[[SourceContext[Any]], pd.DataFrame]] = {"duckdb": read_duckdb, "sql": read_sql}
