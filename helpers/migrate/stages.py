"""Several patterns one after the other, in memory: each sees what those before it make of the application."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from helpers.analysis.faces import STEM
from helpers.analysis.project import Project
from helpers.codemod import registry
from helpers.codemod.pattern import Pattern
from helpers.codemod.selection import without
from helpers.migrate.rewriter import rewrite
from helpers.model import ChangeSet, FileChange, Finding, Skipped, Stage, Step

Findings = tuple[Finding, ...]
_ROUNDS = 4  # as often as a stage is asked that finds more behind what it wrote itself


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

    A finding stands where it stood when its pattern came; for the first pattern that is the project as it is. The
    patterns of the flip are one stage: what one of them changes is right only with what the others change.
    """
    done: list[ChangeSet] = []
    for stage in _stages(patterns):
        for _ in range(_ROUNDS if any(pattern.REPEATS for pattern in stage) else 1):
            found = tuple(finding for pattern in stage for finding in scan(project, pattern))
            absent = _absent(project, stage)
            done.append(_stage(project, stage, (found, absent), choice))
            if not done[-1].changes:
                break
            project = project.changed(done[-1].changes)
    return done[0] if len(done) == 1 else _together(_last_word(done))


def _last_word(done: list[ChangeSet]) -> Iterator[ChangeSet]:
    """What a stage left the last time it was asked; what it left before that was asked again."""
    for one, following in zip(done, [*done[1:], None], strict=True):
        again = following is not None and following.step.title == one.step.title
        yield replace(one, skipped=()) if again else one


def _stages(patterns: Iterable[type[Pattern]]) -> Iterator[tuple[type[Pattern], ...]]:
    """Each pattern alone, those of the flip together."""
    chosen = list(patterns)
    together = [pattern for pattern in chosen if pattern.STAGE is Stage.FLIP]
    for pattern in chosen:
        if pattern not in together:
            yield (pattern,)
        elif pattern is together[0]:
            yield tuple(together)


def _absent(project: Project, stage: tuple[type[Pattern], ...]) -> Findings:
    """What the other patterns of the flip find, where only some of them are wanted."""
    if stage[0].STAGE is not Stage.FLIP:
        return ()
    others = [one for one in registry.all_patterns() if one.STAGE is Stage.FLIP and one not in stage]
    return tuple(finding for pattern in others for finding in pattern().find(project))


def _stage(
    project: Project, stage: tuple[type[Pattern], ...], found_and_absent: tuple[Findings, Findings], choice: Choice
) -> ChangeSet:
    found, absent = found_and_absent
    wanted = choice.keep(found)
    left = tuple(item for item in wanted if item.fix and item.path in choice.barred)
    title = ", ".join(pattern.NAME for pattern in stage)
    step = Step(1, stage[0].STAGE, without(wanted, left), title)
    change_set = rewrite(project, step, [*without(found, wanted), *left, *absent])
    if stage[0].STAGE is Stage.FLIP:
        change_set = replace(change_set, changes=(*change_set.changes, *_faces(project, change_set)))
    skipped = [Skipped(item, choice.barred[item.path]) for item in left]
    return replace(change_set, step=replace(step, findings=wanted), skipped=(*change_set.skipped, *skipped))


def _faces(project: Project, change_set: ChangeSet) -> Iterator[FileChange]:
    """The file of the async face goes with the last thing that names it."""
    text = project.faces.text
    if text is not None and change_set.changes:
        after = project.changed(change_set.changes)
        if not any(STEM in source.text for source in after.sources.values()):
            yield FileChange(text.path, text.data, None, text.encoding)


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
