"""Rows that are read in portions: `stream()` and `stream_scalars()`, read with `async for` or by an awaited method."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.analysis.project import Project
from helpers.analysis.symbols import Module
from helpers.codemod.flip.awaiting import Awaiting
from helpers.codemod.flip.change import Change
from helpers.codemod.refused import Refused
from helpers.model import Edit

PATTERN = "session_call"
STREAMED = frozenset({"yield_per", "stream_results"})
_RUN = {"execute": "stream", "scalars": "stream_scalars"}
_LINKS = frozenset({"unique", "mappings", "scalars", "columns", "tuples", "partitions"})
_ENDS = frozenset({"all", "first", "one", "one_or_none", "fetchall", "scalar_one", "scalar_one_or_none"})
_LISTS = (ast.ListComp, ast.SetComp, ast.DictComp)


def is_streamed(call: ast.Call) -> bool:
    """Whether what a session is given to run says in place that its rows are read in portions."""
    return any(marks(node) for value in [*call.args, *call.keywords] for node in ast.walk(value))


def marks(node: ast.AST) -> bool:
    """Whether a node is the option, by its name."""
    if isinstance(node, ast.keyword):
        return node.arg in STREAMED
    if isinstance(node, ast.Attribute):
        return node.attr in STREAMED
    return isinstance(node, ast.Constant) and node.value in STREAMED


def followed(function: ast.AST) -> set[ast.AST]:
    """The options in a function that stand in a call which is looked at by itself."""
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
    runs = [call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr in _RUN]
    return {node for call in runs for value in [*call.args, *call.keywords] for node in ast.walk(value)}


@dataclass(frozen=True, eq=False)
class Streams:
    """Answers for one file."""

    project: Project
    module: Module

    def changes(self, call: ast.Call) -> Iterator[Change]:
        """What the call and the place that reads its rows become. Refused where that place is not in sight."""
        source, parents = self.project.sources[self.module.path], self.project.scopes(self.module).parents
        assert isinstance(call.func, ast.Attribute)
        awaiting = Awaiting(source, parents, self.project.loops.kept)
        awaiting.generators(call)
        end = source.segment(call.func)[1]
        renamed = Edit(end - len(call.func.attr), end, _RUN[call.func.attr])
        yield self._change(call.func, renamed)
        yield self._change(call, *awaiting.edits(call))
        top, ended = self._top(call)
        above = parents[top]
        if ended:
            yield self._change(top, *awaiting.edits(top))
        elif isinstance(above, ast.For) and above.iter is top:
            if any(isinstance(node, ast.Break | ast.Return) for part in above.body for node in ast.walk(part)):
                raise Refused("the loop over what is read in portions may be left early: rewrite it by hand")
            at = source.segment(above)[0]
            yield self._change(above, Edit(at, at, "async "))
        elif isinstance(above, ast.comprehension) and isinstance(parents[above], _LISTS):
            start = source.text.rindex("for", 0, source.segment(above.target)[0])
            yield self._change(above.iter, Edit(start, start, "async "))
        else:
            raise Refused("it reads its rows in portions, and not in a loop right here: rewrite it by hand")

    def _top(self, call: ast.Call) -> tuple[ast.expr, bool]:
        """The end of the chain of methods on the result, and whether its last one is a coroutine."""
        parents = self.project.scopes(self.module).parents
        top: ast.expr = call
        while isinstance(attribute := parents[top], ast.Attribute):
            called = parents[attribute]
            if not isinstance(called, ast.Call) or attribute.attr not in _LINKS | _ENDS:
                raise Refused(f"`.{attribute.attr}` of what is read in portions is not followed: rewrite it by hand")
            top = called
            if attribute.attr in _ENDS:
                return top, True
        return top, False

    def _change(self, node: ast.expr | ast.stmt, *edits: Edit) -> Change:
        message = "its rows are read in portions, which an asynchronous session does with stream()"
        return Change(PATTERN, self.module, node, message, edits)
