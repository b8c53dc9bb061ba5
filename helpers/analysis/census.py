"""Counts what a migration will meet in an application: routes, session calls, Query chains, and routes that block."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from helpers.analysis.project import Project
from helpers.analysis.symbols import Module

METHODS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "trace", "api_route", "websocket"})


@dataclass(frozen=True)
class Route:
    """A function that answers requests; `blocks` when it is `async def` and a session works in it without an await."""

    path: str
    line: int
    symbol: str
    asynchronous: bool
    blocks: bool


@dataclass(frozen=True)
class Census:
    """What stands in the code: `calls` counts the methods called on a session, by name."""

    files: int
    lines: int
    routes: tuple[Route, ...]
    calls: Mapping[str, int]

    @property
    def session_calls(self) -> int:
        """Every call of a method on a session."""
        return sum(self.calls.values())

    @property
    def blocking(self) -> tuple[Route, ...]:
        """The routes that hold up the event loop while the database works."""
        return tuple(route for route in self.routes if route.blocks)


def census(project: Project) -> Census:
    """Count over every readable file of `project`; the session's tiers of trust are not told apart."""
    modules = list(project.symbols.modules.values())
    routes = [route for module in modules for route in _routes(project, module)]
    calls = Counter(name for module in modules for name in _session_calls(project, module))
    lines = sum(source.text.count("\n") for source in project.sources.values())
    return Census(len(project.sources), lines, tuple(sorted(routes, key=lambda x: (x.path, x.line))), dict(calls))


def _routes(project: Project, module: Module) -> Iterator[Route]:
    functions: list[ast.FunctionDef | ast.AsyncFunctionDef] = [*module.nodes.of(ast.FunctionDef)]
    for node in [*functions, *module.nodes.of(ast.AsyncFunctionDef)]:
        if any(map(_is_route, node.decorator_list)):
            asynchronous = isinstance(node, ast.AsyncFunctionDef)
            blocks = asynchronous and any(_touches(project, module, call) for call in _unawaited(node))
            yield Route(module.path, node.lineno, node.name, asynchronous, blocks)


def _is_route(decorator: ast.expr) -> bool:
    """`@router.get("/path", ...)`: a method of HTTP, called with a path."""
    return (
        isinstance(decorator, ast.Call)
        and isinstance(decorator.func, ast.Attribute)
        and decorator.func.attr in METHODS
        and bool(decorator.args)
        and isinstance(decorator.args[0], ast.Constant)
        and isinstance(decorator.args[0].value, str)
    )


def _unawaited(function: ast.AST) -> Iterator[ast.Call]:
    awaited = {id(node.value) for node in ast.walk(function) if isinstance(node, ast.Await)}
    return (node for node in ast.walk(function) if isinstance(node, ast.Call) and id(node) not in awaited)


def _touches(project: Project, module: Module, call: ast.Call) -> bool:
    """Whether the call is one of a session's methods, or is given a session."""
    receiver = [call.func.value] if isinstance(call.func, ast.Attribute) else []
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    return any(project.sessions.tier(item, module) is not None for item in [*receiver, *given])


def _session_calls(project: Project, module: Module) -> Iterator[str]:
    methods = (node.func for node in module.nodes.of(ast.Call) if isinstance(node.func, ast.Attribute))
    return (method.attr for method in methods if project.sessions.tier(method.value, module) is not None)
