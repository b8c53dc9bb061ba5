"""Transactions and connections that a session or an engine gave: every call on them, or the reason to leave them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from helpers.analysis.flow import named
from helpers.analysis.project import Project
from helpers.analysis.symbols import Module
from helpers.codemod.flip.change import Change
from helpers.codemod.flip.event_tables import WAITED_FOR
from helpers.codemod.flip.streams import is_streamed
from helpers.codemod.refused import Refused
from helpers.model import Edit

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
Handled = ast.Call | ast.With | ast.Name
_BEGINS = frozenset({"begin", "begin_nested"})


@dataclass(frozen=True, eq=False)
class Handles:
    """Answers for one file."""

    project: Project
    module: Module

    def calls(self, made: ast.expr, kind: str) -> Iterator[Handled]:
        """The calls to be awaited on what `made` gives, in the same function, and the blocks that enter one.

        A name stands for what is synchronous inside, where a listener reads it. Refused where one cannot be told.
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

    def _named(self, target: ast.Name, made: ast.expr, kind: str) -> Iterator[Handled]:
        """The same for what a name holds."""
        for read in self._reads(target, made, kind):
            use = self.project.scopes(self.module).parents[read]
            if self.project.scopes(self.module).function(read) in self.project.listeners.inside:
                yield from self._inside(read, use, kind)
                continue
            if kind == "connection" and self._carries_a_session(use, read):
                continue
            if not isinstance(use, ast.Attribute):
                raise Refused(f"what becomes of the {kind} `{read.id}` is not followed")
            handled = tuple(self._on(use, kind))
            if handled and self._is_replaced(target):
                raise Refused(f"a listener puts a synchronous {kind} in the place of `{read.id}`")
            yield from handled

    def _inside(self, read: ast.Name, use: ast.AST, kind: str) -> Iterator[ast.Name]:
        """What a listener does with it, which stays synchronous: on the one inside."""
        if not isinstance(use, ast.Attribute):
            raise Refused(f"what becomes of the {kind} `{read.id}` in a listener is not followed")
        if use.attr in _SAME[kind]:
            return
        function = self.project.scopes(self.module).function(read)
        told = {one.event for one in self.project.listeners.all for heard, _ in one.handlers if heard is function}
        if kind != "connection" or use.attr not in _AWAITED[kind] | _BEGINS or not told or not told <= WAITED_FOR:
            raise Refused(f"`.{use.attr}` of a {kind} is not known to be the same in a listener")
        yield read

    def _is_replaced(self, target: ast.Name) -> bool:
        """Whether a function inside gives the name another value."""
        function = self.project.scopes(self.module).function(target)
        inside = ast.walk(function) if function is not None else ()
        return any(isinstance(node, ast.Nonlocal) and target.id in node.names for node in inside)

    def _on(self, attribute: ast.Attribute, kind: str) -> Iterator[Handled]:
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
            if isinstance(node.ctx, ast.Load) and scopes.lookup(target.id, node) == bindings:
                yield node


def inside(project: Project, module: Module, node: ast.Name, pattern: str) -> Change:
    """What is synchronous inside a connection or a transaction, for a listener."""
    end = project.sources[module.path].segment(node)[1]
    edit = Edit(end, end, ".sync_connection")
    return Change(pattern, module, node, "a listener works on the connection inside", (edit,))
