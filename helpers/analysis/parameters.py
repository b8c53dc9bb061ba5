"""Where a parameter's value comes from: its default, FastAPI's Depends, and what the calls of the project pass."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from helpers.analysis.symbols import Definition, External, Module, dotted_name

if TYPE_CHECKING:
    from helpers.analysis.project import Project

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
Passed = tuple[Module, ast.expr]
Calls = tuple[tuple[Module, ast.Call], ...]


def default_of(function: FunctionNode, argument: ast.arg) -> ast.expr | None:
    """The default of a parameter, or None."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    pairs = [
        *zip(reversed(positional), reversed(arguments.defaults), strict=False),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    return next((default for one, default in pairs if one is argument), None)


def dependency(default: ast.expr | None) -> ast.expr | None:
    """What FastAPI calls for a default of `Depends(fn)`; None for any other default."""
    if not (isinstance(default, ast.Call) and _last(default.func) in ("Depends", "Security")):
        return None
    named = (keyword.value for keyword in default.keywords if keyword.arg == "dependency")
    return default.args[0] if default.args else next(named, None)


def passed_to(project: Project, function: FunctionNode, argument: ast.arg, module: Module) -> Iterator[Passed]:
    """What every call of a function that the project makes passes for one parameter.

    Calls are matched by name, those that surely mean another function of that name left out. A constructor is called by
    the name of its class, by those of the subclasses that inherit it, and by `super()`.
    """
    positional = [*function.args.posonlyargs, *function.args.args]
    bound = bool(positional) and positional[0].arg in ("self", "cls")
    index = positional.index(argument) - bound if argument in positional else None
    for where, call in project.calls_of(function, module):
        value = _passed(call, argument.arg, index)
        if value is not None:
            yield where, value
    for where, call in project.calls.get("partial", ()):
        if call.args and _last(call.args[0]) == function.name:
            value = _passed(call, argument.arg, None if index is None else index + 1)
            if value is not None:
                yield where, value


def calls_of(project: Project, function: FunctionNode, module: Module) -> Iterator[tuple[Module, ast.Call]]:
    """The calls that may mean a function, each with the module that it stands in."""
    owner = project.class_of(function, module) if function.name == "__init__" else None
    if owner is None:
        found = project.calls.get(function.name, ())
        yield from ((where, call) for where, call in found if not _means_another(project, where, call, function))
        return
    seen: set[ast.AST] = set()
    queue = [owner]
    while queue:
        one = queue.pop()
        if one.node in seen:
            continue
        seen.add(one.node)
        if one is not owner and _has_constructor(one):
            yield from _super_calls(project, one)
            continue
        yield from project.calls.get(one.name, ())
        queue += project.subclasses.get(one.node, ())


def _means_another(project: Project, module: Module, call: ast.Call, function: FunctionNode) -> bool:
    """Whether the called name is that of another function or class, by the imports of the module that calls."""
    found = project.resolve(module, dotted_name(call.func) or "", call.func)
    if isinstance(found, External) or _is_value(project, module, call.func):
        return True
    if isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") in ("self", "cls"):
        return _is_of_another_class(project, module, call, function)
    defines = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return isinstance(found, Definition) and isinstance(found.node, defines) and found.node is not function


def _is_of_another_class(project: Project, module: Module, call: ast.Call, function: FunctionNode) -> bool:
    """Whether the class around a call on `self` has a method of that name, and `function` is none of them."""
    owner = project.class_of(call, module)
    own = [item for one in project.bases(owner) for item in getattr(one.node, "body", ())] if owner else []
    same_name = [item for item in own if isinstance(item, FunctionNode) and item.name == function.name]
    if not same_name or function in same_name or owner is None:
        return False
    return not any(function in getattr(one.node, "body", ()) for one in project.below(owner))


def _is_value(project: Project, module: Module, name: ast.expr) -> bool:
    """Whether a name is a variable that holds what another call gives, such as a `partial`."""
    bindings = project.scopes(module).lookup(name.id, name) if isinstance(name, ast.Name) else ()
    return bool(bindings) and all(isinstance(one.value, ast.Call) and one.kind == "value" for one in bindings)


def _has_constructor(found: Definition) -> bool:
    return any(
        isinstance(item, ast.FunctionDef) and item.name == "__init__" for item in getattr(found.node, "body", ())
    )


def _super_calls(project: Project, found: Definition) -> Iterator[tuple[Module, ast.Call]]:
    for module, call in project.calls.get("__init__", ()):
        if module is found.module and isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Call):
            owner = project.class_of(call, module)
            if owner and owner.node is found.node and _last(call.func.value.func) == "super":
                yield module, call


def _passed(call: ast.Call, name: str, index: int | None) -> ast.expr | None:
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    if index is None or any(isinstance(item, ast.Starred) for item in call.args[: index + 1]):
        return None
    return call.args[index] if 0 <= index < len(call.args) else None


def _last(node: ast.expr) -> str:
    return (dotted_name(node) or "").rpartition(".")[2]
