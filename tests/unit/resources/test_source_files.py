"""Files over HTTP, from a real server on this machine."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
import pytest
from pydantic import TypeAdapter

from dge_assets.core.declaration.sources import SourceDeclaration
from dge_assets.core.errors import SourceError
from dge_resources.sources import files as source_files
from dge_resources.sources import read_source, source_fingerprint

LARGE = source_files.HASHED_FILE_BYTES + 1


class Answers(BaseHTTPRequestHandler):
    """A web server that holds a few files, some of them only for those who say a word."""

    files: ClassVar[dict[str, tuple[int, dict[str, str], bytes]]]

    def do_GET(self) -> None:
        status, headers, body = self.files.get(self.path, (404, {}, b"none"))
        if self.path == "/private.csv" and self.headers.get("Authorization") != "let me in":
            status, body = 401, b""
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    Answers.files = {
        "/a.csv": (200, {}, "größe,b\n1,2\n".encode()),
        "/a.csv?sig=SECRET": (200, {}, b"a\n1\n"),
        "/private.csv": (200, {}, b"a\n1\n"),
        "/login.csv": (200, {"Content-Type": "text/html"}, b"\n<!doctype html><html>Log in</html>"),
        "/empty.csv": (200, {}, b""),
        "/cut.csv": (200, {"Content-Length": "100"}, b"a\n1\n"),
        "/gone.csv": (410, {}, b""),
        "/broken.csv": (500, {}, b""),
        "/odd.csv": (299, {}, b"a\n1\n"),
    }
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()
        thread.join()


def declare(url: str, **keys: Any) -> Any:
    return TypeAdapter(SourceDeclaration).validate_python({"type": "csv", "path": url, **keys})


def read(url: str, **keys: Any) -> pd.DataFrame:
    return read_source(declare(url, **keys), base_folder="/nowhere", table="crash")


def fingerprint(url: str, **keys: Any) -> str:
    return source_fingerprint(declare(url, **keys), base_folder="/nowhere", table="crash")


def test_a_file_is_read_over_http(server: str) -> None:
    assert read(f"{server}/a.csv").to_dict("list") == {"größe": [1], "b": [2]}


def test_parquet_is_read_over_http(server: str, tmp_path: Path) -> None:
    frame = pd.DataFrame({"a b": [1, 2]})
    frame.to_parquet(tmp_path / "a")
    Answers.files["/a.parquet"] = (200, {}, (tmp_path / "a").read_bytes())
    pd.testing.assert_frame_equal(read(f"{server}/a.parquet", type="parquet"), frame)


def test_headers_come_from_storage_options_and_the_environment(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRASH_TOKEN", "let me in")
    assert (
        len(
            read(
                f"{server}/private.csv",
                storage_options={"headers": {"Authorization": "${CRASH_TOKEN}"}},
            )
        )
        == 1
    )
    with pytest.raises(SourceError, match=r"401 Unauthorized.*headers"):
        read(f"{server}/private.csv")
    with pytest.raises(SourceError, match=r"unknown storage_options \['timeout'\].*headers"):
        read(f"{server}/private.csv", storage_options={"timeout": 3})


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("none.csv", r"the server answered 404 Not Found\. Check the path"),
        ("gone.csv", "410 Gone"),
        ("broken.csv", "500 Internal Server Error"),
        ("odd.csv", "299"),
        ("empty.csv", "empty"),
    ],
)
def test_what_the_server_says_is_said(place: str, message: str, server: str) -> None:
    for use in (read, fingerprint):
        with pytest.raises(
            SourceError, match=rf"table 'crash', source CSV file {server}/{place}: .*{message}"
        ):
            use(f"{server}/{place}")


def test_a_page_and_half_a_file_are_not_taken_for_data(server: str) -> None:
    with pytest.raises(SourceError, match="HTML page"):
        read(f"{server}/login.csv")
    with pytest.raises(SourceError, match=r"cannot be reached: \w+.*IncompleteRead"):
        read(f"{server}/cut.csv")


def test_a_refused_connection_is_said_without_the_url_s_secrets() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for use in (read, fingerprint):
        with pytest.raises(
            SourceError, match=r"the URL cannot be reached: .*Connection refused"
        ) as caught:
            use(f"http://ann:SECRET@127.0.0.1:{port}/a.csv?sig=SECRET")
        assert "SECRET" not in str(caught.value)
        assert caught.value.__cause__ is None  # its own message has the URL in full


def test_an_unknown_host_and_a_broken_url_are_said() -> None:
    with pytest.raises(SourceError, match=r"cannot be reached: \w+"):
        read("http://no-such-host.invalid/a.csv")
    with pytest.raises(SourceError, match="cannot be reached: InvalidURL"):
        read("http://[bad/a.csv")


def test_a_small_file_s_fingerprint_is_its_content(server: str) -> None:
    before = fingerprint(f"{server}/a.csv")
    Answers.files["/a.csv"] = (200, {"ETag": "touched"}, Answers.files["/a.csv"][2])
    assert fingerprint(f"{server}/a.csv") == before
    Answers.files["/a.csv"] = (200, {"ETag": "touched"}, b"a\n2\n")
    assert fingerprint(f"{server}/a.csv") != before


def test_a_large_file_s_fingerprint_is_its_etag(server: str) -> None:
    # The body is short: whoever read it would find the connection cut.
    Answers.files["/large.csv"] = (200, {"Content-Length": str(LARGE), "ETag": "one"}, b"a\n1\n")
    before = fingerprint(f"{server}/large.csv")
    assert fingerprint(f"{server}/large.csv") == before
    Answers.files["/large.csv"] = (200, {"Content-Length": str(LARGE), "ETag": "two"}, b"a\n1\n")
    assert fingerprint(f"{server}/large.csv") != before
