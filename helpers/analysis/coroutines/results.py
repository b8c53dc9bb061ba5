"""Where coroutines go that a function returns or yields: to callers who await, or to those who do not."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from helpers.analysis.annotations import named_in
from helpers.analysis.coroutines.known import Kind
from helpers.analysis.routes import routes
from helpers.analysis.session_types import Tier
from helpers.analysis.symbols import Module, dotted_name

if TYPE_CHECKING:
    from helpers.analysis.callgraph import Edge
    from helpers.analysis.coroutines.fates import Fates

_PASSED_ON = frozenset({"Awaitable", "Coroutine", "Future", "Task"})
_INJECTORS = frozenset({"Depends", "Security"})
_CALL_BACK = frozenset({"sorted", "min", "max", "filter", "sort", "reduce", "any", "all"})


@dataclass(eq=False)
class Results:
    """Answers for the functions of one project."""

    fates: Fates

    def of(self, node: ast.Return | ast.Yield | ast.YieldFrom | ast.Lambda, module: Module, kind: Kind) -> str:
        """Empty where whoever gets the result sees to it, or may do so."""
        if isinstance(node, ast.Lambda):
            return self._lambda(node, module)
        function = self.fates.project.scopes(module).function(node)
        if isinstance(node, ast.Return) and isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            return self._returned(function, module, kind)
        lost = isinstance(function, ast.AsyncFunctionDef) and kind in ("coroutine", "several")
        return "it is yielded without being awaited" if lost else ""

    def _lambda(self, node: ast.Lambda, module: Module) -> str:
        """A lambda gives the coroutine to its caller; a sort key or a filter does not await it."""
        parents = self.fates.project.scopes(module).parents
        above = parents[node]
        call = parents[above] if isinstance(above, ast.keyword) else above
        name = (dotted_name(call.func) or "").rpartition(".")[2] if isinstance(call, ast.Call) else ""
        return f"{name}() calls the lambda and does not await what it gives" if name in _CALL_BACK else ""

    def _returned(self, function: ast.FunctionDef | ast.AsyncFunctionDef, module: Module, kind: Kind) -> str:
        if (
            kind in ("generator", "context", "either")
            or {_last(one) for one in named_in(function.returns)} & _PASSED_ON
        ):
            return ""
        edges = self.fates.project.callgraph.calls_to.get(function, ())
        if isinstance(function, ast.AsyncFunctionDef):
            otherwise = "it is returned without being awaited, so who awaits the function gets a coroutine"
            return "" if any(self._twice(edge, kind) for edge in edges) else otherwise
        if function in self._answers or any(_last_part(edge.given_to) in _INJECTORS for edge in edges):
            return "FastAPI does not await what a plain function returns"
        if self.fates.strict:
            return "it is returned"
        if kind != "several":
            return ""  # each call of the function gives a coroutine, and is looked at by itself
        return self._callers([edge for edge in edges if edge.kind == "call"], kind)

    def _callers(self, edges: list[Edge], kind: Kind) -> str:
        calls = [(edge.site, edge.caller.module) for edge in edges if isinstance(edge.site, ast.Call)]
        fates = [self.fates.of(site, module, kind) for site, module in calls]
        return "" if not fates or "" in fates else fates[0]

    def _twice(self, edge: Edge, kind: Kind) -> bool:
        """Whether a caller awaits what it gets by awaiting."""
        module = edge.caller.module
        above = self.fates.project.scopes(module).parents.get(edge.site)
        sure = edge.kind == "call" and edge.tier > Tier.BY_NAME
        if not sure or not isinstance(above, ast.Await):
            return False
        with self.fates.strictly():  # hardly anybody does it on purpose
            return not self.fates.of(above, module, kind)

    @cached_property
    def _answers(self) -> frozenset[ast.AST]:
        return frozenset(route.function for route in routes(self.fates.project))


def _last(node: ast.expr) -> str:
    return _last_part(dotted_name(node) or "")


def _last_part(name: str) -> str:
    return name.rpartition(".")[2]
