"""The edits that cut a constructor in two, and those that run the second half where instances are made."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.analysis.project import Project
from helpers.analysis.source import Source
from helpers.analysis.symbols import External
from helpers.codemod.refused import Refused
from helpers.codemod.statements import before, documented, header_line, indent, line_end
from helpers.model import Edit
from helpers.patterns.init_with_io.captures import Captures
from helpers.patterns.init_with_io.constructors import Constructor, own_nodes

_PUBLIC = '"""Load what needs the database; call it once, right after the constructor."""'
_PRIVATE = '"""Load what needs the database, when the instance is first used."""'


@dataclass(frozen=True, eq=False)
class Layout:
    """Edits for one constructor. `name` is what the second half is called; it gives `self` back where `chained`."""

    project: Project
    constructor: Constructor
    name: str
    chained: bool

    @property
    def _source(self) -> Source:
        return self.project.sources[self.constructor.module.path]

    def edits(self) -> Iterator[Edit]:
        """What makes two methods of one; nothing where all is done by the base's."""
        tail, captures = self.constructor.tail, Captures(self.project, self.constructor)
        if not tail and self.constructor.above:
            return
        early = captures.early() if tail else ()
        late = [statement for statement in tail if statement not in early]
        if not late and self.constructor.above:
            return
        kept = captures.kept(early)
        yield from (self._taken(statement) for statement in early)
        moved = [self._source.text[slice(*self._source.segment(statement))] for statement in early]
        cut = self._cut()
        yield Edit(cut, cut, self._border([*moved, *kept.stored], kept.bound))
        yield from kept.edits
        if self.chained:
            yield from self._results(late)

    def _cut(self) -> int:
        """Where the second half begins: behind the last statement that stays, before the comments of the next."""
        init, source = self.constructor.init, self._source
        if any(one.lineno == init.lineno for one in init.body):
            raise Refused("__init__ is written on one line: write it on several")
        least = self.constructor.head[-1].end_lineno if self.constructor.head else header_line(init, source)
        try:
            indent(source, self.constructor.tail[0])
            return before(source, self.constructor.tail[0], least or 0)
        except ValueError as error:
            raise Refused(f"{error}: write one on each line") from None

    def _border(self, stays: list[str], binds: tuple[str, ...]) -> str:
        outer, inner = self._indents()
        first = self.constructor.head or stays
        lines = [f"{inner}{line}" for line in (stays if first else ["pass"])]
        begins = [f"{outer}def {self.name}(self){self._annotation()}:", f"{inner}{self._docstring()}"]
        if self.constructor.above:
            begins.append(f"{inner}super().{self.name}()")
        begins += [f"{inner}{line}" for line in binds]
        newline = self._source.newline
        return "".join(f"{newline}{line}" for line in [*lines, "", *begins])

    def _docstring(self) -> str:
        return _PUBLIC if self.chained else _PRIVATE

    def _indents(self) -> tuple[str, str]:
        return indent(self._source, self.constructor.init), indent(self._source, self.constructor.init.body[0])

    def _annotation(self) -> str:
        init = self.constructor.init
        given = [*init.args.posonlyargs, *init.args.args, *init.args.kwonlyargs]
        if init.returns is None and not any(argument.annotation for argument in given):
            return ""
        if not self.chained:
            return " -> None"
        module = self.constructor.module
        for name in module.imports:
            found = self.project.symbols.resolve(module, name)
            if isinstance(found, External) and found.name in ("typing.Self", "typing_extensions.Self"):
                return f" -> {name}"
        later = module.imports.get("annotations") == "__future__.annotations"
        return f" -> {self.constructor.owner.name}" if later else f' -> "{self.constructor.owner.name}"'

    def _taken(self, statement: ast.stmt) -> Edit:
        """The statement with the white space above it."""
        body = self.constructor.init.body
        above = body[body.index(statement) - 1]
        return Edit(line_end(self._source, above.end_lineno or above.lineno), self._source.segment(statement)[1], "")

    def _results(self, late: list[ast.stmt]) -> Iterator[Edit]:
        for statement in late:
            for node in own_nodes(statement):
                if isinstance(node, ast.Return):
                    yield Edit(*self._source.segment(node), "return self")
        last = self.constructor.tail[-1]
        inner = self._indents()[1]
        if not isinstance(late[-1], ast.Return | ast.Raise):
            end = line_end(self._source, last.end_lineno or last.lineno)
            yield Edit(end, end, f"{self._source.newline}{inner}return self")


def begin_with(source: Source, method: ast.FunctionDef, line: str) -> Edit:
    """The edit that puts a line first in a method, behind its docstring."""
    body = method.body[1:] if documented(method) else method.body
    if not body or body[0].lineno == method.lineno:
        raise Refused(f"{method.name}() has no line of its own for the call: write its body out")
    least = (method.body[0].end_lineno or 0) if documented(method) else header_line(method, source)
    at = before(source, body[0], least)
    return Edit(at, at, f"{source.newline}{indent(source, body[0])}{line}")
