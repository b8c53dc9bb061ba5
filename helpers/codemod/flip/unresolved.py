"""Calls that may mean a method which becomes asynchronous, on something whose class nothing tells."""

from __future__ import annotations

import ast
import collections
from dataclasses import dataclass

from helpers.analysis.members import FunctionNode
from helpers.analysis.outside import Outside
from helpers.analysis.project import Project
from helpers.analysis.symbols import Definition, External, Module, dotted_name
from helpers.codemod.refused import Refused

# a receiver of which nothing is known is far more often one of these than a class of the project
_CONTAINERS = frozenset(
    name for kind in (str, bytes, list, dict, set, tuple, collections.deque) for name in dir(kind) if name[0] != "_"
)


@dataclass(frozen=True, eq=False)
class Unresolved:
    """Answers for one project."""

    project: Project

    def obstacles(self, method: FunctionNode) -> tuple[()]:
        """Nothing. Refused when a method is perhaps called where nobody would await it."""
        if method not in self.project.callgraph.targets.members.owners or method.name.startswith("__"):
            return ()
        for module, node in self.project.references.by_name.get(method.name, ()):
            if isinstance(node, ast.Attribute) and self._may_be(node, module, method):
                raise Refused(
                    f"`{ast.unparse(node)[:60]}` at {module.path}:{node.lineno} may mean it, and nothing tells: "
                    "annotate what it is called on"
                )
        return ()

    def _may_be(self, node: ast.Attribute, module: Module, method: FunctionNode) -> bool:
        call = self.project.scopes(module).parents.get(node)
        called = call if isinstance(call, ast.Call) and call.func is node else None
        at = self.project.callgraph.at
        if called is not None and not at.get(called) and self._is_base(node.value, module, method):
            return True
        if not at.get(node) and not (called and at.get(called)) and self._has(node, module, method):
            return True
        if at.get(node) or (called and at.get(called)) or self._known(node.value, module):
            return False
        if called is None:
            return isinstance(call, ast.Call | ast.keyword | ast.List | ast.Dict) and method.name not in _CONTAINERS
        if method.name in _CONTAINERS and not self._given_a_session(called, module):
            return False
        return _fits(called, method)

    def _has(self, node: ast.Attribute, module: Module, method: FunctionNode) -> bool:
        """Whether it is called on an instance of a class that has the method."""
        owner = self.project.instances.of(node.value, module)
        return owner is not None and method in self.project.callgraph.targets.members.of(owner, method.name)

    def _is_base(self, node: ast.expr, module: Module, method: FunctionNode) -> bool:
        """Whether a name is annotated as a class from outside that the class of the method extends."""
        bindings = self.project.scopes(module).lookup(node.id, node) if isinstance(node, ast.Name) else ()
        told = [annotation for one in bindings if (annotation := getattr(one.node, "annotation", None)) is not None]
        names = {self.project.meanings.external(one, module) for one in told} - {""}
        owner = self.project.callgraph.targets.members.owners[method]
        return bool(names) and not names.isdisjoint(Outside(self.project).bases(owner))

    def _given_a_session(self, call: ast.Call, module: Module) -> bool:
        values = [*call.args, *(keyword.value for keyword in call.keywords)]
        return any(self.project.sessions.tier(value, module) is not None for value in values)

    def _known(self, node: ast.expr, module: Module, depth: int = 0) -> bool:
        """Whether something tells what an expression is, and it is no instance of a class of the project."""
        if self.project.sessions.of(node, module) is not None or self.project.instances.of(node, module) is not None:
            return True
        if isinstance(node, ast.Constant | ast.JoinedStr | ast.List | ast.Dict | ast.Set | ast.Tuple):
            return True
        if isinstance(node, ast.Call | ast.Subscript):
            inner = node.func if isinstance(node, ast.Call) else node.value
            return self._outside(inner, module) or (
                isinstance(inner, ast.Attribute) and depth < 12 and self._known(inner.value, module, depth + 1)
            )
        return self._outside(node, module) or (isinstance(node, ast.Name) and self._bound(node, module, depth))

    def _outside(self, node: ast.expr, module: Module) -> bool:
        found = self.project.resolve(module, dotted_name(node) or "", node)
        if isinstance(found, Definition) and isinstance(found.node, ast.Call):
            return bool(self.project.meanings.external(found.node.func, found.module))
        if isinstance(found, Definition) and isinstance(found.node, ast.ClassDef):
            return True  # what a class of the project has is in sight
        return isinstance(found, External | Module)

    def _bound(self, node: ast.Name, module: Module, depth: int) -> bool:
        bindings = self.project.scopes(module).lookup(node.id, node)
        return (
            bool(bindings)
            and depth < 12
            and all(self._is_known(one.node, one.value, module, depth) for one in bindings)
        )

    def _is_known(self, bound: ast.AST, value: ast.expr | None, module: Module, depth: int) -> bool:
        if isinstance(bound, ast.arg):
            if bound.annotation is not None:
                return self._outside(bound.annotation, module)
            return self._from_fixture(bound, module, depth)
        return value is not None and self._known(value, module, depth + 1)

    def _from_fixture(self, argument: ast.arg, module: Module, depth: int) -> bool:
        parents = self.project.scopes(module).parents
        function = parents.get(parents[argument])
        fixture = self.project.fixtures.of(function, argument, module) if isinstance(function, FunctionNode) else None
        if fixture is None or not isinstance(fixture.node, FunctionNode):
            return False
        scopes = self.project.scopes(fixture.module)
        given = [one.value for one in scopes.results(fixture.node) if one.value is not None]
        return bool(given) and all(self._known(value, fixture.module, depth + 1) for value in given)


def _fits(call: ast.Call, method: FunctionNode) -> bool:
    """Whether the arguments of a call can be those of a method."""
    arguments = method.args
    positional = [*arguments.posonlyargs, *arguments.args][1:]
    names = {one.arg for one in [*positional, *arguments.kwonlyargs]}
    if any(isinstance(one, ast.Starred) for one in call.args) or any(one.arg is None for one in call.keywords):
        return True
    if len(call.args) > len(positional) and arguments.vararg is None:
        return False
    if arguments.kwarg is None and not {str(one.arg) for one in call.keywords} <= names:
        return False
    required = len(positional) - len(arguments.defaults)
    return len(call.args) + len(call.keywords) >= required
