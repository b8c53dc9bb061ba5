"""The copy of an application that notebooks write to, so that the application itself stays as it is."""

from __future__ import annotations

import fnmatch
import os
import shutil
import tempfile
from pathlib import Path

import platformdirs

from helpers.errors import UsageError

_MARK = ".workbook-scratch"
_LEFT_OUT = (".git", ".hg", ".svn", ".workbook", "node_modules", "site-packages", "__pycache__", "*.pyc", "*.egg-info")
_CACHES = (".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", ".ipynb_checkpoints", ".tox", ".nox", _MARK)
_DATABASES = ("*.db", "*.db-journal", "*.db-wal", "*.db-shm")


def make_scratch(app: Path, into: Path | None = None) -> Path:
    """Copy the application below `app` to a new folder in `into`, by default in the user's cache, and return the copy.

    Version control, virtual environments, caches, databases, the journal and links out of the application stay behind.
    UsageError when `app` is no folder, or when `into` lies in it.
    """
    app = app.resolve()
    if not app.is_dir():
        raise UsageError(str(app), "is not a folder", "name the folder of the application")
    home = into.resolve() if into else platformdirs.user_cache_path("async-migration-workbook")
    if home.is_relative_to(app):
        raise UsageError(str(home), "lies in the application", "choose a folder outside for the scratch copy")
    home.mkdir(parents=True, exist_ok=True)
    _sweep(home)
    folder = Path(tempfile.mkdtemp(prefix="scratch-", dir=home))
    (folder / _MARK).write_text(str(os.getpid()), encoding="ascii")
    copy = folder / (app.name or "app")
    try:
        shutil.copytree(app, copy, symlinks=True, ignore=lambda where, names: _left_out(app, Path(where), names))
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise UsageError(str(app), f"cannot be copied ({error})", "mend the permissions or free some space") from error
    return copy


def remove_scratch(copy: Path) -> None:
    """Remove a copy that make_scratch made. UsageError for any other folder; a copy that is gone already is fine."""
    if not copy.parent.exists():
        return
    if not (copy.parent / _MARK).is_file():
        raise UsageError(str(copy), "is not a scratch copy", "remove it by hand if you mean to")
    shutil.rmtree(copy.parent)


def _sweep(home: Path) -> None:
    """Remove the copies of processes that are gone: a kernel that is killed cannot clean up after itself."""
    for mark in home.glob(f"scratch-*/{_MARK}"):
        owner = mark.read_text(encoding="ascii", errors="replace")
        if owner.isdigit() and not _alive(int(owner)):
            shutil.rmtree(mark.parent, ignore_errors=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)  # signal 0 asks and does nothing
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _left_out(app: Path, where: Path, names: list[str]) -> set[str]:
    patterns = (*_LEFT_OUT, *_CACHES, *_DATABASES)
    out = {name for name in names if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)}
    return out | {name for name in names if _foreign(app, where / name)}


def _foreign(app: Path, item: Path) -> bool:
    """A virtual environment, a link out of the application, or what cannot be copied at all: a pipe, a socket."""
    if item.is_symlink():
        return Path(os.readlink(item)).is_absolute() or not item.resolve().is_relative_to(app)  # noqa: PTH115
    return (item / "pyvenv.cfg").exists() or not (item.is_dir() or item.is_file())
