"""What the application itself runs on, as its own files say: SQLAlchemy's version, the line length its tools keep."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_FILES = (
    "requirements*.txt",
    "requirements/*.txt",
    "constraints*.txt",
    "pyproject.toml",
    "setup.cfg",
    "setup.py",
    "Pipfile*",
)
_LOCKS = ("poetry.lock", "uv.lock", "pdm.lock")
_PIN = re.compile(
    r"""\bsqlalchemy\b(?:\[[^\]]*\])?["']?\s*(?:[=:]\s*)?\{?(?:version\s*=\s*)?["']?\s*(===?|~=|\^|>=|<=|<|>)?\s*v?(\d+)\.(\d+)""",
    re.I,
)
_LOCKED = re.compile(r'name = "sqlalchemy"\nversion = "(\d+)\.(\d+)', re.I)
DEFAULT_LINE_LENGTH = 88


def sqlalchemy_version(root: Path) -> tuple[int, int] | None:
    """The oldest (major, minor) of SQLAlchemy that the application may run on, by its locks, then its requirements."""
    for text in _texts(root, _LOCKS):
        if match := _LOCKED.search(text):
            return int(match[1]), int(match[2])
    found: list[tuple[int, int]] = []
    for text in _texts(root, _FILES):
        for operator, major, minor in _PIN.findall(text):
            version = (int(major), int(minor))
            found.append((1, 4) if operator.startswith("<") and version <= (2, 0) else version)
    return min(found, default=None)


def _texts(root: Path, patterns: tuple[str, ...]) -> Iterator[str]:
    for pattern in patterns:
        for path in sorted(root.glob(pattern)):
            if path.is_file() and path.resolve().is_relative_to(root.resolve()):
                yield path.read_text(errors="replace")


def line_length(root: Path) -> int:
    """The line length, in characters, that ruff, black or flake8 keep in this application; 88 where none is set."""
    for config in (root / "pyproject.toml", root / "ruff.toml", root / ".ruff.toml"):
        tools = _toml(config)
        ruff, black = tools.get("tool", {}).get("ruff", {}), tools.get("tool", {}).get("black", {})
        for value in (tools.get("line-length"), ruff.get("line-length"), black.get("line-length")):
            if isinstance(value, int):
                return value
    for name in ("setup.cfg", "tox.ini", ".flake8"):
        for text in _texts(root, (name,)):
            if match := re.search(r"^max[-_]line[-_]length\s*=\s*(\d+)", text, re.M):
                return int(match[1])
    return DEFAULT_LINE_LENGTH


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
