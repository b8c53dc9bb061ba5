"""Version scripts of Alembic that talk through the connection of the migration, which stays synchronous for them."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from helpers.analysis.callgraph import Edge
from helpers.analysis.members import FunctionNode
from helpers.analysis.session_uses import SessionUse
from helpers.analysis.symbols import Module

if TYPE_CHECKING:
    from helpers.analysis.project import Project

_SCRIPT = frozenset({"revision", "down_revision"})


@dataclass(frozen=True, eq=False)
class Versions:
    """Answers for one project."""

    project: Project

    @cached_property
    def inside(self) -> frozenset[ast.AST]:
        """The functions of version scripts all of whose sessions are on `op.get_bind()` and stay in their file.

        Whether the environment of the migration is asynchronous or not, it runs them on a synchronous connection.
        """
        scripts = {one for one in self.project.symbols.modules.values() if one.definitions.keys() >= _SCRIPT}
        functions = self.project.callgraph.functions.values() if scripts else ()
        alone = {one for one in scripts if self._alone(one)}
        return frozenset(one.node for one in functions if one.module in alone and isinstance(one.node, FunctionNode))

    def _alone(self, module: Module) -> bool:
        uses = [one for one in self.project.session_uses.all if one.module is module]
        if not uses or any(one.module is module for one in self.project.engines.uses):
            return False
        edges = [
            one
            for one in self.project.callgraph.edges
            if (one.caller.module is module) != (one.callee.module is module)
        ]
        return all(map(self._is_own, uses)) and not any(self._leads(one, module) for one in edges)

    def _is_own(self, use: SessionUse) -> bool:
        """Whether a session is the script's own: made on the connection, or handed from one of its functions."""
        if use.typed.what != "session" or use.typed.owner is not None:
            return False
        if use.role == "passed" and any(
            one.callee.module is not use.module
            for one in self.project.callgraph.at.get(use.call, ())  # type: ignore[arg-type]
        ):
            return False
        if not isinstance(use.node, ast.Call):
            return isinstance(use.node, ast.Name)
        given = [*use.node.args[:1], *(one.value for one in use.node.keywords if one.arg == "bind")]
        made = self.project.meanings.is_sqlalchemy(use.node.func, use.module, "Session")
        return made and len(given) == 1 and self._is_connection(given[0], use.module)

    def _is_connection(self, node: ast.expr, module: Module) -> bool:
        if isinstance(node, ast.Name):
            bindings = self.project.scopes(module).lookup(node.id, node)
            values = [one.value for one in bindings if one.kind == "value" and isinstance(one.value, ast.Call)]
            return len(values) == len(bindings) == 1 and self._is_connection(values[0], module)
        return isinstance(node, ast.Call) and self.project.meanings.external(node.func, module) == "alembic.op.get_bind"

    def _leads(self, edge: Edge, module: Module) -> bool:
        """Whether an edge leads from elsewhere into the script, or from it to what talks to the database."""
        return edge.callee.module is module or (
            edge.kind != "reference" and edge.callee.node in self.project.effects.io()
        )
