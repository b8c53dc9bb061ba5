"""`def` becomes `async def`, with its decorators, where whoever calls the function can await it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from helpers.analysis.colouring import cannot
from helpers.analysis.fixtures import is_fixture, is_test
from helpers.analysis.flow import own_nodes
from helpers.analysis.members import FunctionNode
from helpers.analysis.outside import Outside
from helpers.analysis.project import Project
from helpers.analysis.routes import METHODS
from helpers.analysis.session_uses import is_generator
from helpers.analysis.symbols import Module, dotted_name
from helpers.codemod.flip import entering
from helpers.codemod.flip.change import Change
from helpers.codemod.flip.decorators import Decorators
from helpers.codemod.flip.generators import written_out
from helpers.codemod.flip.mocks import Mocks
from helpers.codemod.flip.served import Served, served
from helpers.codemod.flip.session_types import SessionTypes
from helpers.codemod.flip.tests import Tests
from helpers.codemod.flip.turns import Turns
from helpers.codemod.refused import Refused
from helpers.codemod.unread import not_named_unread
from helpers.model import Edit

PATTERN = "sync_function"
_PLAIN = frozenset({"staticmethod", "classmethod", "abstractmethod", "override", "final"})
_SERVED = METHODS | {"websocket", "exception_handler", "on_event", "middleware", "websocket_route"}
_COPYING = frozenset({"functools.wraps"})  # decorators that call nothing


@dataclass(frozen=True, eq=False)
class Functions:
    """Answers for the functions of one project."""

    project: Project
    types: SessionTypes

    @cached_property
    def tests(self) -> Tests:
        """What tests and fixtures need besides."""
        return Tests(self.project)

    @cached_property
    def outside(self) -> Outside:
        """Who runs them that is no code of the project."""
        return Outside(self.project)

    @cached_property
    def mocks(self) -> Mocks:
        """What tests put in their place."""
        return Mocks(self.project)

    @cached_property
    def served(self) -> Served:
        """Who awaits what it is handed."""
        return Served(self.project)

    @cached_property
    def turns(self) -> Turns:
        """What those that share a session need."""
        return Turns(self.project)

    @cached_property
    def decorators(self) -> Decorators:
        """What the project's own decorators need."""
        return Decorators(self.project)

    def changes(self, function: FunctionNode, module: Module) -> Iterator[Change]:
        """The change of a definition that becomes asynchronous. Refused where it cannot."""
        if reason := cannot(function):
            raise Refused(reason)
        yield from self.turns.changes(function, module)
        if isinstance(function, ast.AsyncFunctionDef):
            return
        if function.name in entering.NAMES:
            yield entering.Entering(self.project).renamed(function, module)
        elif reason := self.outside.why(function, module):
            raise Refused(reason)
        self.mocks.of_function(function, module)
        not_named_unread(self.project, function.name)
        yield from self._decorators(function, module)
        if is_test(function, module):
            yield self.tests.marked(function, module)
        self._body(function)
        yield from written_out(self.project, function, module)
        if self.project.generators.announces(function):
            return  # its type says so; `async def` without a `yield` would give a coroutine
        start = self.project.sources[module.path].segment(function)[0]
        yield Change(PATTERN, module, function, self._why(function), (Edit(start, start, "async "),))

    def _why(self, function: FunctionNode) -> str:
        way = self.project.colouring.why(function)
        if len(way) < 2:
            return "it becomes asynchronous"
        return "it becomes asynchronous by " + " > ".join(one.symbol for one in way[1:5])

    def _body(self, function: FunctionNode) -> None:
        if other := self.project.generators.differs(function):
            where = self.project.callgraph.functions[other]
            place = f"{where.module.path}:{other.lineno}"
            raise Refused(
                f"it and {where.symbol} at {place} stand for each other, and only one is a generator function"
            )
        own = [node for statement in function.body for node in own_nodes(statement)]
        if is_generator(function) and any(isinstance(node, ast.Return) and node.value for node in own):
            raise Refused("an asynchronous generator cannot return a value: yield it or keep it elsewhere")

    def _decorators(self, function: FunctionNode, module: Module) -> Iterator[Change]:
        for decorator in function.decorator_list:
            maker = decorator.func if isinstance(decorator, ast.Call) else decorator
            name = dotted_name(maker) or ""
            last = name.rpartition(".")[2]
            if last == "fixture" and is_fixture(function):
                yield self.tests.fixture(decorator, module)
                continue
            if (
                last in _PLAIN
                or (last in _SERVED and served(self.project, maker, module))
                or name.startswith("pytest.mark.")
            ):
                continue
            external = self.project.meanings.external(maker, module)
            if external in _COPYING or self.served.awaits_decorated(external):
                continue
            if self.project.meanings.external(maker, module) == "contextlib.contextmanager":
                text, add = self.types.binder(module).name("contextlib", "asynccontextmanager")
                yield Change(
                    PATTERN,
                    module,
                    maker,
                    "it makes an asynchronous context manager",
                    (Edit(*self.project.sources[module.path].segment(maker), text),),
                    (add,) if add else (),
                    ("contextlib.contextmanager",),
                )
                continue
            yield from self.decorators.changes(decorator, function, module)
