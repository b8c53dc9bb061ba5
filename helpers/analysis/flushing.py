"""Where a session may not flush before it loads: what was put into a collection is then forgotten by a load by name."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property

from helpers.analysis.flow import own_nodes
from helpers.analysis.parameters import FunctionNode
from helpers.analysis.project import Project

_NEVER = ("autoflush=False", "autoflush = False", '"autoflush": False')


@dataclass(frozen=True, eq=False)
class Flushing:
    """Answers for the functions of one project (https://docs.sqlalchemy.org/en/20/orm/session_basics.html#flushing)."""

    project: Project

    def before_loads(self, function: FunctionNode) -> bool:
        """Whether every session that a function is given flushes before it loads."""
        return not self._never and function not in self._held_back

    @cached_property
    def _never(self) -> bool:
        return any(word in source.text for source in self.project.sources.values() for word in _NEVER)

    @cached_property
    def _held_back(self) -> frozenset[ast.AST]:
        """The functions that hold flushes back or open a block of another that does, and all that they call."""
        graph = self.project.callgraph
        queue: list[ast.AST] = [node for node in graph.functions if _names_it(node)]
        queue += [edge.caller.node for node in queue if _yields(node) for edge in graph.calls_to.get(node, ())]
        found = set(queue)
        while queue:
            for edge in graph.calls_from.get(queue.pop(), ()):
                if edge.callee.node not in found:
                    found.add(edge.callee.node)
                    queue.append(edge.callee.node)
        return frozenset(found)


def _names_it(node: ast.AST) -> bool:
    return any(getattr(part, "attr", "") == "no_autoflush" for part in _inside(node))


def _yields(node: ast.AST) -> bool:
    return any(isinstance(part, ast.Yield | ast.YieldFrom) for part in _inside(node))


def _inside(node: ast.AST) -> list[ast.AST]:
    return [part for statement in getattr(node, "body", ()) for part in own_nodes(statement)]
