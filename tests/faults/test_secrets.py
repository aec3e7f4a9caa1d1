"""Passwords in declarations, where they belong and where they are mistaken: none comes out again,
anywhere.

Every case is a declaration with one secret, `SECRET`, that runs into an error or is kept; the whole
of what is printed, raised (with all that led to it) or stored is searched.
"""

from __future__ import annotations

import os
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

import pytest
import yaml
from dagster._utils.error import serializable_error_info_from_exc_info
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dge_assets.assets.line import Line
from dge_assets.core.declaration.table import TableDeclaration
from dge_assets.core.errors import DeclarationError, SourceError
from dge_assets.declarations import CHECKS, COMPONENT, read_declaration
from dge_resources.sources import read_source, source_fingerprint

SECRET = "hunter2S3CR3T"
URL = f"postgresql://ann:{SECRET}@db.example/crash"
GOOD: dict[str, Any] = {
    "table": "crash",
    "source": {"type": "sql", "url": URL, "query": "SELECT * FROM crash"},
    "contract": {"target": "dead"},
    "families": {"ctgan": {}},
}


def with_source(**source: Any) -> dict[str, Any]:
    return {**GOOD, "source": source}


MISTAKES: dict[str, Any] = {
    "misspelt field": with_source(type="sql", ulr=URL, query="SELECT 1"),
    "list for a url": with_source(type="sql", url=[URL], query="SELECT 1"),
    "mapping for a url": with_source(type="sql", url={URL: None}, query="SELECT 1"),
    "mapping with parts": with_source(type="sql", url={"password": SECRET}, query="SELECT 1"),
    "number for a query": with_source(type="sql", url=URL, query=3),
    "no query": with_source(type="sql", url=URL),
    "unknown type": with_source(type="postgres", url=URL, query="SELECT 1"),
    "url as type": with_source(type=URL, query="SELECT 1"),
    "word as type": with_source(type=SECRET),
    "list as type": with_source(type=[SECRET]),
    "no type": with_source(url=URL, query="SELECT 1"),
    "type of another": with_source(type="csv", url=URL),
    "url as a name": with_source(**{URL: None, "type": "sql"}),
    "password of its own": with_source(
        type="sql", url="x://h/d", query="SELECT 1", password=SECRET
    ),
    "options outside": with_source(
        type="csv", path="a.csv", headers={"Authorization": f"Bearer {SECRET}"}
    ),
    "storage_options as text": with_source(
        type="csv", path="a.csv", storage_options=f"token={SECRET}"
    ),
    "storage_options as list": with_source(
        type="csv", path="a.csv", storage_options=[{"token": SECRET}]
    ),
    "options with a token": with_source(
        type="csv", path="a.csv", options={f"password={SECRET}": 1}
    ),
    "sklearn with a url": with_source(type="sklearn", name=URL),
    "drop as text": with_source(type="sql", url=URL, query="SELECT 1", drop=URL),
    "query of secrets": with_source(
        type="duckdb", query=[f"CREATE SECRET (TYPE s3, SECRET '{SECRET}')"]
    ),
    "text for the source": {**GOOD, "source": URL},
    "list for the source": {**GOOD, "source": [{"type": "sql", "url": URL}]},
    "url beside the source": {**GOOD, "url": URL},
    "url for the table": {**GOOD, "table": URL},
    "url in the contract": {**GOOD, "contract": {"target": "dead", "url": URL}},
    "url for the contract": {**GOOD, "contract": URL},
    "url as a column": {**GOOD, "contract": {"target": "dead", "columns": {URL: {"kind": "x"}}}},
    "url as a kind": {**GOOD, "contract": {"target": "dead", "columns": {"a": {"kind": URL}}}},
    "url as a bound": {
        **GOOD,
        "contract": {"target": "d", "columns": {"a": {"minimum": URL, "maximum": URL}}},
    },
    "url as a family": {**GOOD, "families": {URL: {}}},
    "url for the families": {**GOOD, "families": URL},
    "url for a family": {**GOOD, "families": {"ctgan": URL}},
    "url as an algorithm": {**GOOD, "families": {"mine": {"algorithm": URL}}},
    "url as a parameter": {**GOOD, "families": {"ctgan": {"epochs": URL}}},
    "url as a model": {**GOOD, "models": [URL]},
    "models twice": {**GOOD, "models": [f"a.b:C(password='{SECRET}')"] * 2},
    "model's parameters": {**GOOD, "models": [{"a.b:C": URL}]},
    "model with a password": {**GOOD, "models": [{"sklearn.nowhere:C": {"password": SECRET}}]},
    "url as a statistic": {**GOOD, "statistics": [{"type": URL}]},
    "url for the seeds": {**GOOD, "seeds": URL},
    "url for the schedule": {**GOOD, "schedule": {"cron": URL, "timezone": URL}},
    "url as a profile": {**GOOD, "profiles": {URL: {"seeds": 2}}},
    "epochs by url": {**GOOD, "profiles": {"smoke": {"epochs": {URL: 2}}}},
}


