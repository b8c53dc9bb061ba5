"""Puts `await` before an expression, with the parentheses it needs, or says why none can stand there."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Set
from dataclasses import dataclass

from helpers.analysis.source import Source
from helpers.codemod.refused import Refused
from helpers.model import Edit

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
RUN = "asyncio.get_event_loop().run_until_complete("
# they read a generator to its end, so that a list in its place gives the same
_EXHAUST = frozenset({"list", "tuple", "set", "frozenset", "sorted", "sum", "max", "min", "dict"})


@dataclass(frozen=True, eq=False)
class Awaiting:
    """Answers for one file."""

    source: Source
    parents: Mapping[ast.AST, ast.AST]
    kept: Set[ast.AST] = frozenset()  # functions that stay synchronous: they run what they would await

    def edits(self, node: ast.expr, keyword: str = "await ") -> tuple[Edit, ...]:
        """The edits that await the value of `node`. Refused where no await may stand or its text cannot be told."""
        start, end = self.source.segment(node)
        if self._is_kept(node):
            self._exact(node)
            return (Edit(start, start, RUN), Edit(end, end, ")"))
        self.generators(node)
        above = self.parents[node]
        if isinstance(above, ast.Await):
            return ()
        inside = isinstance(above, ast.Attribute | ast.Subscript | ast.Call) and (
            getattr(above, "value", None) is node or getattr(above, "func", None) is node
        )
        if (
            inside and isinstance(above, ast.expr) and self.source.segment(above)[0] == start
        ):  # no parentheses of its own yet
            return (Edit(start, start, f"({keyword}"), Edit(end, end, ")"))
        return (Edit(start, start, keyword), Edit(end, end, ""))  # the empty one tells how far it reaches

    def generators(self, node: ast.expr) -> list[ast.GeneratorExp]:
        """The generator expressions that have to become lists for an await at `node`. Refused where none may stand."""
        self._exact(node)
        if self._is_kept(node):
            raise Refused("it stands in a test that stays synchronous, and cannot be entered there: write it by hand")
        generators: list[ast.GeneratorExp] = []
        depth = 0
        child: ast.AST = node
        above = self.parents[node]
        while not isinstance(above, _FUNCTIONS):
            if isinstance(above, ast.Lambda):
                raise Refused("it stands in a lambda, which cannot await")
            if isinstance(above, ast.ClassDef | ast.Module):
                raise Refused("it runs while the module is imported, where nothing can be awaited")
            if isinstance(above, ast.YieldFrom):
                raise Refused("an asynchronous function cannot `yield from`: write the loop out")
            if isinstance(above, ast.comprehension):
                comprehension = self.parents[above]
                if child is above.iter and getattr(comprehension, "generators", [None])[0] is above:
                    child, above = comprehension, self.parents[comprehension]  # evaluated outside of it
                    continue
                child, above = above, comprehension
            if isinstance(above, _COMPREHENSIONS):
                depth += 1
                if depth > 1:
                    raise Refused("it stands in a comprehension inside another: write one of them as a loop")
                if isinstance(above, ast.GeneratorExp):
                    self._exhausted(above)
                    generators.append(above)
            child, above = above, self.parents[above]
        if child in above.decorator_list or child is above.args or child is above.returns:
            raise Refused("it runs when the function is defined, where nothing can be awaited")
        return generators

    def _exact(self, node: ast.expr) -> None:
        if not self.source.exact(node):
            raise Refused("it stands inside an f-string, whose parts have no places of their own: take it out")

    def _is_kept(self, node: ast.AST) -> bool:
        """Whether the function around a place stays synchronous."""
        above: ast.AST | None = node
        while above is not None and not isinstance(above, _FUNCTIONS):
            above = self.parents.get(above)
        return above in self.kept

    def _exhausted(self, generator: ast.GeneratorExp) -> None:
        call = self.parents[generator]
        reads = isinstance(call, ast.Call) and call.args[:1] == [generator] and isinstance(call.func, ast.Name)
        if not (reads and isinstance(call, ast.Call) and getattr(call.func, "id", "") in _EXHAUST):
            raise Refused("it stands in a generator expression, which may not be read to its end: write the loop out")

    def as_list(self, generator: ast.GeneratorExp) -> tuple[Edit, ...]:
        """`sum(x for x in y)` as `sum([x for x in y])`: the parentheses of the call stay where they are its own."""
        call = self.parents[generator]
        start, end = self.source.segment(generator)
        assert isinstance(call, ast.Call)
        shared = self.source.segment(call)[1] == end
        if getattr(call.func, "id", "") == "list" and len(call.args) == 1:
            first, last = self.source.segment(call)
            opening = start + 1
            return (Edit(first, opening, "["), Edit(end - 1, last, "]"))
        if shared:
            return (Edit(start + 1, start + 1, "["), Edit(end - 1, end - 1, "]"))
        return (Edit(start, start + 1, "["), Edit(end - 1, end, "]"))
