"""Which functions may run while an event loop does: those that a request reaches, and those that an import runs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from helpers.analysis.fixtures import is_test
from helpers.analysis.members import FunctionNode
from helpers.analysis.routes import METHODS
from helpers.analysis.symbols import Module, dotted_name

if TYPE_CHECKING:
    from helpers.analysis.callgraph import Edge
    from helpers.analysis.project import Project

_SERVED = METHODS | {"websocket", "exception_handler", "on_event", "middleware", "websocket_route", "field", "mutation"}
_INJECTED = frozenset({"Depends", "Security"})


@dataclass(frozen=True, eq=False)
class Reach:
    """Answers for one project."""

    project: Project

    @cached_property
    def served(self) -> frozenset[ast.AST]:
        """Every function that may run while a loop does."""
        found: set[ast.AST] = set()
        queue = list(self._starts())
        while queue:
            node = queue.pop()
            if node not in found:
                found.add(node)
                queue += [edge.callee.node for edge in self._runs(node)]
                queue += self._wrappers.get(node, ())
        return frozenset(found)

    def _runs(self, node: ast.AST) -> Iterator[Edge]:
        """What a function may run; a task that it names is run by its queue."""
        for edge in self.project.callgraph.calls_from.get(node, ()):
            if edge.kind != "reference" or edge.callee.node not in self.project.queued.tasks:
                yield edge

    @cached_property
    def entries(self) -> frozenset[ast.AST]:
        """The functions that a decorator of the framework makes an answer to something."""
        functions = self.project.callgraph.functions.items()
        return frozenset(
            node
            for node, function in functions
            if isinstance(node, FunctionNode) and _is_served(node) and not is_test(node, function.module)
        )  # `@mock.patch` makes no answer of a test

    @cached_property
    def injected(self) -> frozenset[ast.AST]:
        """The functions that FastAPI calls for parameters."""
        edges = self.project.callgraph.edges
        return frozenset(
            edge.callee.node
            for edge in edges
            if edge.kind == "reference" and edge.given_to.rpartition(".")[2] in _INJECTED
        )

    @cached_property
    def _wrappers(self) -> dict[ast.AST, list[ast.AST]]:
        """Function to what decorators of the project run in its place."""
        found: dict[ast.AST, list[ast.AST]] = {}
        for wrapper, wrapped in self.project.decorators.wrapped.items():
            for one in wrapped:
                found.setdefault(one.function, []).append(wrapper)
        return found

    def _starts(self) -> Iterator[ast.AST]:
        yield from self.entries
        yield from self.injected
        for node, function in self.project.callgraph.functions.items():
            if isinstance(node, ast.AsyncFunctionDef):
                yield node
            elif isinstance(node, ast.Module):
                yield from self._imported(node, function.module)

    def _imported(self, tree: ast.Module, module: Module) -> Iterator[ast.AST]:
        """What runs, or is handed on, while a module is imported; a program's own start is not."""
        for edge in self.project.callgraph.calls_from.get(tree, ()):
            above = list(self.project.scopes(module).ancestors(edge.site))
            if not any(isinstance(one, ast.If) and _is_start(one) for one in above):
                yield edge.callee.node

    def may_run(self, caller: ast.AST) -> bool:
        """Whether a function can start a loop of its own: no loop runs where it does.

        Who runs a method such as `__call__` is not in sight.
        """
        return isinstance(caller, ast.FunctionDef) and not caller.name.startswith("__") and caller not in self.served

    def is_test(self, node: ast.AST) -> bool:
        """Whether it is a test."""
        function = self.project.callgraph.functions[node]
        return isinstance(node, FunctionNode) and is_test(node, function.module)


def _is_served(function: FunctionNode) -> bool:
    makers = (item.func if isinstance(item, ast.Call) else item for item in function.decorator_list)
    return any(
        isinstance(maker, ast.Attribute) and (dotted_name(maker) or "").rpartition(".")[2] in _SERVED
        for maker in makers
    )


def _is_start(block: ast.If) -> bool:
    return any(isinstance(node, ast.Name) and node.id == "__name__" for node in ast.walk(block.test))
