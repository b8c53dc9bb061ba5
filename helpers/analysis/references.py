"""Where a class or function of the project is named, and what each place does with it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from helpers.analysis.symbols import Definition, Module, dotted_name

if TYPE_CHECKING:
    from helpers.analysis.project import Project

Role = Literal["called", "base", "annotation", "tested", "member", "value"]
_TESTS = frozenset({"isinstance", "issubclass"})


@dataclass(frozen=True, eq=False)
class Use:
    """One place that names the definition. `call` is the call of it, where that is what the place does."""

    module: Module
    node: ast.expr
    role: Role
    call: ast.Call | None = None


@dataclass(frozen=True, eq=False)
class References:
    """Answers for all definitions of one project."""

    project: Project

    @cached_property
    def by_name(self) -> Mapping[str, tuple[tuple[Module, ast.Name | ast.Attribute], ...]]:
        """Every name and attribute that is read, by its last identifier."""
        found: dict[str, list[tuple[Module, ast.Name | ast.Attribute]]] = {}
        for module in self.project.symbols.modules.values():
            for name in module.nodes.of(ast.Name):
                if isinstance(name.ctx, ast.Load):
                    found.setdefault(name.id, []).append((module, name))
            for attribute in module.nodes.of(ast.Attribute):
                found.setdefault(attribute.attr, []).append((module, attribute))
        return {name: tuple(places) for name, places in found.items()}

    def of(self, definition: Definition) -> Iterator[Use]:
        """Every use of a class or function, under whatever name a module imports it."""
        for name in sorted({definition.name, *self.aliases.get(definition.name, ())}):
            for module, node in self.by_name.get(name, ()):
                found = self._resolve(node, module)
                if isinstance(found, Definition) and found.node is definition.node:
                    yield self._use(node, module)

    def _resolve(self, node: ast.Name | ast.Attribute, module: Module) -> object:
        scopes = self.project.scopes(module)
        if isinstance(node, ast.Name):
            for binding in scopes.lookup(node.id, node):
                if binding.kind == "definition":
                    return Definition(module, node.id, binding.node)
        return self.project.resolve(module, dotted_name(node) or "", node)

    @cached_property
    def aliases(self) -> Mapping[str, frozenset[str]]:
        """Imported name to the names that `import ... as` gives it somewhere in the project."""
        found: dict[str, set[str]] = {}
        for module in self.project.symbols.modules.values():
            for node in module.nodes.of(ast.ImportFrom):
                for alias in node.names:
                    if alias.asname:
                        found.setdefault(alias.name, set()).add(alias.asname)
        return {name: frozenset(aliases) for name, aliases in found.items()}

    def _use(self, node: ast.Name | ast.Attribute, module: Module) -> Use:
        parents = self.project.scopes(module).parents
        top: ast.AST = node
        while isinstance(above := parents.get(top), ast.Subscript) and above.value is top:
            top = above  # `Page[User]` is still the class
        if isinstance(above, ast.Call) and above.func is top:
            return Use(module, node, "called", above)
        if isinstance(above, ast.Attribute):
            return Use(module, node, "member")
        if isinstance(above, ast.ClassDef):
            return Use(module, node, "base" if top in above.bases else "value")
        if self._tested(top, above, parents):
            return Use(module, node, "tested")
        return Use(module, node, "annotation" if self._annotates(node, parents) else "value")

    def _tested(self, top: ast.AST, above: ast.AST | None, parents: Mapping[ast.AST, ast.AST]) -> bool:
        """The class in `isinstance(x, (A, B))`, `except A`, `case A()`."""
        if isinstance(above, ast.Tuple | ast.BinOp):
            top, above = above, parents.get(above)
        if isinstance(above, ast.Call):
            return dotted_name(above.func) in _TESTS and len(above.args) == 2 and above.args[1] is top
        return isinstance(above, ast.ExceptHandler | ast.MatchClass)

    def _annotates(self, node: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> bool:
        child, above = node, parents.get(node)
        while isinstance(above, ast.Subscript | ast.BinOp | ast.Tuple | ast.List):
            child, above = above, parents.get(above)
        if isinstance(above, ast.arg):
            return True
        if isinstance(above, ast.AnnAssign):
            return above.annotation is child
        return isinstance(above, ast.FunctionDef | ast.AsyncFunctionDef) and above.returns is child
