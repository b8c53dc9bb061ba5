"""The self-check of the first cell: is everything here that the workbook needs, and what to do when it is not."""

from __future__ import annotations

import importlib.metadata
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

from helpers.ui import html
from helpers.ui.picture import Picture

INSTALL = "run `make install`, then restart the kernel"
# What is needed, from which version on, before which, and what goes wrong without it.
PACKAGES = (
    ("sqlalchemy", "2.1", "2.2", "the engine and the lab run on it"),
    ("greenlet", "3", "", "AsyncSession cannot run without it"),
    ("aiosqlite", "0.20", "", "the asynchronous side of the lab runs on it"),
    ("ipykernel", "7.4", "", "older ones run widget callbacks on another thread"),
    ("ipywidgets", "8.1", "9", "the panels are made of it"),
)


@dataclass(frozen=True)
class Need:
    """One thing that was looked at: `remedy` is empty when it is fine."""

    what: str
    found: str
    needed: str
    remedy: str

    @property
    def fine(self) -> bool:
        """Whether there is nothing to do."""
        return not self.remedy


@dataclass(frozen=True)
class Environment:
    """Everything that was looked at."""

    needs: tuple[Need, ...]

    @property
    def fine(self) -> bool:
        """Whether the notebooks will run."""
        return all(need.fine for need in self.needs)

    def picture(self) -> Picture:
        """A table: what was found, what is needed, what to do."""
        rows = [(x.what, x.found, x.needed, "✓ fine" if x.fine else f"✗ {x.remedy}") for x in self.needs]
        caption = "Everything is here." if self.fine else "Something is missing: the last column says what to do."
        return html.table(("what", "found", "needed", "verdict"), rows, caption=caption)


def check() -> Environment:
    """Look at the Python that runs this and at what is installed in it."""
    return Environment(tuple(_needs()))


def judge(what: str, found: str, *, least: str, below: str = "", why: str = INSTALL) -> Need:
    """Whether version `found`, empty for none, is at least `least` and lower than `below`."""
    needed = f"{least} or later" + (f", below {below}" if below else "")
    try:
        fine = Version(found) >= Version(least) and not (below and Version(found) >= Version(below))
    except InvalidVersion:
        fine = False
    return Need(what, found or "nothing", needed, "" if fine else why)


def _needs() -> Iterator[Need]:
    python = ".".join(map(str, sys.version_info[:3]))
    another = "make an environment with Python 3.11, 3.12 or 3.13: `make install PYTHON=python3.12`"
    yield judge("Python", python, least="3.11", below="3.14", why=another)
    yield judge("SQLite", sqlite3.sqlite_version, least="3.35", why="install a Python with a newer SQLite")
    for name, least, below, reason in PACKAGES:
        yield judge(name, _installed(name), least=least, below=below, why=f"{INSTALL}: {reason}")


def _installed(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""
