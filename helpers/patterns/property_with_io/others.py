"""Receivers that surely are no instance of a class of the project: sessions, literals, objects of libraries."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from helpers.analysis.meaning import subscripted
from helpers.analysis.project import Project
from helpers.analysis.scopes import Binding
from helpers.analysis.symbols import External, Module, dotted_name

_LITERALS = ast.Constant | ast.JoinedStr | ast.Dict | ast.List | ast.Tuple | ast.Set | ast.Compare
_BUILTINS = frozenset({"str", "int", "float", "bool", "bytes", "dict", "list", "tuple", "set", "None"})
_ANYTHING = frozenset({"Any", "TypeVar", "Protocol", "Generic", "Mock", "MagicMock", "SimpleNamespace", "Self"})
_DEEPEST = 6


@dataclass(frozen=True, eq=False)
class Others:
    """Answers for one project. An annotation that leaves a choice, or says `object`, settles nothing."""

    project: Project

    def surely(self, value: ast.expr, module: Module, depth: int = 0) -> bool:
        """Whether the value of an expression is something else for sure."""
        if isinstance(value, _LITERALS):
            return True
        typed = self.project.sessions.of(value, module)
        if typed is not None and typed.what not in ("other", "instance"):
            return True
        if isinstance(value, ast.Call):
            name = self.project.meanings.external(value.func, module)
            return bool(name) and name.rpartition(".")[2] not in _ANYTHING
        if isinstance(value, ast.Name) and depth < _DEEPEST:
            bindings = self.project.scopes(module).lookup(value.id, value)
            return bool(bindings) and all(self._bound(binding, module, depth) for binding in bindings)
        return False

    def _bound(self, binding: Binding, module: Module, depth: int) -> bool:
        if isinstance(binding.node, ast.arg | ast.AnnAssign):
            return self._annotated(binding.node.annotation, module)
        if binding.kind == "value" and binding.value is not None:
            return self.surely(binding.value, module, depth + 1)
        return False

    def _annotated(self, annotation: ast.expr | None, module: Module) -> bool:
        parts = list(subscripted(annotation)) if annotation is not None else []
        return bool(parts) and all(self._outside(part, module) for part in parts)

    def _outside(self, part: ast.expr, module: Module) -> bool:
        if isinstance(part, ast.Constant):
            return part.value is None
        plain = part.value if isinstance(part, ast.Subscript) else part
        name = dotted_name(plain) or ""
        found = self.project.resolve(module, name, plain)
        if isinstance(found, External):
            return found.name.rpartition(".")[2] not in _ANYTHING
        return found is None and name in _BUILTINS
