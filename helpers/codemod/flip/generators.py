"""A generator that becomes asynchronous: every way of reading it, and `yield from`, written for an asynchronous one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from helpers.analysis.callgraph import Edge
from helpers.analysis.flow import mentions, named
from helpers.analysis.members import FunctionNode
from helpers.analysis.project import Project
from helpers.analysis.source import Source
from helpers.analysis.symbols import Module, dotted_name
from helpers.analysis.target import python_version
from helpers.codemod.flip.awaiting import Awaiting
from helpers.codemod.flip.change import Change
from helpers.codemod.flip.unrolled import unrolled
from helpers.codemod.refused import Refused
from helpers.model import Edit

PATTERN = "sync_caller"
# they read all that they are given before they give anything themselves
READERS = frozenset({"list", "tuple", "set", "frozenset", "sorted", "sum", "max", "min", "dict"})
_STREAMING = ("StreamingResponse", "EventSourceResponse")
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_YIELD_FROM = re.compile(r"yield\s+from\b")
_RETURN = re.compile(r"return\b")


@dataclass(frozen=True, eq=False)
class Reading:
    """Places of one file that read a generator which becomes asynchronous, and which may still clean up at its end."""

    project: Project
    module: Module
    symbol: str
    cleans_up: bool
    at_once: bool = False  # what it did when it was called, it does when the first item is read

    @property
    def source(self) -> Source:
        """Its file."""
        return self.project.sources[self.module.path]

    @property
    def parents(self) -> Mapping[ast.AST, ast.AST]:
        """What stands around it."""
        return self.project.scopes(self.module).parents

    def changes(self, node: ast.expr) -> Iterator[Change]:
        """What the place needs. Refused where the generator cannot be read in the same way."""
        above = self.parents[node]
        Awaiting(self.source, self.parents, self.project.loops.kept).generators(node)
        match above:
            case ast.YieldFrom() | ast.AsyncFor():
                return  # the statement is written out where it stands
            case ast.Return() | ast.Assign() | ast.AnnAssign() if self.at_once and not _is_unpacked(above):
                raise Refused(f"{self.symbol} does something when it is called: read it where it is called")
            case ast.Return() if self.project.generators.returned(self._function(node)) is above:
                return
            case ast.For() if above.iter is node:
                self._left_early(above.body)
                yield self._change(above, "async ")
            case ast.comprehension() if above.iter is node:
                yield from self._comprehension(above)
            case ast.Starred():
                yield self._as_list(node)
            case ast.Assign(targets=[ast.Tuple() | ast.List()]) if above.value is node:
                yield self._as_list(node)
            case ast.Assign() | ast.AnnAssign() if above.value is node:
                yield from self._kept(above)
            case ast.Call() if node in above.args:
                yield from self._given(above, node)
            case _:
                raise self._refused()

    def _refused(self) -> Refused:
        return Refused(f"{self.symbol} becomes an asynchronous generator: read it with `async for` or `async with`")

    def _function(self, node: ast.AST) -> FunctionNode:
        function = self.project.scopes(self.module).function(node)
        if not isinstance(function, FunctionNode):
            raise self._refused()
        return function

    def _change(self, node: ast.stmt, text: str) -> Change:
        at = self.source.segment(node)[0]
        return self._made(node, Edit(at, at, text))

    def _made(self, node: ast.AST, *edits: Edit) -> Change:
        message = f"{self.symbol} becomes an asynchronous generator"
        return Change(PATTERN, self.module, node, message, edits)  # type: ignore[arg-type]  # it has a place

    def _left_early(self, body: list[ast.stmt]) -> None:
        """A loop that may be left before the end of a generator that still does something then."""
        leaves = any(isinstance(node, ast.Break | ast.Return) for part in body for node in ast.walk(part))
        if leaves and self.cleans_up:
            raise Refused(
                f"the loop over {self.symbol} may be left early, and what ends it then runs later: rewrite it"
            )

    def _comprehension(self, loop: ast.comprehension) -> Iterator[Change]:
        comprehension = self.parents[loop]
        if isinstance(self.parents.get(comprehension), ast.comprehension) or not isinstance(comprehension, ast.expr):
            raise self._refused()
        if any(
            isinstance(above, _COMPREHENSIONS) for above in self.project.scopes(self.module).ancestors(comprehension)
        ):
            raise Refused("it stands in a comprehension inside another: write one of them as a loop")
        start = self.source.text.rindex("for", 0, self.source.segment(loop.target)[0])
        yield self._made(loop.iter, Edit(start, start, "async "))
        if isinstance(comprehension, ast.GeneratorExp):
            awaiting = Awaiting(self.source, self.parents, self.project.loops.kept)
            awaiting.exhausted(comprehension)
            yield self._made(comprehension, *awaiting.as_list(comprehension))

    def _as_list(self, node: ast.expr) -> Change:
        start, end = self.source.segment(node)
        return self._made(node, Edit(start, start, "[item async for item in "), Edit(end, end, "]"))

    def _given(self, call: ast.Call, node: ast.expr) -> Iterator[Change]:
        """`list(each())`, `", ".join(each())`, `next(each())`, a response that is streamed."""
        name = dotted_name(call.func) or ""
        last = name.rpartition(".")[2]
        first = call.args[0] is node
        if last in _STREAMING and not self.at_once and self.project.meanings.external(call.func, self.module):
            return
        if not first or (isinstance(call.func, ast.Name) and self._bound(call.func)):
            raise self._refused()
        if name == "list" and len(call.args) == 1:
            (start, end), (first_, last_) = self.source.segment(call), self.source.segment(node)
            edits = (Edit(start, first_, "[item async for item in "), Edit(last_, end, "]"))
            yield self._made(call, *edits)
        elif (name in READERS and not call.keywords) or name in ("sorted",) or self._joined(call):
            yield self._as_list(node)
        elif name == "next" and not self.cleans_up:
            self._can_be_next(call)
            awaited = Awaiting(self.source, self.parents, self.project.loops.kept).edits(call)
            at = self.source.segment(call.func)[0]
            yield self._made(call.func, Edit(at, at + len("next"), "anext"))
            yield self._made(call, *awaited)
        elif name in ("any", "all", "next"):
            raise Refused(f"`{name}` may stop reading {self.symbol} before its end: write the loop out")
        else:
            raise self._refused()

    def _can_be_next(self, call: ast.Call) -> None:
        """Refused where `anext()` would end in another exception, or is not there."""
        if len(call.args) != 2:
            raise Refused(
                f"at the end of {self.symbol} `next()` raises StopIteration, `anext()` would not: give it a default"
            )
        python = python_version(self.project.root)
        if python is not None and python < (3, 10):
            raise Refused(f"`anext()` is there from Python 3.10 on, not on {python[0]}.{python[1]}: write the loop out")

    def _bound(self, name: ast.Name) -> bool:
        """Whether a name is not the builtin."""
        bound = self.project.scopes(self.module).lookup(name.id, name)
        return bool(bound) or self.project.symbols.resolve(self.module, name.id) is not None

    def _joined(self, call: ast.Call) -> bool:
        text = isinstance(call.func, ast.Attribute) and call.func.attr == "join" and len(call.args) == 1
        return text and isinstance(getattr(call.func, "value", None), ast.Constant)

    def _kept(self, assigned: ast.Assign | ast.AnnAssign) -> Iterator[Change]:
        """A variable that holds the generator alone: every place that reads it."""
        targets = assigned.targets if isinstance(assigned, ast.Assign) else [assigned.target]
        target = targets[0]
        if len(targets) != 1 or not isinstance(target, ast.Name):
            raise self._refused()
        scopes = self.project.scopes(self.module)
        function = self._function(target)
        if len(scopes.bindings(function).get(target.id, ())) != 1:
            raise Refused(f"`{target.id}` is not always {self.symbol}, which becomes an asynchronous generator")
        for read in named(function, target.id):
            if isinstance(read.ctx, ast.Load):
                if scopes.function(read) is not function:
                    raise self._refused()
                yield from self.changes(read)


def written_out(project: Project, function: FunctionNode, module: Module) -> Iterator[Change]:
    """`yield from` as a loop, and the generator that a function returns read and yielded."""
    scopes = project.scopes(module)
    for node in scopes.results(function):
        if isinstance(node, ast.YieldFrom):
            statement = scopes.parents[node]
            if not isinstance(statement, ast.Expr):
                raise Refused(
                    "an asynchronous function cannot `yield from` and use what that gives: write the loop out"
                )
            yield _loop(project, function, module, (statement, node.value))
    returned, ended = project.generators.returned(function), project.generators.ended(function)
    if returned is None and ended is not None and (loop := unrolled(project, function, module, ended)):
        yield loop
    elif (returned := returned or ended) is not None and returned.value is not None:
        yield _loop(project, function, module, (returned, returned.value))


def _loop(project: Project, function: FunctionNode, module: Module, place: tuple[ast.stmt, ast.expr]) -> Change:
    """The loop over `value` in the place of a statement that gives all of it."""
    statement, value = place
    source = project.sources[module.path]
    edges = [edge for edge in project.callgraph.at.get(value, ()) if edge.kind == "call"]
    turned = [edge for edge in edges if _becomes(project, edge)]
    if turned and len(turned) != len(edges):
        raise Refused("what is yielded from here may be an asynchronous generator or another: write the loop out")
    if turned and any(project.generators.cleans_up(edge.callee.node) for edge in turned):
        raise Refused("what is yielded from here cleans up, and would do so later in an asynchronous loop: rewrite it")
    start, end = source.segment(statement)
    line = source.lines[statement.lineno - 1]
    indent = source.text[line:start]
    if indent.strip():
        raise Refused("an asynchronous function cannot `yield from`: give it a line of its own")
    words = (_YIELD_FROM if isinstance(statement, ast.Expr) else _RETURN).search(source.text, start)
    assert words is not None
    item = next(name for name in ("item", "element", "one_item") if not mentions(function, name))
    step = "\t" if indent.startswith("\t") else "    "
    loop = f"async for {item} in" if turned else f"for {item} in"
    text = f":{source.newline}{indent}{step}yield {item}"
    edits = (Edit(*words.span(), loop), Edit(end, end, text))
    return Change("sync_function", module, statement, "an asynchronous function cannot `yield from`", edits)


def _is_unpacked(node: ast.AST) -> bool:
    return isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple | ast.List)


def _becomes(project: Project, edge: Edge) -> bool:
    node = edge.callee.node
    asynchronous = node in project.colouring.asynchronous or edge.callee.is_async
    return asynchronous and project.generators.gives(node)
