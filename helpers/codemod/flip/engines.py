"""Engines and factories: `create_async_engine` with a driver that can be awaited, `async_sessionmaker`, their use."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from helpers.analysis.callgraph import Edge
from helpers.analysis.engines import EngineUse
from helpers.analysis.project import Project
from helpers.analysis.session_uses import SessionUse
from helpers.analysis.source import Source
from helpers.analysis.symbols import Module
from helpers.codemod.flip.awaiting import Awaiting
from helpers.codemod.flip.change import Change
from helpers.codemod.flip.engine_options import EngineOptions
from helpers.codemod.flip.handles import Handled, Handles, inside
from helpers.codemod.flip.schema import SchemaChanges
from helpers.codemod.flip.session_types import SessionTypes
from helpers.codemod.flip.sync_factories import SyncFactories
from helpers.codemod.flip.urls import Urls
from helpers.codemod.refused import Refused
from helpers.model import Edit, ImportName

PATTERN = "sync_engine"
_EVENTS = ("listen", "listens_for", "remove", "contains")
_ASYNC = "sqlalchemy.ext.asyncio"
_FACTORY_OPTIONS = frozenset({"bind", "autocommit", "autoflush", "expire_on_commit", "future", "info"})


@dataclass(frozen=True, eq=False)
class EngineChanges:
    """Answers for the engines and factories of one project."""

    project: Project
    types: SessionTypes
    factories: SyncFactories

    @cached_property
    def urls(self) -> Urls:
        """What URLs become."""
        return Urls(self.project)

    def of_engine(self, use: EngineUse) -> Iterator[Change]:
        """What a place that names or makes an engine becomes. Refused where it cannot follow."""
        if isinstance(use.node, ast.Call) and self.project.engines.makes(use.node, use.module):
            yield from self._made(use.node, use.module)
        if use.role == "bound":
            return
        if use.role == "returned":
            self._returned(use)
            return
        if use.call is not None and self.project.listeners.names(use.call, use.module, *_EVENTS):
            end = self._source(use.module).segment(use.node)[1]
            edits = (Edit(end, end, ".sync_engine"),)
            yield Change(PATTERN, use.module, use.node, "events are those of the engine inside", edits)
        elif use.role == "given":
            self._given(use)
        elif use.role == "schema":
            yield from SchemaChanges(self.project).changes(use)
        elif use.role == "method" and use.call is not None:
            yield from self._method(use, use.call)
        elif use.name not in ("url", "dialect", "name", "pool", "echo"):
            raise Refused("what becomes of the engine here is not followed")

    def of_factory(self, call: ast.Call, module: Module) -> Iterator[Change]:
        """`sessionmaker(...)` makes asynchronous sessions; on 1.4 by their class. Refused for an unknown option."""
        options = {keyword.arg or "**" for keyword in call.keywords}
        if unknown := sorted(options - _FACTORY_OPTIONS):
            raise Refused(f"`{unknown[0]}` of a session factory may not mean the same for an asynchronous one")
        if "autocommit" in options and not all(_is_false(k.value) for k in call.keywords if k.arg == "autocommit"):
            raise Refused("autocommit does not exist on an asynchronous session")
        source = self._source(module)
        message = "it makes asynchronous sessions"
        above, inner = self.factories.made(call, module)
        lines = (above,) if above else ()
        if self._perhaps_1_4:
            text, add = self.types.binder(module).name(_ASYNC, "AsyncSession")
            edit = self._argument(call, ", ".join(filter(None, (f"class_={text}", inner))), source)
            yield Change("session_factory", module, call, message, (*lines, edit), _tuple(add))
            return
        text, add = self.types.binder(module).name(_ASYNC, "async_sessionmaker")
        start, end = source.segment(call.func)
        old = self.project.meanings.external(call.func, module)
        handed = (self._argument(call, inner, source),) if inner else ()
        edits = (*lines, Edit(start, end, text), *handed)
        yield Change("session_factory", module, call, message, edits, _tuple(add), (old,))

    def _argument(self, call: ast.Call, text: str, source: Source) -> Edit:
        """One more argument, behind the last."""
        arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
        ends = [source.segment(one)[1] for one in arguments] or [source.segment(call)[1] - 1]
        return Edit(max(ends), max(ends), f"{', ' if arguments else ''}{text}")

    @property
    def _perhaps_1_4(self) -> bool:
        """Whether the application may run on 1.4, by what it says or, where it is silent, by where `Base` is from."""
        if self.project.sqlalchemy is not None:
            return self.project.sqlalchemy < (2, 0)
        modules = self.project.symbols.modules.values()
        return any(name.startswith("sqlalchemy.ext.declarative") for one in modules for name in one.imports.values())

    def check_session(self, use: SessionUse) -> None:
        """A session that is made without a factory: `Session(engine)`. Refused for an unknown option."""
        call = use.node
        if not isinstance(call, ast.Call) or not self._is_class(call.func, use.module):
            return
        options = {keyword.arg or "**" for keyword in call.keywords}
        if unknown := sorted(options - _FACTORY_OPTIONS):
            raise Refused(f"`{unknown[0]}` of a session may not mean the same for an asynchronous one")

    def _is_class(self, node: ast.expr, module: Module) -> bool:
        return self.project.meanings.is_sqlalchemy(node, module, "Session")

    def _made(self, call: ast.Call, module: Module) -> Iterator[Change]:
        EngineOptions(self.project).check(call, module)
        source = self._source(module)
        text, add = self.types.binder(module).name(_ASYNC, "create_async_engine")
        start, end = source.segment(call.func)
        old = self.project.meanings.external(call.func, module)
        edits, adds = self.urls.edits(call, module)
        change = (Edit(start, end, text), *edits)
        yield Change(PATTERN, module, call, "it is made asynchronous", change, (*_tuple(add), *adds), (old,))

    def _returned(self, use: EngineUse) -> None:
        """An engine that a function gives: to callers that are all in sight, each of which has one then."""
        function = self.project.scopes(use.module).function(use.node)
        if not isinstance(function, ast.FunctionDef) or not self.project.engines.builds(function, use.module):
            raise Refused("what becomes of the engine here is not followed")
        for edge in self.project.callgraph.calls_to.get(function, ()):
            if edge.kind != "call":
                raise Refused(f"{edge.callee.symbol}, which gives the engine, is handed on at {_place(edge)}")

    def _given(self, use: EngineUse) -> None:
        assert use.call is not None
        typed = self.project.sessions.of(use.call, use.module)
        if self.project.engines.takes_one(use.call, use.node, use.module):
            return
        makes = typed is not None and typed.what in ("session", "factory")
        if not makes and use.name not in ("sessionmaker", "scoped_session", "configure"):
            raise Refused(f"the engine is given to `{use.name}`, which may need a synchronous one")

    def _method(self, use: EngineUse, call: ast.Call) -> Iterator[Change]:
        if use.name == "dispose":
            yield Change(PATTERN, use.module, call, "`.dispose()` is awaited", self._awaiting(use.module).edits(call))
        elif use.name in ("connect", "begin"):
            yield self._connected(call, use)
            for handled in Handles(self.project, use.module).calls(call, "connection"):
                yield self._handled(handled, use)
        else:
            raise Refused(f"`.{use.name}()` of an engine is not known to be the same on an asynchronous one")

    def _connected(self, call: ast.Call, use: EngineUse) -> Change:
        """`engine.connect()` is awaited; at the head of a block it is entered with `async with`."""
        parents = self.project.scopes(use.module).parents
        item = parents[call]
        if not isinstance(item, ast.withitem):
            edits = self._awaiting(use.module).edits(call)
            return Change(PATTERN, use.module, call, f"`.{use.name}()` is awaited", edits)
        statement = parents[item]
        if not isinstance(statement, ast.With):
            raise Refused("what becomes of the connection is not followed")
        return self._entered(statement, call, use)

    def _handled(self, node: Handled, use: EngineUse) -> Change:
        """A call on a connection is awaited, a block that enters one becomes asynchronous."""
        if isinstance(node, ast.Name):
            return inside(self.project, use.module, node, PATTERN)
        if isinstance(node, ast.Call):
            return Change(PATTERN, use.module, node, "it is awaited", self._awaiting(use.module).edits(node))
        return self._entered(node, node.items[0].context_expr, use)

    def _entered(self, block: ast.With, manager: ast.expr, use: EngineUse) -> Change:
        """A block that enters one manager asynchronously; what becomes of the others is settled for the whole block."""
        self._awaiting(use.module).generators(manager)
        start = self._source(use.module).segment(block)[0]
        edits = (Edit(start, start, "async "),)
        return Change(PATTERN, use.module, manager, "it is entered with `async with`", edits)

    def _awaiting(self, module: Module) -> Awaiting:
        return Awaiting(self._source(module), self.project.scopes(module).parents, self.project.loops.kept)

    def _source(self, module: Module) -> Source:
        return self.project.sources[module.path]


def _place(edge: Edge) -> str:
    return f"{edge.caller.module.path}:{getattr(edge.site, 'lineno', 0)}"


def _tuple(add: ImportName | None) -> tuple[ImportName, ...]:
    return (add,) if add else ()


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is False
