"""Files of a local disk, written whole: a temporary name in one place, flushed to the disk,
renamed; and locks.

Here: what `Store` does on a local disk, and clearing away what writers that died have left. A
writer holds a lock on its temporary file or folder, so what nobody locks is nobody's, whatever
clocks and process ids say. Not here: what is kept.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from dge_assets.core.errors import StorageError

TEMPORARY = ".tmp-"
"""How the last part of a name starts while it is being written; readers skip such names."""
WORK = f"{TEMPORARY}work"
"""The folder of a root where files are while they are written: one place, out of every reader's
sight.
"""
_SETTLED_SECONDS = 60.0
"""A temporary name younger than this may be one whose writer has not locked it yet."""


@contextlib.contextmanager
def replacing(target: Path, work: Path) -> Iterator[Path]:
    """A name in the folder `work` that is renamed to `target` when the block ends well; nothing of
    it stays otherwise.

    On another disk than `work`'s the name is beside the target, since only names of one disk can be
    exchanged.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    work.mkdir(parents=True, exist_ok=True)
    beside = work if work.stat().st_dev == target.parent.stat().st_dev else target.parent
    temporary = beside / f"{TEMPORARY}{uuid.uuid4().hex}"
    try:
        with temporary.open("xb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield temporary
            put_in_place(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def put_in_place(made: Path, target: Path) -> None:
    """Rename a finished file of the same disk to `target`; both are on the disk itself when this
    returns.
    """
    _flush(made)
    os.replace(made, target)  # noqa: PTH105 (atomic replacement is what is meant)
    _flush(target.parent)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def work_folder(work: Path) -> Iterator[Path]:
    """A folder below `work` for files in the making, readable by its owner alone; gone when the
    block ends.
    """
    work.mkdir(parents=True, exist_ok=True)
    folder = work / f"{TEMPORARY}{uuid.uuid4().hex}"
    folder.mkdir(mode=0o700)
    held = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield folder
    finally:
        os.close(held)
        shutil.rmtree(folder, ignore_errors=True)


def clear_unfinished(root: Path, *, settled_seconds: float = _SETTLED_SECONDS) -> list[Path]:
    """Remove what dead writers left under temporary names below `root`; the paths that were
    removed.

    What a living writer holds, on this machine or on another one that shares the disk, stays.
    """
    left = [path for path in sorted(root.rglob(f"{TEMPORARY}*")) if path.name != WORK]
    return [path for path in left if _remove_if_nobodys(path, settled_seconds)]


def _remove_if_nobodys(path: Path, settled_seconds: float) -> bool:
    try:
        if time.time() - path.lstat().st_mtime < settled_seconds:
            return False
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:  # gone meanwhile, a link, or somebody else's
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


@contextlib.contextmanager
def only_one(lock: Path) -> Iterator[None]:
    """One holder at a time of the lock file at `lock`, which is made where it is not there; its
    bytes are never touched.

    Raises StorageError when the name is a link or cannot be opened.
    """
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StorageError(
            f"the lock {lock} cannot be taken ({error}); remove what is in its place, or name another root with DGE_HOME"
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def users_own_folder(purpose: str) -> Path:
    """A folder of this user alone below the system's temporary folder, the same for the same
    purpose.

    Raises StorageError when somebody else has taken its name.
    """
    name = hashlib.sha256(purpose.encode()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"dge-{os.getuid()}-{name}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if folder.is_symlink() or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise StorageError(
            f"{folder} is not this user's own folder (a link, another owner or open to others); remove it"
        )
    return folder
