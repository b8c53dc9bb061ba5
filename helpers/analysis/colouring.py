"""Which functions must become asynchronous, by which path, and which of them cannot."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from helpers.analysis.engines import EngineUse
from helpers.analysis.faces import CLASS
from helpers.analysis.members import FunctionNode, is_protocol, property_kind
from helpers.analysis.session_types import Tier
from helpers.analysis.session_uses import SessionUse
from helpers.analysis.symbols import Definition, dotted_name

if TYPE_CHECKING:
    from helpers.analysis.callgraph import CallGraph, Edge, Function
    from helpers.analysis.project import Project

AWAITED = frozenset(
    {"execute", "scalar", "scalars", "get", "get_one", "exec", "flush", "commit", "rollback", "refresh", "delete"}
    | {"merge", "close", "reset", "invalidate", "connection", "delete_all", "merge_all"}
)
BLOCKS = frozenset({"begin", "begin_nested"})
MISSING = frozenset({"bulk_save_objects", "bulk_insert_mappings", "bulk_update_mappings"})
_VALIDATORS = frozenset(
    {"validator", "field_validator", "root_validator", "model_validator", "validates", "computed_field"}
    | {"field_serializer", "model_serializer", "listens_for"}
)
_ENDS = {"__enter__": "__exit__", "__exit__": "__enter__"}
_CALLED_BY_PYTHON = frozenset({"__call__", "__enter__", "__exit__"})  # that an asynchronous class has too


@dataclass(frozen=True, eq=False)
class Colouring:
    """Answers for all functions of one project. A function is asynchronous when it, or one it calls, awaits."""

    project: Project

    @cached_property
    def own(self) -> Mapping[ast.AST, SessionUse | EngineUse]:
        """Every function with IO of its own on a session or an engine, with the first place."""
        found: dict[ast.AST, SessionUse | EngineUse] = {}
        for function, engines in self.project.engines.by_function.items():
            if function in self._inside:
                continue
            io = (use for use in engines if use.is_io and not self._bridged(use, function))
            if first_one := next(io, None):
                found[function] = first_one
        for function, uses in self.project.session_uses.by_function.items():
            if function in self.project.loops.kept or function in self._inside:
                continue
            if first := next((use for use in uses if self._awaits(use) and use.tier > Tier.BY_NAME), None):
                found[function] = first
        return found

    @cached_property
    def _inside(self) -> frozenset[ast.AST]:
        """The functions for which sessions and connections stay synchronous: what listens, what migrates."""
        return self.project.versions.inside | self.project.listeners.inside.keys()

    def _bridged(self, use: EngineUse, function: ast.AST) -> bool:
        """Whether a use is run in a loop of its own, because none runs around it."""
        loops = self.project.loops
        alone = loops.without(function) or function in self.project.ends
        return function in loops.kept or (use.role == "schema" and alone)

    def _awaits(self, use: SessionUse) -> bool:
        """Whether a use is IO; a legacy query is, once it has become a statement that the session runs."""
        if use.role == "method" and use.name == "query" and use.call is not None:
            effect = self.project.effects.on(use.call)
            return effect is not None and effect.is_io
        if use.role == "passed" and use.call is not None:  # `run(f(AsyncFace(db)))`
            return self.project.faces.named(use.call.func, use.module, CLASS)
        return awaits(use)

    @cached_property
    def asynchronous(self) -> Mapping[ast.AST, Edge | None]:
        """Every function that must be async: None for its own IO or that of an override, else the first edge there."""
        return self._with_decorators[0]

    @cached_property
    def two_coloured(self) -> frozenset[ast.AST]:
        """Wrappers of decorators that stand for asynchronous functions and for others, and do no IO themselves."""
        return self._with_decorators[1]

    @cached_property
    def _with_decorators(self) -> tuple[Mapping[ast.AST, Edge | None], frozenset[ast.AST]]:
        """A wrapper follows what it wraps once all that is asynchronous; what it awaits itself, all of that follows."""
        waiting = frozenset(self.project.decorators.wrapped)
        while True:
            found = self._spread(waiting)
            ready = {one for one in waiting if one in found or self._all_wrapped(one, found)}
            if not ready:
                return found, frozenset(one for one in waiting if self._some_wrapped(one, found))
            waiting -= ready

    def _all_wrapped(self, wrapper: ast.AST, found: Mapping[ast.AST, Edge | None]) -> bool:
        return all(one.function in found for one in self.project.decorators.wrapped[wrapper])

    def _some_wrapped(self, wrapper: ast.AST, found: Mapping[ast.AST, Edge | None]) -> bool:
        return any(one.function in found for one in self.project.decorators.wrapped[wrapper])

    def _spread(self, waiting: frozenset[ast.AST]) -> Mapping[ast.AST, Edge | None]:
        found: dict[ast.AST, Edge | None] = dict.fromkeys(self.own)
        wrapped = self.project.decorators.wrapped
        without: set[tuple[ast.AST, ast.AST]] = set()
        without |= {(wrapper, one.function) for wrapper in waiting for one in wrapped[wrapper]}
        for task in {*self.project.queued.tasks, *self.project.ends}:  # it stays synchronous, with its callers
            without |= {(edge.caller.node, task) for edge in self._graph.calls_to.get(task, ())}
        inside = self._inside
        closed = self.project.loops.kept | inside
        while True:
            for node, edge in self._graph.reaching(found, closed=closed, without=without).items():
                found.setdefault(node, edge)
            new = {other for node in found for other in self.overrides(node)} - found.keys()
            new |= {other for node in found for other in self._graph.alike.get(node, ())} - found.keys()
            new |= {other for node in found for other in self._other_end(node)} - found.keys()
            new |= {other for node in found for other in self.project.pooled.joining(node)} - found.keys()
            settled = [one for node in found if node not in waiting for one in wrapped.get(node, ())]
            new = (new | {one.function for one in settled}) - found.keys() - inside
            if not new:
                return found
            found |= dict.fromkeys(new)

    def why(self, function: ast.AST) -> tuple[Function, ...]:
        """The functions on the way from `function` to one that does IO itself, both included; empty for a plain one."""
        if function not in self.asynchronous:
            return ()
        way = [self._graph.functions[function]]
        while edge := self.asynchronous.get(way[-1].node):
            way.append(edge.callee)
        return tuple(way)

    @cached_property
    def conflicts(self) -> Mapping[ast.AST, str]:
        """Functions that must be async and cannot, each with what they are."""
        found = ((node, cannot(node)) for node in self.asynchronous if isinstance(node, FunctionNode))
        return {node: reason for node, reason in found if reason}

    def overrides(self, function: ast.AST) -> Iterator[ast.AST]:
        """The methods that override one or are overridden by it: they have one colour."""
        members = self._graph.targets.members
        owner = members.owners.get(function)
        if owner is None or not isinstance(function, FunctionNode) or function.name == "__init__":
            return
        for above in [*self.project.bases(owner), *self._alike(owner, function.name)]:
            yield from (other for other in members.of(above, function.name) if other is not function)

    def _other_end(self, function: ast.AST) -> Iterator[ast.AST]:
        """`__exit__` for `__enter__`, and the other way round: `async with` runs both."""
        members = self._graph.targets.members
        owner, name = members.owners.get(function), getattr(function, "name", "")
        if owner is not None and name in _ENDS and (other := members.nearest(owner, _ENDS[name])):
            yield other

    def _alike(self, owner: Definition, name: str) -> Iterator[Definition]:
        """The protocols that a class satisfies with its method `name`; for a protocol, the classes that satisfy it."""
        if self._asked(owner):
            members = self._graph.targets.members
            yield from (one for one in members.of_class if one is not owner and self._satisfies(one, owner))
        yield from (one for one in self._protocols if name in self._asked(one) and self._satisfies(owner, one))

    @cached_property
    def _protocols(self) -> tuple[Definition, ...]:
        return tuple(one for one in self._graph.targets.members.of_class if self._asked(one))

    def _asked(self, owner: Definition) -> frozenset[str]:
        """The methods that a protocol asks for; nothing for any other class."""
        if not is_protocol(owner):
            return frozenset()
        return self._methods.get(owner.node, frozenset())

    @cached_property
    def _methods(self) -> Mapping[ast.AST, frozenset[str]]:
        found = self._graph.targets.members.of_class.items()
        return {owner.node: frozenset(one.name for one in methods) for owner, methods in found}

    def _satisfies(self, owner: Definition, protocol: Definition) -> bool:
        members = self._graph.targets.members
        return owner.node is not protocol.node and all(members.nearest(owner, name) for name in self._asked(protocol))

    @property
    def _graph(self) -> CallGraph:
        return self.project.callgraph


def awaits(use: SessionUse) -> bool:
    """Whether a use of a session is IO, so that the function around it has to await."""
    if use.role == "entered":
        return True
    on_session = use.typed.what == "session"
    if use.role == "mapped":
        return on_session and use.name in AWAITED
    if use.role != "method" or use.call is None:
        return False
    return use.name in BLOCKS if not on_session else use.name in AWAITED | BLOCKS | MISSING


def cannot(function: FunctionNode) -> str:
    """Why a function cannot be async: who calls it does not await. Empty where it can."""
    if property_kind(function):
        return "a property cannot be awaited"
    if function.name.startswith("__") and function.name.endswith("__") and function.name not in _CALLED_BY_PYTHON:
        return f"Python calls {function.name} itself and does not await it"
    for decorator in function.decorator_list:
        name = dotted_name(decorator.func if isinstance(decorator, ast.Call) else decorator) or ""
        if name.rpartition(".")[2] in _VALIDATORS:
            return f"{name} calls it and does not await it"
    return ""
