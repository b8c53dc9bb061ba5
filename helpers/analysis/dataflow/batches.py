"""What a DataLoader gives: the objects that its function loads for many keys at once."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from helpers.analysis.callees import Callee, Callees
from helpers.analysis.contexts import context_of
from helpers.analysis.parameters import FunctionNode
from helpers.analysis.symbols import Definition, Module

if TYPE_CHECKING:
    from helpers.analysis.project import Project

LOADERS = frozenset({"strawberry.dataloader.DataLoader", "strawberry.DataLoader", "aiodataloader.DataLoader"})
_GIVES = frozenset({"load", "load_many"})
_DEEPEST = 6  # functions that give what others give


@dataclass(frozen=True, eq=False)
class Batches:
    """Answers for one project."""

    project: Project
    callees: Callees

    def functions(self, call: ast.Call, module: Module) -> Iterator[Callee]:
        """The functions that load what `loader.load(key)` gives; nothing for any other call."""
        if not (isinstance(call.func, ast.Attribute) and call.func.attr in _GIVES):
            return
        for made, where in self._made(call.func.value, module):
            yield from self._loading(made, where)

    @cached_property
    def all(self) -> frozenset[FunctionNode]:
        """The functions of all DataLoaders."""
        calls = self.project.calls.get("DataLoader", ())
        return frozenset(one.function for module, call in calls for one in self._loading(call, module))

    def _loading(self, made: ast.Call, module: Module) -> Iterator[Callee]:
        """The function that a DataLoader is given."""
        if self.project.meanings.external(made.func, module) in LOADERS:
            named = [one.value for one in made.keywords if one.arg in ("load_fn", "batch_load_fn")]
            for given in (named or made.args)[:1]:
                yield from self.callees.of(given, module)

    def _made(self, node: ast.expr, module: Module, depth: int = 0) -> Iterator[tuple[ast.Call, Module]]:
        """The calls that make the loaders which an expression may hold."""
        if depth > _DEEPEST:
            return
        if isinstance(node, ast.Call) and self.project.meanings.external(node.func, module) in LOADERS:
            yield node, module
        elif isinstance(node, ast.Call):
            for callee in self.callees.functions(node, module):
                for result in self.project.scopes(callee.module).results(callee.function):
                    if result.value is not None:
                        yield from self._made(result.value, callee.module, depth + 1)
        elif isinstance(node, ast.Name):
            for binding in self.project.scopes(module).lookup(node.id, node):
                if binding.kind == "value" and binding.value is not None:
                    yield from self._made(binding.value, module, depth + 1)
        elif isinstance(node, ast.Attribute):
            for value, where in self._kept(node, module):
                yield from self._made(value, where, depth + 1)

    def _kept(self, node: ast.Attribute, module: Module) -> Iterator[tuple[ast.expr, Module]]:
        """What an attribute of an object of the project, or of the context of a request, is given."""
        owner = self._owner(node.value, module)
        given = self.project.attributes(owner, node.attr) if owner else self.project.assigned(node, module)
        yield from ((one.value, one.module) for one in given if one.value is not None)

    def _owner(self, node: ast.expr, module: Module) -> Definition | None:
        context = context_of(self.project, node, module) if isinstance(node, ast.Attribute) else None
        typed = self.project.sessions.annotated(*context) if context else self.project.sessions.of(node, module)
        return typed.owner if typed else None
