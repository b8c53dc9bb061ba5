"""What an asynchronous session does not do in passing, or not at all: a function that needs it is left."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import lru_cache

from helpers.analysis.members import FunctionNode
from helpers.analysis.project import Project
from helpers.analysis.symbols import Module
from helpers.codemod import registry
from helpers.codemod.flip import streams
from helpers.codemod.flip.unthreaded import Unthreaded
from helpers.model import Finding, Stage


def earlier(project: Project, unit: ast.stmt, module: Module) -> Iterator[tuple[ast.AST, str]]:
    """What the stages before this one still find in a function, or in a statement of a module's own code."""
    for finding in _earlier(project.without_ends).get(module.path, ()):
        inside = unit.lineno <= finding.line <= (unit.end_lineno or unit.lineno)
        if inside and not Unthreaded(project).answers((finding.code, finding.line, finding.column), module):
            yield unit, f"{finding.code} at {finding.place} comes first: {finding.message}"


def reasons(function: FunctionNode) -> Iterator[tuple[ast.AST, str]]:
    """Each place of a function that would not do the same on an asynchronous session, with the reason."""
    followed = streams.followed(function)
    for node in ast.walk(function):
        if streams.marks(node) and node not in followed:
            yield (
                node,
                "it reads its rows in portions, which an asynchronous session does with stream(): rewrite it by hand",
            )
    updated = next((node for node in ast.walk(function) if _computed(node)), None)
    if updated is not None:
        yield updated, "what an UPDATE computes in the database expires loaded objects: refresh them by hand"


@lru_cache(maxsize=1)
def _earlier(project: Project) -> Mapping[str, list[Finding]]:
    """What the patterns of the stages before this one still find, by file."""
    found: dict[str, list[Finding]] = {}
    for pattern in registry.all_patterns():
        if Stage.QUERY <= pattern.STAGE < Stage.FLIP:
            for finding in pattern().find(project):
                found.setdefault(finding.path, []).append(finding)
    return found


def _computed(node: ast.AST) -> bool:
    """`update(...).values(...)` with a function of the database among the values."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "values"):
        return False
    below = [part for value in [*node.args, *node.keywords] for part in ast.walk(value)]
    return any(
        isinstance(part, ast.Attribute) and getattr(part.value, "id", "") in ("func", "sa_func") for part in below
    )
