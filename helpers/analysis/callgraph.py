"""Who calls whom: functions as nodes, and as edges every place where one may run another, with how sure that is."""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Container, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from helpers.analysis.call_targets import CallTargets, Target
from helpers.analysis.handed import applied, handed_to, injected_classes
from helpers.analysis.session_types import Tier
from helpers.analysis.symbols import Module

if TYPE_CHECKING:
    from helpers.analysis.project import Project

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
Kind = Literal["call", "constructor", "property", "context", "applied", "reference"]


@dataclass(frozen=True, eq=False)
class Function:
    """A function, a method, or the top level of a module (then `node` is the module's tree and `symbol` `<module>`)."""

    module: Module
    node: FunctionNode | ast.Module
    symbol: str

    @property
    def is_async(self) -> bool:
        """Whether calling it gives a coroutine or an asynchronous generator."""
        return isinstance(self.node, ast.AsyncFunctionDef)

    @property
    def qualified(self) -> str:
        """`package.module:Class.method`, a name that a person can find it by."""
        return f"{self.module.name}:{self.symbol}"


@dataclass(frozen=True, eq=False)
class Edge:
    """One place, `site` in the caller's module, where `caller` runs `callee` or hands it on as a value.

    A reference is no call: `given_to` names what gets the function (`Depends`, `background.add_task`, `sorted`), and is
    empty where it is kept in a variable, a list or a dict. A function is applied where a builtin calls it at once: as
    the key of `sorted`, by `map`.
    """

    caller: Function
    callee: Function
    site: ast.AST
    kind: Kind
    tier: Tier
    given_to: str = ""


