"""Reads the eager options that code gives already: which relationships a query, a call or a refresh loads."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from helpers.analysis.declarations import called

Names = tuple[str, ...]
LOADERS = frozenset(
    {"joinedload", "selectinload", "subqueryload", "immediateload", "contains_eager", "undefer", "defaultload"}
    | {"lazyload", "noload", "raiseload", "selectin_polymorphic", "joinedload_all", "subqueryload_all"}
)


def loaded_by(options: list[ast.expr]) -> Iterator[Names]:
    """The paths of attribute names that loader options decide on, each from the loaded class on."""
    for option in options:
        if isinstance(option, ast.List | ast.Tuple):
            yield from loaded_by(option.elts)
        elif isinstance(option, ast.Call):
            yield from _option(option)[1]


def names_loaders(node: ast.AST) -> bool:
    """Whether an expression holds loader options."""
    return any(called(part) in LOADERS for part in ast.walk(node) if isinstance(part, ast.Call))


def _option(call: ast.Call) -> tuple[Names, list[Names]]:
    """Where a chain of loaders ends, and every path on the way there."""
    inner = call.func.value if isinstance(call.func, ast.Attribute) else None
    start, found = _option(inner) if isinstance(inner, ast.Call) else ((), [])
    name = called(call)
    if name == "options":
        return start, [*found, *((*start, *path) for path in loaded_by(call.args))]
    if name not in LOADERS:
        return start, found
    if name == "selectin_polymorphic":
        found += [(*start, subclass(ast.unparse(part))) for part in _classes(call)]
        return start, found
    for argument in call.args:
        if attribute := _attribute(argument):
            start = (*start, attribute)
            found = [*found, start] if name != "defaultload" else found
    return start, found


def selected_again(node: ast.expr) -> Iterator[tuple[ast.expr, list[Names]]]:
    """The object in `db.scalars(select(X).where(X.id == x.id).options(...)).one()`, and what that loads of it."""
    calls = [part for part in ast.walk(node) if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute)]
    options = [argument for call in calls if called(call) == "options" for argument in call.args]
    paths = [*loaded_by(options)]
    for call in calls if paths else ():
        for argument in call.args if called(call) == "where" else ():
            if isinstance(argument, ast.Compare) and isinstance(argument.comparators[0], ast.Attribute):
                yield argument.comparators[0].value, paths


def subclass(name: str) -> str:
    """What stands in a path for the columns of a subclass."""
    return f"class {name.rpartition('.')[2]}"


def _classes(call: ast.Call) -> list[ast.expr]:
    """The subclasses that `selectin_polymorphic` names."""
    lists = [argument.elts for argument in call.args if isinstance(argument, ast.List | ast.Tuple)]
    return [part for elements in lists for part in elements]


def _attribute(node: ast.expr) -> str:
    """The relationship in `Book.author`, `Book.author.of_type(...)` and `"author"`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("of_type", "and_"):
        node = node.func.value
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return node.attr if isinstance(node, ast.Attribute) else ""
