"""Who calls a function: the call graph backwards, FastAPI's dependencies included."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from helpers.analysis.callees import Callees
from helpers.analysis.parameters import dependency
from helpers.analysis.scopes import Function
from helpers.analysis.symbols import Module

if TYPE_CHECKING:
    from helpers.analysis.project import Project

Chain = tuple[ast.Call, ...]
_DEEPEST = 6
_MOST = 400


@dataclass(frozen=True, eq=False)
class Caller:
    """One call of a function; `function` is the one around the call, None at a module's top level."""

    call: ast.Call
    module: Module
    function: Function | None


@dataclass(frozen=True, eq=False)
class Callers:
    """Answers for all functions of one project."""

    project: Project
    callees: Callees

    def of(self, function: ast.AST) -> tuple[Caller, ...]:
        """Every call that may mean `function`."""
        return self._known.get(function, ())

    def chains(self, function: ast.AST | None) -> tuple[Chain, ...]:
        """Every way of calls that leads into a function, the outermost call first; an empty one where nobody calls."""
        found: list[Chain] = []
        self._climb(function, (), frozenset(), found)
        return tuple(dict.fromkeys(found))

    def around(self, call: ast.Call) -> Function | None:
        """The function that a call stands in."""
        caller = self._by_call.get(call)
        return caller.function if caller else None

    def _climb(self, function: ast.AST | None, chain: Chain, seen: frozenset[ast.AST], found: list[Chain]) -> None:
        callers = self.of(function) if function is not None and function not in seen else ()
        if not callers or len(chain) >= _DEEPEST or len(found) >= _MOST:
            found.append(chain)
            return
        for caller in callers:
            around = seen | {function} if function is not None else seen
            self._climb(caller.function, (caller.call, *chain), around, found)

    @cached_property
    def _known(self) -> dict[ast.AST, tuple[Caller, ...]]:
        found: dict[ast.AST, list[Caller]] = {}
        for function, caller in self._all():
            found.setdefault(function, []).append(caller)
        return {function: tuple(callers) for function, callers in found.items()}

    @cached_property
    def _by_call(self) -> dict[ast.Call, Caller]:
        return {caller.call: caller for _, caller in self._all()}

    def _all(self) -> Iterator[tuple[ast.AST, Caller]]:
        for module in self.project.symbols.modules.values():
            scopes = self.project.scopes(module)
            for call in module.nodes.of(ast.Call):
                given = dependency(call)
                callees = self.callees.of(given if given is not None else call.func, module)
                function = _defining(scopes.ancestors(call)) if given is not None else scopes.function(call)
                for callee in callees:
                    yield callee.function, Caller(call, module, function)


def _defining(around: Iterator[ast.AST]) -> Function | None:
    """The function whose default or annotation a dependency stands in."""
    return next((node for node in around if isinstance(node, Function)), None)
