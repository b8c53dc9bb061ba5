"""The edits that make a method of a property, and a call of each place that reads it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.analysis.members import property_kind
from helpers.analysis.project import Project
from helpers.analysis.source import Source
from helpers.analysis.symbols import Definition, Module, dotted_name
from helpers.codemod.refused import Refused
from helpers.codemod.statements import indent
from helpers.model import Edit

_DEF = re.compile(r"def\s+(\w+)")


@dataclass(frozen=True, eq=False)
class Layout:
    """Edits for one property that becomes the method `name`.

    `set_outside`: some place sets or deletes the kept result, so that type checkers still need to know the attribute.
    """

    project: Project
    name: str
    set_outside: bool = False

    def definition(self, owner: Definition, function: ast.FunctionDef) -> Iterator[Edit]:
        """The decorator goes; a cached property gets a method that looks where its result is kept."""
        source = self.project.sources[owner.module.path]
        cached = property_kind(function) == "cached_property"
        kept = self._keeper(source, function) if cached else ""
        for decorator in function.decorator_list:
            if _makes_property(decorator):
                yield self._without(source, function, decorator, kept)
        start, end = source.segment(function)
        found = _DEF.search(source.text, start, end)
        if found is None:
            raise Refused("its `def` is not written plainly: turn it by hand")
        yield Edit(found.start(1), found.end(1), f"_{self.name}" if cached else self.name)

    def reader(self, module: Module, node: ast.Attribute) -> Edit:
        """`x.total` becomes `x.get_total()`."""
        end = self.project.sources[module.path].segment(node)[1]
        return Edit(end - len(node.attr), end, f"{self.name}()")

    def _without(self, source: Source, function: ast.FunctionDef, decorator: ast.expr, kept: str) -> Edit:
        first, last = source.segment(decorator)
        start = source.lines[decorator.lineno - 1]
        if source.text[start:first].strip() != "@":
            raise Refused("its decorator is not written plainly: turn it by hand")
        after = source.lines[(decorator.end_lineno or decorator.lineno)]
        if source.text[last:after].strip():
            raise Refused("a comment stands behind its decorator: move it")
        return Edit(start, after, kept)

    def _keeper(self, source: Source, function: ast.FunctionDef) -> str:
        """The method that keeps the first result where the cached property did, under the same key."""
        outer = source.text[source.lines[function.lineno - 1] : source.segment(function)[0]]
        inner = indent(source, function.body[0])
        step = inner.removeprefix(outer)
        key = f'self.__dict__["{function.name}"]'
        typed = ast.get_source_segment(source.text, function.returns) if function.returns else None
        body = [
            f"{inner}if {key[-len(function.name) - 3 : -1]} not in self.__dict__:",
            f"{inner}{step}{key} = self._{self.name}()",
            *([f"{inner}kept: {typed} = {key}", f"{inner}return kept"] if typed else [f"{inner}return {key}"]),
        ]
        said = [f"{outer}{function.name}: {typed}", ""] if typed and self.set_outside else []
        arrow = f" -> {typed}" if typed else ""
        lines = [*said, f"{outer}def {self.name}(self){arrow}:", *body, ""]
        return "".join(f"{line}{source.newline}" for line in lines)


def _makes_property(decorator: ast.expr) -> bool:
    return (dotted_name(decorator) or "").rpartition(".")[2] in ("property", "cached_property", "hybrid_property")