def said_of(error: BaseException) -> str:
    """All that Python, Dagster or a log prints of an exception."""
    dagster = serializable_error_info_from_exc_info(
        (type(error), error, error.__traceback__)
    ).to_string()
    return "\n".join([*traceback.format_exception(error), repr(error), str(error), dagster])


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_a_declaration_shows_no_secret(name: str, tmp_path: Path) -> None:
    path = tmp_path / "defs.yaml"
    path.write_text(yaml.safe_dump({"type": COMPONENT, "attributes": MISTAKES[name]}))
    with pytest.raises(DeclarationError) as caught:
        read_declaration(path)
    assert SECRET not in said_of(caught.value)
    assert str(path) in str(caught.value)
    assert "attributes." in str(caught.value)


@pytest.mark.parametrize("name", MISTAKES)
def test_nor_does_pydantic_s_own_error_which_dagster_prints(name: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TableDeclaration.model_validate(MISTAKES[name], context=CHECKS)
    assert "input_value" not in str(caught.value)
    # A field's place is pydantic's to print; our own loader, which the code location uses, leaves
    # it out.
    is_shown = name in ("url as a name", "url as a column", "url as a profile")
    assert (SECRET in said_of(caught.value)) == is_shown


@pytest.mark.parametrize(
    "text",
    [
        f"type: x\nattributes: {{source: {{url: {URL}, query: [}}}}",
        f"attributes:\n\turl: {URL}",
        f"url: {URL}: {SECRET}",
        f"password: *{SECRET}",
        f"password: !{SECRET} x",
        f"password: !!python/object:{SECRET} x",
        f"password: '{SECRET}",
        f'password: "{SECRET}\\q"',
        f"%{SECRET}\n---\na: 1",
        f"password: {SECRET}\n  more: 1",
        f"since: 2020-13-45 # {SECRET}",
        f"{{{SECRET}: [}}",
        f"a: &x {SECRET}\nb: *y{SECRET}",
        f"type: {URL}\nattributes: {{}}",
        f"type: {{{SECRET}: 1}}\nattributes: {{}}",
        f"{URL}",
        f"attributes: {URL}",
    ],
)
def test_a_file_that_is_no_yaml_shows_no_secret(text: str, tmp_path: Path) -> None:
    path = tmp_path / "defs.yaml"
    path.write_text(text)
    with pytest.raises(DeclarationError) as caught:
        read_declaration(path)
    assert SECRET not in said_of(caught.value)
    assert str(path) in str(caught.value)


places = st.recursive(
    st.just(URL) | st.just({"url": URL}) | st.just([f"password={SECRET} x"]),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=2)
        | st.dictionaries(
            st.sampled_from(["type", "url", "columns", "path", "a"]), inner, min_size=1, max_size=2
        )
    ),
    max_leaves=3,
)


SHOWN = {
    "description",
    "owners",
    "contact",
    "licence",
    "data_date",
}  # free text, which is meant to be read by all


