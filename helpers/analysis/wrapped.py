"""Which parameters of the functions that a decorator wraps the parameters of its wrapper stand for."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from helpers.analysis.symbols import Definition, Module

if TYPE_CHECKING:
    from helpers.analysis.decorators import Decorated
    from helpers.analysis.project import Project

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
Parameter = tuple[Module, ast.arg]


def wrapped_arguments(project: Project, wrapper: FunctionNode, argument: ast.arg) -> Iterator[Parameter]:
    """For a parameter of a wrapper, those in its place of all that it wraps; nothing where one has none there."""
    positional = _own(wrapper)
    if argument in positional:
        yield from _all_at(project, wrapper, positional.index(argument), argument.arg)
    elif argument in wrapper.args.kwonlyargs:
        yield from _all_at(project, wrapper, None, argument.arg)


def spread_arguments(project: Project, node: ast.Call | ast.Subscript, module: Module) -> Iterator[Parameter]:
    """`kwargs["db"]`, `kwargs.get("db")` and `args[0]` of a wrapper: the parameters of what it wraps."""
    value: ast.expr
    if isinstance(node, ast.Subscript):
        value, key = node.value, node.slice
    elif isinstance(node.func, ast.Attribute) and node.args:
        value, key = node.func.value, node.args[0]
    else:
        return
    if not (isinstance(value, ast.Name) and isinstance(key, ast.Constant)):
        return
    for binding in project.scopes(module).lookup(value.id, value):
        wrapper = project.scopes(module).parents.get(project.scopes(module).parents.get(binding.node, binding.node))
        if not isinstance(wrapper, FunctionNode):
            return
        if binding.node is wrapper.args.kwarg and isinstance(key.value, str):
            yield from _all_at(project, wrapper, None, key.value)
        elif binding.node is wrapper.args.vararg and type(key.value) is int and key.value >= 0:
            yield from _all_at(project, wrapper, len(_own(wrapper)) + key.value, "")


def wrapped_owners(project: Project, node: ast.expr, module: Module) -> tuple[Definition, ...]:
    """The classes of all methods that a wrapper wraps, for the name of its first parameter."""
    if not isinstance(node, ast.Name):
        return ()
    for binding in project.scopes(module).lookup(node.id, node):
        wrapper = project.scopes(module).parents.get(project.scopes(module).parents.get(binding.node, binding.node))
        wrapped = project.decorators.wrapped.get(wrapper, ()) if isinstance(wrapper, FunctionNode) else ()
        if wrapped and isinstance(wrapper, FunctionNode) and _own(wrapper)[:1] == [binding.node]:
            found = [project.class_of(one.function, one.module) for one in wrapped]
            return tuple(one for one in found if one) if all(found) else ()
    return ()


def _all_at(project: Project, wrapper: FunctionNode, index: int | None, name: str) -> Iterator[Parameter]:
    found = [_at(one, index, name) for one in project.decorators.wrapped.get(wrapper, ())]
    if all(one is not None for one in found):
        yield from (one for one in found if one is not None)


def _at(one: Decorated, index: int | None, name: str) -> Parameter | None:
    positional = [*one.function.args.posonlyargs, *one.function.args.args]
    if index is not None:
        return (one.module, positional[index]) if index < len(positional) else None
    named = [argument for argument in [*positional, *one.function.args.kwonlyargs] if argument.arg == name]
    return (one.module, named[0]) if named else None


def _own(wrapper: FunctionNode) -> list[ast.arg]:
    """The positional parameters of a wrapper; `self` of a class that is called is not among what it passes on."""
    positional = [*wrapper.args.posonlyargs, *wrapper.args.args]
    return positional[1:] if wrapper.name == "__call__" else positional
