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
from helpers.analysis.symbols import Module
from helpers.codemod.flip.change import Change
from helpers.codemod.flip.split import every_argument, split
from helpers.codemod.refused import Refused
from helpers.model import ImportName

PATTERN = "sync_function"
# they put a task into its queue, or make what will
_PUT = frozenset(
    {"delay", "apply_async", "s", "si", "signature", "subtask", "chunks", "map", "starmap", "retry", "name"}
    | {"send", "send_with_options", "message", "message_with_options", "queue_name", "actor_name"}
)
RUNS_A_LOOP = frozenset(
    {"asyncio.run", "asyncio.get_event_loop", "asyncio.new_event_loop", "asyncio.Runner", "anyio.run", "uvloop.run"}
    | {"asgiref.sync.async_to_sync", "anyio.from_thread.run", "anyio.from_thread.start_blocking_portal", "uvicorn.run"}
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
        edit = split(function, self.project.sources[module.path], "asyncio.run")
        yield Change(PATTERN, module, function, message, (edit,), (ImportName("asyncio"),), bridge="loop")

    def _plain(self, function: ast.FunctionDef, module: Module) -> None:
        if is_generator(function):
            raise Refused("the task is a generator function, which runs nothing by itself")
        for argument in every_argument(function):
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
            if isinstance(inner, ast.Call) and self.project.meanings.external(inner.func, module) in RUNS_A_LOOP:
                raise Refused(f"{module.path}:{inner.lineno} runs a loop in the task, where one runs then")


def _last(node: ast.Name | ast.Attribute) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr
