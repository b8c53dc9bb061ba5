"""The ordered steps of a migration, each leaving the application working, and the change set of any of them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import replace

from helpers.analysis.project import Project
from helpers.codemod import registry, scanner
from helpers.codemod.flip.change import Obstacle, Outcome
from helpers.codemod.flip.face import PATTERN, FaceChanges
from helpers.codemod.flip.findings import step_findings
from helpers.codemod.flip.plan import flip, places, settled
from helpers.codemod.flip.slices import Slices
from helpers.codemod.pattern import Pattern
from helpers.codemod.refused import Refused
from helpers.migrate.rewriter import rewrite
from helpers.migrate.slicing import Slicing
from helpers.migrate.stages import Choice, in_stages
from helpers.model import MOST_IN_A_STEP, ChangeSet, FileChange, Finding, Plan, Stage, Step

_TITLES = {
    Stage.DEPENDENCIES: "packages for an asynchronous engine",
    Stage.QUERY: "Query becomes select(), still synchronous",
    Stage.IMPLICIT_IO: "no implicit IO, still synchronous",
    Stage.CONSTRUCTORS: "no database work in constructors and properties",
    Stage.TASKS: "no session in spawned tasks",
    Stage.FACE: "an async face of the session that routes are given",
    Stage.STRICT: "the face refuses what an asynchronous session cannot do",
    Stage.FLIP: "the engine and all that is left become asynchronous",
}


def make_plan(project: Project, *, most: int = MOST_IN_A_STEP, first: int = 1) -> Plan:
    """The steps that are left for `project`, numbered from `first`. Pure: what it says follows from the files alone.

    `most` functions become asynchronous in one step, those that override each other together even when they are more.
    """
    steps: list[Step] = []
    under_way = project.faces.text is not None  # then the stages before the face are done, whatever looks new since
    for stage in () if under_way else _earlier():
        change_set = _in_stage(project, stage)
        if change_set.changes:
            steps.append(Step(0, stage, change_set.applied, _TITLES[stage]))
            project = project.changed(change_set.changes)
    steps += _flipped(project, most)
    numbered = (replace(step, number=first + index) for index, step in enumerate(steps))
    return Plan(tuple(_needing(numbered)), tuple(_obstacles(project)))


def carried_out(project: Project, step: Step) -> ChangeSet:
    """The change set of the first step that a plan of `project` has left."""
    if step.stage in (Stage.SLICES, Stage.SHARED):
        return _rewritten(project, step, _slice(project, step))
    if step.stage is Stage.FACE:
        return _face(project, step)
    if step.stage is Stage.STRICT:
        file = FaceChanges(project, places(project).types).strict()
        return ChangeSet(replace(step, findings=()), (file,), ())
    change_set = _in_stage(project, step.stage)
    return replace(change_set, step=replace(change_set.step, number=step.number, title=step.title))


def up_to(project: Project, steps: Iterable[Step], number: int) -> ChangeSet:
    """The change set of step `number` over the application as the steps before it leave it, which exists in memory."""
    for step in steps:
        change_set = carried_out(project, step)
        if step.number == number:
            return change_set
        project = project.changed(change_set.changes)
    raise ValueError(number)


def _earlier() -> list[Stage]:
    """The stages before the flip that have patterns, in their order."""
    stages = {pattern.STAGE for pattern in registry.all_patterns()}
    return sorted(stage for stage in stages if stage < Stage.FACE)


def _in_stage(project: Project, stage: Stage) -> ChangeSet:
    """All patterns of one stage, each on what those before it leave."""
    patterns = [pattern for pattern in registry.all_patterns() if pattern.STAGE is stage]
    return in_stages(project, patterns, _scan, Choice(lambda found: found))


def _scan(project: Project, pattern: type[Pattern]) -> tuple[Finding, ...]:
    return scanner.scan(project, (pattern,))


def _flipped(project: Project, most: int) -> Iterator[Step]:
    """One step for a small application; otherwise the face, the slices over it, the rehearsal and the engine."""
    under_way = project.faces.text is not None
    small = not project.faces.providers or len(Slices(project).open) <= most
    slices = [] if small and not under_way else list(Slicing(project, most).all())
    if not under_way and sum(len(one.symbols) for one in slices) < most:
        slices = []  # a face for so few is not worth its steps
    ends = _ends(project) if slices or under_way else any(not outcome.obstacles for outcome in flip(project))
    if slices and not under_way:
        yield Step(0, Stage.FACE, (), _TITLES[Stage.FACE])
    for one in slices:
        yield Step(0, one.stage, (), one.title, one.symbols, one.bridges)
    if (slices or under_way) and _loose(project):
        yield Step(0, Stage.STRICT, (), _TITLES[Stage.STRICT])
    if ends:
        taken = {symbol for one in slices for symbol in one.symbols}
        left = tuple(symbol for symbol in _symbols(project) if symbol not in taken)
        yield Step(0, Stage.FLIP, (), _TITLES[Stage.FLIP], left)


def _ends(project: Project) -> bool:
    """Whether nothing keeps the engine behind the face from becoming asynchronous, so that the face can go."""
    providers = {one.node for one in project.faces.providers}
    return not any(outcome.obstacles for outcome in flip(project) if providers & outcome.functions.keys())


def _loose(project: Project) -> bool:
    text = project.faces.text
    return text is None or FaceChanges(project, places(project).types).is_loose(text)


def _symbols(project: Project) -> tuple[str, ...]:
    """The functions that are to become asynchronous, as `path:symbol`."""
    ended = settled(project)[0]
    nodes = [node for node in ended.colouring.asynchronous if node not in ended.ends]
    functions = [project.callgraph.functions[node] for node in nodes]
    found = {f"{one.module.path}:{one.symbol}" for one in functions if isinstance(one.node, ast.FunctionDef)}
    return tuple(sorted(found))


def _needing(steps: Iterable[Step]) -> Iterator[Step]:
    """Each step needs the one before it: what it changes is what that leaves."""
    before: tuple[int, ...] = ()
    for step in steps:
        yield replace(step, needs=before)
        before = (step.number,)


def _obstacles(project: Project) -> Iterator[Finding]:
    """Why what is left at the end cannot become asynchronous, each place once."""
    for outcome in flip(project):
        if outcome.obstacles:
            yield from step_findings(project, outcome, "")


def _slice(project: Project, step: Step) -> Outcome:
    wanted = set(step.symbols)
    functions = project.callgraph.functions.values()
    nodes = [one.node for one in functions if f"{one.module.path}:{one.symbol}" in wanted]
    return Slices(project).outcome(nodes)


def _face(project: Project, step: Step) -> ChangeSet:
    """The file, and what gives the face to routes beside what gives them the session."""
    changes, outcome = FaceChanges(project, places(project).types), Outcome()
    try:
        outcome.changes += changes.additions()
        file = changes.file()
    except Refused as refused:
        home = changes.home
        outcome = Outcome(obstacles=[Obstacle(PATTERN, home.module, home.node, str(refused))])  # type: ignore[arg-type]
        return _rewritten(project, step, outcome)
    change_set = _rewritten(project, step, outcome)
    return replace(change_set, changes=_sorted((*change_set.changes, file))) if change_set.applied else change_set


def _rewritten(project: Project, step: Step, outcome: Outcome) -> ChangeSet:
    found = tuple(step_findings(project, outcome, f"step:{step.title}"))
    return rewrite(project, replace(step, findings=found))


def _sorted(changes: Iterable[FileChange]) -> tuple[FileChange, ...]:
    return tuple(sorted(changes, key=lambda change: change.path))
