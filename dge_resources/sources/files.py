"""Where the bytes of a file source come from: a local path, a web server, or any other fsspec file
system.

Here: opening such a file, and its state (size, time, etag or content hash). Not here: what is in
it. HTTP goes through `requests`, not fsspec: it needs no further package, and time limits and
answers stay ours to word.
"""

from __future__ import annotations

import difflib
import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import IO, Any

import fsspec

from dge_assets.core.declaration.sources import FileSource
from dge_assets.core.errors import SourceError
from dge_resources.sources.context import SourceContext

HASHED_FILE_BYTES = (
    16 * 2**20
)  # up to this size the content says whether a file changed, above it the file system
MEMORY_BYTES = 64 * 2**20  # downloads above this size wait on disk
CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0  # between two pieces of an answer, not for the whole of it
BLOCK_BYTES = 2**20

VERSION_KEYS = (
    "ETag",
    "etag",
    "md5Hash",
    "crc32c",
    "mtime",
    "LastModified",
    "last_modified",
    "created",
)
HTTP_REMEDIES: Mapping[int, str] = {
    HTTPStatus.NOT_FOUND: "Check the path in the URL",
    HTTPStatus.GONE: "The file is no longer there; look for its new URL",
    HTTPStatus.UNAUTHORIZED: "Give credentials: `storage_options: {headers: {Authorization: ...}}`",
    HTTPStatus.FORBIDDEN: "Check that this machine may read it, or give `storage_options: {headers: ...}`",
    HTTPStatus.TOO_MANY_REQUESTS: "Wait and try again",
}


_NO_BYTES = ("the file is empty (0 bytes)", "Check what writes it")
_UNREACHABLE = (
    "the URL cannot be reached",
    "Check the URL, and the network and proxy of this machine",
)


@contextmanager
def open_file(context: SourceContext[FileSource]) -> Iterator[IO[bytes]]:
    """Open the source's file for reading bytes; the file can be rewound."""
    with _open_http(context) if is_http(context) else _open_fsspec(context) as file:
        if not file.read(1):
            raise context.error(*_NO_BYTES)
        file.seek(0)
        yield file


def file_state(context: SourceContext[FileSource]) -> Mapping[str, Any]:
    """Give what tells one version of the file from another, reading no more than a small file's
    content.
    """
    return _http_state(context) if is_http(context) else _fsspec_state(context)


def is_http(context: SourceContext[FileSource]) -> bool:
    """Say whether a web server has the file."""
    return context.expand(context.source.path).lower().startswith(("http://", "https://"))


# ----------------------------------------------------------------------------------------------
# fsspec and local


@contextmanager
def _open_fsspec(context: SourceContext[FileSource]) -> Iterator[IO[bytes]]:
    file_system, path, _ = _locate(context)
    with context.mending("the file cannot be opened", "Check that it may be read"):
        file = file_system.open(path, "rb")
    with file:
        yield file


def _fsspec_state(context: SourceContext[FileSource]) -> Mapping[str, Any]:
    _, _, information = _locate(context)
    size = information.get("size")
    versions = {
        key: str(information[key]) for key in VERSION_KEYS if information.get(key) is not None
    }
    if versions and size is not None and size > HASHED_FILE_BYTES:
        return {"size": size, **versions}
    with (
        open_file(context) as file,
        context.mending("the file cannot be read", "Check that it may be read"),
    ):
        return {"sha256": _sha256(iter(lambda: file.read(BLOCK_BYTES), b""))}


def _locate(context: SourceContext[FileSource]) -> tuple[Any, str, Mapping[str, Any]]:
    """Find the file: its file system, its path there, and what the file system knows of it."""
    location = context.expand(context.source.path)
    if "://" not in location:
        location = context.local_path(location)
    with context.mending("its file system cannot be reached", _file_system_remedy(location)):
        file_system, path = fsspec.core.url_to_fs(
            location, **context.expand_all(context.source.storage_options)
        )
        try:
            information = file_system.info(path)
        except FileNotFoundError:
            raise _missing_file(context, location, path) from None
    if information.get("type") == "directory":
        raise context.error(
            "the path is a folder, not a file",
            "For many files use `type: duckdb` with a query such as select * from read_parquet('folder/*.parquet')",
        )
    return file_system, path, information


def _file_system_remedy(location: str) -> str:
    if location.startswith(("s3://", "s3a://")):
        return "Check the URL, credentials and `storage_options`; S3 needs `pip install 'dge[s3]'`"
    return "Check the URL, its protocol's package, credentials and `storage_options`"


def _missing_file(context: SourceContext[FileSource], location: str, path: str) -> SourceError:
    if "://" in location:
        return context.error("there is no such file", "Check the path")
    folder = Path(path).parent
    if not folder.is_dir():
        found = f"there is no folder {str(folder)!r}"
    else:
        near = difflib.get_close_matches(
            Path(path).name, sorted(file.name for file in folder.iterdir()), n=3
        )
        found = f"there is no file {path!r}" + (f"; its folder holds {near}" if near else "")
    return context.error(
        found, "Correct `path`: a relative path starts at the folder of the declaration"
    )


# ----------------------------------------------------------------------------------------------
# HTTP


@contextmanager
def _open_http(context: SourceContext[FileSource]) -> Iterator[IO[bytes]]:
    with tempfile.SpooledTemporaryFile(max_size=MEMORY_BYTES) as file:
        with _answer(context) as answer, context.mending(*_UNREACHABLE):
            for block in answer.iter_content(BLOCK_BYTES):
                file.write(block)
        file.seek(0)
        yield file


def _http_state(context: SourceContext[FileSource]) -> Mapping[str, Any]:
    with _answer(context) as answer, context.mending(*_UNREACHABLE):
        size = answer.headers.get("Content-Length")
        if size == "0":
            raise context.error(*_NO_BYTES)
        versions = {
            key: answer.headers[key] for key in ("ETag", "Last-Modified") if key in answer.headers
        }
        is_small = size is not None and int(size) <= HASHED_FILE_BYTES
        if versions and not is_small:
            return {"size": size, **versions}
        return {"sha256": _sha256(answer.iter_content(BLOCK_BYTES))}


@contextmanager
def _answer(context: SourceContext[FileSource]) -> Iterator[Any]:
    """Ask for the file and give the server's answer, its body not yet read."""
    import requests

    headers = _http_headers(context)
    url = context.expand(context.source.path)
    with context.mending(*_UNREACHABLE):
        answer = requests.get(
            url, headers=headers, stream=True, timeout=(CONNECT_SECONDS, READ_SECONDS)
        )
    with answer:
        if answer.status_code != HTTPStatus.OK:
            raise context.error(
                f"the server answered {answer.status_code} {answer.reason}",
                HTTP_REMEDIES.get(answer.status_code, "Check the URL, or try again later"),
            )
        yield answer


def _http_headers(context: SourceContext[FileSource]) -> Mapping[str, str]:
    options = context.expand_all(context.source.storage_options)
    unknown = sorted(set(options) - {"headers"})
    if unknown:
        raise context.error(
            f"unknown storage_options {unknown}", "For http and https only `headers` is known"
        )
    headers = options.get("headers", {})
    if not isinstance(headers, dict):
        raise context.error(
            "`headers` in storage_options is not a mapping", "Write `headers: {Name: value}`"
        )
    return {str(name): str(value) for name, value in headers.items()}


def _sha256(blocks: Iterator[bytes]) -> str:
    digest = hashlib.sha256()
    for block in blocks:
        digest.update(block)
    return digest.hexdigest()
