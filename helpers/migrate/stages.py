"""Several patterns one after the other, in memory: each sees what those before it make of the application."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from helpers.analysis.project import Project
from helpers.codemod.pattern import Pattern
from helpers.codemod.selection import without
from helpers.migrate.rewriter import rewrite
from helpers.model import ChangeSet, FileChange, Finding, Skipped, Step

Findings = tuple[Finding, ...]


@dataclass(frozen=True)
class Choice:
    """What of a stage's findings is wanted: `keep` picks them, `barred` are files that stay, with the reason."""

    keep: Callable[[Findings], Findings]
    barred: Mapping[str, str] = field(default_factory=dict)


def in_stages(
    project: Project,
    patterns: Iterable[type[Pattern]],
    scan: Callable[[Project, type[Pattern]], Findings],
    choice: Choice,
) -> ChangeSet:
    """What all patterns in their order make of `project`, as one change set. Pure: it reads, and writes nothing.

    A finding stands where it stood when its pattern came; for the first pattern that is the project as it is.
    """
    done: list[ChangeSet] = []
    for pattern in patterns:
        found = scan(project, pattern)
        done.append(_stage(project, pattern, found, choice))
        project = project.changed(done[-1].changes)
    return done[0] if len(done) == 1 else _together(done)


def _stage(project: Project, pattern: type[Pattern], found: Findings, choice: Choice) -> ChangeSet:
    wanted = choice.keep(found)
    left = tuple(item for item in wanted if item.fix and item.path in choice.barred)
    step = Step(1, pattern.STAGE, without(wanted, left), pattern.NAME)
    change_set = rewrite(project, step, [*without(found, wanted), *left])
    skipped = [Skipped(item, choice.barred[item.path]) for item in left]
    return replace(change_set, step=replace(step, findings=wanted), skipped=(*change_set.skipped, *skipped))


def _together(stages: Iterable[ChangeSet]) -> ChangeSet:
    """The stages as one step: every file as it was before the first and is after the last."""
    stages = tuple(stages)
    changes: dict[str, FileChange] = {}
    for change in (change for stage in stages for change in stage.changes):
        first = changes.get(change.path, change)
        changes[change.path] = replace(change, before=first.before)
    step = Step(
        1,
        min(stage.step.stage for stage in stages),
        tuple(finding for stage in stages for finding in stage.step.findings),
        ", ".join(stage.step.title for stage in stages),
    )
    return ChangeSet(
        step,
        tuple(changes[path] for path in sorted(changes) if changes[path].before != changes[path].after),
        tuple(finding for stage in stages for finding in stage.applied),
        tuple(skip for stage in stages for skip in stage.skipped),
    )
