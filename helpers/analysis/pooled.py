"""What functions do for long that ran on the thread pool until they become asynchronous, and which follow them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from helpers.analysis.carried import Carried
from helpers.analysis.colouring import cannot
from helpers.analysis.long_calls import Kind, LongCalls
from helpers.analysis.loops import is_of_tests
from helpers.analysis.session_types import Tier
from helpers.analysis.session_uses import is_generator
from helpers.analysis.symbols import Module

if TYPE_CHECKING:
    from helpers.analysis.callgraph import Edge
    from helpers.analysis.project import Project


@dataclass(frozen=True, eq=False)
class Site:
    """One place of a function where something takes long: a call of its own, or `edges` to functions that may."""

    node: ast.AST
    module: Module
    kind: Kind
    edges: tuple[Edge, ...] = ()


@dataclass(eq=False)
class Pooled:
    """Answers for one project."""

    project: Project
    _sites: dict[ast.AST, tuple[Site, ...]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.carried = Carried(self.project)

    @cached_property
    def long(self) -> LongCalls:
        """Which calls take long."""
        return LongCalls(self.project)

    def moves(self, function: ast.AST) -> bool:
        """Whether a function leaves the pool when it becomes asynchronous; one that is asynchronous never was there."""
        if not isinstance(function, ast.FunctionDef) or function not in self.project.reach.served:
            return False
        return not is_of_tests(self.project.callgraph.functions[function].module.path)

    def sites(self, function: ast.AST) -> tuple[Site, ...]:
        """The places of a function that moves where something takes long, whatever becomes of what they call."""
        if function not in self._sites:
            self._sites[function] = tuple(self._found(function)) if self.moves(function) else ()
        return self._sites[function]

    def _found(self, function: ast.AST) -> Iterator[Site]:
        for one in self.long.own.get(function, ()):
            yield Site(one.node, one.module, one.kind)
        edges: dict[ast.AST, list[Edge]] = {}
        for edge in self.project.callgraph.calls_from.get(function, ()):
            if edge.kind != "reference":
                edges.setdefault(edge.site, []).append(edge)
        for node, meant in edges.items():
            callees = {edge.callee.node for edge in meant}
            if callees & self.long.giving:
                yield Site(node, meant[0].caller.module, "gives", tuple(meant))
            elif callees & self.long.waiting:
                yield Site(node, meant[0].caller.module, "waits", tuple(meant))
            elif callees & self.long.computing:
                yield Site(node, meant[0].caller.module, "computes", tuple(meant))

    def joining(self, function: ast.AST) -> Iterator[ast.AST]:
        """The functions that wait and are given what no thread may have: they await what they call themselves."""
        for site in self.sites(function):
            if site.kind == "waits" and site.edges and isinstance(site.node, ast.Call):
                joins = all(map(_may_join, site.edges)) and self.carried.by_call(site.node, site.module)
                yield from (edge.callee.node for edge in site.edges) if joins else ()


def _may_join(edge: Edge) -> bool:
    """Whether a call can be one of a function that becomes asynchronous."""
    callee = edge.callee.node
    plain = edge.kind == "call" and edge.tier > Tier.BY_NAME and isinstance(callee, ast.FunctionDef)
    return plain and isinstance(callee, ast.FunctionDef) and not is_generator(callee) and not cannot(callee)
