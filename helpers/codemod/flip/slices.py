"""Some functions become asynchronous over the face, the rest stays: what changes in them, and around them."""

from __future__ import annotations

import ast
from collections.abc import Container, Iterable, Iterator, Set
from dataclasses import dataclass, field
from functools import cached_property

from helpers.analysis.callgraph import Edge
from helpers.analysis.fixtures import is_fixture, is_test
from helpers.analysis.members import FunctionNode
from helpers.analysis.project import Project
from helpers.analysis.reach import Reach
from helpers.analysis.session_types import Tier
from helpers.analysis.session_uses import SessionUse
from helpers.analysis.symbols import Module
from helpers.codemod.flip import guards
from helpers.codemod.flip.bridges import Bridges
from helpers.codemod.flip.change import Change, Obstacle, Outcome
from helpers.codemod.flip.face import FaceChanges
from helpers.codemod.flip.passing import Passing
from helpers.codemod.flip.plan import Places, in_unit, places
from helpers.codemod.refused import Refused

Unit = frozenset[ast.AST]
# done by the engine or the driver itself, so that the face has none
_NOT_ON_A_FACE = frozenset({"connection", "stream", "stream_scalars", "begin", "begin_nested"})
_LOOKED_AT = frozenset({"method", "attribute", "tested", "passed"})


