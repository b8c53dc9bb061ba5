"""How the journal touches a disk: only plain files below the root, each replaced whole or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from helpers.errors import JournalError

_NEVER = frozenset({".git", ".hg", ".svn", ".workbook", ".venv", "venv", "site-packages", "node_modules"})


def plain_file(root: Path, path: str) -> Path:
    """The file at `path` below `root`. JournalError when it is a link, read-only, gone or not the application's."""
    target = _below(root, path)
    if not target.is_file():
        raise JournalError(path, "is not there any more; nothing was changed", "put it back, or scan again")
    for place in (target, target.parent):
        if not (place.stat().st_mode & 0o222 and os.access(place, os.W_OK)):
            what = "is read-only" if place == target else "is in a read-only folder"
            raise JournalError(path, f"{what}; nothing was changed", "make it writable and apply again")
    return target


def new_file(root: Path, path: str) -> Path:
    """Where a file can be made below `root`, or deleted again. JournalError when its folder is not there."""
    target = _below(root, path)
    if not target.parent.is_dir():
        raise JournalError(path, "its folder is not there any more; nothing was changed", "put it back, or scan again")
    return target


def content(target: Path) -> bytes | None:
    """The bytes of a file; None where there is none."""
    return target.read_bytes() if target.exists() else None


def put(target: Path, data: bytes | None) -> None:
    """Have a file hold `data`, or be gone for None; whoever looks sees the old state or the new one."""
    if data is not None:
        replace_bytes(target, data)
    elif target.exists():
        target.unlink()
        sync_folder(target.parent)


def _below(root: Path, path: str) -> Path:
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or _NEVER & set(parts):
        raise JournalError(path, "is not a file of the application", "leave it out of the selection")
    target = root
    for part in parts:
        if (target / "pyvenv.cfg").exists() and target != root:
            raise JournalError(path, "lies in a virtual environment", "leave it out of the selection")
        target = target / part
        if target.is_symlink():
            raise JournalError(path, "is reached by a symbolic link", "apply to the file that the link leads to")
    return target


def replace_bytes(target: Path, data: bytes) -> None:
    """Put `data` in the place of a file, which keeps its mode; whoever looks sees the old or the new file.

    A file that was not there gets the mode of those that are made without asking.
    """
    status = target.stat() if target.exists() else None
    passing = in_passing(target)
    handle = os.open(passing, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            if status is not None:
                with contextlib.suppress(PermissionError):
                    os.fchown(stream.fileno(), status.st_uid, status.st_gid)
            os.fchmod(stream.fileno(), stat.S_IMODE(status.st_mode) if status is not None else 0o644)
            os.fsync(stream.fileno())
        os.replace(passing, target)  # noqa: PTH105 - one name to cut the power at in the tests
    except OSError:
        passing.unlink(missing_ok=True)
        raise
    sync_folder(target.parent)


def in_passing(target: Path) -> Path:
    """The file beside `target` that holds its new bytes for a moment; a killed process may leave it behind."""
    return target.with_name(f".workbook-{hashlib.sha256(target.name.encode()).hexdigest()[:16]}")


def sync_folder(folder: Path) -> None:
    """Have the folder's entries reach the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def exclusive(lock: Path) -> Iterator[None]:
    """Hold `lock` against every other writer, or raise JournalError; the system lets go of it when the process dies."""
    handle = _acquire(lock)
    while not _same(handle, lock):  # another process ended with undo_all, which removes the folder
        os.close(handle)
        handle = _acquire(lock)
    try:
        yield
    finally:
        os.close(handle)


def _acquire(lock: Path) -> int:
    handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise JournalError(str(lock.parent), "another process is writing", "wait until it is done") from None
    return handle


def _same(handle: int, lock: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), lock.stat())
    except FileNotFoundError:
        return False
