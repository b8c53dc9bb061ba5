"""Coverage is told of greenlets, without which it loses the lines behind an await that SQLAlchemy runs in one."""

from __future__ import annotations

import configparser
import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from helpers.analysis.project import Project
from helpers.analysis.source import Text
from helpers.model import Edit

MEASURING = frozenset({"coverage", "pytest-cov"})
_HEADER = re.compile(r"^\[tool\.coverage\.run\][ \t]*(?:#[^\r\n]*)?(?=\r?\n|$)", re.MULTILINE)
_KEY = 'concurrency = ["thread", "greenlet"]'
_OWN_FILES = {".coveragerc": "run", "setup.cfg": "coverage:run", "tox.ini": "coverage:run"}

Told = tuple[Text, int, str, tuple[Edit, ...]]


def greenlets(project: Project, measured: Iterable[Text]) -> Iterator[Told]:
    """The setting for the files `measured`, which name a package that measures, where functions turn asynchronous.

    Where it cannot be written for certain, what a person has to set is said at that file.
    """
    folders: set[str] = set()
    for file in measured if project.colouring.asynchronous else ():
        folder = file.path.rpartition("/")[0]
        if folder not in folders:
            folders.add(folder)
            yield from _setting(project, file, folder)


def _setting(project: Project, file: Text, folder: str) -> Iterator[Told]:
    own = project.texts.get(f"{folder}/pyproject.toml".lstrip("/"))
    message = "coverage is told of greenlets: it loses the lines behind an await otherwise"
    by_hand = f"coverage loses the lines behind an await: have {_KEY} in its settings"
    if (told := _told_elsewhere(project.root / folder)) is not None:
        if "greenlet" not in told:
            yield file, 0, by_hand, ()
    elif own is None:
        yield file, 0, by_hand, ()
    elif (known := _run(own.text)) is None or "greenlet" not in str(known.get("concurrency", "")):
        edit = None if known is None or "concurrency" in known else _edit(own)
        sure = edit is not None and _only_adds(own.text, edit)
        yield (own, edit.start, message, (edit,)) if sure and edit else (own, 0, by_hand, ())


def _edit(file: Text) -> Edit | None:
    """The setting in its table, or that table at the end of the file."""
    newline = "\r\n" if "\r\n" in file.text else "\n"
    header = _HEADER.search(file.text)
    if header:
        return Edit(header.end(), header.end(), f"{newline}{_KEY}")
    if re.search(r"^\s*\[?\[?tool\.coverage(\.run)?\b[^.\]]", file.text, re.MULTILINE):
        return None  # written in another way
    end = len(file.text)
    break_line = "" if not file.text or file.text.endswith("\n") else newline
    return Edit(end, end, f"{break_line}{newline}[tool.coverage.run]{newline}{_KEY}{newline}")


def _only_adds(text: str, edit: Edit) -> bool:
    """Whether the file says the same as before, and the setting."""
    after = text[: edit.start] + edit.text + text[edit.end :]
    try:
        old, new = tomllib.loads(text), tomllib.loads(after)
    except tomllib.TOMLDecodeError:
        return False
    table = old.setdefault("tool", {}).setdefault("coverage", {}).setdefault("run", {})
    table["concurrency"] = ["thread", "greenlet"]
    return bool(old == new)


def _run(text: str) -> dict[str, Any] | None:
    """The table of coverage's own settings of a run, empty where there is none; None where the file is no TOML."""
    try:
        found: Any = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
    for key in ("tool", "coverage", "run"):
        found = found.get(key, {}) if isinstance(found, dict) else {}
    return found if isinstance(found, dict) else None


def _told_elsewhere(folder: Path) -> str | None:
    """What a file that coverage prefers to pyproject.toml says of concurrency; None where there is no such file."""
    for name, section in _OWN_FILES.items():
        parser = configparser.RawConfigParser()
        try:
            read = parser.read(folder / name, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError, OSError):
            return ""
        if read and (name == ".coveragerc" or any(one.startswith("coverage:") for one in parser.sections())):
            return parser.get(section, "concurrency", fallback="")
    return None
