"""Queries with eager options behind a commit: they loaded again what the commit had expired, and do no longer."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from helpers.analysis.declarations import called
from helpers.analysis.flow import Flow
from helpers.analysis.parameters import FunctionNode
from helpers.analysis.project import Project
from helpers.analysis.symbols import Module
from helpers.model import Finding
from helpers.patterns.expire_on_commit.found import found_at

_TOLD = (
    "a query with options behind a commit loaded everything again until now; from now on it loads only what is missing "
    "of an object that the session holds: expire that object first where it may be outdated (populate_existing does it "
    "too, unless an option leads back to the same object)"
)
_SAYS_SO = "populate_existing"
_LOADERS = ("joinedload", "selectinload", "subqueryload", "immediateload", "contains_eager", "selectin_polymorphic")


def rereads(project: Project, code: str) -> Iterator[Finding]:
    """A finding for each statement with options that a function builds behind what may commit."""
    finder = _Rereads(project, code)
    for module in project.symbols.modules.values():
        for options in module.nodes.of(ast.Call):
            if called(options) == "options" and isinstance(options.func, ast.Attribute):
                yield from finder.of(options, module)


@dataclass(frozen=True, eq=False)
class _Rereads:
    """Decides for the statements of one project."""

    project: Project
    code: str

    def of(self, options: ast.Call, module: Module) -> Iterator[Finding]:
        """The finding for one call of `options`, the first of its statement."""
        assert isinstance(options.func, ast.Attribute)
        function = self.project.scopes(module).function(options)
        if not isinstance(function, FunctionNode) or not self._loads(options, module):
            return
        flow = Flow(self.project.scopes(module))
        place = flow.statement(options)
        commits = [one for one in self._commits(function, module) if place and _leads(flow, one, place)]
        if place is None or not commits or _SAYS_SO in ast.unparse(place):
            return
        mark = f"again {ast.unparse(options)}"
        yield found_at(self.project, self.code, (module, options), (_TOLD, None), mark)

    def _loads(self, options: ast.Call, module: Module) -> bool:
        """Whether these are the first options of a statement that loads objects, and load something eagerly."""
        node: ast.expr = options.func.value if isinstance(options.func, ast.Attribute) else options
        while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and called(node) != "query":
            if called(node) == "options" or self.project.meanings.is_sqlalchemy(node.func, module, "select"):
                break
            node = node.func.value
        begins = isinstance(node, ast.Call) and called(node) in ("select", "query")
        return begins and any(self._eager(argument) for argument in options.args)

    def _eager(self, option: ast.expr) -> bool:
        return isinstance(option, ast.Starred) or any(
            called(part) in _LOADERS for part in ast.walk(option) if isinstance(part, ast.Call)
        )

    def _commits(self, function: FunctionNode, module: Module) -> Iterator[ast.Call]:
        """The calls of a function that commit, or that lead to one that does."""
        graph = self.project.callgraph
        for call in ast.walk(function):
            if isinstance(call, ast.Call):
                edges = graph.at.get(call, ())
                reached = any(edge.kind != "reference" and edge.callee.node in self._committing for edge in edges)
                if reached or self._commit(call, module):
                    yield call

    def _commit(self, call: ast.Call, module: Module) -> bool:
        named = isinstance(call.func, ast.Attribute) and call.func.attr == "commit" and not call.args
        return named and isinstance(call.func, ast.Attribute) and self._is_session(call.func.value, module)

    def _is_session(self, node: ast.expr, module: Module) -> bool:
        return self.project.sessions.tier(node, module) is not None

    @cached_property
    def _committing(self) -> frozenset[ast.AST]:
        graph = self.project.callgraph
        calls = (found for found in self.project.calls.get("commit", ()) if self._commit(found[1], found[0]))
        own = {graph.around(call, module).node for module, call in calls}
        return frozenset({*own, *graph.reaching(own)}) if own else frozenset()


def _leads(flow: Flow, commit: ast.Call, place: ast.stmt) -> bool:
    """Whether a statement may run behind a call."""
    start = flow.statement(commit)
    behind = [] if start is None or start is place else [*flow.after(start), *flow.later(start)]
    return any(place is node for item in behind for node in ast.walk(item))
