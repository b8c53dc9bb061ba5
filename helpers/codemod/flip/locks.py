"""Locks of threads around what will be awaited: a task that waits for one stops the loop that would release it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from helpers.analysis.members import FunctionNode
from helpers.analysis.project import Project
from helpers.analysis.symbols import Module, dotted_name
from helpers.codemod.flip.change import Obstacle, Outcome

PATTERN = "sync_function"
_LOCKS = frozenset(
    f"{module}.{name}"
    for module in ("threading", "multiprocessing")
    for name in ("Lock", "RLock", "Semaphore", "BoundedSemaphore", "Condition")
)


@dataclass(frozen=True, eq=False)
class Locks:
    """Answers for one project."""

    project: Project

    def obstacles(self, outcome: Outcome) -> Iterator[Obstacle]:
        """The locks that a family would hold while it awaits."""
        if not self._names:
            return
        found = {
            above: change.module
            for change in outcome.changes
            if any("await" in edit.text or "async" in edit.text for edit in change.edits)
            for above in self.around(change.node, change.module)  # type: ignore[arg-type]  # it has a place
        }
        for statement, module in found.items():
            reason = "a lock of threads is held here while something is awaited: take asyncio.Lock, or let go before"
            yield Obstacle(PATTERN, module, statement, reason)

    def around(self, node: ast.AST, module: Module) -> Iterator[ast.With]:
        """The `with` statements of the same function around a place that enter a lock."""
        for above in self.project.scopes(module).ancestors(node):
            if isinstance(above, FunctionNode | ast.Lambda | ast.ClassDef):
                return
            if isinstance(above, ast.With) and any(self._is_lock(one.context_expr, module) for one in above.items):
                yield above

    def _is_lock(self, node: ast.expr, module: Module) -> bool:
        if isinstance(node, ast.Call):
            return self.project.meanings.external(node.func, module) in _LOCKS
        return (dotted_name(node) or "").rpartition(".")[2] in self._names

    @cached_property
    def _names(self) -> frozenset[str]:
        """Every name and attribute that is given such a lock somewhere; whose it is does not matter."""
        found: set[str] = set()
        for module in self.project.symbols.modules.values():
            statements: list[ast.Assign | ast.AnnAssign] = [*module.nodes.of(ast.Assign)]
            for statement in [*statements, *module.nodes.of(ast.AnnAssign)]:
                value = statement.value
                if isinstance(value, ast.Call) and self._is_lock(value, module):
                    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
                    found.update((dotted_name(one) or "").rpartition(".")[2] for one in targets)
        return frozenset(found - {""})