@dataclass(frozen=True, eq=False)
class CallGraph:
    """All edges of a project, found once. Keys are the functions' syntax nodes, a module's tree for its top level."""

    project: Project

    @cached_property
    def functions(self) -> Mapping[ast.AST, Function]:
        """Every function of the project and the top level of every module."""
        found: dict[ast.AST, Function] = {}
        for module in self.project.symbols.modules.values():
            scopes = self.project.scopes(module)
            found[module.tree] = Function(module, module.tree, "<module>")
            nodes: list[FunctionNode] = [*module.nodes.of(ast.FunctionDef), *module.nodes.of(ast.AsyncFunctionDef)]
            for node in nodes:
                found[node] = Function(module, node, scopes.symbol(node))
        return found

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        """Every edge, module by module."""
        modules = self.project.symbols.modules.values()
        return tuple(edge for module in modules for edge in self._in_module(module))

    @cached_property
    def calls_from(self) -> Mapping[ast.AST, tuple[Edge, ...]]:
        """Function to the edges that leave it."""
        return _grouped((edge.caller.node, edge) for edge in self.edges)

    @cached_property
    def calls_to(self) -> Mapping[ast.AST, tuple[Edge, ...]]:
        """Function to the edges that lead to it."""
        return _grouped((edge.callee.node, edge) for edge in self.edges)

    @cached_property
    def at(self) -> Mapping[ast.AST, tuple[Edge, ...]]:
        """A call, attribute or name to the edges that it is the site of."""
        return _grouped((edge.site, edge) for edge in self.edges)

    @cached_property
    def alike(self) -> Mapping[ast.AST, frozenset[ast.AST]]:
        """Function to those that one call of a kept value may run in its place; what a wrapper wraps is left out."""
        found: dict[ast.AST, set[ast.AST]] = {}
        for call, edges in self.at.items():
            callees = {edge.callee.node for edge in edges if edge.kind == "call"}
            if (
                len(callees) < 2
                or not isinstance(call, ast.Call)
                or edges[0].caller.node in self.project.decorators.wrapped
            ):
                continue
            if set(self.project.function_values.called(call, edges[0].caller.module)) == callees:
                for callee in callees:
                    found.setdefault(callee, set()).update(callees)
        return {callee: frozenset(others) for callee, others in found.items()}

    @cached_property
    def targets(self) -> CallTargets:
        """What single expressions mean, as functions."""
        return CallTargets(self.project)

    def around(self, node: ast.AST, module: Module) -> Function:
        """The function whose code `node` is, a lambda's counted to the function that it stands in."""
        for function in self.project.scopes(module).functions(node):
            if not isinstance(function, ast.Lambda):
                return self.functions[function]
        return self.functions[module.tree]

    def reaching(
        self,
        starts: Iterable[ast.AST],
        least: Tier = Tier.INFERRED,
        *,
        closed: Set[ast.AST] = frozenset(),
        without: Container[tuple[ast.AST, ast.AST]] = (),
    ) -> Mapping[ast.AST, Edge]:
        """Every function from which a call leads to one of `starts`, with the first edge of a shortest way there.

        The starts themselves have no entry unless they call each other. Edges below `least` and references are left
        out: who is handed a function may never call it. Functions in `closed` are none of them, nor a way to others;
        nor are edges `without`, as caller and callee.
        """
        found: dict[ast.AST, Edge] = {}
        queue = deque(starts)
        seen = set(queue)
        while queue:
            for edge in self.calls_to.get(queue.popleft(), ()):
                if edge.kind == "reference" or edge.tier < least or edge.caller.node in closed:
                    continue
                if (edge.caller.node, edge.callee.node) in without:
                    continue
                found.setdefault(edge.caller.node, edge)
                if edge.caller.node not in seen:
                    seen.add(edge.caller.node)
                    queue.append(edge.caller.node)
        return found

    def reached(self, start: ast.AST, least: Tier = Tier.INFERRED) -> tuple[Function, ...]:
        """`start` and every function that calls lead to from it; references are no calls."""
        found = {start: self.functions[start]}
        queue = [start]
        while queue:
            for edge in self.calls_from.get(queue.pop(), ()):
                if edge.kind != "reference" and edge.tier >= least and edge.callee.node not in found:
                    found[edge.callee.node] = edge.callee
                    queue.append(edge.callee.node)
        return tuple(found.values())

    def _in_module(self, module: Module) -> Iterator[Edge]:
        called: set[ast.AST] = set()
        for call in module.nodes.of(ast.Call):
            called.add(call.func)
            means = tuple(self.targets.called(call, module))
            if all(self.targets.members.is_callback(found.node) for found in means):
                means = tuple(self._kept(call, module)) or means
            for found in means:
                yield self._edge(call, module, found, "call")
            for function in applied(self.project, call, module):
                yield self._edge(call, module, Target(function), "applied")
            for found in injected_classes(self.project, call, module):
                yield self._edge(call, module, found, "reference", given_to="Depends")
        read: list[ast.Name | ast.Attribute] = [*module.nodes.of(ast.Name), *module.nodes.of(ast.Attribute)]
        for node in read:
            if node not in called:
                yield from self._read(node, module)
        for function, argument, fixture in self.project.fixtures.handed(module):
            callee = self.functions[fixture.node]
            yield Edge(self.functions[function], callee, argument, "reference", Tier.PROVED, given_to="pytest.fixture")
        for item in module.nodes.of(ast.withitem):
            for found in self.targets.entered(item.context_expr, module):
                yield self._edge(item.context_expr, module, found, "context")

    def _kept(self, call: ast.Call, module: Module) -> Iterator[Target]:
        """What a call of a value runs: of a decorator's parameter, of what was looked up in a table."""
        yield from (Target(function) for function in self.project.function_values.called(call, module))

    def _read(self, node: ast.Name | ast.Attribute, module: Module) -> Iterator[Edge]:
        for found in self.targets.read(node, module):
            given_to = "" if found.kind == "property" else handed_to(self.project, node, module)
            yield self._edge(node, module, found, "reference", given_to=given_to)

    def _edge(self, site: ast.AST, module: Module, found: Target, kind: Kind, given_to: str = "") -> Edge:
        plain = found.kind == "function" or (kind == "reference" and found.kind == "constructor")
        how: Kind = kind if plain else found.kind  # type: ignore[assignment]  # a function is of the kind asked for
        return Edge(self.around(site, module), self.functions[found.node], site, how, found.tier, given_to)


def _grouped(pairs: Iterable[tuple[ast.AST, Edge]]) -> Mapping[ast.AST, tuple[Edge, ...]]:
    found: dict[ast.AST, list[Edge]] = {}
    for key, edge in pairs:
        found.setdefault(key, []).append(edge)
    return {key: tuple(edges) for key, edges in found.items()}
