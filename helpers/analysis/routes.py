"""The routes of a FastAPI application: which function answers, and which schema its answer is read into."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from helpers.analysis.parameters import FunctionNode
from helpers.analysis.symbols import Module

if TYPE_CHECKING:
    from helpers.analysis.project import Project

METHODS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "trace", "api_route"})


@dataclass(frozen=True, eq=False)
class Route:
    """A function that answers requests; `model` is the annotation that its answer is read into, None for none."""

    function: FunctionNode
    module: Module
    method: str
    model: ast.expr | None


def routes(project: Project) -> Iterator[Route]:
    """Every function that a decorator makes a route, in the order of the files."""
    for module in project.symbols.modules.values():
        functions: list[FunctionNode] = [*module.nodes.of(ast.FunctionDef), *module.nodes.of(ast.AsyncFunctionDef)]
        for node in functions:
            for decorator in node.decorator_list:
                if route := _route(node, decorator, module):
                    yield route


def _route(function: FunctionNode, decorator: ast.expr, module: Module) -> Route | None:
    if not (isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Attribute)):
        return None
    given = {keyword.arg: keyword.value for keyword in decorator.keywords}
    path = decorator.args[0] if decorator.args else given.get("path")
    text = isinstance(path, ast.Constant) and isinstance(path.value, str)
    known = text or isinstance(path, ast.JoinedStr | ast.Name | ast.Attribute | ast.BinOp)
    if decorator.func.attr not in METHODS or not known:
        return None
    model = given.get("response_model", function.returns)
    nothing = isinstance(model, ast.Constant) and model.value is None
    return Route(function, module, decorator.func.attr, None if nothing else model)
