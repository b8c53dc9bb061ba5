"""What a dictionary that is spread into a call, `relationship(..., **shared)`, gives to it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from helpers.analysis.declarations import called, class_value
from helpers.analysis.symbols import Module


def spread_names(spread: ast.expr, module: Module, body: ast.AST | None = None) -> frozenset[str] | None:
    """The keywords that `**spread` gives; None where that cannot be told.

    They are told for a dictionary that is written out once, in the class `body` or at the top of the module, and that
    is used for nothing but to be spread.
    """
    if not isinstance(spread, ast.Name):
        return _keys(spread)
    if not _only_spread(spread.id, module):
        return None
    scopes = [scope for scope in (body, module.tree) if scope is not None]
    bound = next((scope for scope in scopes if class_value(scope, spread.id) is not None), None)
    if bound is None or len(list(_bindings(bound, spread.id))) > 1:
        return None
    return _keys(class_value(bound, spread.id))


def _only_spread(name: str, module: Module) -> bool:
    """Whether a name is only ever spread: then nobody changes the dictionary."""
    read = [node for node in module.nodes.of(ast.Name) if node.id == name and not isinstance(node.ctx, ast.Store)]
    parents = [module.nodes.parents.get(node) for node in read]
    return all(isinstance(parent, ast.keyword) and parent.arg is None for parent in parents)


def _bindings(scope: ast.AST, name: str) -> Iterator[ast.stmt]:
    """The statements of a body that bind a name, those inside its blocks included."""
    for statement in getattr(scope, "body", ()):
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(statement) if _stored(node)):
            yield statement


def _stored(node: ast.AST) -> bool:
    return isinstance(getattr(node, "ctx", None), ast.Store)


def _keys(value: ast.AST | None) -> frozenset[str] | None:
    names: list[object] = []
    if isinstance(value, ast.Dict):
        names = [getattr(key, "value", None) for key in value.keys]
    elif isinstance(value, ast.Call) and called(value) == "dict" and not value.args:
        names = [keyword.arg for keyword in value.keywords]
    else:
        return None
    found = frozenset(name for name in names if isinstance(name, str))
    return found if len(found) == len(set(names)) and None not in names else None
