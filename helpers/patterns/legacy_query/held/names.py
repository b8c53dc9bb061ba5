"""Which definitions a use of a name may see: those that reach it, or all where it is used later."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.analysis.local_definitions import Reached
from helpers.analysis.local_flow import Flow
from helpers.analysis.project import Project
from helpers.analysis.symbols import Module, dotted_name
from helpers.patterns.legacy_query.held.family import Local, Slot


@dataclass(frozen=True, eq=False)
class Names:
    """Answers for all functions of one project; each is walked once."""

    project: Project
    flows: dict[ast.AST, Flow]

    def of(self, node: ast.Name, module: Module) -> tuple[tuple[Slot, ...], frozenset[str]]:
        """The definitions that a use of a name may see, and the session names that changed since any of them."""
        scopes = self.project.scopes(module)
        flow = self.flow(scopes.function(node) or module.tree, module)
        reached = flow.reads.get(node)
        if reached:
            rebound = frozenset(name for one in reached for name in one.rebound)
            return tuple(Local(one.definition, flow, module) for one in sorted(reached, key=_line)), rebound
        for function in scopes.functions(node):
            if scopes.bindings(function).get(node.id):
                flow = self.flow(function, module)
                return self._every(node, flow, module)
        flow = self.flow(module.tree, module)
        return self._every(node, flow, module)

    def _every(self, node: ast.Name, flow: Flow, module: Module) -> tuple[tuple[Slot, ...], frozenset[str]]:
        found = sorted(flow.all_definitions(node.id), key=lambda one: one.line)
        rebound = frozenset(name for name in flow.watched if len(flow.all_definitions(name)) > 1)
        return tuple(Local(one, flow, module) for one in found), rebound

    def flow(self, function: ast.AST, module: Module) -> Flow:
        """The flow of a function, made once."""
        if function not in self.flows:
            receivers = (node.value for node in module.nodes.of(ast.Attribute) if node.attr == "query")
            watched = frozenset(name for one in receivers for name in _prefixes(dotted_name(one)))
            assert isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.Module)
            self.flows[function] = Flow(function, watched).run()
        return self.flows[function]


def _line(reached: Reached) -> int:
    return reached.definition.line


def _prefixes(name: str | None) -> Iterator[str]:
    """`a.b.c`, `a.b` and `a`: whatever an assignment may change of it."""
    while name:
        yield name
        name = name.rpartition(".")[0]
