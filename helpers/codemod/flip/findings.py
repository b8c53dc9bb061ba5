"""The findings of one pattern's part in the flip: fixes that go together with those of the other patterns."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from helpers.analysis.project import Project
from helpers.analysis.symbols import Module
from helpers.codemod import registry
from helpers.codemod.flip.change import Outcome
from helpers.codemod.flip.plan import flip
from helpers.codemod.pattern import Pattern, fingerprint
from helpers.model import Applicability, Finding, Fix

LEFT = "sync_function"  # the pattern that tells what is left


def findings(project: Project, pattern: type[Pattern]) -> Iterator[Finding]:
    """What the flip changes by a pattern, and what it leaves because of it."""
    for outcome in flip(project):
        yield from _left(project, pattern, outcome) if outcome.obstacles else _changed(project, pattern, outcome)


def step_findings(project: Project, outcome: Outcome, group: str) -> Iterator[Finding]:
    """The changes of one step, or what holds it back, whatever patterns they belong to."""
    patterns = {pattern.NAME: pattern for pattern in registry.all_patterns()}
    for obstacle in outcome.obstacles:
        yield _finding(project, patterns[obstacle.pattern], obstacle.module, obstacle.node, obstacle.reason)  # type: ignore[arg-type]
    for change in () if outcome.obstacles else outcome.changes:
        fix = Fix(change.edits, change.adds, change.drops, group)
        yield _finding(project, patterns[change.pattern], change.module, change.node, change.message, fix)  # type: ignore[arg-type]


def _changed(project: Project, pattern: type[Pattern], outcome: Outcome) -> Iterator[Finding]:
    first = outcome.changes[0]
    group = f"flip:{first.module.path}:{first.node.lineno}:{first.node.col_offset}"
    for change in outcome.changes:
        if change.pattern == pattern.NAME:
            fix = Fix(change.edits, change.adds, change.drops, group)
            yield _finding(project, pattern, change.module, change.node, change.message, fix)  # type: ignore[arg-type]


def _left(project: Project, pattern: type[Pattern], outcome: Outcome) -> Iterator[Finding]:
    """Each obstacle where it stands, and every function that would have followed."""
    for obstacle in outcome.obstacles:
        if obstacle.pattern == pattern.NAME:
            yield _finding(project, pattern, obstacle.module, obstacle.node, obstacle.reason)  # type: ignore[arg-type]
    if pattern.NAME != LEFT:
        return
    told = {project.scopes(one.module).symbol(one.node) for one in outcome.obstacles}  # type: ignore[arg-type]
    first = outcome.obstacles[0]
    for function, module in outcome.functions.items():
        if function in project.colouring.asynchronous and project.scopes(module).symbol(function) not in told:
            reason = f"it goes together with {first.place}, which is left: {first.reason}"
            yield _finding(project, pattern, module, function, reason)  # type: ignore[arg-type]  # a statement


def _finding(
    project: Project,
    pattern: type[Pattern],
    module: Module,
    node: ast.expr | ast.stmt,
    message: str,
    fix: Fix | None = None,
) -> Finding:
    source = project.sources[module.path]
    line, column = source.position(source.segment(node)[0])
    symbol = project.scopes(module).symbol(node)
    applicability = pattern.APPLICABILITY if fix else Applicability.MANUAL
    name = fingerprint(pattern.CODE, module.path, symbol, f"{message}:{ast.unparse(node)[:200]}:{line if fix else ''}")
    return Finding(pattern.CODE, module.path, line, column, symbol, message, applicability, fix, name)
