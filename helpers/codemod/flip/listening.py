"""Listeners stay synchronous: on the engine inside, on the class of sessions, on a factory that is handed over."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from helpers.analysis.colouring import awaits
from helpers.analysis.drivers import async_driver
from helpers.analysis.engines import EngineUse
from helpers.analysis.listeners import SESSIONS, Handler, Listener
from helpers.analysis.members import FunctionNode
from helpers.analysis.project import Project
from helpers.analysis.relationships import declared
from helpers.analysis.session_uses import SessionUse
from helpers.analysis.symbols import Definition, Module
from helpers.codemod.flip.change import Obstacle, Outcome
from helpers.codemod.flip.engine_options import backends
from helpers.codemod.flip.event_tables import CONNECTION_EVENTS, MAPPER_EVENTS, POOL_EVENTS, SESSION_EVENTS, WAITED_FOR
from helpers.codemod.flip.handlers import Judge
from helpers.codemod.refused import Refused

PATTERN = "sync_engine"
_SESSIONS = frozenset({"factory", "session", "session class"})
CLASSES = frozenset({"engine class", "session class", "mapped"})
_NOWHERE = "and `{}` may be told where nothing can be awaited"
_LOOKED_AT = frozenset({"url", "dialect", "name", "pool", "echo"})
_MAKE = frozenset({"sync_engine", "session_factory"})


@dataclass(frozen=True, eq=False)
class Listening:
    """Answers for one project."""

    project: Project

    def check(self, listener: Listener) -> tuple[()]:
        """Nothing. Refused where it would not do the same on what is inside an asynchronous engine or session."""
        if listener.kind == "inside" or (listener.kind == "mapped" and listener.event not in MAPPER_EVENTS):
            return ()
        kinds = self._handed_over(listener)
        if _is_builtin(listener):
            return ()
        if not listener.handlers or any(keyword.arg == "named" for keyword in listener.call.keywords):
            raise Refused(f"who listens to `{listener.event}` here is not known")
        judge = Judge(self.project, listener.event, listener.event in WAITED_FOR, self._backends(listener))
        self._rewrites(listener, judge.backends)
        for handler, module in listener.handlers:
            judge.function(handler, module, kinds)
            self._loads(handler, listener)
            self._holds_up(handler)
        return ()

    def _handed_over(self, listener: Listener) -> tuple[str, ...]:
        tables = [SESSION_EVENTS] if listener.kind in _SESSIONS else [POOL_EVENTS, CONNECTION_EVENTS, MAPPER_EVENTS]
        found = next((table[listener.event] for table in tables if listener.event in table), None)
        if found is None:
            told = f"what `{listener.event}` hands over" if listener.event else "which event is listened to"
            raise Refused(f"{told} is not known")
        return found

    def _backends(self, listener: Listener) -> tuple[str, ...]:
        """The databases of the engine that is listened to; of a class of engines, and of sessions, any."""
        if listener.kind == "engine":
            made = self._made(listener.target, listener.module)
            if made is not None:
                return backends(made)
        return backends(ast.Call(ast.Name("create_engine"), [], []))

    def _made(self, node: ast.expr, module: Module, depth: int = 0) -> ast.Call | None:
        """The `create_engine(...)` that an expression gives, where there is but one."""
        if isinstance(node, ast.Call) and self.project.engines.makes(node, module):
            return node
        if depth > 4 or not isinstance(node, ast.Name):
            return None
        bindings = self.project.scopes(module).lookup(node.id, node)
        if bindings:
            value = bindings[0].value if len(bindings) == 1 and bindings[0].kind == "value" else None
            return self._made(value, module, depth + 1) if value is not None else None
        found = self.project.resolve(module, node.id, node)
        known = isinstance(found, Definition) and isinstance(found.node, ast.expr)
        return self._made(found.node, found.module, depth + 1) if known else None  # type: ignore[union-attr, arg-type]

    def _rewrites(self, listener: Listener, candidates: tuple[str, ...]) -> None:
        """A listener that gives another statement reads one of another driver."""
        retval = any(keyword.arg == "retval" for keyword in listener.call.keywords)
        cursor = "cursor" in CONNECTION_EVENTS.get(listener.event, ())
        if retval and cursor and any(async_driver(self.project, one) == "asyncpg" for one in candidates):
            raise Refused("it changes statements, which asyncpg is given in another form")

    def _loads(self, handler: Handler, listener: Listener) -> None:
        """What may load in passing, where nothing can be awaited."""
        if listener.event in WAITED_FOR:
            return
        for node in ast.walk(handler):
            if isinstance(node, ast.Attribute) and node.attr in self._relationships:
                raise Refused(f"`.{node.attr}` may have to be loaded here, {_NOWHERE.format(listener.event)}")
        reached = self.project.callgraph.reached(handler) if isinstance(handler, FunctionNode) else ()
        for function in reached:
            if any(awaits(use) for use in self.project.session_uses.by_function.get(function.node, ())):
                raise Refused(f"it waits for the database, {_NOWHERE.format(listener.event)}")

    def _holds_up(self, handler: Handler) -> None:
        """What takes long: it ran on a thread of its own, and will on that of the loop."""
        long = self.project.pooled.long
        own = (one for one in long.own.get(handler, ()) if one.kind != "computes")
        if call := next(own, None):
            raise Refused(f"`{ast.unparse(call.node)[:60]}` would hold up the event loop that tells it")
        for edge in self.project.callgraph.calls_from.get(handler, ()):
            if edge.kind != "reference" and edge.callee.node in long.waiting:
                raise Refused(f"{edge.callee.symbol} leads to a call that would hold up the event loop that tells it")

    @cached_property
    def _relationships(self) -> frozenset[str]:
        return frozenset(one.name for one in declared(self.project))

    def on_classes(self, outcome: Outcome) -> Iterator[Obstacle]:
        """What listens to every engine or session, and would not do the same for those that a family makes."""
        if not any(change.pattern in _MAKE and isinstance(change.node, ast.Call) for change in outcome.changes):
            return
        for listener in self.project.listeners.all:
            known = listener.kind != "mapped" or listener.handlers
            if listener.kind in CLASSES and known:
                try:
                    self.check(listener)
                except Refused as refused:
                    yield Obstacle(PATTERN, listener.module, listener.call, str(refused))

    def is_target(self, use: SessionUse | EngineUse) -> bool:
        """Whether a place is what somebody listens to."""
        return any(one.target is use.node or getattr(one.target, "value", None) is use.node for one in self._calls(use))

    def _calls(self, use: SessionUse | EngineUse) -> Iterator[Listener]:
        for above in self.project.scopes(use.module).ancestors(use.node):
            if listener := self.project.listeners.at.get(above):
                yield listener

    def inside(self, use: SessionUse | EngineUse) -> tuple[()]:
        """Nothing. Refused for a session or an engine of its own in what listens: it would be an asynchronous one."""
        if self.is_target(use) or (isinstance(use, SessionUse) and self._handed(use)):
            return ()
        if isinstance(use, EngineUse) and use.role == "other" and use.name in _LOOKED_AT:
            return ()
        what = "an engine" if isinstance(use, EngineUse) else "a session"
        raise Refused(f"a listener, which is not awaited, works on {what} that it was not handed")

    def _handed(self, use: SessionUse) -> bool:
        """Whether a session is a parameter, or one that another object tells."""
        if use.typed.what != "session":
            return False
        if isinstance(use.node, ast.Call):
            if self.project.meanings.external(use.node.func, use.module) in SESSIONS:
                return bool(use.node.args or use.node.keywords)  # on a connection, which is followed, or an engine
            return getattr(use.node.func, "attr", getattr(use.node.func, "id", "")) == "object_session"
        root: ast.AST = use.node
        while isinstance(root, ast.Attribute):
            root = root.value
        name = getattr(root, "id", "")
        scopes = self.project.scopes(use.module)
        binds = next((one for one in scopes.functions(use.node) if name in scopes.bindings(one)), None)
        return binds in self.project.listeners.inside and name not in ("self", "cls")


def _is_builtin(listener: Listener) -> bool:
    """Whether a builtin listens, as `print`, which keeps nothing."""
    given = listener.call.args[2] if len(listener.call.args) > 2 else None
    return isinstance(given, ast.Name) and not listener.handlers and given.id == "print"
