"""What objects are made by, as far as the places tell that give them a name, an attribute or a type."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from helpers.analysis.symbols import Definition, Module, dotted_name

if TYPE_CHECKING:
    from helpers.analysis.project import Project


def makers(project: Project, node: ast.expr, module: Module) -> Iterator[str]:
    """The dotted names from outside of what an expression may be made by; empty texts for the project's own."""
    for value, where in _values(project, node, module):
        yield project.meanings.external(value.func if isinstance(value, ast.Call) else value, where)


def _values(project: Project, node: ast.expr, module: Module) -> Iterable[tuple[ast.expr, Module]]:
    if isinstance(node, ast.Call):
        return [(node, module)]
    found = project.resolve(module, dotted_name(node) or "", node)
    if isinstance(found, Definition) and isinstance(found.node, ast.expr):
        return [(found.node, found.module)]
    if isinstance(node, ast.Attribute):
        return [(one.value, one.module) for one in project.assigned(node, module) if one.value is not None]
    bindings = project.scopes(module).lookup(node.id, node) if isinstance(node, ast.Name) else ()
    given = [one.node.annotation if isinstance(one.node, ast.arg) else one.value for one in bindings]
    return [(one, module) for one in given if one is not None]
