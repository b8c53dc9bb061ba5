"""Which driver that can be awaited each database of an application gets: as decided, as it has one, or the usual."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from helpers.analysis.texts import manifest_kind

if TYPE_CHECKING:
    from helpers.analysis.project import Project

# what a backend can be driven by, the first one unless another is there or was decided on
DRIVERS: Mapping[str, tuple[str, ...]] = {
    "sqlite": ("aiosqlite",),
    "postgresql": ("asyncpg", "psycopg"),
    "mysql": ("asyncmy", "aiomysql"),
}
_SYNCHRONOUS: Mapping[str, tuple[str, ...]] = {
    "sqlite": ("sqlite", "sqlite+pysqlite"),
    "postgresql": ("postgresql", "postgresql+psycopg2"),
    "mysql": ("mysql", "mysql+pymysql", "mysql+mysqldb"),
}


def async_names(project: Project) -> Mapping[str, str]:
    """The name of each synchronous driver in a URL to that of the one that takes its place."""
    return {
        name: f"{backend}+{async_driver(project, backend)}" for backend, names in _SYNCHRONOUS.items() for name in names
    }


def async_driver(project: Project, backend: str) -> str:
    """The package that drives a backend once it is awaited, by decision, by what the application has, or the usual."""
    if decided := decisions(project).get(backend):
        return decided
    old = project.sqlalchemy is not None and project.sqlalchemy < (2, 0)
    usable = [name for name in DRIVERS[backend] if name != "psycopg" or not old]
    return next(iter([*(name for name in usable if _has(project, name)), *usable]))


def _has(project: Project, name: str) -> bool:
    """Whether a file that names packages names this one."""
    word = re.compile(rf"(?<![\w.-]){name}(?![\w-])")
    texts = project.texts.items()
    return any(manifest_kind(path) not in ("", "lock") and word.search(text.text) for path, text in texts)


def decisions(project: Project) -> Mapping[str, str]:
    """`[tool.workbook.drivers]` of the application's pyproject.toml: backend to package."""
    text = project.texts.get("pyproject.toml")
    try:
        data = tomllib.loads(text.text) if text else {}
    except tomllib.TOMLDecodeError:
        return {}
    for key in ("tool", "workbook", "drivers"):
        data = data.get(key, {}) if isinstance(data, dict) else {}
    return {str(key): str(value) for key, value in data.items()} if isinstance(data, dict) else {}
