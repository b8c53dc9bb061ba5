"""Calls that take objects out of their session: what was loaded before them cannot be refreshed behind them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from helpers.analysis.parameters import FunctionNode
from helpers.analysis.symbols import Module

if TYPE_CHECKING:
    from helpers.analysis.project import Project

_TAKES_OUT = ("expunge", "expunge_all")
_LOOPS = (ast.For, ast.AsyncFor, ast.While)


@dataclass(frozen=True, eq=False)
class Detached:
    """Answers for all functions of one project, through the functions that they call."""

    project: Project

    def between(self, function: FunctionNode, bound: int, use: ast.stmt, module: Module) -> ast.Call | None:
        """A call behind line `bound` that may run before `use` and take objects out of a session; None without one."""
        return next((call for call in self._calls(function, use, module) if call.lineno >= bound), None)

    def _calls(self, function: FunctionNode, use: ast.stmt, module: Module) -> Iterator[ast.Call]:
        again = {node for loop in self._loops(use, module) for node in ast.walk(loop)}
        for call in ast.walk(function):
            before = isinstance(call, ast.Call) and (call.lineno < use.lineno or call in again)
            if before and isinstance(call, ast.Call) and self._takes_out(call, module):
                yield call

    def _loops(self, use: ast.stmt, module: Module) -> Iterator[ast.AST]:
        """The loops around a place: what stands behind it in them runs before it the next time."""
        for node in self.project.scopes(module).ancestors(use):
            if isinstance(node, FunctionNode):
                return
            if isinstance(node, _LOOPS):
                yield node

    def _takes_out(self, call: ast.Call, module: Module) -> bool:
        edges = self.project.callgraph.at.get(call, ())
        reached = any(edge.kind != "reference" and edge.callee.node in self._functions for edge in edges)
        return reached or self._direct(call, module)

    def _direct(self, call: ast.Call, module: Module) -> bool:
        named = isinstance(call.func, ast.Attribute) and call.func.attr in _TAKES_OUT
        return named and isinstance(call.func, ast.Attribute) and not self._refuted(call.func.value, module)

    def _refuted(self, node: ast.expr, module: Module) -> bool:
        return self.project.sessions.refuted(node, module)

    @cached_property
    def _functions(self) -> frozenset[ast.AST]:
        """The functions that take objects out, and those that lead to one."""
        graph = self.project.callgraph
        calls = (found for name in _TAKES_OUT for found in self.project.calls.get(name, ()))
        own = {graph.around(call, module).node for module, call in calls if self._direct(call, module)}
        return frozenset({*own, *graph.reaching(own)}) if own else frozenset()
