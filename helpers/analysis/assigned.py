"""What a class gives to its attributes: in its body, and in its methods on `self` and `cls`."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from helpers.analysis.symbols import Definition, Module


@dataclass(frozen=True, eq=False)
class Assigned:
    """A value given to an attribute, or an annotation of it, in `module`."""

    value: ast.expr | None
    annotation: ast.expr | None
    module: Module


def assigned_in(owner: Definition) -> Mapping[str, tuple[Assigned, ...]]:
    """What a class body, and what its methods on `self` and `cls`, assign to each attribute."""
    found: dict[str, list[Assigned]] = {}
    body = getattr(owner.node, "body", [])
    for node in ast.walk(owner.node):
        if not isinstance(node, ast.Assign | ast.AnnAssign):
            continue
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            if name := _attribute_name(target, in_body=node in body):
                annotation = node.annotation if isinstance(node, ast.AnnAssign) else None
                found.setdefault(name, []).append(Assigned(node.value, annotation, owner.module))
    return {name: tuple(given) for name, given in found.items()}


def _attribute_name(target: ast.expr, *, in_body: bool) -> str | None:
    if isinstance(target, ast.Name):
        return target.id if in_body else None
    on_self = isinstance(target, ast.Attribute) and getattr(target.value, "id", "") in ("self", "cls")
    return target.attr if on_self and isinstance(target, ast.Attribute) else None
