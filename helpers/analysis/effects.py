"""Which functions talk to the database: the calls on sessions themselves, and the functions that lead to one."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from helpers.analysis.nodes import children
from helpers.analysis.session_types import Tier
from helpers.analysis.symbols import Definition, Module, dotted_name

if TYPE_CHECKING:
    from helpers.analysis.callgraph import CallGraph, Edge, Function
    from helpers.analysis.project import Project

What = Literal["read", "write", "commit", "rollback", "close", "pending"]
_ON_SESSIONS: Mapping[str, What] = {
    **dict.fromkeys(("scalar", "scalars", "execute", "exec", "get", "get_one", "refresh", "connection"), "read"),
    **dict.fromkeys(("flush", "merge", "delete", "begin_nested", "begin", "query"), "write"),
    **dict.fromkeys(("bulk_save_objects", "bulk_insert_mappings", "bulk_update_mappings"), "write"),
    **dict.fromkeys(("add", "add_all"), "pending"),
    **{"commit": "commit", "rollback": "rollback", "close": "close"},
}
_ON_ENGINES = frozenset({"connect", "begin", "execute", "raw_connection"})
_RUN_QUERY = frozenset({"all", "first", "one", "one_or_none", "scalar", "count", "get", "yield_per", "values"})
_WRITE_QUERY = frozenset({"update", "delete"})
_RUN_STATEMENT = frozenset({"execute", "scalar", "scalars", "exec"})
_CONSUMERS = frozenset(
    {"list", "tuple", "set", "dict", "sorted", "sum", "len", "any", "all", "next", "iter", "enumerate"}
)
_ITERATES = (ast.For, ast.AsyncFor, ast.comprehension, ast.Starred, ast.YieldFrom)
_DEEPEST = 8  # variables that hold a statement grown from another's
_LATER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


@dataclass(frozen=True, eq=False)
class Effect:
    """One call, `node`, on a session or an engine. `pending` work waits for the next flush and is no IO of its own."""

    node: ast.Call
    module: Module
    what: What
    tier: Tier

    @property
    def is_io(self) -> bool:
        """Whether the call itself talks to the database."""
        return self.what != "pending"


@dataclass(frozen=True, eq=False)
class Effects:
    """Answers for all functions of one project. A lazy relationship is no call and is not seen here."""

    project: Project
    _io: dict[Tier, Mapping[ast.AST, Edge | None]] = field(default_factory=dict, repr=False)

    @cached_property
    def direct(self) -> Mapping[ast.AST, tuple[Effect, ...]]:
        """Function, or a module's tree, to its own calls on sessions and engines, in the order of the text."""
        found: dict[ast.AST, list[Effect]] = {}
        for module in self.project.symbols.modules.values():
            for call in module.nodes.of(ast.Call):
                if effect := self._effect(call, module):
                    found.setdefault(self._graph.around(call, module).node, []).append(effect)
        return {node: tuple(effects) for node, effects in found.items()}

    def io(self, least: Tier = Tier.INFERRED) -> Mapping[ast.AST, Edge | None]:
        """Every function that does IO: None for its own, else the first edge of a way there.

        `least` is how sure the sessions must be. Calls must be more than guessed from a method's name in any case: a
        session's name tells more than a method's.
        """
        if least not in self._io:
            own = [node for node, effects in self.direct.items() if _any_io(effects, least)]
            self._io[least] = {**self._graph.reaching(own), **dict.fromkeys(own)}
        return self._io[least]

    def why(self, function: ast.AST, least: Tier = Tier.INFERRED) -> tuple[Function, ...]:
        """The functions on a shortest way from `function` to one that does IO itself, both included."""
        way, found = [self._graph.functions[function]], self.io(least)
        while edge := found.get(way[-1].node):
            way.append(edge.callee)
        return tuple(way) if function in found else ()

    def within(self, node: ast.AST, module: Module, least: Tier = Tier.INFERRED) -> Iterator[tuple[ast.AST, Tier]]:
        """The places below `node` where IO is done when it runs; functions and lambdas defined there only wait."""
        for one in _running(node):
            if (effect := self._by_call.get(one)) and effect.is_io and effect.tier >= least:
                yield one, effect.tier
            for edge in self._graph.at.get(one, ()):
                if edge.kind != "reference" and edge.tier > Tier.BY_NAME and edge.callee.node in self.io(least):
                    yield one, edge.tier

    def on(self, node: ast.AST) -> Effect | None:
        """What a call is for its session; None for a call of another kind."""
        return self._by_call.get(node)

    @cached_property
    def _by_call(self) -> Mapping[ast.AST, Effect]:
        return {effect.node: effect for effects in self.direct.values() for effect in effects}

    @property
    def _graph(self) -> CallGraph:
        return self.project.callgraph

    def _effect(self, call: ast.Call, module: Module) -> Effect | None:
        func = call.func
        if not isinstance(func, ast.Attribute):
            return None
        if func.attr in _ON_ENGINES and self._engine(func.value, module):
            return Effect(call, module, "write", Tier.PROVED)
        what = _ON_SESSIONS.get(func.attr)
        if what is None or (func.attr == "get" and len(call.args) + len(call.keywords) < 2):
            return None
        tier = self.project.sessions.tier(func.value, module)
        told = self._kind(call, func.attr, what, module) if tier else None
        return Effect(call, module, told, tier) if told and tier else None

    def _kind(self, call: ast.Call, name: str, what: What, module: Module) -> What | None:
        if name == "query":
            return self._query(call, module)
        if name in _RUN_STATEMENT and not (call.args and self._selects(call.args[0], module)):
            return "write"  # a statement that is made elsewhere may be one
        return what

    def _query(self, call: ast.Call, module: Module) -> What | None:
        """What becomes of `session.query(...)`: it runs when its chain ends in a call that runs it, or is iterated."""
        parents = self.project.scopes(module).parents
        top: ast.AST = call
        while isinstance(above := parents.get(top), ast.Attribute):
            if not isinstance(parents.get(above), ast.Call):
                return "read"
            if above.attr in _RUN_QUERY | _WRITE_QUERY:
                return "write" if above.attr in _WRITE_QUERY else "read"
            top = parents[above]
        consumed = isinstance(above, ast.Call) and (dotted_name(above.func) or "") in _CONSUMERS
        kept = isinstance(above, ast.Assign) and isinstance(above.targets[0], ast.Name)  # run further down, it seems
        return "read" if consumed or kept or isinstance(above, (*_ITERATES, ast.Subscript)) else None

    def _selects(self, statement: ast.expr, module: Module, depth: int = 0) -> bool:
        """Whether a statement is `select(...)` with whatever is chained to it, written out or in variables."""
        while isinstance(statement, ast.Call) and isinstance(statement.func, ast.Attribute):
            statement = statement.func.value
        if isinstance(statement, ast.Call):
            return (dotted_name(statement.func) or "").rpartition(".")[2] == "select"
        bound = self.project.scopes(module).lookup(statement.id, statement) if isinstance(statement, ast.Name) else ()
        values = [binding.value for binding in bound]
        return depth < _DEEPEST and bool(values) and all(v and self._selects(v, module, depth + 1) for v in values)

    def _engine(self, node: ast.expr, module: Module) -> bool:
        found = self.project.resolve(module, dotted_name(node) or "", node)
        if not (isinstance(found, Definition) and isinstance(found.node, ast.Call)):
            return False
        return self.project.meanings.is_sqlalchemy(found.node.func, found.module, "create_engine")


def _any_io(effects: tuple[Effect, ...], least: Tier) -> bool:
    return any(effect.is_io and effect.tier >= least for effect in effects)


def _running(node: ast.AST) -> Iterator[ast.AST]:
    stack = [node]
    while stack:
        one = stack.pop()
        yield one
        if one is node or not isinstance(one, _LATER):
            stack += reversed(list(children(one)))
