"""Which class a name is an instance of where the code has asked: below `if isinstance(store, SQLiteStore):`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from helpers.analysis.symbols import Definition, Module, dotted_name

if TYPE_CHECKING:
    from helpers.analysis.project import Project


def narrowed(project: Project, name: ast.Name, module: Module) -> Definition | None:
    """The project's class that a condition around `name` proves it to be an instance of; None where there is none."""
    scopes = project.scopes(module)
    child: ast.AST = name
    for above in scopes.ancestors(name):
        if isinstance(above, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            return None
        test = _test(above, child)
        if test is not None and (found := _asked(project, test, name, module)):
            inside = set(ast.walk(above))
            bound_there = any(one.node in inside for one in scopes.lookup(name.id, name))
            return None if bound_there else found
        child = above
    return None


def _test(above: ast.AST, child: ast.AST) -> ast.expr | None:
    """The condition that holds in the part `child` of `above`."""
    if isinstance(above, ast.If) and child in above.body:
        return above.test
    if isinstance(above, ast.IfExp) and child is above.body:
        return above.test
    if isinstance(above, ast.BoolOp) and isinstance(above.op, ast.And) and child in above.values[1:]:
        return ast.BoolOp(ast.And(), above.values[: above.values.index(child)])
    return None


def _asked(project: Project, test: ast.expr, name: ast.Name, module: Module) -> Definition | None:
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        found = (_asked(project, one, name, module) for one in test.values)
        return next((one for one in found if one), None)
    if not (isinstance(test, ast.Call) and isinstance(test.func, ast.Name) and test.func.id == "isinstance"):
        return None
    if len(test.args) != 2 or not (isinstance(test.args[0], ast.Name) and test.args[0].id == name.id):
        return None
    resolved = project.resolve(module, dotted_name(test.args[1]) or "", test.args[1])
    return resolved if isinstance(resolved, Definition) and isinstance(resolved.node, ast.ClassDef) else None
