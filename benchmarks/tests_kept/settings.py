"""What the settings of pytest say of which tests run and what is an error."""

from __future__ import annotations

import configparser
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.tests_kept.difference import Difference, Place
from benchmarks.trees import LEFT_OUT

Settings = Mapping[str, str]
_SECTIONS = {"pytest.ini": "pytest", ".pytest.ini": "pytest", "tox.ini": "pytest", "setup.cfg": "tool:pytest"}
_RUNNING = re.compile(r"^(asyncio_mode|anyio_mode|asyncio_default_(fixture|test)_loop_scope|asyncio_debug)$")
_WARNINGS_OFF = re.compile(r"(-p[ =]?no:warnings|--disable-warnings|--disable-pytest-warnings)")


def compare_settings(before: Path, after: Path) -> Iterator[Difference]:
    """Settings of pytest that are gone, new or changed, but for those that run asynchronous tests or add errors."""
    old, new = (read_settings(root) for root in (before, after))
    for path in sorted(old.keys() | new.keys()):
        had, has = old.get(path, {}), new.get(path, {})
        for name in sorted(had.keys() | has.keys()):
            if had.get(name) != has.get(name) and not _stricter(name, had.get(name, ""), has.get(name, "")):
                word = "changed" if name in had and name in has else "gone" if name in had else "new"
                place = Place(path)
                yield Difference(place, "", f"setting {name}", word, _line(had.get(name)), _line(has.get(name)))


def read_settings(root: Path) -> dict[str, Settings]:
    """The settings of pytest below `root` by file; a file that cannot be read has none."""
    found = {}
    for path in sorted(root.rglob("*")):
        if path.name in (*_SECTIONS, "pyproject.toml") and set(LEFT_OUT).isdisjoint(path.relative_to(root).parts):
            settings = _toml(path) if path.suffix == ".toml" else _ini(path)
            if settings:
                found[path.relative_to(root).as_posix()] = settings
    return found


def runs_by_itself(root: Path) -> bool:
    """Whether a setting has every asynchronous test run, without marks."""
    modes = [(name, value) for each in read_settings(root).values() for name, value in each.items()]
    return any(name in ("asyncio_mode", "anyio_mode") and value == "auto" for name, value in modes)


def _stricter(name: str, old: str, new: str) -> bool:
    if _RUNNING.match(name):
        return True
    had, has = _words(name, old), _words(name, new)
    if name == "filterwarnings":
        return has[: len(had)] == had and all(line.startswith("error") for line in has[len(had) :])
    if name == "addopts":
        return has == _words(name, _WARNINGS_OFF.sub("", old))
    return name == "markers" and set(had) <= set(has)


def _words(name: str, value: str) -> list[str]:
    return [word.strip() for word in (value.split() if name == "addopts" else value.splitlines()) if word.strip()]


def _toml(path: Path) -> Settings:
    try:
        tool = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return {}
    table = tool.get("pytest", {})
    options = {**{key: value for key, value in table.items() if key != "ini_options"}, **table.get("ini_options", {})}
    return {key: _text(value) for key, value in options.items()}


def _ini(path: Path) -> Settings:
    parser = configparser.RawConfigParser()
    try:
        parser.read(path, encoding="utf-8")
        return dict(parser.items(_SECTIONS[path.name]))
    except (configparser.Error, UnicodeDecodeError):
        return {}


def _text(value: object) -> str:
    return "\n".join(map(str, value)) if isinstance(value, list) else str(value)


def _line(value: str | None) -> str:
    return " ".join((value or "").split())
