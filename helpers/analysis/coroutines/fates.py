"""What becomes of a coroutine: awaited by somebody, or lost, and how."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from helpers.analysis.coroutines.arguments import Arguments
from helpers.analysis.coroutines.known import Kind
from helpers.analysis.coroutines.made import Makers
from helpers.analysis.coroutines.names import Names
from helpers.analysis.coroutines.results import Results
from helpers.analysis.symbols import Module

if TYPE_CHECKING:
    from helpers.analysis.project import Project

USED = ""
_FINE: dict[Kind, frozenset[str]] = {
    "coroutine": frozenset({"send", "throw", "__await__"}),
    "generator": frozenset({"__anext__", "__aiter__", "asend", "athrow", "aclose"}),
    "context": frozenset({"__aenter__", "__aexit__"}),
    "either": frozenset({"__aenter__", "__aexit__", "start", "__await__"}),
}
_FARTHEST = 16  # hands that a value goes through: about five functions
_TRUTH = "a coroutine is always true"
_WRITTEN = (ast.FormattedValue, ast.JoinedStr)
_COLLECTED = (ast.List, ast.Tuple, ast.Set, ast.Dict, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(eq=False)
class Fates:
    """Answers for all values of one project. An empty answer says that somebody sees to the value."""

    project: Project
    makers: Makers
    strict: bool = False
    _known: dict[tuple[ast.AST, Kind, bool], str] = field(default_factory=dict, repr=False)
    _circles: int = 0
    _open: set[tuple[ast.AST, Kind, bool]] = field(default_factory=set, repr=False)

    @cached_property
    def names(self) -> Names:
        """Where values go that are kept in names and attributes."""
        return Names(self)

    @cached_property
    def arguments(self) -> Arguments:
        """Where values go that are passed to calls."""
        return Arguments(self)

    @cached_property
    def results(self) -> Results:
        """Where values go that are returned."""
        return Results(self)

    def of(self, node: ast.expr, module: Module, kind: Kind) -> str:
        """Empty where the value of `node` is seen to, else in which way it is lost."""
        key = (node, kind, self.strict)
        if key in self._known:
            return self._known[key]
        if key in self._open or len(self._open) > _FARTHEST:
            self._circles += 1
            return "nobody in sight awaits it"
        circles = self._circles
        self._open.add(key)
        try:
            fate = self._of(node, module, kind)
        finally:
            self._open.discard(key)
        if circles == self._circles or not self._open:  # what leant on an open question is asked again
            self._known[key] = fate
        return fate

    def any_used(self, nodes: Iterator[ast.expr], module: Module, kind: Kind, where: str) -> str:
        """Empty where one of several reads of a value, kept `where`, sees to it; else what the first one does."""
        reads = list(nodes)
        fates = [self.of(node, module, kind) for node in reads]
        lost = [fate for fate in fates if fate]
        if len(lost) < len(fates) and any(map(_contradicts, lost)):  # an object, so that a hopeful name is no proof
            with self.strictly():
                lost = [fate for node in reads if (fate := self.of(node, module, kind))]
        if len(lost) < len(fates):
            return USED
        return f"{where}, and {lost[0]}" if lost else f"{where} and never awaited"

    @contextmanager
    def strictly(self) -> Iterator[None]:
        """Meanwhile only an await, and what is known to await, is taken for one."""
        before, self.strict = self.strict, True
        try:
            yield
        finally:
            self.strict = before

    def _of(self, node: ast.expr, module: Module, kind: Kind) -> str:
        parent = self.project.scopes(module).parents[node]
        if not isinstance(getattr(parent, "ctx", ast.Load()), ast.Load):
            return "something is put into it"
        match parent:
            case ast.Await():
                return USED if kind in ("coroutine", "either") else self._awaited(kind)
            case ast.Expr():
                return "nothing is done with it"
            case ast.For() | ast.AsyncFor() | ast.comprehension():
                return self._iterated(parent, node, module, kind)
            case ast.withitem():
                return self._entered(parent, module, kind)
            case ast.Return() | ast.Yield() | ast.YieldFrom() | ast.Lambda():
                return self.results.of(parent, module, kind)
            case ast.Call() | ast.keyword():
                return self._given(parent, node, module, kind)
        return self._kept(parent, node, module, kind)

    def _kept(self, parent: ast.AST, node: ast.expr, module: Module, kind: Kind) -> str:
        match parent:
            case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
                return self.names.assigned(parent, node, module, kind)
            case ast.NamedExpr():
                with self.strictly():  # the value is also used where it stands, mostly as a condition
                    kept = self.names.assigned(parent, node, module, kind)
                return kept and self.of(parent, module, kind)
            case ast.Starred():
                return self.of(parent, module, kind) if kind == "several" else f"`*` cannot take {_a(kind)}"
            case ast.List() | ast.Tuple() | ast.Set() | ast.Dict():
                return self._collected(parent, node, module, kind)
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                return self.of(parent, module, "several")
        return self._read(parent, node, module, kind)

    def _read(self, parent: ast.AST, node: ast.expr, module: Module, kind: Kind) -> str:
        match parent:
            case ast.IfExp() if node is not parent.test:
                return self.of(parent, module, kind)
            case ast.BoolOp() if node is parent.values[-1]:
                return self.of(parent, module, kind)
            case ast.Attribute():
                return self._attribute(parent, module, kind)
            case ast.Subscript() if kind == "several" and node is parent.value:
                whole = isinstance(parent.slice, ast.Slice)
                return self.of(parent, module, "several" if whole else "coroutine")
            case ast.BinOp() if kind == "several":
                return self.of(parent, module, kind)
        return _misread(parent, kind)

    def _awaited(self, kind: Kind) -> str:
        if kind == "several":
            return "a list cannot be awaited; asyncio.gather takes what is in it"
        return f"{_a(kind)} cannot be awaited: it wants `async {'for' if kind == 'generator' else 'with'}`"

    def _attribute(self, parent: ast.Attribute, module: Module, kind: Kind) -> str:
        """`.name` of a coroutine; `.append(...)` of a list of them says nothing, `.pop()` gives one back."""
        if kind != "several":
            return USED if parent.attr in _FINE[kind] else f"`.{parent.attr}` is asked of {_a(kind)}"
        call = self.project.scopes(module).parents[parent]
        if parent.attr in ("pop", "popleft", "get", "get_nowait") and isinstance(call, ast.Call):
            return self.of(call, module, "coroutine")
        if parent.attr in ("values", "copy", "items") and isinstance(call, ast.Call):
            return self.of(call, module, "several")
        return "they are collected and nobody awaits them"

    def _iterated(
        self, loop: ast.For | ast.AsyncFor | ast.comprehension, node: ast.expr, module: Module, kind: Kind
    ) -> str:
        if isinstance(loop, ast.comprehension) and node in loop.ifs:
            return _TRUTH
        asynchronous = isinstance(loop, ast.AsyncFor) or (isinstance(loop, ast.comprehension) and bool(loop.is_async))
        if kind == "several" and not asynchronous:
            return self.names.items(loop, module)
        if kind == "generator":
            return USED if asynchronous else "a plain `for` cannot iterate an asynchronous generator"
        return f"{'`async for`' if asynchronous else '`for`'} iterates {_a(kind)} that was not awaited"

    def _entered(self, item: ast.withitem, module: Module, kind: Kind) -> str:
        around = self.project.scopes(module).parents[item]
        if not isinstance(around, ast.AsyncWith):
            return f"a plain `with` enters {_a(kind)}"
        return USED if kind in ("context", "either") else f"`async with` enters {_a(kind)} that was not awaited"

    def _given(self, parent: ast.Call | ast.keyword, node: ast.expr, module: Module, kind: Kind) -> str:
        if isinstance(parent, ast.Call) and node is parent.func:
            return f"{_a(kind)} is called"
        call = self.project.scopes(module).parents[parent] if isinstance(parent, ast.keyword) else parent
        if not isinstance(call, ast.Call):  # a keyword of a class
            return "a class takes it for a value"
        return self.arguments.of(call, parent if isinstance(parent, ast.keyword) else node, module, kind)

    def _collected(self, parent: ast.expr, node: ast.expr, module: Module, kind: Kind) -> str:
        """An element of what is written out; one of `a, b = f(), g()` is assigned alone."""
        above = self.project.scopes(module).parents[parent]
        if isinstance(parent, ast.Tuple | ast.List) and isinstance(above, ast.Assign) and self.names.paired(above):
            return self.names.assigned(above, node, module, kind)
        if isinstance(parent, ast.Dict) and node in parent.keys:
            return "a coroutine is a key"
        return self.of(parent, module, "several")


def _contradicts(fate: str) -> bool:
    """Whether a read asks an attribute of the value that no coroutine has."""
    return fate.startswith("`.")


def _misread(parent: ast.AST, kind: Kind) -> str:
    """What a place that wants a plain value makes of the coroutine."""
    if isinstance(parent, ast.If | ast.While | ast.IfExp | ast.Assert | ast.BoolOp):
        return _TRUTH if kind != "several" else "a list that is not empty is true"
    if isinstance(parent, ast.UnaryOp) and isinstance(parent.op, ast.Not):
        return f"`not` of {_a(kind)} is always False"
    if isinstance(parent, ast.Compare):
        return f"{_a(kind)} is compared"
    if isinstance(parent, _WRITTEN):
        return f"{_a(kind)} is written into a text"
    return f"{_a(kind)} takes the place of the value"


def _a(kind: Kind) -> str:
    words: dict[Kind, str] = {
        "coroutine": "a coroutine",
        "generator": "an asynchronous generator",
        "context": "an asynchronous context manager",
        "either": "what is to be awaited or entered with `async with`",
        "several": "a list of coroutines",
    }
    return words[kind]
