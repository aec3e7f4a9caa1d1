"""No secret in what is shown, wherever and however it was written."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dge_assets.core.contract.masking import found_words, mask_secrets, mask_url, shown_name

SECRET = "S3CR3T"


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://ann:S3CR3T@db/crash",
        "see postgresql://ann:a b'S3CR3T\"@h/db for more",
        "postgresql%3A%2F%2Fann%3AS3CR3T%40host/db",
        "https://host/a.csv?sig=S3CR3T",
        "CREATE SECRET mine (TYPE s3, KEY_ID 'S3CR3T', SECRET 'it''S3CR3T', REGION 'eu')",
        'CREATE SECRET (TYPE http, BEARER_TOKEN "S3CR3T")',
        "MAP {'Authorization': 'Bearer S3CR3T'}",
        "SECRET $$S3CR3T$$",
        "SECRET $tag$S3CR$3T S3CR3T$tag$",
        "motherduck_token=S3CR3T",
        "ATTACH 'md:crash?motherduck_token=S3CR3T'",
        "host=h password=S3CR3T user=ann",
        "host=h password='a S3CR3T' user=ann",
        r"host=h password='a\'S3CR3T' user=ann",
        "host=h password = my S3CR3T dbname=x",
        "PASSWORD=it's S3CR3T",
        "password='never closed S3CR3T",
        "password%3DS3CR3T%26x",
        "password=a,S3CR3T",
        "pwd=a;S3CR3T b=1",
        "Server=x;Pwd={S3CR3T};Database=y",
        "AccountKey=S3CR3T;EndpointSuffix=x",
        "{'password': 'S3CR3T', 'a': 1}",
        '{"aws_secret_access_key": "S3CR3T"}',
        "sas_token=sv=1&sig=S3CR3T&x=1",
        "Authorization: Bearer S3CR3T",
        "ALTER USER ann IDENTIFIED BY 'S3CR3T'",
        "secret_access_key => 'S3CR3T'",
    ],
)
def test_no_form_of_a_secret_is_left(text: str) -> None:
    assert SECRET not in mask_secrets(text)
    assert "***" in mask_secrets(text) or "?..." in mask_secrets(text)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 'a?b' FROM t WHERE a = ?",
        'password authentication failed for user "ann"',
        "no password supplied",
        "there is no file 'data/keys.csv'",
        "https://host/a.csv and s3://bucket/b.parquet",
        "SELECT sex, age FROM crash WHERE passengers = 2",
    ],
)
def test_what_holds_no_secret_stays(text: str) -> None:
    assert mask_secrets(text) == text


def test_what_surrounds_a_secret_stays() -> None:
    assert mask_secrets("host=h password=S3CR3T user=ann") == "host=h password=*** user=ann"
    assert (
        mask_secrets("(TYPE s3, SECRET 'x', REGION 'eu')") == "(TYPE s3, SECRET ***, REGION 'eu')"
    )
    assert mask_url("pg://ann:a b@h/db?sslmode=x y") == "pg://***@h/db?..."
    assert mask_url("md:crash?motherduck_token=a'b c") == "md:crash?..."
    assert mask_url("data/crash.csv") == "data/crash.csv"


passwords = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Z"], exclude_characters="?"), min_size=1
).map(SECRET.__add__)


@given(password=passwords)
@example(password="S3CR3T@/://x'\"y")
def test_any_password_in_a_url_is_masked(password: str) -> None:
    for text in (f"pg://ann:{password}@h/db", f"not usable: 'pg://ann:{password}@h/db'"):
        assert SECRET not in mask_secrets(text)
        assert SECRET not in mask_url(text)


@given(password=st.text(min_size=1).map(SECRET.__add__))
def test_any_quoted_password_in_sql_is_masked(password: str) -> None:
    quoted = "'" + password.replace("\\", "").replace("'", "''") + "'"
    assert SECRET not in mask_secrets(f"CREATE SECRET (TYPE s3, SECRET {quoted}, REGION 'eu')")
    assert SECRET not in mask_secrets(f"host=h password={quoted} user=ann")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "None"),
        (3, "3"),
        ("gpu", "'gpu'"),
        ("0 3 * * *", "'0 3 * * *'"),
        ("2020-01-01 12:30", "'2020-01-01 12:30'"),
        ("pg://ann:S3CR3T@h", "a text of 17 characters"),
        (["S3CR3T"], "a list of 1"),
        ({"url": "S3CR3T", "S3CR3T": 1}, "a mapping of 2"),
        ({}, "an empty mapping"),
    ],
)
def test_what_was_found_is_said_without_giving_it_away(value: Any, words: str) -> None:
    assert found_words(value) == words


def test_texts_are_not_quoted_where_secrets_are_at_home() -> None:
    assert found_words("hunter", quotes_text=False) == "a text of 6 characters"


def test_names_are_shown_and_urls_in_their_place_are_not() -> None:
    assert shown_name("Größe (cm)") == "Größe (cm)"
    assert "S3CR3T" not in shown_name("postgresql://ann:S3CR3T@h/db")
    assert "S3CR3T" not in shown_name("password=S3CR3T")


def test_masking_takes_no_time_on_long_texts() -> None:
    started = time.perf_counter()
    mask_secrets(
        "a" * 100_000 + " password " * 5_000 + "x=y " * 5_000 + "password=a" * 1_000 + "'" * 10_000
    )
    assert time.perf_counter() - started < 5
