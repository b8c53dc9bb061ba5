"""Functions that a queue or a scheduler runs on a thread or in a process of its own, where no loop runs."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from helpers.analysis.made_by import makers

if TYPE_CHECKING:
    from helpers.analysis.callgraph import Edge
    from helpers.analysis.project import Project
    from helpers.analysis.symbols import Module

# decorators by their dotted name; by their last name on something that is made so; calls that are handed functions
_DECORATORS = frozenset({"celery.shared_task", "celery.app.shared_task", "celery.current_app.task", "dramatiq.actor"})
_CELERY = frozenset({"celery.Celery", "celery.app.Celery", "celery.app.base.Celery"})
_SCHEDULERS = frozenset(
    f"apscheduler.schedulers.{name}"
    for kind in ("background", "blocking")
    for name in (f"{kind}.{kind.capitalize()}Scheduler",)
)
_MADE = {"task": _CELERY, "scheduled_job": _SCHEDULERS}
_QUEUES = frozenset({"rq.Queue", "rq.queue.Queue"})
_HANDED = {
    **dict.fromkeys(("enqueue", "enqueue_in", "enqueue_at", "enqueue_call"), _QUEUES),
    "add_job": _SCHEDULERS,
}
_RQ_JOBS = frozenset({"rq.decorators.job", "rq.job"})
# how a queue is told to run its tasks at once, in the place that asks for them
_AT_ONCE = frozenset({"task_always_eager", "always_eager", "CELERY_TASK_ALWAYS_EAGER", "CELERY_ALWAYS_EAGER"})


@dataclass(frozen=True, eq=False)
class Queued:
    """Answers for one project."""

    project: Project

    @cached_property
    def tasks(self) -> Mapping[ast.AST, Module]:
        """Every function of a module's top level that stays synchronous because a queue or a scheduler runs it."""
        found: dict[ast.AST, Module] = {}
        for module in self.project.symbols.modules.values():
            for function in module.nodes.of(ast.FunctionDef):
                if any(self._decorates(one, module) for one in function.decorator_list):
                    found[function] = module
        for edge in self.project.callgraph.edges:
            if edge.kind == "reference" and isinstance(edge.callee.node, ast.FunctionDef) and self._is_handed(edge):
                found[edge.callee.node] = edge.callee.module
        return {node: module for node, module in found.items() if node in module.tree.body}

    def _decorates(self, decorator: ast.expr, module: Module) -> bool:
        maker = decorator.func if isinstance(decorator, ast.Call) else decorator
        name = self.project.meanings.external(maker, module)
        if name in _DECORATORS or (name in _RQ_JOBS and isinstance(decorator, ast.Call)):
            return True
        if not (isinstance(maker, ast.Attribute) and maker.attr in _MADE):
            return False
        return bool(_MADE[maker.attr] & set(makers(self.project, maker.value, module)))

    def _is_handed(self, edge: Edge) -> bool:
        """Whether a queue or a scheduler is given the function itself."""
        last = edge.given_to.rpartition(".")[2]
        if last not in _HANDED:
            return False
        parents = self.project.scopes(edge.caller.module).parents
        call = parents.get(edge.site)
        call = parents.get(call) if isinstance(call, ast.keyword) else call
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)):
            return False
        return bool(_HANDED[last] & set(makers(self.project, call.func.value, edge.caller.module)))

    def at_once(self) -> Iterator[str]:
        """The places that may have a queue run its tasks at once: those that ask for them may be in a loop."""
        for module in self.project.symbols.modules.values():
            told = [one for one in module.nodes.of(ast.keyword) if one.arg in _AT_ONCE or self._of_rq(one, module)]
            yield from (
                f"{module.path}:{one.value.lineno}" for one in told if not _is(one.value, one.arg == "is_async")
            )
            for assigned in module.nodes.of(ast.Assign):
                if any(_name(one) in _AT_ONCE for one in assigned.targets) and not _is(assigned.value, False):
                    yield f"{module.path}:{assigned.lineno}"

    def _of_rq(self, keyword: ast.keyword, module: Module) -> bool:
        call = self.project.scopes(module).parents.get(keyword) if keyword.arg == "is_async" else None
        return isinstance(call, ast.Call) and self.project.meanings.external(call.func, module) in _QUEUES


def _is(value: ast.expr, expected: object) -> bool:
    return isinstance(value, ast.Constant) and value.value is expected


def _name(target: ast.expr) -> str:
    """`name`, `conf.name` and `conf["name"]` by the name."""
    if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
        return str(target.slice.value)
    return getattr(target, "attr", "") or getattr(target, "id", "")
