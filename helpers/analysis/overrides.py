"""What an application calls in place of its dependencies: `app.dependency_overrides` of FastAPI."""

from __future__ import annotations

import ast
from collections.abc import Mapping


def overriding(site: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> str:
    """`key` or `value` for a side of `app.dependency_overrides[get_db] = value`, also in a dict; else empty."""
    above = parents.get(site)
    if isinstance(above, ast.Subscript):
        return "key" if _is_overrides(above.value) else ""
    if isinstance(above, ast.Assign) and isinstance(above.targets[0], ast.Subscript):
        return "value" if _is_overrides(above.targets[0].value) else ""
    if not isinstance(above, ast.Dict):
        return ""
    side = "value" if site in above.values else "key"
    around = parents.get(above)
    if isinstance(around, ast.Call) and isinstance(around.func, ast.Attribute) and around.func.attr == "update":
        return side if _is_overrides(around.func.value) else ""
    return side if isinstance(around, ast.Assign) and _is_overrides(around.targets[0]) else ""


def _is_overrides(node: ast.AST) -> bool:
    return getattr(node, "attr", "") == "dependency_overrides"
