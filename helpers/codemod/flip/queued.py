"""Tasks of queues and schedulers: the task stays synchronous, and runs what it did in a loop of its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from helpers.analysis.callgraph import Edge
from helpers.analysis.members import FunctionNode
from helpers.analysis.pools import Pools
from helpers.analysis.project import Project
from helpers.analysis.session_uses import is_generator
from helpers.analysis.source import Source
from helpers.analysis.symbols import Module
from helpers.codemod.flip.change import Change
from helpers.codemod.refused import Refused
from helpers.model import Edit, ImportName

PATTERN = "sync_function"
# they put a task into its queue, or make what will
_PUT = frozenset(
    {"delay", "apply_async", "s", "si", "signature", "subtask", "chunks", "map", "starmap", "retry", "name"}
    | {"send", "send_with_options", "message", "message_with_options", "queue_name", "actor_name"}
)
_RUNS_A_LOOP = frozenset(
    {"asyncio.run", "asyncio.get_event_loop", "asyncio.new_event_loop", "asyncio.Runner", "anyio.run", "uvloop.run"}
    | {"asgiref.sync.async_to_sync", "anyio.from_thread.run", "anyio.from_thread.start_blocking_portal"}
)
_INTERRUPTS = frozenset({"SoftTimeLimitExceeded", "TimeLimitExceeded"})


@dataclass(frozen=True, eq=False)
class QueuedTasks:
    """Answers for one project."""

    project: Project

    def changes(self, function: ast.FunctionDef, module: Module) -> Iterator[Change]:
        """The body in an asynchronous function below the task, which runs it. Refused where it may not run there."""
        self._plain(function, module)
        self._alone(function)
        for reached in self.project.callgraph.reached(function):
            self._fit(reached.node, reached.module)
        message = "its queue runs it where no loop runs: it runs what it did in one of its own"
        edit = self._split(function, self.project.sources[module.path])
        yield Change(PATTERN, module, function, message, (edit,), (ImportName("asyncio"),), bridge="loop")

    def _plain(self, function: ast.FunctionDef, module: Module) -> None:
        if is_generator(function):
            raise Refused("the task is a generator function, which runs nothing by itself")
        if getattr(function, "type_params", ()):
            raise Refused("the task has parameters of types: write its asynchronous function by hand")
        for argument in _arguments(function):
            typed = self.project.sessions.annotated(argument.annotation, module) if argument.annotation else None
            if typed is not None and typed.what in ("session", "factory"):
                raise Refused(f"the task is given a session in `{argument.arg}`: open one in the task")

    def _alone(self, function: ast.FunctionDef) -> None:
        """Whether nothing calls the task where a loop runs, in which no other one could."""
        if place := self._at_once:
            raise Refused(f"{place} may have the queue run its tasks at once, which may be where a loop runs")
        for edge in self.project.callgraph.calls_to.get(function, ()):
            if self._puts(edge):
                continue
            caller = edge.caller.node
            if caller in self.project.colouring.asynchronous or caller in self.project.reach.served:
                place = f"{edge.caller.module.path}:{getattr(edge.site, 'lineno', 0)}"
                raise Refused(f"{place} calls the task itself, where a loop runs: put it into the queue there")

    def _puts(self, edge: Edge) -> bool:
        """Whether a place only names the task, or puts it into its queue."""
        if edge.kind != "reference":
            return False
        above = self.project.scopes(edge.caller.module).parents.get(edge.site)
        return not isinstance(above, ast.Attribute) or above.attr in _PUT

    @cached_property
    def _at_once(self) -> str:
        return next(self.project.queued.at_once(), "")

    @cached_property
    def _pools(self) -> Pools:
        return Pools(self.project)

    def _fit(self, function: ast.AST, module: Module) -> None:
        """Whether what a task runs, itself or through what it calls, can run in a loop that ends with it."""
        for node, where in self._pools.kept(function):
            raise Refused(
                f"`{ast.unparse(node)[:40]}` at {where.path}:{node.lineno} has connections that outlive the loop of "
                "a task: give tasks an engine with poolclass=NullPool"
            )
        for inner in ast.walk(function) if isinstance(function, FunctionNode) else ():
            if isinstance(inner, ast.Name | ast.Attribute) and _last(inner) in _INTERRUPTS:
                raise Refused(f"{_last(inner)} interrupts the loop, and not what the task waits for")
            if isinstance(inner, ast.Call) and self.project.meanings.external(inner.func, module) in _RUNS_A_LOOP:
                raise Refused(f"{module.path}:{inner.lineno} runs a loop in the task, where one runs then")

    def _split(self, function: ast.FunctionDef, source: Source) -> Edit:
        """The end of the task and the head of the function that its body becomes."""
        at, indent = _body(function, source)
        name = self._name(function, source)
        newline = source.newline
        run = f"asyncio.run({name}({', '.join(_passed(function))}))"
        none = isinstance(function.returns, ast.Constant) and function.returns.value is None
        head = _head(function, source, name)
        text = f"{indent}{'' if none else 'return '}{run}{newline}{newline}{newline}{head}{newline}"
        return Edit(at, at, text)

    def _name(self, function: ast.FunctionDef, source: Source) -> str:
        for name in (f"_{function.name}", f"{function.name}_in_a_loop"):
            if name not in source.text:
                return name
        raise Refused(f"the file has a `_{function.name}` of its own: write the asynchronous function by hand")


def _body(function: ast.FunctionDef, source: Source) -> tuple[int, str]:
    """Where the first line of the body begins, its comments included, and its indent. Refused where it has none."""
    documented = ast.get_docstring(function, clean=False) is not None
    statements = function.body[1:] if documented else function.body
    if not statements:
        raise Refused("the task does nothing")
    first = statements[0]
    places: list[ast.stmt | ast.expr] = [first, *getattr(first, "decorator_list", ())]
    line = min(one.lineno for one in places)
    above = (function.body[0].end_lineno or 0) if documented else max(_header(function))
    indent = source.text[source.lines[first.lineno - 1] : source.segment(first)[0]]
    if line <= above or indent.strip():
        raise Refused("the task has no lines of its own for its body: write them out")
    while line - 1 > above and source.text[source.lines[line - 2] : source.lines[line - 1]].lstrip().startswith("#"):
        line -= 1
    return source.lines[line - 1], indent


def _header(function: ast.FunctionDef) -> Iterator[int]:
    """The lines of a function's head, as far as the tree tells them."""
    yield function.lineno
    yield from (one.end_lineno or 0 for one in _arguments(function))
    yield from (one.end_lineno or 0 for one in _defaults(function))
    if function.returns is not None:
        yield function.returns.end_lineno or 0


