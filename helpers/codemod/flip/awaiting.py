"""Puts `await` before an expression, with the parentheses it needs, or says why none can stand there."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass

from helpers.analysis.source import Source
from helpers.codemod.refused import Refused
from helpers.model import Edit

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
RUN = "asyncio.get_event_loop().run_until_complete("
# they read a generator to its end, so that a list in its place gives the same
_EXHAUST = frozenset({"list", "tuple", "set", "frozenset", "sorted", "sum", "max", "min", "dict"})

_LAZY = {"any": 1, "all": 1, "next": 2}  # with so many arguments
_BY_KEY = frozenset({"sorted", "max", "min"})


@dataclass(frozen=True, eq=False)
class Awaiting:
    """Answers for one file."""

    source: Source
    parents: Mapping[ast.AST, ast.AST]
    kept: Set[ast.AST] = frozenset()  # functions that stay synchronous: they run what they would await

    def edits(self, node: ast.expr, keyword: str = "await ") -> tuple[Edit, ...]:
        """The edits that await the value of `node`. Refused where no await may stand or its text cannot be told."""
        above = self.parents[node]
        start, end = self.source.segment(node)
        if self.is_kept(node):
            self._exact(node)
            return (Edit(start, start, RUN), Edit(end, end, ")"))
        if isinstance(above, ast.Lambda) and above.body is node and self.by_key(above):
            self.generators(above)
            return (Edit(start, start, ""),)  # the lambda gives what the call around it awaits
        self.generators(node)
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
        if self.is_kept(node):
            raise Refused("it stands in a test that stays synchronous, and cannot be entered there: write it by hand")
        generators: list[ast.GeneratorExp] = []
        depth = 0
        child: ast.AST = node
        above = self.parents[node]
        while not isinstance(above, _FUNCTIONS):
            if isinstance(above, ast.Lambda) and (mapping := self.by_map(above)):
                child, above = mapping, self.parents[mapping]  # it becomes a comprehension
                continue
            if isinstance(above, ast.Lambda):
                raise Refused("it stands in a lambda, which cannot await")
            if isinstance(above, ast.ClassDef | ast.Module):
                raise Refused("it runs while the module is imported, where nothing can be awaited")
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
                if isinstance(above, ast.GeneratorExp) and not self._is_lazy(above):
                    self.exhausted(above)
                    generators.append(above)
            child, above = above, self.parents[above]
        if child in above.decorator_list or child is above.args or child is above.returns:
            raise Refused("it runs when the function is defined, where nothing can be awaited")
        return generators

    def _exact(self, node: ast.expr) -> None:
        if not self.source.exact(node):
            raise Refused("it stands inside an f-string, whose parts have no places of their own: take it out")

    def is_kept(self, node: ast.AST) -> bool:
        """Whether the function around a place stays synchronous."""
        above: ast.AST | None = node
        while above is not None and not isinstance(above, _FUNCTIONS):
            above = self.parents.get(above)
        return above in self.kept

    def lazy(self, node: ast.expr) -> Iterator[ast.Call]:
        """The calls around an awaited `node` that stop as soon as they know, or that call it by themselves."""
        above = self.parents.get(node)
        if isinstance(above, ast.Lambda) and (call := self.by_key(above)):
            yield call
        while isinstance(above, ast.expr | ast.comprehension | ast.keyword) and not isinstance(above, ast.Lambda):
            if isinstance(above, ast.GeneratorExp) and self._is_lazy(above):
                reader = self.parents[above]
                assert isinstance(reader, ast.Call)
                if above.generators[0].iter is not node and not self._within(node, above.generators[0].iter):
                    yield reader
            above = self.parents.get(above)

    def _within(self, node: ast.AST, outer: ast.AST) -> bool:
        while node is not outer and isinstance(node, ast.expr | ast.comprehension | ast.keyword):
            node = self.parents[node]
        return node is outer

    def by_map(self, function: ast.Lambda) -> ast.Call | None:
        """`map(lambda one: ..., values)` around a lambda of one argument, written without parentheses of its own."""
        call = self.parents[function]
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "map"):
            return None
        arguments = function.args
        alone = len(arguments.args) == 1 and not (
            arguments.posonlyargs or arguments.kwonlyargs or arguments.vararg or arguments.kwarg or arguments.defaults
        )
        first = self.source.segment(function)[0] if call.args[:1] == [function] and len(call.args) == 2 else None
        opened = self.source.segment(call.func)[1]
        return call if alone and first is not None and self.source.text[opened:first].strip() == "(" else None

    def mapped(self, node: ast.expr) -> Iterator[ast.Call]:
        """The calls of `map` whose lambda an awaited `node` stands in."""
        above = self.parents.get(node)
        while isinstance(above, ast.expr | ast.comprehension | ast.keyword):
            if isinstance(above, ast.Lambda) and (call := self.by_map(above)):
                yield call
            above = self.parents.get(above)

    def by_key(self, key: ast.AST) -> ast.Call | None:
        """`sorted(values, key=...)`, `max` and `min` of one iterable around what is their key."""
        keyword = self.parents.get(key)
        call = self.parents.get(keyword) if isinstance(keyword, ast.keyword) and keyword.arg == "key" else None
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and len(call.args) == 1):
            return None
        starred = any(isinstance(one, ast.Starred) for one in call.args)
        return call if call.func.id in _BY_KEY and not starred else None

    def _is_lazy(self, generator: ast.GeneratorExp) -> bool:
        """Whether `any`, `all` or `next` with a default reads it."""
        call = self.parents[generator]
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.args[:1] == [generator]):
            return False
        return not call.keywords and _LAZY.get(call.func.id) == len(call.args)

    def exhausted(self, generator: ast.GeneratorExp) -> None:
        """Nothing. Refused where a list in the place of a generator expression may give something else."""
        call = self.parents[generator]
        reads = isinstance(call, ast.Call) and call.args[:1] == [generator] and isinstance(call.func, ast.Name)
        if isinstance(call, ast.Call) and _joins(call):
            return
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


def _joins(call: ast.Call) -> bool:
    """`", ".join(...)`, which reads all before it gives anything."""
    text = call.func.value if isinstance(call.func, ast.Attribute) and call.func.attr == "join" else None
    return isinstance(text, ast.Constant) and isinstance(text.value, str) and len(call.args) == 1
