"""Which databases an application talks to, by the addresses in its code and settings, and the drivers they need."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from helpers.analysis.drivers import DRIVERS, decisions
from helpers.analysis.project import Project

_ADDRESS = re.compile(r"(?<![\w+.-])(sqlite|postgres(?:ql)?|mysql|mariadb|oracle|mssql)(?:\+\w+)?://")
_SCHEME = re.compile(r"(sqlite|postgresql|mysql|mariadb|oracle|mssql)(?:\+\w+)?")
_BACKENDS = {"postgres": "postgresql", "mariadb": "mysql"}
_BY_DRIVER = {
    **{"psycopg2": "postgresql", "psycopg2-binary": "postgresql", "psycopg": "postgresql", "pg8000": "postgresql"},
    **{"pymysql": "mysql", "mysqlclient": "mysql", "mysql-connector-python": "mysql"},
}
_BOUNDS = {
    "aiosqlite": (">=0.20", ">=0.17,<0.22"),
    "asyncpg": (">=0.29", ">=0.23,<0.29"),
    "psycopg": (">=3.1", ">=3.1"),
    "asyncmy": (">=0.2.9", ">=0.2.3"),
    "aiomysql": (">=0.2", ">=0.1"),
}


@dataclass(frozen=True)
class Needed:
    """A driver that is to be added: its requirement, for which backend, and whether tests alone need it."""

    name: str
    requirement: str
    backend: str
    tests_only: bool = False


def needed(project: Project, present: Iterable[str]) -> tuple[Needed, ...]:
    """The drivers that the application lacks; `present` are the packages that it names."""
    have = frozenset(present)
    found = _backends(project)
    named = {_BY_DRIVER[name] for name in have & _BY_DRIVER.keys()}
    decided = decisions(project)
    old = project.sqlalchemy is not None and project.sqlalchemy < (2, 0)
    answer = []
    for backend in sorted(found.keys() | named):
        known = DRIVERS.get(backend, ())
        usable = [name for name in known if name != "psycopg" or not old]
        chosen = decided.get(backend) or next(iter([*(name for name in usable if name in have), *usable]), None)
        if chosen and chosen not in have:
            tests_only = backend not in named and found.get(backend, False)
            answer.append(Needed(chosen, f"{chosen}{_bound(chosen, old=old)}", backend, tests_only))
    return tuple(sorted(answer, key=lambda one: one.name))


def synchronous(backend: str) -> frozenset[str]:
    """The packages that drive a backend synchronously."""
    return frozenset(name for name, driven in _BY_DRIVER.items() if driven == backend)


def unknown(project: Project) -> tuple[str, ...]:
    """The databases that the application talks to and for which no driver is known here."""
    decided = decisions(project)
    return tuple(sorted(_backends(project).keys() - DRIVERS.keys() - decided.keys()))


def unsaid(project: Project, present: Iterable[str]) -> bool:
    """Whether the application makes an engine, and nothing but its tests says of which database.

    `present` are the packages that are installed with SQLAlchemy.
    """
    have = frozenset(present)
    drivers = {name for names in DRIVERS.values() for name in names} | _BY_DRIVER.keys()
    makes = any(not _is_test(module.path) for module, _ in project.calls.get("create_engine", ()))
    return makes and not have & drivers and all(_backends(project).values())


def _bound(name: str, *, old: bool) -> str:
    return _BOUNDS[name][old] if name in _BOUNDS else ""


def _backends(project: Project) -> Mapping[str, bool]:
    """Each backend that an address names, and whether only tests name it."""
    found: dict[str, bool] = {}
    for path, backend in (*_in_code(project), *_in_settings(project)):
        found[backend] = found.get(backend, True) and _is_test(path)
    return found


def _in_code(project: Project) -> Iterator[tuple[str, str]]:
    for path, source in project.sources.items():
        if "://" not in source.text and "URL" not in source.text and "scheme" not in source.text:
            continue
        module = project.module(path)
        for node in module.nodes.of(ast.Constant):
            documentation = isinstance(module.nodes.parents.get(node), ast.Expr)
            if isinstance(node.value, str) and not documentation:
                match = _ADDRESS.search(node.value) or _scheme(node, module.nodes.parents)
                if match:
                    yield path, _BACKENDS.get(match[1], match[1])


def _scheme(node: ast.Constant, parents: Mapping[ast.AST, ast.AST]) -> re.Match[str] | None:
    """`URL.create("postgresql+psycopg2", ...)`, `PostgresDsn.build(scheme="postgresql")`."""
    parent = parents.get(node)
    call = parents.get(parent) if isinstance(parent, ast.keyword) and parent else parent
    named = isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
    made = named and isinstance(call, ast.Call) and getattr(call.func, "attr", "") in ("create", "build")
    return _SCHEME.fullmatch(str(node.value)) if made else None


def _in_settings(project: Project) -> Iterator[tuple[str, str]]:
    for path, text in project.texts.items():
        lines = (line for line in text.text.splitlines() if not line.lstrip().startswith(("#", ";")))
        for line in lines:
            yield from ((path, _BACKENDS.get(match[1], match[1])) for match in _ADDRESS.finditer(line))


def _is_test(path: str) -> bool:
    parts = path.split("/")
    return parts[-1].startswith(("test_", "conftest")) or any(
        part in ("tests", "test", "testing") for part in parts[:-1]
    )
