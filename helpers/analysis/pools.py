"""Which engines keep no connection between sessions: those of others outlive the loop that they were made in."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from helpers.analysis.members import FunctionNode
from helpers.analysis.symbols import Definition, Module, dotted_name

if TYPE_CHECKING:
    from helpers.analysis.project import Project

_NONE = frozenset({"sqlalchemy.NullPool", "sqlalchemy.pool.NullPool", "sqlalchemy.pool.impl.NullPool"})
_DEEPEST = 5


@dataclass(frozen=True, eq=False)
class Pools:
    """Answers for one project."""

    project: Project

    def kept(self, function: ast.AST) -> Iterator[tuple[ast.expr, Module]]:
        """The places of a function that take a connection which may go back to a pool."""
        for use in self.project.session_uses.by_function.get(function, ()):
            if use.typed.what == "factory" and not self.of_factory(use.node, use.module):
                yield use.node, use.module
            elif isinstance(use.node, ast.Call) and self._is_session(use.node, use.module):
                engine = _bound(use.node)
                if engine is None or not self.of_engine(engine, use.module):
                    yield use.node, use.module
        for engine_use in self.project.engines.by_function.get(function, ()):
            if engine_use.is_io and not self.of_engine(engine_use.node, engine_use.module):
                yield engine_use.node, engine_use.module

    def _is_session(self, call: ast.Call, module: Module) -> bool:
        return self.project.meanings.is_sqlalchemy(call.func, module, "Session")

    def of_factory(self, node: ast.expr, module: Module) -> bool:
        """Whether the sessions of a factory keep no connection."""
        made = self._value(node, module)
        if made is None or not self.project.meanings.is_sqlalchemy(made[0].func, made[1], "sessionmaker"):
            return False
        engine = _bound(made[0])
        return engine is not None and self.of_engine(engine, made[1]) and not self._configured

    @cached_property
    def _configured(self) -> bool:
        """Whether some factory is bound to something else later on."""
        return any(use.typed.what == "factory" and use.name == "configure" for use in self.project.session_uses.all)

    def of_engine(self, node: ast.expr, module: Module, depth: int = 0) -> bool:
        """Whether an engine keeps no connection: by its own options, or by those of the function that makes it."""
        made = self._value(node, module)
        if made is None or depth > _DEEPEST:
            return False
        call, where = made
        if self._says_so(call, where):
            return self.project.engines.makes(call, where) or self._passes_on(call, where)
        built = self._builder(call, where)
        results = self.project.scopes(built[1]).results(built[0]) if built else []
        values = [one.value for one in results if isinstance(one.value, ast.expr)]
        return built is not None and bool(values) and all(self.of_engine(one, built[1], depth + 1) for one in values)

    def _says_so(self, call: ast.Call, module: Module) -> bool:
        given = [one.value for one in call.keywords if one.arg == "poolclass"]
        return bool(given) and self.project.meanings.external(given[0], module) in _NONE

    def _passes_on(self, call: ast.Call, module: Module) -> bool:
        """Whether the function that is called makes its engine with the pool that it is given."""
        built = self._builder(call, module)
        if built is None:
            return False
        function, where = built
        calls = [one for one in ast.walk(function) if isinstance(one, ast.Call)]
        makes = [one for one in calls if self.project.engines.makes(one, where)]
        return bool(makes) and all(_given_on(one, function) for one in makes)

    def _builder(self, call: ast.Call, module: Module) -> tuple[FunctionNode, Module] | None:
        found = self.project.resolve(module, dotted_name(call.func) or "", call.func)
        if isinstance(found, Definition) and isinstance(found.node, FunctionNode):
            return found.node, found.module
        return None

    def _value(self, node: ast.expr, module: Module) -> tuple[ast.Call, Module] | None:
        """The one call that gives an expression its value."""
        if isinstance(node, ast.Call):
            return node, module
        bindings = self.project.scopes(module).lookup(node.id, node) if isinstance(node, ast.Name) else ()
        local = [one for one in bindings if one.kind != "import"]
        if local:
            value = local[0].value if len(local) == 1 and local[0].kind == "value" else None
            return (value, module) if isinstance(value, ast.Call) else None
        found = self.project.resolve(module, dotted_name(node) or "", node)
        if isinstance(found, Definition) and isinstance(found.node, ast.Call):
            return found.node, found.module
        return None


def _bound(call: ast.Call) -> ast.expr | None:
    """What a factory or a session is bound to."""
    named = next((one.value for one in call.keywords if one.arg == "bind"), None)
    return call.args[0] if call.args else named


def _given_on(call: ast.Call, function: FunctionNode) -> bool:
    """`poolclass=poolclass`, or all keywords of the function."""
    rest = function.args.kwarg
    for one in call.keywords:
        named = one.value.id if isinstance(one.value, ast.Name) else ""
        if (one.arg is None and rest is not None and named == rest.arg) or (one.arg == named == "poolclass"):
            return sum(isinstance(node, ast.Name) and node.id == named for node in ast.walk(function)) == 1
    return False
