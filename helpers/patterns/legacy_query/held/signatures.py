"""Gives functions that run a query they are handed the session that belongs to it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from helpers.analysis.project import Project
from helpers.analysis.source import Source
from helpers.analysis.symbols import Module
from helpers.codemod.chains import significant
from helpers.model import Edit
from helpers.patterns.legacy_query.held.callees import Function
from helpers.patterns.legacy_query.held.reach import Reach
from helpers.patterns.legacy_query.held.tracer import Tracer
from helpers.patterns.legacy_query.refusal import Refused

if TYPE_CHECKING:
    from helpers.patterns.legacy_query.held.writing import Writer


@dataclass(frozen=True, eq=False)
class Signatures:
    """Writes the new parameters of one family and what their callers pass."""

    project: Project
    tracer: Tracer
    reach: Reach
    writer: Writer

    def write(self) -> None:
        """The edits for every function that needs a session; one may make another need one."""
        done: set[Function] = set()
        while new := [one for one in self.reach.added if one not in done]:
            for function in new:
                done.add(function)
                name = self.reach.added[function].name
                self.writer.review = f"`{function.node.name}` takes the session as well"
                self._parameter(function, name)
                for module, call in self.tracer.slots.calls(function):
                    ref = self.reach.given_at(function, call)
                    self._argument(module, call, f"{name}={ref.text}")

    def _argument(self, module: Module, call: ast.Call, text: str) -> None:
        if any(isinstance(one, ast.GeneratorExp) for one in call.args):
            raise Refused(f"a call cannot take the session as well ({module.path}:{call.lineno})")
        source = self.project.sources[module.path]
        items = [*call.args, *(one.value for one in call.keywords)]
        last = max((source.segment(one)[1] for one in items), default=None)
        closing = source.segment(call)[1] - 1
        self.writer.put(module, call, "passes the session on", _appended(source, last, closing, text))

    def _parameter(self, function: Function, name: str) -> None:
        node, source = function.node, self.project.sources[function.module.path]
        arguments = node.args
        if arguments.kwarg is not None:
            raise Refused(f"`{node.name}` ({function.place}) has no session in reach and takes any keyword")
        annotated = any(one.annotation for one in [*arguments.args, *arguments.kwonlyargs]) or node.returns is not None
        session = self.writer.name(function.module, "sqlalchemy.orm", "Session") if annotated else ""
        typed = f"{name}: {session}" if annotated else name
        if not (arguments.kwonlyargs or arguments.vararg):
            typed = f"*, {typed}"
        last = max((source.segment(one)[1] for one in _items(node)), default=None)
        closing = _closing(source, node, last)
        self.writer.put(function.module, node, "takes the session as well", _appended(source, last, closing, typed))


def _items(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.arg | ast.expr]:
    arguments = node.args
    plain = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    defaults = [*arguments.defaults, *(one for one in arguments.kw_defaults if one)]
    return [*plain, *defaults, *(one for one in [arguments.vararg] if one)]


def _closing(source: Source, node: ast.FunctionDef | ast.AsyncFunctionDef, last: int | None) -> int:
    """The offset of the parenthesis that closes the parameters."""
    start = last if last is not None else source.text.index(node.name, source.offset(node.lineno, node.col_offset) + 3)
    return next(at for char, at in significant(source.text, start, len(source.text)) if char == ")")


def _appended(source: Source, last: int | None, closing: int, added: str) -> Edit:
    """One more item in front of a closing parenthesis, on a line of its own where the others have theirs."""
    if last is None:
        return Edit(closing, closing, added)
    text = source.text
    comma = next((at for char, at in significant(text, last, closing) if char == ","), None)
    at = last if comma is None else comma + 1
    if text[at:closing].strip() == "" and "\n" not in text[at:closing]:
        return Edit(at, at, f"{', ' if comma is None else ' '}{added}")
    line = source.lines[source.position(last)[0] - 1]
    indent = text[line:last][: len(text[line:last]) - len(text[line:last].lstrip())]
    separator = "," if comma is None else ""
    return Edit(at, at, f"{separator}{source.newline}{indent}{added}{'' if comma is None else ','}")