def _defaults(function: ast.FunctionDef) -> list[ast.expr]:
    return [*function.args.defaults, *(one for one in function.args.kw_defaults if one is not None)]


def _arguments(function: ast.FunctionDef) -> list[ast.arg]:
    given = function.args
    rest = [one for one in (given.vararg, given.kwarg) if one is not None]
    return [*given.posonlyargs, *given.args, *given.kwonlyargs, *rest]


def _head(function: ast.FunctionDef, source: Source, name: str) -> str:
    """The same parameters without their defaults, which the task has filled in."""
    given = function.args

    def text(node: ast.expr | ast.arg) -> str:
        return source.text[slice(*source.segment(node))]

    parts = [text(one) for one in given.posonlyargs]
    parts += ["/"] if given.posonlyargs else []
    parts += [text(one) for one in given.args]
    parts += [f"*{text(given.vararg)}"] if given.vararg else ["*"] if given.kwonlyargs else []
    parts += [text(one) for one in given.kwonlyargs]
    parts += [f"**{text(given.kwarg)}"] if given.kwarg else []
    returns = f" -> {text(function.returns)}" if function.returns is not None else ""
    return f"async def {name}({', '.join(parts)}){returns}:"


def _passed(function: ast.FunctionDef) -> Iterator[str]:
    given = function.args
    yield from (one.arg for one in [*given.posonlyargs, *given.args])
    if given.vararg:
        yield f"*{given.vararg.arg}"
    yield from (f"{one.arg}={one.arg}" for one in given.kwonlyargs)
    if given.kwarg:
        yield f"**{given.kwarg.arg}"


def _last(node: ast.Name | ast.Attribute) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr
