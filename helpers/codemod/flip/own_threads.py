"""What a function leaves behind for others of the same thread: it would be lost when the function runs in another."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from helpers.analysis.project import Project
from helpers.analysis.symbols import Definition, Module, dotted_name
from helpers.codemod.refused import Refused

_LOCAL = frozenset({"threading.local", "contextvars.ContextVar", "werkzeug.local.Local", "asgiref.local.Local"})
_LEAVES = frozenset({"set", "reset"})


@dataclass(frozen=True, eq=False)
class OwnThreads:
    """Answers for one project."""

    project: Project

    def check(self, functions: Iterable[ast.AST]) -> None:
        """Nothing. Refused where functions, or what they call, set what only their own thread or context sees."""
        if not self._values:
            return
        for function in functions:
            for reached in self.project.callgraph.reached(function):
                if name := self._set_in.get(reached.node):
                    raise Refused(f"{reached.symbol} sets `{name}`, which only its own thread sees")

    @cached_property
    def _values(self) -> frozenset[ast.AST]:
        """Every value of a module that is one for each thread or context."""
        return frozenset(value for module in self._modules for value in _made(self.project, module))

    @cached_property
    def _set_in(self) -> Mapping[ast.AST, str]:
        """Function to the name of such a value that it sets."""
        found: dict[ast.AST, str] = {}
        for module in self._modules:
            for node in module.nodes.of(ast.Attribute):
                if node.attr in _LEAVES or isinstance(node.ctx, ast.Store | ast.Del):
                    meant = self.project.resolve(module, dotted_name(node.value) or "", node.value)
                    if isinstance(meant, Definition) and meant.node in self._values:
                        found[self.project.callgraph.around(node, module).node] = meant.name
        return found

    @property
    def _modules(self) -> Iterable[Module]:
        return self.project.symbols.modules.values()


def _made(project: Project, module: Module) -> Iterator[ast.AST]:
    for value in module.definitions.values():
        if isinstance(value, ast.Call) and project.meanings.external(value.func, module) in _LOCAL:
            yield value
