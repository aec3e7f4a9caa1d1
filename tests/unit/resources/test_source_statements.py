"""What is one statement that reads, by the rules of whatever database it is for."""

from __future__ import annotations

import pytest

from dge_assets.core.declaration.sources import SqlSource
from dge_assets.core.errors import SourceError
from dge_resources.sources.context import SourceContext
from dge_resources.sources.statements import quoted_words, require_one_reading_statement


def check(query: str) -> None:
    source = SqlSource(type="sql", url="sqlite://", query=query)
    require_one_reading_statement(SourceContext(source, "crash", "/nowhere"))


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1",
        "select 1;",
        " /* all; of it */ SELECT * FROM t -- really; all\n ;",
        "(SELECT 1) UNION (SELECT 2)",
        "WITH a AS (SELECT 1) SELECT * FROM a",
        "VALUES (1), (2)",
        "TABLE crash",
        "SELECT 'a;b', \"c;d\" FROM t WHERE e = 'it''s;'",
        "SELECT 'x' FROM t WHERE e LIKE '%;'",
    ],
)
def test_one_statement_that_reads(query: str) -> None:
    check(query)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1; DROP TABLE t",
        "SELECT 1;;SELECT 2",
        "SELECT 'a\\'; DROP TABLE t; --'",
        "SELECT 'a\\' || '; DROP TABLE t; --'",
        "SELECT 1--1; DROP TABLE t",
        "SELECT 1 # it's\n; DROP TABLE t -- '",
        "SELECT 1 /*! ; DROP TABLE t */",
        "SELECT 1 /* /* */ ; DROP TABLE t */",
        "SELECT `a'`; DROP TABLE t -- '",
        "SELECT $$ ; DROP TABLE t $$",
    ],
)
def test_more_than_one_statement_by_the_rules_of_some_database(query: str) -> None:
    with pytest.raises(SourceError, match="more than one statement"):
        check(query)


@pytest.mark.parametrize(
    "query",
    [";", "--", "DELETE FROM t", "exec p", "CALL p()", "/* SELECT */ DROP TABLE t", "SELECTED"],
)
def test_what_gives_no_table(query: str) -> None:
    with pytest.raises(SourceError, match="gives no table"):
        check(query)


def test_quoted_words() -> None:
    query = "SELECT 'it''s' FROM \"b c.csv\", 'd/*.csv' -- 'no'\n/* 'nor' */ WHERE e = $$f$$"
    assert quoted_words(query) == ["it's", "b c.csv", "d/*.csv"]
