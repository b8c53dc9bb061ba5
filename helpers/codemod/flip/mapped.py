"""`map` and `filter` whose function has to be awaited, as comprehensions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
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
        elif getattr(call.func, "id", "") == "map":
            head = Edit(start, first, f"{opening}await ")
            edits = (head, Edit(last, values, f"({item}) for {item} in "), Edit(stop, end, closing))
        else:
            head = Edit(start, values, f"{opening}{item} for {item} in ")
            edits = (head, Edit(stop, end, f" if await {source.text[first:last]}({item}){closing}"))
        message = f"{self.symbol} is awaited for each item"
        yield Change(PATTERN, self.module, call.args[0], message, edits)
        if not whole:
            yield from Reading(self.project, self.module, self.symbol, cleans_up=False).changes(call)

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
        calls = [one for one in ast.walk(call.args[0]) if isinstance(one, ast.Call | ast.NamedExpr)]
        if not isinstance(call.args[0], ast.Lambda) and calls not in ([], [call.args[0]]):
            raise Refused(f"what `{dotted_name(call.func)}` runs is computed here: keep it in a variable first")
        if isinstance(call.args[0], ast.Lambda):
            return call.args[0].args.args[0].arg
        item = next((name for name in ("item", "element") if not mentions(call, name)), None)
        if item is None:
            raise Refused("write it as a comprehension first")
        return item