@given(field=st.sampled_from(sorted(set(TableDeclaration.model_fields) - SHOWN)), value=places)
def test_secrets_anywhere_in_any_field(
    field: str, value: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_text(yaml.safe_dump({"type": COMPONENT, "attributes": {**GOOD, field: value}}))
    with pytest.raises(DeclarationError) as caught:
        read_declaration(path)
    assert SECRET not in said_of(caught.value)


def test_a_declaration_does_not_print_its_secrets() -> None:
    for source in (
        GOOD["source"],
        {
            "type": "csv",
            "path": f"https://ann:{SECRET}@h/a.csv",
            "storage_options": {"headers": {"X": SECRET}},
        },
        {
            "type": "duckdb",
            "path": f"md:x?motherduck_token={SECRET}",
            "query": f"SELECT 1 -- SECRET '{SECRET}'",
        },
    ):
        declaration = TableDeclaration.model_validate(with_source(**source))
        assert SECRET not in repr(declaration)
        assert SECRET not in repr(Line(declaration.plan("smoke"), "/folder"))
        assert SECRET not in declaration.source.describe()
        assert SECRET not in str(declaration.source.settings())


FAILING: dict[str, dict[str, Any]] = {
    "unreachable database": {
        "type": "sql",
        "url": f"postgresql+psycopg://ann:{SECRET}@127.0.0.1:9/d",
        "query": "SELECT 1",
    },
    "odd port": {"type": "sql", "url": f"postgresql://ann:{SECRET}@h:port/d", "query": "SELECT 1"},
    "unknown driver": {"type": "sql", "url": f"nosuch://ann:{SECRET}@h/d", "query": "SELECT 1"},
    "no url": {"type": "sql", "url": f"host=h password={SECRET} user=ann", "query": "SELECT 1"},
    "sqlite file": {
        "type": "sql",
        "url": f"sqlite:///none.sqlite?password={SECRET}",
        "query": "SELECT 1",
    },
    "sql query": {
        "type": "sql",
        "url": "sqlite://",
        "query": f"SELECT dblink('host=h password={SECRET} user=ann')",
    },
    "password with a blank": {
        "type": "sql",
        "url": f"x://ann:a {SECRET} 'b@h/d",
        "query": "SELECT 1",
    },
    "motherduck": {
        "type": "duckdb",
        "path": f"md:crash?motherduck_token={SECRET}",
        "query": "SELECT 1",
    },
    "duckdb secret": {"type": "duckdb", "query": f"CREATE SECRET (TYPE s3, SECRET '{SECRET}')"},
    "duckdb scan": {
        "type": "duckdb",
        "query": f"SELECT nope FROM postgres_scan('host=h password={SECRET}', 'a', 'b')",
    },
    "duckdb cut in two": {
        "type": "duckdb",
        "query": f"SELECT '{'x' * 90}', f(SECRET '{SECRET}{'y' * 90}') FROM nowhere",
    },
    "duckdb url": {
        "type": "duckdb",
        "query": f"FROM read_csv('https://ann:{SECRET}@127.0.0.1:9/a.csv')",
    },
    "web server": {"type": "csv", "path": f"http://ann:{SECRET}@127.0.0.1:9/a.csv?sig={SECRET}"},
    "headers": {
        "type": "csv",
        "path": "http://127.0.0.1:9/a",
        "storage_options": {"headers": {"X": f"{SECRET}\n"}},
    },
    "s3": {
        "type": "csv",
        "path": "s3://bucket/a.csv",
        "storage_options": {"key": SECRET, "sekret": SECRET},
    },
    "unknown protocol": {"type": "csv", "path": f"nosuch://ann:{SECRET}@h/a.csv"},
    "file": {"type": "parquet", "path": f"folder/password={SECRET}/a.parquet"},
    "variable": {
        "type": "sql",
        "url": f"x://ann:{SECRET}@h/${{NOT_SET_ANYWHERE}}",
        "query": "SELECT 1",
    },
}


@pytest.mark.parametrize("name", FAILING)
def test_a_source_that_fails_shows_no_secret(name: str, tmp_path: Path) -> None:
    source = TableDeclaration.model_validate(with_source(**FAILING[name])).source
    for use in (read_source, source_fingerprint):
        with pytest.raises(SourceError) as caught:
            use(source, base_folder=str(tmp_path), table="crash")
        assert SECRET not in said_of(caught.value)
        assert "table 'crash'" in str(caught.value)


def test_a_secret_from_the_environment_is_masked_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRASH_DATABASE", f"nosuch://ann:{SECRET}@h/d")
    source = TableDeclaration.model_validate(
        with_source(type="sql", url="${CRASH_DATABASE}", query="SELECT 1")
    ).source
    with pytest.raises(SourceError) as caught:
        read_source(source, base_folder=str(tmp_path), table="crash")
    assert SECRET not in said_of(caught.value)


def test_the_terminal_shows_no_secret(tmp_path: Path) -> None:
    path = tmp_path / "tables/ours/defs.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(yaml.safe_dump({"type": COMPONENT, "attributes": MISTAKES["misspelt field"]}))
    surroundings = {
        **os.environ,
        "DGE_TABLES": str(tmp_path / "tables"),
        "DGE_HOME": str(tmp_path / "home"),
    }
    command = [sys.executable, "-m", "dge_assets.demo", "ours"]
    done = subprocess.run(command, env=surroundings, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "attributes.source" in done.stderr
    assert SECRET not in done.stdout + done.stderr
