"""Which functions become ends, so that a family which one place holds back follows all the same."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from helpers.analysis.callgraph import Edge
from helpers.analysis.carried import Carried
from helpers.analysis.colouring import awaits
from helpers.analysis.commands import is_command
from helpers.analysis.drivers import async_driver
from helpers.analysis.fixtures import is_fixture, is_test
from helpers.analysis.loops import is_of_tests
from helpers.analysis.members import FunctionNode
from helpers.analysis.pools import Pools
from helpers.analysis.project import Project
from helpers.analysis.session_types import Tier
from helpers.analysis.session_uses import is_generator
from helpers.analysis.symbols import Module
from helpers.codemod.flip.change import Outcome
from helpers.codemod.flip.crossing import Crossing
from helpers.codemod.flip.handing import Handing
from helpers.codemod.flip.queued import RUNS_A_LOOP
from helpers.codemod.flip.split import every_argument

_LATE = frozenset({"register", "finalize"})  # of atexit and weakref
_AT_THE_END = frozenset({"close", "flush", "shutdown"})  # what the end of a program calls of a handler, a stream
_FOLLOWING = frozenset({"sqlite", "psycopg"})  # their connections go from loop to loop


@dataclass(eq=False)
class Ending:
    """Answers for one project, which may have ends already."""

    project: Project
    _asked: dict[ast.AST, bool] = field(default_factory=dict, repr=False)

    def chosen(self, outcomes: Iterable[Outcome]) -> frozenset[ast.AST]:
        """The functions that would free the families of which nothing but a function's callers holds any back."""
        return frozenset(end for outcome in outcomes if outcome.obstacles for end in self._of(outcome))

    def _of(self, outcome: Outcome) -> frozenset[ast.AST]:
        found: set[ast.AST] = set()
        held = {one.function for one in outcome.obstacles}
        for function in held:
            if function is None or self._is_late(function) or not self._gains(outcome):
                return frozenset()
            ends = self._below(function)
            if not ends:
                return frozenset()
            found |= ends
        return frozenset(one for one in found if one in held or not self._is_awaited(one, found))

    def _is_late(self, function: ast.AST) -> bool:
        """Whether it may run when the program has ended, and no thread can be started any more."""
        if getattr(function, "name", "") in _AT_THE_END:
            return True
        edges = self.project.callgraph.calls_to.get(function, ())
        module = self.project.callgraph.functions[function].module
        names = [one.given_to.rpartition(".")[2] for one in edges if one.kind == "reference"]
        for one in getattr(function, "decorator_list", ()):
            maker = one.func if isinstance(one, ast.Call) else one
            names.append(self.project.meanings.external(maker, module).rpartition(".")[2])
        return not _LATE.isdisjoint(names)

    def _is_awaited(self, function: ast.AST, ends: set[ast.AST]) -> bool:
        """Whether ends alone call it: what they do then can await it."""
        callers = {edge.caller.node for edge in self.project.callgraph.calls_to.get(function, ())}
        return bool(callers) and callers <= ends - {function} and not self._only_tables(function)

    def _gains(self, outcome: Outcome) -> bool:
        """Whether requests of the application run some of it: for nobody else is it worth a bridge."""
        requests = self.project.reach.entries | self.project.reach.injected
        asynchronous = self.project.colouring.asynchronous
        return any(
            one in requests and one in asynchronous and not is_of_tests(module.path)
            for one, module in outcome.functions.items()
        )

    def _below(self, function: ast.AST) -> set[ast.AST]:
        """The last functions on the ways from one to the database that are no request's; empty where there is none."""
        way = set(self._way(function))
        ends: set[ast.AST] = set()
        queue = [one for one in way if self._is_last(one, way)]
        while queue:
            one = queue.pop()
            if self._may_end(one):
                ends.add(one)
            elif one is function:
                return set()
            else:
                callers = {edge.caller.node for edge in self.project.callgraph.calls_to.get(one, ())}
                queue += (callers & way) - ends
        return ends

    def _way(self, start: ast.AST) -> Iterator[ast.AST]:
        seen, queue = {start}, [start]
        while queue:
            node = queue.pop()
            if node in self.project.reach.served:
                continue
            yield node
            new = {edge.callee.node for edge in self._calls(node)} - seen
            seen |= new
            queue += new

    def _calls(self, node: ast.AST) -> Iterator[Edge]:
        """The calls of what is to be asynchronous."""
        for edge in self.project.callgraph.calls_from.get(node, ()):
            sure = edge.kind != "reference" and edge.tier > Tier.BY_NAME
            if sure and edge.callee.node in self.project.colouring.asynchronous:
                yield edge

    def _is_last(self, node: ast.AST, way: set[ast.AST]) -> bool:
        """Whether it talks to the database itself, or calls what requests run as well."""
        return node in self.project.colouring.own or any(edge.callee.node not in way for edge in self._calls(node))

    def _may_end(self, function: ast.AST) -> bool:
        if function not in self._asked:
            module = self.project.callgraph.functions[function].module
            self._asked[function] = isinstance(function, ast.FunctionDef) and (
                self._is_plain(function, module)
                and (self._only_tables(function) or self._stands_alone(function, module))
            )
        return self._asked[function]

    def _is_plain(self, function: ast.FunctionDef, module: Module) -> bool:
        """Whether whoever runs it gets what it gives, and nothing stands in its place."""
        place = self.project.scopes(module).parents[function]
        tests = is_of_tests(module.path) or is_fixture(function) or is_test(function, module)
        if tests or is_generator(function) or not isinstance(place, ast.Module | ast.ClassDef):
            return False
        if next(self.project.colouring.overrides(function), None) is not None:
            return False
        if not all(is_command(self.project, one, module) for one in function.decorator_list):
            return False
        return function not in self.project.ends and function not in self.project.reach.served

    def _only_tables(self, function: ast.AST) -> bool:
        """Whether all that it does at the database is to make tables."""
        io = [one for one in self.project.engines.by_function.get(function, ()) if one.is_io]
        uses = self.project.session_uses.by_function.get(function, ())
        alone = not any(True for _ in self._calls(function)) and not any(map(awaits, uses))
        return bool(io) and all(one.role == "schema" for one in io) and alone

    def _stands_alone(self, function: ast.FunctionDef, module: Module) -> bool:
        """Whether all of its sessions are its own, and their connections may be used from loop to loop."""
        handing = Handing(self.project)
        if function.name.startswith("__") or handing.guessed(function, module):
            return False
        if handing.sessions(function, module) or handing.unseen(function, module) is not None:
            return False
        return not (self._is_given(function, module) or self._gives(function, module)) and self._fits(function)

    def _is_given(self, function: ast.FunctionDef, module: Module) -> bool:
        """Whether a parameter is a session, or an object of one."""
        told = [one.annotation for one in every_argument(function) if one.annotation is not None]
        return any(self._carried.told(one, module) for one in told)

    def _gives(self, function: ast.FunctionDef, module: Module) -> bool:
        """Whether it gives a session, which would belong to its loop."""
        results = self.project.scopes(module).results(function)
        values = [one.value for one in results if isinstance(one.value, ast.expr)]
        typed = [self.project.sessions.of(one, module) for one in values]
        return any(one is not None and one.what not in ("instance", "other") for one in typed)

    def _fits(self, function: ast.AST) -> bool:
        """Whether what it runs starts no loop, and keeps no connection that belongs to one."""
        pools = Pools(self.project)
        for one in self.project.callgraph.reached(function):
            if next(pools.kept(one.node), None) is not None and not self._following:
                return False
            for call in ast.walk(one.node) if isinstance(one.node, FunctionNode) else ():
                if isinstance(call, ast.Call) and self.project.meanings.external(call.func, one.module) in RUNS_A_LOOP:
                    return False
        return True

    @cached_property
    def _carried(self) -> Carried:
        return Carried(self.project)

    @cached_property
    def _following(self) -> bool:
        """Whether the connections of all engines go from loop to loop."""
        crossing = Crossing(self.project)
        made = [(call, module) for module, call in self.project.calls.get("create_engine", ())]
        backends = [crossing.backends(call, module) for call, module in made]
        known = set(_FOLLOWING)
        if async_driver(self.project, "postgresql") == "psycopg":
            known.add("postgresql")
        return bool(backends) and all(found and found <= known for found in backends)
