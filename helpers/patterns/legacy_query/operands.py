"""Where a query stands as it is inside another statement, and nothing but its columns' order counts."""

from __future__ import annotations

import ast

from helpers.analysis.meaning import Selectable
from helpers.analysis.project import Project
from helpers.analysis.symbols import Module
from helpers.patterns.legacy_query.methods.sets import SETS, is_query
from helpers.patterns.legacy_query.shape import single_value


def member_of(project: Project, module: Module, node: ast.expr) -> bool:
    """Whether `node` is an argument of `cte.union_all(...)` or of `insert(...).from_select(columns, ...)`."""
    parent = project.scopes(module).parents.get(node)
    if not isinstance(parent, ast.Call) or not isinstance(parent.func, ast.Attribute) or node not in parent.args:
        return False
    if in_set(project, module, node):
        return True
    if parent.func.attr == "from_select":
        return parent.args.index(node) == 1
    return parent.func.attr in ("union", "union_all") and _is_cte(project, module, parent.func.value)


def in_set(project: Project, module: Module, node: ast.expr) -> bool:
    """Whether `node` is an operand of another query's `union(...)` or its like."""
    parent = project.scopes(module).parents.get(node)
    if not isinstance(parent, ast.Call) or not isinstance(parent.func, ast.Attribute) or node not in parent.args:
        return False
    return parent.func.attr in SETS and is_query(parent.func.value)


def _is_cte(project: Project, module: Module, node: ast.expr, depth: int = 0) -> bool:
    if isinstance(project.meanings.of(node, module), Selectable):
        return True
    if isinstance(node, ast.Name) and depth < 4:
        found = single_value(project, module, node)
        return found is not None and _is_cte(project, found[0], found[1], depth + 1)
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "cte"
