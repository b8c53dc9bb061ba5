"""Which of SQLAlchemy's asynchronous classes an expression is an instance of."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from helpers.analysis.annotations import named_in
from helpers.analysis.coroutines.known import COROUTINES, ENGINE_MAKERS, GIVES
from helpers.analysis.scopes import Binding
from helpers.analysis.symbols import Definition, Module, dotted_name

if TYPE_CHECKING:
    from helpers.analysis.project import Project

_FAMILY = ("sqlalchemy", "sqlmodel")
_SESSIONS = {"async session": "AsyncSession", "async factory": "async_sessionmaker"}
_SAME = frozenset({"unique", "columns", "execution_options", "yield_per"})


@dataclass(eq=False)
class Receivers:
    """Answers for all expressions of one project, each worked out once; empty where nothing tells."""

    project: Project
    _known: dict[ast.AST, str] = field(default_factory=dict, repr=False)

    def of(self, node: ast.expr, module: Module) -> str:
        """The class's name, as in `COROUTINES`; of a coroutine and of what is entered, the class of what they give."""
        if node not in self._known:
            self._known[node] = ""  # a name that stands for itself ends here
            self._known[node] = self._of(node, module)
        return self._known[node]

    def _of(self, node: ast.expr, module: Module) -> str:
        typed = self.project.sessions.of(node, module)
        if typed is not None and typed.what in _SESSIONS:
            return _SESSIONS[typed.what]
        match node:
            case ast.Await(value=value) | ast.NamedExpr(value=value):
                return self.of(value, module)
            case ast.Call():
                return self._call(node, module)
            case ast.Name():
                return self._name(node, module)
            case ast.Attribute():
                return self._attribute(node, module)
        return ""

    def _call(self, node: ast.Call, module: Module) -> str:
        external = self.project.meanings.external(node.func, module)
        if external.partition(".")[0] in _FAMILY:
            last = external.rpartition(".")[2]
            return "AsyncEngine" if last in ENGINE_MAKERS else last if last in COROUTINES else ""
        if found := self._given_by(self.project.resolve(module, dotted_name(node.func) or "", node.func)):
            return found
        if not isinstance(node.func, ast.Attribute):
            return ""
        owner = self.of(node.func.value, module)
        if node.func.attr in _SAME:
            return owner
        return GIVES.get((owner, node.func.attr), "")

    def _given_by(self, found: object) -> str:
        """What a function of the project, or a fixture, returns or yields."""
        if not isinstance(found, Definition) or not isinstance(found.node, ast.FunctionDef | ast.AsyncFunctionDef):
            return ""
        if told := self._annotated(found.node.returns, found.module):
            return told
        values = [one.value for one in self.project.scopes(found.module).results(found.node)]
        return _common([self.of(value, found.module) for value in values if value and not _none(value)])

    def _name(self, node: ast.Name, module: Module) -> str:
        bindings = self.project.scopes(module).lookup(node.id, node)
        if bindings:
            return _common([self._bound(one, module) for one in bindings])
        return self._resolved(self.project.symbols.resolve(module, node.id))

    def _attribute(self, node: ast.Attribute, module: Module) -> str:
        given = [
            self._annotated(one.annotation, one.module) or (self.of(one.value, one.module) if one.value else "")
            for one in self.project.assigned(node, module)
            if not _none(one.value) or one.annotation is not None
        ]
        if given:
            return _common(given)
        return self._resolved(self.project.resolve(module, dotted_name(node) or "", node))

    def _resolved(self, found: object) -> str:
        if isinstance(found, Definition) and isinstance(found.node, ast.expr):
            return self.of(found.node, found.module)
        return ""

    def _bound(self, binding: Binding, module: Module) -> str:
        if isinstance(binding.node, ast.arg | ast.AnnAssign) and (
            told := self._annotated(binding.node.annotation, module)
        ):
            return told
        function = self.project.scopes(module).parents.get(
            self.project.scopes(module).parents.get(binding.node, binding.node)
        )
        if isinstance(binding.node, ast.arg) and isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            return self._given_by(self.project.fixtures.of(function, binding.node, module))
        if binding.kind == "import":
            return self._resolved(self.project.resolve(module, binding.target, binding.node))
        if binding.kind in ("value", "context") and binding.value is not None:
            return self.of(binding.value, module)
        return ""

    def _annotated(self, annotation: ast.expr | None, module: Module) -> str:
        """The one class of SQLAlchemy's that an annotation names."""
        for part in named_in(annotation):
            external = self.project.meanings.external(part, module)
            last = external.rpartition(".")[2]
            if external.partition(".")[0] in _FAMILY and last in COROUTINES:
                return last
        return ""


def _common(found: list[str]) -> str:
    names = set(found)
    return names.pop() if len(names) == 1 else ""


def _none(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Constant) and value.value is None
