"""Where transactions end: which calls commit or flush, and whether a commit expires what was loaded."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from helpers.analysis.callees import Callees
from helpers.analysis.declarations import called
from helpers.analysis.parameters import FunctionNode
from helpers.analysis.scopes import Function
from helpers.analysis.symbols import Module

if TYPE_CHECKING:
    from helpers.analysis.project import Project

COMMITS = frozenset({"commit"})
WRITES = frozenset({"commit", "flush", "begin_nested", "refresh", "bulk_save_objects"})
_FACTORIES = ("sessionmaker", "async_sessionmaker")


@dataclass(frozen=True, eq=False)
class Transactions:
    """Answers for all functions of one project."""

    project: Project
    callees: Callees
    _known: dict[tuple[ast.AST, frozenset[str]], bool] = field(default_factory=dict, repr=False)

    @cached_property
    def expires(self) -> bool:
        """Whether a commit expires loaded objects: unless every session factory says that it does not."""
        made = [call for name in _FACTORIES for _, call in self.project.calls.get(name, ())]
        return not made or not all(_keeps(call) for call in made)

    def calls(self, function: ast.AST, module: Module, wanted: frozenset[str]) -> Iterator[ast.Call]:
        """The calls of a function that commit (or flush), themselves or through functions of the project."""
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and self._does(node, module, wanted):
                yield node

    def wrapped(self, function: ast.AST, module: Module, wanted: frozenset[str]) -> bool:
        """Whether a decorator commits (or flushes) once the function has returned."""
        for decorator in getattr(function, "decorator_list", ()):
            maker = decorator.func if isinstance(decorator, ast.Call) else decorator
            for callee in self.callees.of(maker, module):
                if self._function(callee.function, callee.module, wanted):
                    return True
        return False

    def between(self, function: Function | None, module: Module, first: int, last: int | None) -> bool:
        """Whether a function commits behind line `first`: before line `last`, or at all where there is none."""
        if function is None:
            return False
        lines = [call.lineno for call in self.calls(function, module, COMMITS)]
        lines += self._ends_of_blocks(function, module)
        inside = any(first < line and (last is None or line < last) for line in lines)
        return inside or (last is None and self.wrapped(function, module, COMMITS))

    def _ends_of_blocks(self, function: Function, module: Module) -> Iterator[int]:
        """The last lines of the with-blocks whose managers commit when they end."""
        for node in ast.walk(function):
            if isinstance(node, ast.With | ast.AsyncWith):
                managers = [item.context_expr for item in node.items if isinstance(item.context_expr, ast.Call)]
                if any(self._does(call, module, COMMITS) or called(call) == "begin" for call in managers):
                    yield node.end_lineno or node.lineno

    def _does(self, call: ast.Call, module: Module, wanted: frozenset[str]) -> bool:
        if isinstance(call.func, ast.Attribute) and call.func.attr in wanted:
            return not self.project.sessions.refuted(call.func.value, module)
        called_ones = self.callees.functions(call, module)
        return any(self._function(callee.function, callee.module, wanted) for callee in called_ones)

    def _function(self, function: FunctionNode, module: Module, wanted: frozenset[str]) -> bool:
        key = (function, wanted)
        if key not in self._known:
            self._known[key] = False
            found = any(True for _ in self.calls(function, module, wanted))
            self._known[key] = found or self.wrapped(function, module, wanted)
        return self._known[key]


def _keeps(call: ast.Call) -> bool:
    """Whether a session factory is told that a commit expires nothing."""
    given = [keyword.value for keyword in call.keywords if keyword.arg == "expire_on_commit"]
    return bool(given) and isinstance(given[0], ast.Constant) and given[0].value is False