@dataclass(eq=False)
class Slices:
    """Answers for one project whose session has a face, or is to have one."""

    project: Project
    _own: dict[ast.AST, tuple[Change, ...] | str] = field(default_factory=dict, repr=False)
    _bridged: dict[ast.AST, Change | str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.places: Places = places(self.project)
        self.faces = FaceChanges(self.project, self.places.types)
        self.bridges = Bridges(self.project, self.places.types)
        self.reach = Reach(self.project)

    @cached_property
    def open(self) -> dict[ast.AST, Module]:
        """Every function on the way of a request that is to become asynchronous and is not yet, tests left out."""
        graph = self.project.callgraph
        providers = {one.node for one in self.project.faces.providers}
        found: dict[ast.AST, Module] = {}
        for node in self.project.colouring.asynchronous:
            module = graph.functions[node].module
            if not isinstance(node, FunctionNode) or node in providers or node in self.project.faces.twins:
                continue
            if is_test(node, module) or is_fixture(node) or node not in self.reach.served:
                continue
            if not self.is_done(node):
                found[node] = module
        return found

    def unit(self, node: ast.AST) -> Unit:
        """A function with those that override it or are overridden."""
        found = {node}
        queue = [node]
        while queue:
            for other in self.project.colouring.overrides(queue.pop()):
                if other not in found:
                    found.add(other)
                    queue.append(other)
        return frozenset(found)

    def _sessions(self, node: ast.AST) -> Iterator[SessionUse]:
        """The uses of a synchronous session in a function, those inside bridges left out."""
        for use in self.places.uses.get(node, ()):
            if use.tier > Tier.BY_NAME and self.bridges.around(use.node, use.module) is None:
                yield use

    def is_done(self, node: ast.AST) -> bool:
        """Whether a function is asynchronous and has no synchronous session of its own any more."""
        return isinstance(node, ast.AsyncFunctionDef) and next(self._sessions(node), None) is None

    def own(self, node: ast.AST) -> tuple[Change, ...] | str:
        """What changes in a function itself, or why it cannot become asynchronous over the face."""
        if node not in self._own:
            try:
                self._own[node] = tuple(self._changes(node))
            except Refused as refused:
                self._own[node] = str(refused)
        return self._own[node]

    def _changes(self, node: ast.AST) -> Iterator[Change]:
        assert isinstance(node, FunctionNode)
        module = self.project.callgraph.functions[node].module
        for _, reason in (*guards.earlier(self.project, node, module), *guards.reasons(node)):
            raise Refused(reason)
        if self.places.engine_uses.get(node):
            raise Refused("it names an engine")
        yield from self.places.functions.changes(node, module)
        self.places.unresolved.obstacles(node)
        self.places.guessed.obstacles(node)
        for use in self._sessions(node):
            self._parameter(use, node)
            yield from self.places.calls.changes(use)
        for site in self.places.blocking.sites(node):
            yield from self.places.blocking.changes(site)
        self._inner(node, module)
        for inner in in_unit(node):
            if isinstance(inner, ast.Name | ast.Attribute) and (over := self.faces.over(inner, module)):
                yield over
            else:
                yield from self.places.types.changes(inner, module)

    def _parameter(self, use: SessionUse, function: FunctionNode) -> None:
        """Whether a session is a parameter: one that a caller gives, or what the face's provider yields."""
        scopes = self.project.scopes(use.module)
        bindings = scopes.lookup(use.node.id, use.node) if isinstance(use.node, ast.Name) else ()
        arguments = [one.node for one in bindings if isinstance(one.node, ast.arg)]
        if not arguments or len(arguments) != len(bindings) or scopes.parents[arguments[0]] is not function.args:
            raise Refused(f"`{ast.unparse(use.node)[:40]}` is no parameter: it changes with the engine")
        kept = (
            use.role == "passed"
            and use.call is not None
            and Passing(self.project).place(use.call, use.module) is not None
        )
        if kept or use.role in ("given", "bound", "other", "called", "entered") or use.name in _NOT_ON_A_FACE:
            raise Refused(f"what becomes of `{ast.unparse(use.node)[:40]}` here changes with the engine")
        source = self.project.faces.source_of(arguments[0], function, use.module)
        known = {one.node for one in (*self.project.faces.providers, *self.project.faces.aliases)}
        if source is not None and self.project.faces.function(source, use.module) not in known:
            raise Refused(f"its session comes from `{ast.unparse(source)}`, which has no face")

    def _inner(self, function: FunctionNode, module: Module) -> None:
        """Whether a function inside uses the session of this one: it would get the face, whatever its own colour."""
        scopes = self.project.scopes(module)
        for inner in ast.walk(function):
            for use in self.places.uses.get(inner, ()) if inner is not function else ():
                bindings = scopes.lookup(use.node.id, use.node) if isinstance(use.node, ast.Name) else ()
                if any(scopes.parents.get(one.node) is function.args for one in bindings):
                    raise Refused("a function inside uses its session: it changes with the engine")

    def callers(self, node: ast.AST) -> Iterator[Edge]:
        """The calls of a function."""
        return (edge for edge in self.project.callgraph.calls_to.get(node, ()) if edge.kind != "reference")

    def calls(self, node: ast.AST) -> Iterator[Edge]:
        """The calls that a function makes of others that are to become asynchronous and are not yet."""
        asynchronous = self.project.colouring.asynchronous
        for edge in self.project.callgraph.calls_from.get(node, ()):
            callee = edge.callee.node
            waiting = callee in asynchronous and not (
                isinstance(callee, ast.AsyncFunctionDef) and callee not in self.open
            )
            if edge.kind != "reference" and edge.tier > Tier.BY_NAME and waiting:
                yield edge

    def in_two_colours(self, node: ast.AST, stay: Container[ast.AST]) -> bool:
        """Whether one call of a function may run some that stay synchronous and some that do not: no bridge is both."""
        at = self.project.callgraph.at
        return any(
            self._awaited(other, stay)
            for edge in self.project.callgraph.calls_from.get(node, ())
            for other in at[edge.site]
            if edge.kind != "reference" and edge.callee.node in stay
        )

    def _awaited(self, edge: Edge, stay: Container[ast.AST]) -> bool:
        callee = edge.callee.node
        return edge.kind != "reference" and callee in self.project.colouring.asynchronous and callee not in stay

    def is_bridged(self, edge: Edge) -> bool:
        """Whether the call stands in a bridge."""
        return self.bridges.around(edge.site, edge.caller.module) is not None

    def bridge(self, edge: Edge) -> Change | str:
        """The bridge that a call needs, or why there can be none."""
        if edge.site not in self._bridged:
            try:
                self._bridged[edge.site] = self.bridges.opened(edge)
            except Refused as refused:
                self._bridged[edge.site] = str(refused)
        return self._bridged[edge.site]

    def helper(self, node: ast.AST) -> str:
        """Why a function cannot be handed the face by what it calls that does no IO itself; empty where it can."""
        for edge in self.project.callgraph.calls_from.get(node, ()):
            callee = edge.callee.node
            if edge.kind == "reference" or callee in self.project.colouring.asynchronous:
                continue
            uses = [use for use in self.places.uses.get(callee, ()) if use.tier > Tier.BY_NAME]
            if edge.kind == "constructor" and self._is_given_one(edge):
                return f"the session is given to {edge.callee.symbol}, which keeps it"
            if any(use.role not in _LOOKED_AT or not isinstance(use.node, ast.Name) for use in uses):
                return f"the session is given to {edge.callee.symbol}, which may keep it"
        return ""

    def _is_given_one(self, edge: Edge) -> bool:
        call = edge.site
        if not isinstance(call, ast.Call):
            return True
        values = [*call.args, *(keyword.value for keyword in call.keywords)]
        return any(self.project.sessions.tier(one, edge.caller.module) is not None for one in values)

    def awaits(self, caller: ast.AST, flipped: Container[ast.AST]) -> bool:
        """Whether a function is asynchronous once `flipped` are."""
        return caller in flipped or self.is_done(caller)

    def handed_by(self, node: ast.AST) -> Iterator[ast.AST]:
        """The functions that hand another to a thread and the like, and have to await it instead."""
        for edge in self.project.callgraph.calls_to.get(node, ()):
            if edge.kind == "reference" and next(iter(self.places.callers.changes(edge)), None) is not None:
                yield edge.caller.node

    def around(self, node: ast.AST, flipped: Set[ast.AST]) -> Iterator[Change]:
        """What changes where a function is called or handed on. Refused where a place cannot follow."""
        for edge in self.project.callgraph.calls_to.get(node, ()):
            module = edge.caller.module
            bridge = self.bridges.around(edge.site, module)
            if edge.kind == "reference":
                changes = tuple(self.places.callers.changes(edge))
                if changes and not self.awaits(edge.caller.node, flipped):
                    raise Refused(f"{edge.caller.qualified} runs it on a thread and is not asynchronous yet")
                yield from changes
            elif bridge is not None:
                yield self.bridges.removed(bridge, edge)
            elif self.awaits(edge.caller.node, flipped):
                yield from self.places.callers.changes(edge)
            elif self.reach.may_run(edge.caller.node):
                yield self.bridges.run(edge, self.faces.dotted)
            else:
                raise Refused(f"{edge.caller.qualified} calls it and is not asynchronous yet")

    def outcome(self, chosen: Iterable[ast.AST]) -> Outcome:
        """The changes of one step, or what holds it back."""
        outcome, flipped = Outcome(), frozenset(chosen)
        for node in flipped:
            function = self.project.callgraph.functions[node]
            outcome.functions[node] = function.module
            try:
                outcome.changes += self._all(node, flipped)
            except Refused as refused:
                outcome.obstacles.append(Obstacle("sync_function", function.module, node, str(refused)))  # type: ignore[arg-type]
        for node, module in self._followers(flipped).items():
            outcome.functions[node] = module
            for inner in in_unit(node):
                outcome.changes += self.places.types.changes(inner, module)
        self.places.patched(outcome)
        if not outcome.obstacles:
            self.places.settled(outcome)
            self.places.callables.settle([outcome])
        return outcome

    def _followers(self, flipped: frozenset[ast.AST]) -> dict[ast.AST, Module]:
        """The functions without IO of their own that take a session, and from here on the face's alone."""
        found: dict[ast.AST, Module] = {}
        queue = list(flipped)
        while queue:
            for edge in self.project.callgraph.calls_from.get(queue.pop(), ()):
                callee = edge.callee.node
                plain = isinstance(callee, FunctionNode) and callee not in self.project.colouring.asynchronous
                if edge.kind == "call" and plain and callee not in found and self.places.uses.get(callee):
                    found[callee] = edge.callee.module
                    queue.append(callee)
        while out := [node for node in found if not self._only_from(node, flipped | found.keys())]:
            found = {node: module for node, module in found.items() if node not in out}
        return found

    def _only_from(self, node: ast.AST, done: Set[ast.AST]) -> bool:
        callers = (edge.caller.node for edge in self.project.callgraph.calls_to.get(node, ()))
        return all(caller in done or self.is_done(caller) for caller in callers)

    def _all(self, node: ast.AST, flipped: frozenset[ast.AST]) -> Iterator[Change]:
        own = self.own(node)
        if isinstance(own, str):
            raise Refused(own)
        if reason := self.helper(node):
            raise Refused(reason)
        yield from own
        yield from self.around(node, flipped)
        stay = [edge.callee.node for edge in self.calls(node) if edge.callee.node not in flipped]
        if self.in_two_colours(node, stay):
            raise Refused("it calls some that stay synchronous and some that do not, in one place")
        for edge in self.calls(node):
            if edge.callee.node in stay and not self.is_bridged(edge):
                bridge = self.bridge(edge)
                if isinstance(bridge, str):
                    raise Refused(bridge)
                yield bridge
