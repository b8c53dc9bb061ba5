"""Whether the rows of Query and of select() are read by the same names."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from helpers.analysis.project import Project
from helpers.analysis.symbols import Module
from helpers.patterns.legacy_query.outcome import Ending
from helpers.patterns.legacy_query.refusal import Refused
from helpers.patterns.legacy_query.shape import Shape

_ROW_NAMES = frozenset({"_asdict", "_mapping", "_fields"})


def check_names(ending: Ending, shape: Shape, node: ast.expr) -> None:
    """Refused where a row's names differ, unless the rows are only taken apart by position."""
    clash = shape.clash()
    if clash and not by_position(ending.project, ending.module, node):
        raise Refused(
            f"two columns of the rows are named {clash}: Query gives the last, select() the first; label them"
        )
    if not shape.unnamed:
        return
    function = ending.project.scopes(ending.module).function(ending.chain.node) or ending.module.tree
    if any(isinstance(part, ast.Attribute) and part.attr in _ROW_NAMES for part in ast.walk(function)):
        raise Refused("the rows are read by name and a column has none in Query: label it")


def by_position(project: Project, module: Module, node: ast.AST) -> bool:
    """Whether the rows that `node` gives are unpacked, here or wherever the only name that holds them is used."""
    parents = project.scopes(module).parents
    parent = parents.get(node)
    if isinstance(parent, ast.Attribute):
        return False  # a method of the result: anything
    match parent:
        case ast.For(target=ast.Tuple() | ast.List() as target, iter=iterable) if iterable is node:
            return _flat(target)
        case ast.comprehension(target=ast.Tuple() | ast.List() as target, iter=iterable) if iterable is node:
            return _flat(target)
        case ast.Call(func=ast.Name(id="dict"), args=[only]):
            return only is node
        case ast.Assign(targets=[ast.Tuple() | ast.List() as target]):
            return _flat(target)
        case ast.Assign(targets=[ast.Name(id=name)]):
            return _uses_unpack(project, module, name, parent)
    return False


def _flat(target: ast.Tuple | ast.List) -> bool:
    return all(isinstance(item, ast.Name) for item in target.elts)


def _uses_unpack(project: Project, module: Module, name: str, assigned: ast.Assign) -> bool:
    function = project.scopes(module).function(assigned)
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    bindings = project.scopes(module).bindings(function).get(name, ())
    inner = [item for item in ast.walk(function) if isinstance(item, ast.Global | ast.Nonlocal)]
    if len(bindings) != 1 or inner:
        return False
    return all(by_position(project, module, use) or _counted(project, module, use) for use in _uses(function, name))


def _uses(function: ast.AST, name: str) -> Iterator[ast.Name]:
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load):
            yield node


def _counted(project: Project, module: Module, use: ast.Name) -> bool:
    """`len(rows)`, `if rows` and `not rows` do not look into rows."""
    parent = project.scopes(module).parents.get(use)
    if isinstance(parent, ast.Call):
        return isinstance(parent.func, ast.Name) and parent.func.id in ("len", "bool") and parent.args == [use]
    return isinstance(parent, ast.If | ast.UnaryOp) and (not isinstance(parent, ast.If) or parent.test is use)
