"""Who listens to engines, sessions and mapped classes: functions that SQLAlchemy calls and never awaits."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from helpers.analysis.engines import ENGINES
from helpers.analysis.members import FunctionNode
from helpers.analysis.session_factories import inside
from helpers.analysis.symbols import Definition, Module, dotted_name

if TYPE_CHECKING:
    from helpers.analysis.project import Project

Kind = Literal["engine", "engine class", "factory", "session", "session class", "inside", "mapped"]
Handler = FunctionNode | ast.Lambda
_REGISTERS = ("listen", "listens_for")
_PLACES = ("sqlalchemy.event.", "sqlalchemy.event.api.")
_POOLS = frozenset(f"sqlalchemy.pool.{name}" for name in ("Pool", "QueuePool", "NullPool", "StaticPool"))
SESSIONS = frozenset({"sqlalchemy.orm.Session", "sqlalchemy.orm.session.Session", "sqlmodel.Session"})
_INSIDE = frozenset({"sync_engine", "sync_session", "sync_session_class"})
# told while rows are written or read, where an asynchronous session can be waited for
_IN_FLUSH = frozenset(
    {f"{when}_{what}" for when in ("before", "after") for what in ("insert", "update", "delete")}
    | {"load", "refresh", "refresh_flush"}
)


@dataclass(frozen=True, eq=False)
class Listener:
    """One registration: `call` is `event.listen(target, event, handler)`, or what decorates the handler.

    `event` is empty where it is not written out, `handlers` where they are not known, each with its module.
    """

    call: ast.Call
    module: Module
    target: ast.expr
    kind: Kind
    event: str
    handlers: tuple[tuple[Handler, Module], ...]


@dataclass(frozen=True, eq=False)
class Listeners:
    """Answers for one project."""

    project: Project

    @cached_property
    def all(self) -> tuple[Listener, ...]:
        """Every registration on something that is known, in the order of the files."""
        modules = self.project.symbols.modules.values()
        calls = ((module, call) for module in modules for call in module.nodes.of(ast.Call))
        found = (self._listener(call, module) for module, call in calls if self.registers(call, module))
        return tuple(one for one in found if one is not None)

    @cached_property
    def at(self) -> Mapping[ast.AST, Listener]:
        """The same by the call."""
        return {one.call: one for one in self.all}

    def registers(self, call: ast.Call, module: Module) -> bool:
        """Whether a call makes somebody listen."""
        return self.names(call, module, *_REGISTERS) and bool(call.args)

    def names(self, call: ast.Call, module: Module, *functions: str) -> bool:
        """Whether a call is one of `functions` of SQLAlchemy's events."""
        if not isinstance(call.func, ast.Name | ast.Attribute):
            return False
        external = self.project.meanings.external(call.func, module)
        return external.startswith("sqlalchemy.event") and external in {
            f"{place}{name}" for place in _PLACES for name in functions
        }

    @cached_property
    def inside(self) -> Mapping[ast.AST, str]:
        """The functions that work on what is synchronous inside an asynchronous engine or session, and who says so.

        They listen, or nobody but those that listen calls them.
        """
        found: dict[ast.AST, str] = {}
        for listener in self.all:
            if listener.kind != "mapped" or listener.event in _IN_FLUSH:
                what = f"{listener.event or 'an event'} at {listener.module.path}:{listener.call.lineno}"
                found |= {one: what for one, _ in listener.handlers if isinstance(one, FunctionNode)}
        while new := dict(self._behind(found)):
            found |= new
        return found

    def _behind(self, found: Mapping[ast.AST, str]) -> Iterator[tuple[ast.AST, str]]:
        """What only those of `found` call, or have inside."""
        graph = self.project.callgraph
        for node in found:
            yield from (
                (one, found[node])
                for one in ast.walk(node)
                if isinstance(one, FunctionNode) and one is not node and one not in found
            )
            for edge in graph.calls_from.get(node, ()):
                callee = edge.callee.node
                callers = [one.caller.node for one in graph.calls_to.get(callee, ()) if one.kind != "reference"]
                handed = len(callers) < len(graph.calls_to.get(callee, ()))
                alone = isinstance(callee, FunctionNode) and not handed and all(one in found for one in callers)
                if edge.kind == "call" and callee not in found and alone:
                    yield callee, found[node]

    def _listener(self, call: ast.Call, module: Module) -> Listener | None:
        target = call.args[0]
        kind = self._kind(target, module)
        if kind is None:
            return None
        named = call.args[1] if len(call.args) > 1 else None
        event = named.value if isinstance(named, ast.Constant) and isinstance(named.value, str) else ""
        return Listener(call, module, target, kind, event, tuple(self._handlers(call, module)))

    def _handlers(self, call: ast.Call, module: Module) -> Iterator[tuple[Handler, Module]]:
        above = self.project.scopes(module).parents[call]
        if isinstance(above, FunctionNode) and call in above.decorator_list:
            yield above, module
            return
        given = call.args[2] if len(call.args) > 2 else None
        if isinstance(given, ast.Lambda):
            yield given, module
        for edge in self.project.callgraph.at.get(given, ()) if given is not None else ():
            if isinstance(edge.callee.node, FunctionNode) and edge.kind == "reference":
                yield edge.callee.node, edge.callee.module

    def _kind(self, target: ast.expr, module: Module) -> Kind | None:
        if (isinstance(target, ast.Attribute) and target.attr in _INSIDE) or self._is_inside(target, module):
            return "inside"
        pool = target.value if isinstance(target, ast.Attribute) and target.attr == "pool" else target
        if self.project.engines.is_engine(pool, module):
            return "engine"
        external = self.project.meanings.external(target, module)
        if external in ENGINES or external in _POOLS:
            return "engine class"
        if external in SESSIONS:
            return "session class"
        if self._is_mapped(target, module):
            return "mapped"
        typed = self.project.sessions.of(target, module)
        if typed is None or typed.what not in ("session", "factory"):
            return None
        return "factory" if typed.what == "factory" else "session"

    def _is_inside(self, target: ast.expr, module: Module) -> bool:
        """Whether it is a factory whose sessions are inside asynchronous ones."""
        found = self.project.resolve(module, dotted_name(target) or "", target)
        return isinstance(found, Definition) and found.node in self._factories

    @cached_property
    def _factories(self) -> frozenset[ast.AST]:
        return inside(self.project)

    def _is_mapped(self, target: ast.expr, module: Module) -> bool:
        """Whether it is a class of the project, an attribute of one, or a mapper."""
        external = self.project.meanings.external(target, module)
        if external.rpartition(".")[2].lower() == "mapper":
            return True
        callees = self.project.callgraph.targets
        nodes = [target, target.value] if isinstance(target, ast.Attribute) else [target]
        meant = (one for node in nodes if isinstance(node, ast.expr) for one in callees.meant(node, module))
        return any(isinstance(one, Definition) and isinstance(one.node, ast.ClassDef) for one in meant)
