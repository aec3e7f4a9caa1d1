"""`DGE_HOME`: the root of everything that is kept, as a URL, and writing to it without halves.

Local folders and anything that fsspec knows (`s3://`, ...). A write is seen whole or not at all: on
a local disk by a temporary name and a rename (`whole_files`), on object storage because a put is
atomic. Not here: what is kept (lake, artifacts, ...).
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any

import fsspec

from dge_assets.core.errors import StorageError
from dge_resources.whole_files import (
    TEMPORARY,
    WORK,
    clear_unfinished,
    only_one,
    put_in_place,
    replacing,
    users_own_folder,
    work_folder,
)


def project_root() -> Path:
    """The folder that holds `workspace.yaml`, if this is a checkout; the working folder otherwise."""
    checkout = Path(__file__).resolve().parents[1]
    return checkout if (checkout / "workspace.yaml").exists() else Path.cwd()


def home_url() -> str:
    """`DGE_HOME`, or `.dge` in the project."""
    return os.environ.get("DGE_HOME") or str(project_root() / ".dge")


@dataclass(frozen=True)
class Store:
    """Bytes by relative path under a root URL."""

    root: str
    work: str = ""
    """Local folder for files that are being written, on a local disk; below the root where none is
    named.
    """

    @cached_property
    def _place(self) -> tuple[Any, str]:
        url = self.root if "://" in self.root else str(Path(self.root).expanduser().resolve())
        filesystem, path = fsspec.core.url_to_fs(url)
        return filesystem, str(path).rstrip("/")

    @property
    def is_local(self) -> bool:
        """Whether the root is a folder of this machine."""
        return "file" in (
            self._place[0].protocol
            if isinstance(self._place[0].protocol, tuple)
            else (self._place[0].protocol,)
        )

    def full(self, path: str) -> str:
        """The whole path of `path`, as the filesystem knows it (for messages, DuckDB and people)."""
        return f"{self._place[1]}/{path}" if path else self._place[1]

    def url(self, path: str) -> str:
        """`path` with its protocol; a plain path on a local disk."""
        return (
            self.full(path)
            if self.is_local
            else str(self._place[0].unstrip_protocol(self.full(path)))
        )

    def exists(self, path: str) -> bool:
        """Whether a file or folder is at `path`."""
        return bool(self._place[0].exists(self.full(path)))

    def is_folder(self, path: str) -> bool:
        """Whether a folder is at `path`."""
        return bool(self._place[0].isdir(self.full(path)))

    def read(self, path: str) -> bytes:
        """The bytes at `path`; StorageError when there are none, or none that can be read."""
        try:
            return bytes(self._place[0].cat_file(self.full(path)))
        except FileNotFoundError as error:
            raise StorageError(f"nothing is stored at {self.url(path)}") from error
        except OSError as error:
            raise StorageError(f"{self.url(path)} cannot be read: {error}") from error

    def read_at_most(self, path: str, most: int) -> bytes:
        """As `read`, for a place that somebody else may have filled: no more than `most` bytes of a
        plain file.

        Raises StorageError when there are more, or when it is no plain file.
        """
        try:
            if not self._place[0].isfile(self.full(path)):
                raise StorageError(f"no file is stored at {self.url(path)}")
            with self.open(path) as file:
                data = bytes(file.read(most + 1))
        except OSError as error:
            raise StorageError(f"{self.url(path)} cannot be read: {error}") from error
        if len(data) > most:
            raise StorageError(f"{self.url(path)} has more than the {most} bytes that are allowed")
        return data

    def open(self, path: str) -> IO[bytes]:
        """The file at `path` for reading parts of it."""
        return self._place[0].open(self.full(path), "rb")  # type: ignore[no-any-return]

    def write(self, path: str, data: bytes) -> None:
        """Put `data` at `path`: a reader sees all of the old bytes or all of the new ones.

        Raises StorageError when the place cannot be written; what was there is still there then.
        """
        target = self.full(path)
        try:
            if self.is_local:
                with replacing(Path(target), self._work) as temporary:
                    temporary.write_bytes(data)
            else:
                self._place[0].pipe_file(target, data)
        except OSError as error:
            raise StorageError(f"{self.url(path)} cannot be written: {error}") from error

    @contextlib.contextmanager
    def writing(self, path: str) -> Iterator[IO[bytes]]:
        """A file to write what will be at `path` once the block ends well; nothing of it stays
        otherwise.

        Raises StorageError as `write` does.
        """
        try:
            if self.is_local:
                with (
                    replacing(Path(self.full(path)), self._work) as temporary,
                    temporary.open("wb") as file,
                ):
                    yield file
            else:
                with tempfile.NamedTemporaryFile() as file:
                    yield file
                    file.flush()
                    self._place[0].put_file(file.name, self.full(path))
        except OSError as error:
            raise StorageError(f"{self.url(path)} cannot be written: {error}") from error

    @contextlib.contextmanager
    def work_folder(self) -> Iterator[Path]:
        """A local folder for files in the making, on the root's own disk where that is local; gone
        with the block.
        """
        if self.is_local:
            with work_folder(self._work) as folder:
                yield folder
        else:
            with tempfile.TemporaryDirectory() as name:
                yield Path(name)

    def move_in(self, made: Path, path: str) -> None:
        """Put the file `made`, which is in a `work_folder`, at `path`; StorageError as `write` has
        it.
        """
        try:
            if self.is_local:
                put_in_place(made, Path(self.full(path)))
            else:
                self._place[0].put_file(str(made), self.full(path))
        except OSError as error:
            raise StorageError(f"{self.url(path)} cannot be written: {error}") from error

    @contextlib.contextmanager
    def only_one(self, purpose: str) -> Iterator[None]:
        """One holder at a time: among all that share the root's disk, or on this machine where the
        root is far away.
        """
        folder = self._work if self.is_local else users_own_folder(self.url(""))
        with only_one(folder / f"{purpose}.lock"):
            yield

    def clear_unfinished(self) -> list[str]:
        """Remove what writers that died have left under temporary names; the places that were
        cleared.
        """
        return (
            [str(path) for path in clear_unfinished(Path(self.full("")))] if self.is_local else []
        )

    @property
    def _work(self) -> Path:
        return Path(self.work or self.full(WORK))

    def files(self, path: str) -> list[str]:
        """Relative paths of all finished files below `path`, sorted; none where there is no such
        folder.
        """
        filesystem, root = self._place
        filesystem.invalidate_cache()
        found = filesystem.find(self.full(path)) if filesystem.exists(self.full(path)) else []
        relative = [str(name)[len(root) + 1 :] for name in found]
        return sorted(
            name
            for name in relative
            if not any(part.startswith(TEMPORARY) for part in name.split("/"))
        )

    def remove(self, path: str) -> None:
        """Take away a file or a folder, if it is there; so may others at the same time."""
        with contextlib.suppress(FileNotFoundError):
            self._place[0].rm(self.full(path), recursive=True)
