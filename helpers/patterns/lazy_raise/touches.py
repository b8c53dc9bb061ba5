"""Where the application reads a relationship of an object, as far as names and types tell."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from helpers.analysis.mapped_objects import MappedObjects
from helpers.analysis.mapping import Entity
from helpers.analysis.meaning import EntityRef
from helpers.analysis.project import Project
from helpers.analysis.symbols import Module
from helpers.analysis.texts import is_template

_BY_NAME = frozenset({"getattr", "hasattr", "attrgetter", "association_proxy", "validates"})


@dataclass(eq=False)
class Touches:
    """Answers for one project; what might read an attribute counts as reading it."""

    project: Project

    def of(self, name: str, owner: Entity | None, *, many: bool | None) -> str:
        """The first place that may read the attribute of an object of that class; empty when there is none."""
        for module, node in self._attributes.get(name, ()):
            if self._may_read(node, owner, module, many=many):
                return f"{module.path}:{node.lineno}"
        return self._elsewhere.get(name, "")

    @cached_property
    def everything(self) -> str:
        """The place of code that walks over all relationships of a class; empty when there is none."""
        for module, node in self._attributes.get("relationships", ()):
            if not _of_the_class(node, self.project.scopes(module).parents):
                return f"{module.path}:{node.lineno}"
        return ""

    @cached_property
    def deletes(self) -> str:
        """The first place that deletes an object by its session; empty when there is none."""
        for module, call in self.project.calls.get("delete", ()):
            receiver = call.func.value if call.args and isinstance(call.func, ast.Attribute) else None
            if receiver is None:
                continue
            awaited = isinstance(self.project.scopes(module).parents.get(call), ast.Await)
            if awaited or self.project.sessions.tier(receiver, module) is not None:
                return f"{module.path}:{call.lineno}"
        return ""

    @cached_property
    def _instances(self) -> MappedObjects:
        return MappedObjects(self.project)

    @cached_property
    def _attributes(self) -> Mapping[str, list[tuple[Module, ast.Attribute]]]:
        found: dict[str, list[tuple[Module, ast.Attribute]]] = defaultdict(list)
        for module in self.project.symbols.modules.values():
            for node in module.nodes.of(ast.Attribute):
                found[node.attr].append((module, node))
        return found

    def _may_read(self, node: ast.Attribute, owner: Entity | None, module: Module, *, many: bool | None) -> bool:
        meaning = self.project.meanings.of(node.value, module)
        if isinstance(meaning, EntityRef) or (meaning is None and self._is_module(node, module)):
            return False  # `Order.lines` of the class, in a query
        if isinstance(node.ctx, ast.Store) and many is False:
            return False  # what there is one of is replaced without being loaded
        found = self._instances.of(node.value, module)
        if found is None or owner is None:
            return not self._is_other(node, owner, module)
        return found.entity.is_a(owner) or owner.is_a(found.entity)

    def _is_module(self, node: ast.Attribute, module: Module) -> bool:
        return bool(self.project.meanings.external(node.value, module))

    def _is_other(self, node: ast.Attribute, owner: Entity | None, module: Module) -> bool:
        """Whether the receiver is `self` of a class that has nothing to do with the owner."""
        if not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")) or owner is None:
            return False
        around = self.project.class_of(node, module)
        if around is None:
            return False
        mapped = self.project.mapped.entity(around)
        if mapped is not None:
            return not (mapped.is_a(owner) or owner.is_a(mapped))
        line = (owner.definition, *owner.bases)
        return not any(base.node is around.node for base in line) and around.node not in self._mixins

    @cached_property
    def _mixins(self) -> frozenset[ast.AST]:
        return frozenset(base.node for entity in self.project.mapped.all for base in entity.bases)

    @cached_property
    def _elsewhere(self) -> Mapping[str, str]:
        """Names that templates, response models and text arguments of getattr() and its like read."""
        found: dict[str, str] = {}
        for name, place in (*self._in_templates(), *self._in_models(), *self._in_arguments()):
            found.setdefault(name, place)
        return found

    def _in_templates(self) -> Iterator[tuple[str, str]]:
        for path, text in self.project.texts.items():
            if is_template(path):
                for match in re.finditer(r"""(?:\.|\[['"]|attribute=['"])([A-Za-z_]\w*)""", text.text):
                    yield match[1], f"{path}:{text.position(match.start())[0]}"

    def _in_models(self) -> Iterator[tuple[str, str]]:
        """Fields of classes that are not mapped: a response model reads them from an object."""
        for module in self.project.symbols.modules.values():
            for node in module.nodes.of(ast.AnnAssign):
                owner = self.project.class_of(node, module)
                field = owner is not None and node in getattr(owner.node, "body", ())
                if field and isinstance(node.target, ast.Name) and owner and not self.project.mapped.entity(owner):
                    yield node.target.id, f"{module.path}:{node.lineno}"

    def _in_arguments(self) -> Iterator[tuple[str, str]]:
        for called in _BY_NAME:
            for module, call in self.project.calls.get(called, ()):
                for argument in call.args:
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                        for name in argument.value.split("."):
                            yield name, f"{module.path}:{call.lineno}"


def _of_the_class(node: ast.Attribute, parents: Mapping[ast.AST, ast.AST]) -> bool:
    """Whether `mapper.relationships["lines"].class_attribute` stands there, which is `Order.lines` of the class."""
    match parents.get(node):
        case ast.Subscript(slice=ast.Constant()) as one:
            above = parents.get(one)
            return isinstance(above, ast.Attribute) and above.attr == "class_attribute"
    return False
