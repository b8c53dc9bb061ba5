"""Transactions and connections that a session or an engine gave: every call on them, or the reason to leave them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from helpers.analysis.flow import named
from helpers.analysis.project import Project
from helpers.analysis.symbols import Module
from helpers.codemod.flip.streams import is_streamed
from helpers.codemod.refused import Refused

_AWAITED: Mapping[str, frozenset[str]] = {
    "transaction": frozenset({"commit", "rollback", "close"}),
    "connection": frozenset(
        {"execute", "scalar", "scalars", "exec_driver_sql", "commit", "rollback", "close", "invalidate"}
        | {"get_isolation_level", "execution_options"}
    ),
}
_SAME: Mapping[str, frozenset[str]] = {
    "transaction": frozenset({"is_active"}),
    "connection": frozenset({"in_transaction", "in_nested_transaction", "closed", "invalidated", "info", "dialect"}),
}
_BEGINS = frozenset({"begin", "begin_nested"})


@dataclass(frozen=True, eq=False)
class Handles:
    """Answers for one file."""

    project: Project
    module: Module

    def calls(self, made: ast.expr, kind: str) -> Iterator[ast.Call | ast.With]:
        """The calls to be awaited on what `made` gives, in the same function, and the blocks that enter one.

        Refused where one cannot be told.
        """
        parents = self.project.scopes(self.module).parents
        above = parents[made]
        if isinstance(above, ast.Expr):
            return
        if isinstance(above, ast.Attribute):
            yield from self._on(above, kind)
        elif isinstance(above, ast.Assign) and len(above.targets) == 1 and isinstance(above.targets[0], ast.Name):
            yield from self._named(above.targets[0], made, kind)
        elif isinstance(above, ast.withitem) and isinstance(above.optional_vars, ast.Name | None):
            if above.optional_vars is not None:
                yield from self._named(above.optional_vars, made, kind)
        else:
            raise Refused(f"what becomes of the {kind} is not followed")

    def _named(self, target: ast.Name, made: ast.expr, kind: str) -> Iterator[ast.Call | ast.With]:
        """The same for what a name holds."""
        for read in self._reads(target, made, kind):
            use = self.project.scopes(self.module).parents[read]
            if kind == "connection" and self._carries_a_session(use, read):
                continue
            if not isinstance(use, ast.Attribute):
                raise Refused(f"what becomes of the {kind} `{read.id}` is not followed")
            yield from self._on(use, kind)

    def _on(self, attribute: ast.Attribute, kind: str) -> Iterator[ast.Call | ast.With]:
        call = self.project.scopes(self.module).parents[attribute]
        if attribute.attr in _SAME[kind]:
            return
        if kind == "connection" and attribute.attr in _BEGINS and isinstance(call, ast.Call) and call.func is attribute:
            yield self._entering(call) or call
            yield from self.calls(call, "transaction")
            return
        if not (isinstance(call, ast.Call) and call.func is attribute and attribute.attr in _AWAITED[kind]):
            raise Refused(f"`.{attribute.attr}` of a {kind} is not known to be the same on an asynchronous one")
        if is_streamed(call):
            raise Refused("a connection reads its rows in portions here, with stream() once it is asynchronous")
        yield call

    def _entering(self, call: ast.Call) -> ast.With | None:
        """The block that a call stands at the head of, alone; None where it stands elsewhere."""
        parents = self.project.scopes(self.module).parents
        item = parents[call]
        statement = parents[item] if isinstance(item, ast.withitem) else None
        if isinstance(statement, ast.With) and len(statement.items) > 1:
            raise Refused("it is entered together with another manager: give each a `with` of its own")
        return statement if isinstance(statement, ast.With) else None

    def _carries_a_session(self, use: ast.AST, read: ast.Name) -> bool:
        """Whether a session is made on the connection: `Session(bind=connection)`."""
        call = self.project.scopes(self.module).parents.get(use) if isinstance(use, ast.keyword) else use
        if not isinstance(call, ast.Call) or (isinstance(use, ast.keyword) and use.arg != "bind"):
            return False
        typed = self.project.sessions.of(call, self.module)
        return typed is not None and typed.what == "session" and (use is not call or call.args[:1] == [read])

    def _connects(self, value: ast.expr | None, kind: str) -> bool:
        """Whether a value is a connection of an engine as well."""
        if kind != "connection" or not (isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute)):
            return False
        return value.func.attr in ("connect", "begin") and self.project.engines.is_engine(value.func.value, self.module)

    def _reads(self, target: ast.Name, made: ast.expr, kind: str) -> Iterator[ast.Name]:
        scopes = self.project.scopes(self.module)
        function = scopes.function(target)
        bindings = scopes.lookup(target.id, target)
        alike = all(one.value is made or self._connects(one.value, kind) for one in bindings)
        if function is None or not bindings or not alike:
            raise Refused(f"`{target.id}` is not always that {kind}")
        for node in named(function, target.id):
            if isinstance(node.ctx, ast.Load):
                yield node
