"""The options of an engine: each one that means the same for an asynchronous driver, or the reason to leave it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from helpers.analysis.drivers import async_driver
from helpers.analysis.entries import Entries, Entry, UnknownKeysError
from helpers.analysis.project import Project
from helpers.analysis.symbols import Definition, Module, dotted_name
from helpers.codemod.refused import Refused

_SAME_OPTIONS = frozenset(
    {"echo", "echo_pool", "future", "pool_pre_ping", "pool_size", "max_overflow", "pool_timeout", "pool_recycle"}
    | {"pool_use_lifo", "isolation_level", "logging_name", "hide_parameters", "json_serializer", "json_deserializer"}
)
_SAME_POOLS = frozenset({"StaticPool", "NullPool"})
_ANYWHERE = frozenset({"host", "port", "user", "password"})
_LIBPQ = _ANYWHERE | frozenset(
    {"hostaddr", "dbname", "passfile", "options", "application_name", "fallback_application_name", "connect_timeout"}
    | {"client_encoding", "sslmode", "sslrootcert", "sslcert", "sslkey", "gssencmode", "channel_binding"}
    | {"keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout"}
    | {"target_session_attrs", "prepare_threshold"}
)
_SQLITE = frozenset({"check_same_thread", "timeout", "uri", "detect_types", "cached_statements", "isolation_level"})
_MYSQL = _ANYWHERE | {"connect_timeout"}
# what the synchronous drivers of a backend take: an argument that only one of them takes tells the backend
_KNOWN: Mapping[str, frozenset[str]] = {"sqlite": _SQLITE, "postgresql": _LIBPQ, "mysql": _MYSQL}
_TAKEN: Mapping[str, frozenset[str]] = {
    "aiosqlite": _SQLITE,
    "psycopg": _LIBPQ,
    "asyncpg": _ANYWHERE | {"passfile", "target_session_attrs"},
    "asyncmy": _MYSQL,
    "aiomysql": _MYSQL,
}
_SCHEME = re.compile(r"(sqlite|postgresql|mysql)(?:\+\w+)?:")


@dataclass(frozen=True, eq=False)
class EngineOptions:
    """Answers for one project."""

    project: Project

    def check(self, call: ast.Call, module: Module) -> None:
        """Nothing. Refused for an option that may not mean the same, or that is computed out of sight."""
        for option in self._all(call, module):
            self._option(option, backends(call))

    def _all(self, call: ast.Call, module: Module) -> Iterator[Entry]:
        for keyword in call.keywords:
            if keyword.arg is not None:
                yield Entry(keyword.arg, keyword.value, module)
            else:
                yield from self._entries(keyword.value, module, "**")

    def _entries(self, node: ast.expr, module: Module, option: str) -> Iterator[Entry]:
        try:
            yield from Entries(self.project).of(node, module)
        except UnknownKeysError as unknown:
            raise Refused(f"{_may_differ(option)}: what `{unknown}` holds is not followed") from unknown

    def _option(self, option: Entry, backend: tuple[str, ...]) -> None:
        if option.key in _SAME_OPTIONS or option.key == "url":
            return
        if option.key == "connect_args":
            for argument in self._entries(option.value, option.module, "connect_args"):
                self._argument(argument.key, backend)
        elif option.key != "poolclass" or not self._is_same_pool(option.value, option.module):
            raise Refused(_may_differ(option.key))

    def _argument(self, key: str, candidates: tuple[str, ...]) -> None:
        """An argument of the driver, on each backend whose synchronous driver takes it."""
        found = [backend for backend in candidates if key in _KNOWN[backend]]
        if not found:
            raise Refused(f"{_may_differ('connect_args')}: nothing is known of `{key}`")
        for backend in found:
            driver = async_driver(self.project, backend)
            if key not in _TAKEN.get(driver, ()):
                raise Refused(f"{_may_differ('connect_args')}: {driver} does not take `{key}`")

    def _is_same_pool(self, node: ast.expr, module: Module, depth: int = 0) -> bool:
        """Whether every class of pools that `node` may be, written out or given by a function, does not wait."""
        if isinstance(node, ast.IfExp):
            return all(self._is_same_pool(one, module, depth) for one in (node.body, node.orelse))
        if isinstance(node, ast.Constant):
            return node.value is None
        if isinstance(node, ast.Call):
            found = self.project.resolve(module, dotted_name(node.func) or "", node.func)
            if depth or not isinstance(found, Definition) or not isinstance(found.node, ast.FunctionDef):
                return False
            results = [one.value for one in self.project.scopes(found.module).results(found.node)]
            told = (one is not None and self._is_same_pool(one, found.module, depth + 1) for one in results)
            return bool(results) and all(told)
        return (dotted_name(node) or "").rpartition(".")[2] in _SAME_POOLS


def backends(call: ast.Call) -> tuple[str, ...]:
    """The databases that an engine may be for: the one that its URL names, where that is written out, else any."""
    url = call.args[0] if call.args else next((one.value for one in call.keywords if one.arg == "url"), None)
    if isinstance(url, ast.JoinedStr):
        url = url.values[0]
    text = url.value if isinstance(url, ast.Constant) else None
    found = _SCHEME.match(text) if isinstance(text, str) else None
    return (found[1],) if found else tuple(_KNOWN)


def _may_differ(option: str) -> str:
    return f"`{option}` of the engine may not mean the same for an asynchronous one"
