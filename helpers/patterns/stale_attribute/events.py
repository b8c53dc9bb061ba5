"""The statements behind which attributes are stale: a rollback, an expiry, the rollback of a savepoint."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.analysis.commits import Commit, Commits
from helpers.analysis.flow import own_nodes
from helpers.analysis.parameters import FunctionNode
from helpers.analysis.project import Project
from helpers.analysis.symbols import Module

WORDS = {
    "rollback": "a rollback, which expires it",
    "expire_all": "expire_all()",
    "expire": "its expiry",
    "savepoint": "the rollback of a savepoint in which it was changed",
}


@dataclass(frozen=True, eq=False)
class Event:
    """One of them: what it is, and where."""

    kind: str
    at: Commit


@dataclass(eq=False)
class Events:
    """Finds them in the functions of one project."""

    project: Project

    def __post_init__(self) -> None:
        """One reader for each of the methods that concern a whole session."""
        self._whole = {name: Commits(self.project, name) for name in ("rollback", "expire_all")}

    def of_module(self, module: Module) -> Iterator[Event]:
        """The events in the functions of a module."""
        functions: list[FunctionNode] = [*module.nodes.of(ast.FunctionDef), *module.nodes.of(ast.AsyncFunctionDef)]
        for function in functions:
            for kind, reader in self._whole.items():
                yield from (Event(kind, found) for found in reader.of_function(function, module))
            for statement in function.body:
                for node in own_nodes(statement):
                    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
                        yield from self._of_some(node, node.value, function, module)

    def again(self, statement: ast.stmt, session: str, module: Module) -> bool:
        """Whether a statement is another event of a whole session."""
        return any(session in reader.sessions(statement, module) for reader in self._whole.values())

    def _of_some(self, statement: ast.Expr, call: ast.Call, function: FunctionNode, module: Module) -> Iterator[Event]:
        """`session.expire(x)`, and `savepoint.rollback()` for what was changed since the savepoint began."""
        if not isinstance(call.func, ast.Attribute):
            return
        receiver, method = call.func.value, call.func.attr
        if method == "expire" and len(call.args) == 1 and not call.keywords and isinstance(call.args[0], ast.Name):
            if self.project.sessions.tier(receiver, module) is not None:
                names = frozenset({call.args[0].id})
                yield Event("expire", Commit(statement, ast.unparse(receiver), function, module, names))
        elif method == "rollback" and isinstance(receiver, ast.Name):
            begun = self._savepoint(receiver, module)
            if begun is not None and isinstance(begun.func, ast.Attribute):
                changed = _changed(function, begun.lineno, statement.lineno)
                session = ast.unparse(begun.func.value)
                yield Event("savepoint", Commit(statement, session, function, module, changed))

    def _savepoint(self, node: ast.Name, module: Module) -> ast.Call | None:
        values = [binding.value for binding in self.project.scopes(module).lookup(node.id, node)]
        calls = [value for value in values if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute)]
        return next((call for call in calls if getattr(call.func, "attr", "") == "begin_nested"), None)


def _changed(function: FunctionNode, first: int, last: int) -> frozenset[str]:
    """The names whose attributes are set between two lines."""
    return frozenset(
        node.value.id
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and first <= node.lineno <= last
    )
