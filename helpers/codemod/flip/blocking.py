"""Calls that wait without the event loop: on a thread of the pool they hold up one request, on the loop all of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from helpers.analysis.loops import is_of_tests
from helpers.analysis.members import FunctionNode
from helpers.analysis.project import Project
from helpers.analysis.reach import Reach

_VERBS = ("get", "post", "put", "patch", "delete", "head", "options", "request")
# each waits for a clock, another machine or another program, of its own accord and for long
_BLOCKS = frozenset(
    {"time.sleep", "urllib.request.urlopen", "os.system", "smtplib.SMTP", "smtplib.SMTP_SSL"}
    | {f"subprocess.{name}" for name in ("run", "call", "check_call", "check_output", "getoutput")}
    | {f"requests.{name}" for name in (*_VERBS, "Session")}
    | {f"httpx.{name}" for name in (*_VERBS, "stream", "Client")}
)
_ADVICE = "hand it to asyncio.to_thread() or take a client that is awaited"


@dataclass(frozen=True, eq=False)
class Blocking:
    """Answers for one project."""

    project: Project

    def reasons(self, function: ast.AST) -> Iterator[tuple[ast.AST, str]]:
        """Each place of a function that would hold up the loop once it is asynchronous; one that is, does already."""
        graph = self.project.callgraph
        if not isinstance(function, ast.FunctionDef) or function not in self._reach.served:
            return
        if is_of_tests(graph.functions[function].module.path):
            return
        if call := self._calls.get(function):
            yield call, f"`{ast.unparse(call.func)}()` would hold up the event loop: {_ADVICE}"
        for edge in graph.calls_from.get(function, ()):
            callee = edge.callee.node
            if edge.kind in ("call", "constructor") and callee in self._leads:
                how = f"{edge.callee.symbol} leads to a call that would hold up the event loop"
                yield edge.site, f"{how}: {_ADVICE}"

    @cached_property
    def _reach(self) -> Reach:
        return Reach(self.project)

    @cached_property
    def _calls(self) -> Mapping[ast.AST, ast.Call]:
        """Every function with such a call of its own, with the first one."""
        found: dict[ast.AST, ast.Call] = {}
        modules = self.project.symbols.modules.values()
        renamed = {name for one in modules for name, target in one.imports.items() if target in _BLOCKS}
        for last in {name.rpartition(".")[2] for name in _BLOCKS} | renamed:
            for module, call in self.project.calls.get(last, ()):
                if self.project.meanings.external(call.func, module) in _BLOCKS:
                    found.setdefault(self.project.callgraph.around(call, module).node, call)
        return found

    @cached_property
    def _leads(self) -> frozenset[ast.AST]:
        """The functions that stay as they are and lead to such a call; one that becomes asynchronous tells itself."""
        colouring = self.project.colouring
        asynchronous = frozenset(colouring.asynchronous)
        found = {node for node in self._calls if self._stays(node)}
        while True:
            # whoever calls a method cannot know which of those that override each other it gets
            new = {other for node in found for other in colouring.overrides(node)}
            new |= self.project.callgraph.reaching(found, closed=asynchronous).keys()
            new = {node for node in new if self._stays(node)} - found
            if not new:
                return frozenset(found)
            found |= new

    def _stays(self, node: ast.AST) -> bool:
        return isinstance(node, FunctionNode) and node not in self.project.colouring.asynchronous
