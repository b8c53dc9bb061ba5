"""The flip of a project: every family with its changes, or with what holds it back."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial

from helpers.analysis.engines import EngineUse
from helpers.analysis.listeners import Listener
from helpers.analysis.members import FunctionNode
from helpers.analysis.nodes import children
from helpers.analysis.project import Project
from helpers.analysis.session_uses import SessionUse
from helpers.analysis.symbols import Module
from helpers.codemod.flip import (
    blocking,
    bridges,
    callable_types,
    callers,
    crossing,
    ending,
    ends,
    engines,
    face,
    functions,
    guards,
    guessed,
    in_turn,
    listening,
    locks,
    managers,
    queued,
    session_calls,
    session_types,
    stand_ins,
    sync_factories,
    unresolved,
)
from helpers.codemod.flip.awaiting import RUN, Awaiting
from helpers.codemod.flip.change import Change, Obstacle, Outcome
from helpers.codemod.flip.families import Families
from helpers.codemod.refused import Refused
from helpers.model import ImportName

_ROUNDS = 3  # an obstacle that goes may show others


def flip(project: Project) -> tuple[Outcome, ...]:
    """What turning each family asynchronous comes to; those that nothing has to change for are left out."""
    return settled(project)[1]


@lru_cache(maxsize=1)
def settled(project: Project) -> tuple[Project, tuple[Outcome, ...]]:
    """The project with the ends that free its families, and what turning each of these comes to."""
    outcomes = first = _outcomes(places(project))
    tried = project
    for _ in range(_ROUNDS):
        more = ending.Ending(tried).chosen(outcomes)
        if not more:
            break
        tried = project.ending(tried.ends | more)
        outcomes = _outcomes(Places(tried))
    if any(outcome.obstacles and tried.ends & outcome.functions.keys() for outcome in outcomes):
        return project, first  # nothing is gained
    return tried, outcomes


def _outcomes(planner: Places) -> tuple[Outcome, ...]:
    found = list(in_turn.together([planner.outcome(units) for units in planner.families.all()]))
    planner.callables.settle(found)
    return tuple(outcome for outcome in found if outcome.changes or outcome.obstacles)


@lru_cache(maxsize=1)
def places(project: Project) -> Places:
    """What tells the changes of single places."""
    return Places(project)


@dataclass(eq=False)
class Places:
    """What every place of a project becomes, by the family that it belongs to."""

    project: Project
    families: Families = field(init=False)

    def __post_init__(self) -> None:
        self.families = Families(self.project)
        factories = sync_factories.SyncFactories(self.project)
        self.calls = session_calls.SessionCalls(self.project, factories)
        self.types = session_types.SessionTypes(self.project, {})
        self.callables = callable_types.CallableTypes(self.project, self.types)
        self.functions = functions.Functions(self.project, self.types)
        self.stand_ins = stand_ins.StandIns(self.project, self.functions.mocks, self.types)
        self.engines = engines.EngineChanges(self.project, self.types, factories)
        self.crossing = crossing.Crossing(self.project)
        self.locks = locks.Locks(self.project)
        self.blocking = blocking.Blocking(self.project, self.types)
        self.listening = listening.Listening(self.project)
        self.callers = callers.Callers(self.project, bridges.Bridges(self.project, self.types))
        self.queued = queued.QueuedTasks(self.project)
        self.ends = ends.Ends(self.project)
        self.faces = face.FaceChanges(self.project, self.types)
        twins = self.project.faces.twins.items() if self.project.faces.text else ()
        self.twins = {self.families.unit(node, one.module): one.module for node, one in twins}
        self.unresolved = unresolved.Unresolved(self.project)
        self.guessed = guessed.Guessed(self.project)
        self.engine_uses: dict[ast.AST, list[EngineUse]] = {}
        for one in self.project.engines.uses:
            self.engine_uses.setdefault(self.families.unit(one.node, one.module), []).append(one)
        self.registered: dict[ast.AST, list[Listener]] = {}
        for listener in self.project.listeners.all:
            self.registered.setdefault(self.families.unit(listener.call, listener.module), []).append(listener)
        self.uses: dict[ast.AST, list[SessionUse]] = {}
        for use in self.project.session_uses.all:
            self.uses.setdefault(self.families.unit(use.node, use.module), []).append(use)

    def outcome(self, units: dict[ast.AST, Module]) -> Outcome:
        """What turning one family asynchronous comes to."""
        outcome = Outcome()
        for unit, module in units.items():
            if unit in self.twins:
                continue  # it goes with the face
            asynchronous = unit in self.project.colouring.asynchronous
            if isinstance(unit, FunctionNode):
                outcome.functions[unit] = module
                if asynchronous:
                    self._definition(unit, module, outcome)
            self._body(unit, module, outcome, asynchronous=asynchronous)
        outcome.changes = [_with_loop(change) for change in outcome.changes]
        self.patched(outcome)
        if self.twins.keys() & units.keys():
            for module, node, remove in self.faces.removals():
                _try(outcome, face.PATTERN, (module, node), remove)
        outcome.obstacles += self.listening.on_classes(outcome)
        outcome.obstacles += [*self.crossing.obstacles(outcome), *self.locks.obstacles(outcome)]
        if not outcome.obstacles:
            self.settled(outcome)
            self._only_types(outcome)
        return outcome

    def patched(self, outcome: Outcome) -> None:
        """Names that tests put something else in the place of, where this gives them another meaning."""
        done: set[tuple[str, Module]] = set()
        for change in tuple(outcome.changes):
            names = {old.rpartition(".")[2] for old in change.drops}
            if isinstance(change.node, ast.Call) and change.pattern in (engines.PATTERN, "session_factory"):
                names |= set(self._assigned(change.node, change.module))
            for name in sorted(name for name in names if (name, change.module) not in done):
                done.add((name, change.module))
                make = partial(self.stand_ins.changes, name, change)
                _try(outcome, change.pattern, (change.module, change.node), make)  # type: ignore[arg-type]

    def _assigned(self, made: ast.expr, module: Module) -> Iterator[str]:
        """The name that a statement of the module gives what it makes."""
        yield from (name for name, value in module.definitions.items() if value is made)

    def settled(self, outcome: Outcome) -> None:
        """What the changes of several places need together."""
        managers.settle(self.project, outcome)
        in_turn.settle(self.project, outcome)
        self.lists(outcome)
        each = {(one.module.path, one.edits): one for one in reversed(outcome.changes)}
        outcome.changes = list(each.values())[::-1]  # one call may run several functions

    def _only_types(self, outcome: Outcome) -> None:
        """Where nothing is awaited and nothing makes a session, whoever passes one decides what it is."""
        if {change.pattern for change in outcome.changes} == {session_types.PATTERN}:
            first = outcome.changes[0]
            reason = "nothing here is awaited, and nothing in sight passes a session: it may stay what it is"
            outcome.obstacles.append(Obstacle(session_types.PATTERN, first.module, first.node, reason))
            outcome.only_types = True

    def _definition(self, unit: FunctionNode, module: Module, outcome: Outcome) -> None:
        """The function itself, and every place that calls it or hands it on."""
        if isinstance(unit, ast.FunctionDef) and (unit in self.project.queued.tasks or unit in self.project.ends):
            split = self.ends.changes if unit in self.project.ends else self.queued.changes
            _try(outcome, functions.PATTERN, (module, unit), partial(split, unit, module))
            self._guard(outcome, module, guards.reasons(unit))
            return  # who calls it, or puts it into its queue, goes on as before
        _try(outcome, functions.PATTERN, (module, unit), partial(self.functions.changes, unit, module), unit)
        _try(outcome, callers.PATTERN, (module, unit), partial(self.unresolved.obstacles, unit), unit)
        _try(outcome, session_calls.PATTERN, (module, unit), partial(self.guessed.obstacles, unit))
        self._guard(outcome, module, guards.reasons(unit))
        for site in self.blocking.sites(unit):
            _try(outcome, blocking.PATTERN, (module, site.node), partial(self.blocking.changes, site))
        for edge in self.project.callgraph.calls_to.get(unit, ()):
            if edge.caller.node in self.project.colouring.two_coloured:
                continue  # its decorator is given a second wrapper
            place = (edge.caller.module, edge.site)
            _try(outcome, callers.PATTERN, place, partial(self.callers.changes, edge), unit)

    def _body(self, unit: ast.AST, module: Module, outcome: Outcome, *, asynchronous: bool) -> None:
        """The sessions, engines and types in a unit, unless an earlier stage has something to do there."""
        if unit in self.project.versions.inside:
            return  # its session is on a connection that stays synchronous
        for listener in self.registered.get(unit, ()):
            if listener.kind not in listening.CLASSES:
                check = partial(self.listening.check, listener)
                _try(outcome, listening.PATTERN, (module, listener.call), check)
        if unit in self.project.listeners.inside:
            self._listens(unit, module, outcome)
            return
        waiting: list[tuple[ast.AST, str]] = []
        if isinstance(unit, ast.stmt) and (asynchronous or not isinstance(unit, FunctionNode | ast.ClassDef)):
            waiting = list(guards.earlier(self.project, unit, module))
            self._guard(outcome, module, waiting[:1])
        for node in in_unit(unit):
            if isinstance(node, ast.Call):
                _try(outcome, callers.PATTERN, (module, node), partial(self.functions.mocks.of_call, node, module))
        for use in self.uses.get(unit, ()):
            if not (waiting and use.name == "query"):
                _try(outcome, session_calls.PATTERN, (module, use.node), partial(self.calls.changes, use))
                _try(outcome, "session_factory", (module, use.node), partial(self._factory, use))
        for engine in self.engine_uses.get(unit, ()):
            _try(outcome, engines.PATTERN, (module, engine.node), partial(self.engines.of_engine, engine))
        for node in in_unit(unit):
            _try(outcome, session_types.PATTERN, (module, node), partial(self.types.changes, node, module))

    def _listens(self, unit: ast.AST, module: Module, outcome: Outcome) -> None:
        """What a listener is told by: the rest of it stays, as long as it is about what it is handed."""
        for use in self.uses.get(unit, ()):
            told = self.calls.changes if self.listening.is_target(use) else self.listening.inside
            _try(outcome, session_calls.PATTERN, (module, use.node), partial(told, use))
        for engine in self.engine_uses.get(unit, ()):
            of_it = self.engines.of_engine if self.listening.is_target(engine) else self.listening.inside
            _try(outcome, engines.PATTERN, (module, engine.node), partial(of_it, engine))

    def _guard(self, outcome: Outcome, module: Module, found: Iterable[tuple[ast.AST, str]]) -> None:
        for node, reason in found:
            outcome.obstacles.append(Obstacle(functions.PATTERN, module, node, reason))  # type: ignore[arg-type]

    def _factory(self, use: SessionUse) -> Iterator[Change]:
        """What makes sessions: a factory where it is made, and a session without one."""
        if isinstance(use.node, ast.Call) and self.project.meanings.is_sqlalchemy(
            use.node.func, use.module, "sessionmaker", "scoped_session"
        ):
            if not self.project.meanings.is_sqlalchemy(use.node.func, use.module, "sessionmaker"):
                raise Refused("a scoped session keeps one session per thread, which means nothing among tasks")
            yield from self.engines.of_factory(use.node, use.module)
        self.engines.check_session(use)

    def lists(self, outcome: Outcome) -> None:
        """Generator expressions that awaits stand in are read as lists."""
        done: set[ast.AST] = set()
        for change in [one for one in outcome.changes if _awaits(one)]:
            source = self.project.sources[change.module.path]
            awaiting = Awaiting(source, self.project.scopes(change.module).parents)
            for generator in awaiting.generators(change.node):  # type: ignore[arg-type]  # it is a call
                if generator not in done:
                    done.add(generator)
                    message = "an await inside makes a list of the generator expression, which is read to its end"
                    edits = awaiting.as_list(generator)
                    outcome.changes.append(Change(change.pattern, change.module, generator, message, edits))


def _with_loop(change: Change) -> Change:
    """What is run in a loop needs the module that has loops."""
    runs = any(edit.text == RUN for edit in change.edits)
    return replace(change, adds=(*change.adds, ImportName("asyncio"))) if runs else change


def _awaits(change: Change) -> bool:
    written = any("await" in edit.text for edit in change.edits)
    return written and isinstance(change.node, ast.Call) and change.pattern != engines.PATTERN


def _try(
    outcome: Outcome,
    pattern: str,
    place: tuple[Module, ast.AST],
    make: Callable[[], Iterable[Change]],
    function: ast.AST | None = None,
) -> None:
    module, node = place
    try:
        outcome.changes += make()
    except Refused as refused:
        outcome.obstacles.append(Obstacle(pattern, module, node, str(refused), function))  # type: ignore[arg-type]  # it has a place


def in_unit(unit: ast.AST) -> Iterator[ast.AST]:
    """Every node of a unit; functions inside are units of their own."""
    stack = [unit]
    while stack:
        node = stack.pop()
        yield node
        stack += [child for child in children(node) if not isinstance(child, FunctionNode)]
