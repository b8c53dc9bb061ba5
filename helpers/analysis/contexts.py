"""What a resolver finds in `info.context`: the class that Strawberry's `Info[Context, ...]` names."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from helpers.analysis.meaning import subscripted
from helpers.analysis.symbols import Definition, External, Module, dotted_name

if TYPE_CHECKING:
    from helpers.analysis.project import Project

_DEEPEST = 5  # aliases of aliases


def context_of(project: Project, node: ast.Attribute, module: Module) -> tuple[ast.expr, Module] | None:
    """The annotation of the context, with its module, for `info.context`; None for anything else."""
    if node.attr != "context" or not isinstance(node.value, ast.Name):
        return None
    bindings = project.scopes(module).lookup(node.value.id, node.value)
    arguments = [one.node for one in bindings if isinstance(one.node, ast.arg)]
    if len(bindings) != 1 or not arguments or arguments[0].annotation is None:
        return None
    return _of_info(project, arguments[0].annotation, module)


def _of_info(project: Project, annotation: ast.expr, module: Module, depth: int = 0) -> tuple[ast.expr, Module] | None:
    for part in subscripted(annotation):
        plain = part.value if isinstance(part, ast.Subscript) else part
        found = project.symbols.resolve(module, dotted_name(plain) or "")
        if isinstance(found, Definition) and isinstance(found.node, ast.expr) and depth < _DEEPEST:
            return _of_info(project, found.node, found.module, depth + 1)
        told = isinstance(found, External) and found.name.startswith("strawberry.") and found.name.endswith(".Info")
        if told and isinstance(part, ast.Subscript):
            return part.slice.elts[0] if isinstance(part.slice, ast.Tuple) else part.slice, module
    return None
