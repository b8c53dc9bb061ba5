"""`map` and `filter` whose function has to be awaited, as comprehensions."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from helpers.analysis.flow import mentions
from helpers.analysis.project import Project
from helpers.analysis.source import Source
from helpers.analysis.symbols import Module, dotted_name
from helpers.codemod.flip.awaiting import Awaiting
from helpers.codemod.flip.change import Change
from helpers.codemod.flip.generators import READERS, Reading
from helpers.codemod.refused import Refused
from helpers.model import Edit

PATTERN = "sync_caller"

_OPTIONS = frozenset(
    f"sqlalchemy.orm.{name}"
    for name in ("joinedload", "selectinload", "subqueryload", "defaultload", "undefer", "selectin_polymorphic")
)


@dataclass(frozen=True, eq=False)
class Mapped:
    """`map(f, values)` as a comprehension: a list where all of it is read at once, else one that is read in turn."""

    project: Project
    module: Module
    symbol: str

    def changes(self, call: ast.Call, awaiting: Awaiting) -> Iterator[Change]:
        """What `map` or `filter` and whoever reads it become."""
        source, parents = awaiting.source, awaiting.parents
        above = parents[call]
        awaiting.generators(call)
        item = self._item(call, source)
        reader = dotted_name(above.func) if isinstance(above, ast.Call) and above.args == [call] else ""
        whole = reader in READERS and isinstance(above, ast.Call) and not above.keywords
        outer = above if whole and reader == "list" and isinstance(above, ast.Call) else call
        opening, closing = ("[", "]") if whole else ("(", ")")
        (start, end), (first, last) = source.segment(outer), source.segment(call.args[0])
        values, stop = source.segment(call.args[1])
        function = call.args[0]
        edits: tuple[Edit, ...]
        if isinstance(function, ast.Lambda):
            body, last = source.segment(function.body)
            edits = (Edit(start, body, opening), Edit(last, values, f" for {item} in "), Edit(stop, end, closing))
        elif getattr(call.func, "id", "") == "map" and isinstance(function, ast.Call):
            bound = self._bound(function, item, source)
            head = Edit(start, source.segment(function.args[0])[0], f"{opening}await ")
            edits = (head, *bound, Edit(last, values, f" for {item} in "), Edit(stop, end, closing))
        elif getattr(call.func, "id", "") == "map":
            head = Edit(start, first, f"{opening}await ")
            edits = (head, Edit(last, values, f"({item}) for {item} in "), Edit(stop, end, closing))
        else:
            head = Edit(start, values, f"{opening}{item} for {item} in ")
            edits = (head, Edit(stop, end, f" if await {source.text[first:last]}({item}){closing}"))
        message = f"{self.symbol} is awaited for each item"
        drops = ("functools.partial",) if isinstance(function, ast.Call) else ()
        yield Change(PATTERN, self.module, call.args[0], message, edits, drops=drops)
        if not whole and self._filtered(call, parents):
            yield from self._sieve(call, item, awaiting)
        elif not whole:
            yield from Reading(self.project, self.module, self.symbol, cleans_up=False).changes(call)

    def _bound(self, function: ast.Call, item: str, source: Source) -> tuple[Edit, ...]:
        """`partial(f, x, k=y)` as `f(x, item, k=y)`, from behind `f` on."""
        inner, end = source.segment(function.args[0])[1], source.segment(function)[1]
        positional = function.args[1:]
        if positional:
            first, at = source.segment(positional[0])[0], source.segment(positional[-1])[1]
            return (Edit(inner, first, "("), Edit(at, at, f", {item}"))
        if function.keywords:
            first = source.offset(function.keywords[0].lineno, function.keywords[0].col_offset)
            return (Edit(inner, first, f"({item}, "),)
        return (Edit(inner, end, f"({item})"),)

    def _filtered(self, call: ast.Call, parents: Mapping[ast.AST, ast.AST]) -> bool:
        """Whether the builtin `filter`, with a function that is not awaited, reads it."""
        above = parents[call]
        if not (isinstance(above, ast.Call) and isinstance(above.func, ast.Name) and above.func.id == "filter"):
            return False
        bound = self.project.scopes(self.module).lookup("filter", above)
        builtin = not bound and self.project.symbols.resolve(self.module, "filter") is None
        edges = self.project.callgraph.at.get(above, ())
        plain = not any(one.callee.is_async or one.callee.node in self.project.colouring.asynchronous for one in edges)
        return builtin and plain and len(above.args) == 2 and above.args[1] is call

    def _sieve(self, call: ast.Call, item: str, awaiting: Awaiting) -> Iterator[Change]:
        """`filter(None, map(...))`, and whoever reads it: what is found in turn, each before the next is looked for."""
        source, above = awaiting.source, awaiting.parents[call]
        assert isinstance(above, ast.Call)
        given = above.args[0]
        each = next((name for name in ("each", "found") if name != item and not mentions(above, name)), None)
        plain = isinstance(given, ast.Name | ast.Attribute | ast.Constant) and not above.keywords
        (start, end), (first, last) = source.segment(above), source.segment(call)
        if (
            each is None
            or not plain
            or "#" in source.text[start:first]
            or source.text[last:end].strip(" \t\r\n,") != ")"
        ):
            raise Refused("write it as a comprehension first")
        test = each if isinstance(given, ast.Constant) else f"{source.text[slice(*source.segment(given))]}({each})"
        edits = (Edit(start, first, f"({each} async for {each} in "), Edit(last, end, f" if {test})"))
        yield Change(PATTERN, self.module, above.func, f"{self.symbol} is awaited for each item", edits)
        yield from Reading(self.project, self.module, self.symbol, cleans_up=False).changes(above)

    def _is_option(self, node: ast.Call | ast.NamedExpr) -> bool:
        """Whether it makes a loader option, which may be made again for each item: it is a value and nothing more."""
        while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if not isinstance(node.func.value, ast.Call):
                break
            node = node.func.value
        return isinstance(node, ast.Call) and self.project.meanings.external(node.func, self.module) in _OPTIONS

    def _item(self, call: ast.Call, source: Source) -> str:
        """The name for what comes in turn. Refused where the call is not plain enough to be taken apart."""
        if len(call.args) != 2 or call.keywords or isinstance(call.args[1], ast.Starred):
            raise Refused(f"`{dotted_name(call.func)}` gets several iterables: write it as a comprehension")
        if self.project.symbols.resolve(self.module, dotted_name(call.func) or "") is not None:
            raise Refused(f"`{dotted_name(call.func)}` is not the builtin here: write the loop out")
        start, end = source.segment(call)
        _, stop = source.segment(call.args[1])
        if "#" in source.text[start:end] or source.text[stop:end].strip(" \t\r\n,") != ")":
            raise Refused("write it as a comprehension first: it holds comments or parentheses of its own")
        computed = [one for one in ast.walk(call.args[0]) if isinstance(one, ast.Call | ast.NamedExpr)]
        calls = [one for one in computed if not self._is_option(one)]
        if not isinstance(call.args[0], ast.Lambda) and calls not in ([], [call.args[0]]):
            raise Refused(f"what `{dotted_name(call.func)}` runs is computed here: keep it in a variable first")
        if isinstance(call.args[0], ast.Lambda):
            return call.args[0].args.args[0].arg
        item = next((name for name in ("item", "element") if not mentions(call, name)), None)
        if item is None:
            raise Refused("write it as a comprehension first")
        return item
