"""Decorators that make commands: Click and Typer call what they decorate, and change nothing of it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from helpers.analysis.symbols import Definition, Module, dotted_name

if TYPE_CHECKING:
    from helpers.analysis.project import Project

_LIBRARIES = ("click.", "typer.", "rich_click.")
_REGISTERS = frozenset({"command", "callback", "group"})
_DEEPEST = 3


def is_command(project: Project, decorator: ast.expr, module: Module, depth: int = 0) -> bool:
    """Whether a decorator is Click's or Typer's, or registers a function with a group or an application of theirs."""
    maker = decorator.func if isinstance(decorator, ast.Call) else decorator
    if project.meanings.external(maker, module).startswith(_LIBRARIES):
        return True
    if not (isinstance(maker, ast.Attribute) and maker.attr in _REGISTERS) or depth > _DEEPEST:
        return False
    found = project.resolve(module, dotted_name(maker.value) or "", maker)
    if not isinstance(found, Definition):
        return False
    if isinstance(found.node, ast.Call):
        return project.meanings.external(found.node.func, found.module).startswith(_LIBRARIES)
    above = getattr(found.node, "decorator_list", ())
    return any(is_command(project, one, found.module, depth + 1) for one in above)
