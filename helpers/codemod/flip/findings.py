"""The findings of one pattern's part in the flip: fixes that go together with those of the other patterns."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from helpers.analysis.project import Project
from helpers.codemod import registry
from helpers.codemod.flip.change import Change, Obstacle, Outcome
from helpers.codemod.flip.plan import settled
from helpers.codemod.pattern import Pattern, fingerprint
from helpers.model import Applicability, Bridge, Finding, Fix

LEFT = "sync_function"  # the pattern that tells what is left


def findings(project: Project, pattern: type[Pattern]) -> Iterator[Finding]:
    """What the flip changes by a pattern, and what it leaves because of it."""
    project, outcomes = settled(project)
    for outcome in outcomes:
        yield from _left(project, pattern, outcome) if outcome.obstacles else _changed(project, pattern, outcome)


def step_findings(project: Project, outcome: Outcome, group: str) -> Iterator[Finding]:
    """The changes of one step, or what holds it back, whatever patterns they belong to."""
    patterns = {pattern.NAME: pattern for pattern in registry.all_patterns()}
    for obstacle in outcome.obstacles:
        yield _finding(project, patterns[obstacle.pattern], obstacle)
    for change in () if outcome.obstacles else outcome.changes:
        yield _finding(project, patterns[change.pattern], change, group)


def _changed(project: Project, pattern: type[Pattern], outcome: Outcome) -> Iterator[Finding]:
    first = outcome.changes[0]
    group = f"flip:{first.module.path}:{first.node.lineno}:{first.node.col_offset}"
    yield from (_finding(project, pattern, one, group) for one in outcome.changes if one.pattern == pattern.NAME)


def _left(project: Project, pattern: type[Pattern], outcome: Outcome) -> Iterator[Finding]:
    """Each obstacle where it stands, and every function that would have followed."""
    yield from (_finding(project, pattern, one) for one in outcome.obstacles if one.pattern == pattern.NAME)
    if pattern.NAME != LEFT:
        return
    told = {project.scopes(one.module).symbol(one.node) for one in outcome.obstacles}  # type: ignore[arg-type]
    first = outcome.obstacles[0]
    for function, module in outcome.functions.items():
        if function in project.colouring.asynchronous and project.scopes(module).symbol(function) not in told:
            reason = f"it goes together with {first.place}, which is left: {first.reason}"
            yield _finding(project, pattern, Obstacle(LEFT, module, function, reason))  # type: ignore[arg-type]


def _finding(project: Project, pattern: type[Pattern], place: Change | Obstacle, group: str = "") -> Finding:
    module, node = place.module, place.node
    source = project.sources[module.path]
    line, column = source.position(source.segment(node)[0])
    symbol = project.scopes(module).symbol(node)  # type: ignore[arg-type]  # a statement or an expression
    message, fix, bridge = _told(place, group)
    applicability = pattern.APPLICABILITY if fix else Applicability.MANUAL
    name = fingerprint(pattern.CODE, module.path, symbol, f"{message}:{ast.unparse(node)[:200]}:{line if fix else ''}")  # type: ignore[arg-type]
    return Finding(pattern.CODE, module.path, line, column, symbol, message, applicability, fix, name, bridge)


def _told(place: Change | Obstacle, group: str) -> tuple[str, Fix | None, Bridge]:
    if isinstance(place, Obstacle):
        return place.reason, None, ""
    return place.message, Fix(place.edits, place.adds, place.drops, group), place.bridge
