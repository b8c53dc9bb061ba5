"""What the application itself runs on, as its own files say: its SQLAlchemy, its line length, its type checker."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from helpers.analysis.texts import encoding_of

_FILES = (
    *("requirements*.txt", "requirements*.in", "requirements/*.txt", "requirements/*.in", "constraints*.txt"),
    *("pyproject.toml", "setup.cfg", "setup.py", "Pipfile", "environment*.yml", "environment*.yaml"),
)
_LOCKS = ("poetry.lock", "uv.lock", "pdm.lock", "Pipfile.lock")
_NAMED = r"""(?<![\w.\-/])NAME\b(?![-.\w/])(?:\s*\[[^\]]*\])?["']?\s*(?P<rest>[^\n;]*)"""
_TABLE = re.compile(r"""^=\s*\{.*?\bversion\s*=\s*["'](?P<spec>[^"']*)["']""")
_PLAIN = re.compile(r"""^(?::\s*|=(?!=)\s*)?["']?\s*(?P<spec>[^"']*)""")
_BOUND = re.compile(r"(?P<operator>===?|~=?|!=|\^|>=|<=|<|>|=)?\s*v?(?P<major>\d+)(?:\.(?P<minor>\d+))?[\w.*+]*")
_LOCKED = r'^name = "NAME"\r?\nversion = "(\d+)\.(\d+)|"NAME": \{[^{}]*?"version": "==(\d+)\.(\d+)'
_PYTHON = re.compile(r"""^\s*(?:requires-python|python_requires|python)\s*=\s*["']?([^"'#\n]+)""", re.M)
_OLDEST = (1, 4)  # what an upper bound alone lets in
DEFAULT_LINE_LENGTH = 88
Version = tuple[int, int]


def sqlalchemy_version(root: Path) -> Version | None:
    """The oldest (major, minor) of SQLAlchemy that the application may run on; None where nothing says."""
    return declared_version(root, "sqlalchemy")


def declared_version(root: Path, package: str) -> Version | None:
    """The oldest (major, minor) of a package that an application may run on, by its locks, then its requirements.

    The folder itself is asked first, then the folders right below it; None where nothing says.
    """
    locks, named = (re.compile(text.replace("NAME", package), re.I | re.M) for text in (_LOCKED, _NAMED))
    for prefix in ("", "*/"):
        locked = [match.groups() for text in _texts(root, prefix, _LOCKS) for match in locks.finditer(text)]
        if found := [(int(a or c), int(b or d)) for a, b, c, d in locked]:
            return min(found)
        if asked := [one for text in _texts(root, prefix, _FILES) for one in _requirements(text, named)]:
            return min(asked)
    return None


def python_version(root: Path) -> Version | None:
    """The oldest Python that an application says it runs on; None where nothing says."""
    for text in _texts(root, "", ("pyproject.toml", "setup.cfg", "setup.py")):
        if (match := _PYTHON.search(text)) and (version := _oldest(match[1])):
            return version
    return None


def _requirements(text: str, named: re.Pattern[str]) -> Iterator[Version]:
    for line in text.splitlines():
        for match in named.finditer(line.partition("#")[0]):
            rest = match["rest"]
            spec = _TABLE.match(rest) or _PLAIN.match(rest)
            if spec and (version := _oldest(spec["spec"])):
                yield version


def _oldest(spec: str) -> Version | None:
    """The lower bound of `>=1.4,<2`; where there is an upper bound alone, the oldest that may be meant."""
    lower: list[Version] = []
    bounds = [match for part in spec.split(",") if (match := _BOUND.match(part.strip()))]
    for bound in bounds:
        if bound["operator"] not in ("<", "<=", "!="):
            lower.append((int(bound["major"]), int(bound["minor"] or 0)))
    if lower:
        return max(lower)
    return _OLDEST if any(bound["operator"] in ("<", "<=") for bound in bounds) else None


def _texts(root: Path, prefix: str, patterns: tuple[str, ...]) -> Iterator[str]:
    for pattern in patterns:
        for path in sorted(root.glob(prefix + pattern)):
            hidden = any(part.startswith(".") for part in path.relative_to(root).parts[:-1])
            if not hidden and (text := _text(root, path)) is not None:
                yield text


def _text(root: Path, path: Path) -> str | None:
    """A file's text; None when it is none, leads out of the tree or cannot be read."""
    try:
        if path.is_file() and path.resolve().is_relative_to(root.resolve()):
            data = path.read_bytes()
            encoding, bom = encoding_of(data)
            return data[len(bom) :].decode(encoding, errors="replace")
    except OSError:
        return None
    return None


def line_length(root: Path) -> int:
    """The line length, in characters, that ruff, black or flake8 keep in this application; 88 where none is set."""
    for name in (".ruff.toml", "ruff.toml"):
        if length := _length(_toml(root, name)):
            return length
    tools = _table(_toml(root, "pyproject.toml"), "tool")
    for tool in ("ruff", "black"):
        if length := _length(_table(tools, tool)):
            return length
    for name in ("setup.cfg", "tox.ini", ".flake8"):
        if match := re.search(r"^max[-_]line[-_]length\s*[=:]\s*(\d+)", _text(root, root / name) or "", re.M):
            return int(match[1])
    return DEFAULT_LINE_LENGTH


def type_checked(root: Path) -> bool:
    """Whether mypy, pyright or another type checker is set up in this application."""
    if any((root / name).is_file() for name in ("mypy.ini", ".mypy.ini", "pyrightconfig.json", "ty.toml")):
        return True
    tools = _table(_toml(root, "pyproject.toml"), "tool")
    sections = re.search(r"^\[mypy\]", _text(root, root / "setup.cfg") or "", re.M)
    return sections is not None or any(name in tools for name in ("mypy", "pyright", "basedpyright", "ty", "pyrefly"))


def _length(table: dict[str, Any]) -> int | None:
    value = table.get("line-length")
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _table(table: dict[str, Any], key: str) -> dict[str, Any]:
    found = table.get(key)
    return found if isinstance(found, dict) else {}


def _toml(root: Path, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(_text(root, root / name) or "")
    except ValueError:
        return {}
