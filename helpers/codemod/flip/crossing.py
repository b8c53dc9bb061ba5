"""Tests whose client runs the application in a loop of its own, and a driver whose connections belong to one loop."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from helpers.analysis.drivers import async_driver
from helpers.analysis.loops import is_of_tests
from helpers.analysis.project import Project
from helpers.analysis.symbols import Definition, Module, dotted_name
from helpers.codemod.flip.change import Obstacle, Outcome

PATTERN = "sync_engine"
_SCHEME = re.compile(r"""(?<![\w+.-])(sqlite|postgres(?:ql)?)(\+\w+)?(?=://|["'])""")
_REASON = (
    "TestClient runs the application in a loop of its own, and a connection of asyncpg belongs to the loop that opened "
    "it: give this engine poolclass=NullPool where tests use it, or another driver"
)


@dataclass(frozen=True, eq=False)
class Crossing:
    """Answers for one project."""

    project: Project

    def obstacles(self, outcome: Outcome) -> Iterator[Obstacle]:
        """The engines of a family that the tests would use in more than one loop, where they cannot be."""
        if not self._with_client:
            return
        changes = outcome.changes
        made = [(one.node, one.module) for one in changes if self._makes(one.node, one.module)]
        of_tests = [(node, module) for node, module in made if is_of_tests(module.path)]
        for node, module in of_tests or made:
            if isinstance(node, ast.Call) and self._belongs_to_a_loop(node, module):
                yield Obstacle(PATTERN, module, node, _REASON)

    def _makes(self, node: object, module: Module) -> bool:
        return isinstance(node, ast.Call) and self.project.engines.makes(node, module)

    def _belongs_to_a_loop(self, call: ast.Call, module: Module) -> bool:
        if any((dotted_name(one.value) or "").endswith("NullPool") for one in call.keywords if one.arg == "poolclass"):
            return False
        return self.backends(call, module) == {"postgresql"} and async_driver(self.project, "postgresql") == "asyncpg"

    def backends(self, call: ast.Call, module: Module) -> frozenset[str]:
        """The databases that an engine may be for: by its URL, else by what code and settings name."""
        url = self._url(call, module)
        return frozenset(_backend(match) for match in _SCHEME.finditer(f'"{url}"')) if url else self._named

    def _url(self, call: ast.Call, module: Module) -> str:
        """The text of the URL as far as it is written out; empty where the settings tell it."""
        named = [one.value for one in call.keywords if one.arg == "url"]
        url = next(iter([*call.args, *named]), None)
        found = self.project.resolve(module, dotted_name(url) or "", url) if url is not None else None
        value = found.node if isinstance(found, Definition) else url
        return ast.unparse(value).strip("f'\"") if isinstance(value, ast.Constant | ast.JoinedStr) else ""

    @cached_property
    def _with_client(self) -> bool:
        modules = [one for one in self.project.symbols.modules.values() if is_of_tests(one.path)]
        return any(target.endswith("testclient.TestClient") for one in modules for target in one.imports.values())

    @cached_property
    def _named(self) -> frozenset[str]:
        """The databases that code and settings name."""
        sources = [source.text for source in self.project.sources.values()]
        texts = [text.text for text in self.project.texts.values()]
        return frozenset(_backend(match) for text in [*sources, *texts] for match in _SCHEME.finditer(text))


def _backend(match: re.Match[str]) -> str:
    """`postgresql`, `sqlite`, or the driver where that follows its connections from loop to loop."""
    if match[2] == "+psycopg":
        return "psycopg"
    return "sqlite" if match[1] == "sqlite" else "postgresql"
