"""Functions and classes that are handed over as values: to whom, and those that FastAPI finds in an annotation."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from helpers.analysis.call_targets import Target
from helpers.analysis.parameters import FunctionNode, default_of
from helpers.analysis.symbols import Module, dotted_name

if TYPE_CHECKING:
    from helpers.analysis.project import Project

_INJECTORS = frozenset({"Depends", "Security"})
_MAPPING = frozenset({"map", "filter"})
_APPLYING = frozenset({"sorted", "max", "min"}) | _MAPPING
_PASSED_ON = (ast.keyword, ast.Starred, ast.List, ast.Tuple, ast.Dict, ast.IfExp)


def handed_to(project: Project, node: ast.expr, module: Module) -> str:
    """The dotted name of the call that gets `node` as an argument, lists, dicts and `partial` around it left out.

    A decorator is handed what it decorates; that has no place in the text and is no question here.
    """
    child: ast.AST = node
    for parent in project.scopes(module).ancestors(node):
        if isinstance(parent, ast.Call) and child is not parent.func:
            name = dotted_name(parent.func) or ""
            if name.rpartition(".")[2] != "partial":
                return name
        elif not isinstance(parent, _PASSED_ON):
            return ""
        child = parent
    return ""


def applied(project: Project, call: ast.Call, module: Module) -> tuple[FunctionNode, ...]:
    """The functions of the project that `sorted`, `max` and `min` call as their key, and `map` for each item."""
    if not isinstance(call.func, ast.Name) or call.func.id not in _APPLYING:
        return ()
    given = (
        call.args[0]
        if call.args and call.func.id in _MAPPING
        else next((k.value for k in call.keywords if k.arg == "key"), None)
    )
    if given is None or isinstance(given, ast.Lambda):
        return ()
    return project.function_values.of(given, module) or project.callgraph.targets.functions(given, module)


def injected_classes(project: Project, call: ast.Call, module: Module) -> Iterator[Target]:
    """The constructors that FastAPI runs for `Depends()` without an argument: of the class in the annotation."""
    if (dotted_name(call.func) or "").rpartition(".")[2] not in _INJECTORS or call.args or call.keywords:
        return
    annotation = _annotated(project, call, module)
    if annotation is not None:
        targets = project.callgraph.targets
        yield from targets.called(ast.copy_location(ast.Call(annotation, [], []), call), module)


def _annotated(project: Project, call: ast.Call, module: Module) -> ast.expr | None:
    """`C` in `Annotated[C, Depends()]` and in `x: C = Depends()`."""
    parents = project.scopes(module).parents
    above = parents.get(call)
    if isinstance(above, ast.Tuple) and isinstance(parents.get(above), ast.Subscript):
        return above.elts[0]
    function = parents.get(above) if isinstance(above, ast.arguments) else None
    if not (isinstance(above, ast.arguments) and isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)):
        return None
    every = [*above.posonlyargs, *above.args, *above.kwonlyargs]
    return next((one.annotation for one in every if default_of(function, one) is call), None)
