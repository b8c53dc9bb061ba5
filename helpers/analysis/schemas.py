"""Schemas that are filled from the attributes of objects: Pydantic models and GraphQL types, and what they read."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from helpers.analysis.annotations import named_in
from helpers.analysis.declarations import called
from helpers.analysis.parameters import FunctionNode
from helpers.analysis.symbols import Definition, External, Module, dotted_name

if TYPE_CHECKING:
    from helpers.analysis.project import Project

_MODELS = frozenset({"BaseModel", "GenericModel", "RootModel", "SQLModel", "BaseSettings"})
_HOMES = ("pydantic", "sqlmodel", "fastapi")


@dataclass(frozen=True)
class SchemaField:
    """One attribute that a schema reads, and the schemas that its value is then read by."""

    name: str
    nested: tuple[Definition, ...]


@dataclass(frozen=True, eq=False)
class Schemas:
    """Answers for the schema classes of one project."""

    project: Project
    _fields: dict[ast.AST, tuple[SchemaField, ...]] = field(default_factory=dict, repr=False)

    def is_schema(self, found: Definition) -> bool:
        """Whether a class is filled by reading the attributes of an object; a mapped one is not."""
        return isinstance(found.node, ast.ClassDef) and self._is_model(found) and not self.project.mapped.entity(found)

    def fields(self, found: Definition) -> tuple[SchemaField, ...]:
        """What a schema reads, the fields of its bases included."""
        if found.node not in self._fields:
            self._fields[found.node] = ()
            named: dict[str, SchemaField] = {}
            for one in reversed([*self.project.bases(found)]):
                named |= {item.name: item for item in self._own(one)}
            self._fields[found.node] = tuple(named.values())
        return self._fields[found.node]

    def named(self, annotation: ast.expr | None, module: Module) -> tuple[Definition, ...]:
        """The schemas that an annotation names, in lists, unions and type arguments too."""
        found = {one.node: one for part in named_in(annotation) if (one := self._class(part, module))}
        return tuple(one for one in found.values() if self.is_schema(one))

    def before(self, found: Definition) -> Iterator[tuple[FunctionNode, Module, tuple[str, ...]]]:
        """Validators that are handed what was read, not yet what it became, each with its fields (none: the object)."""
        for one in self.project.bases(found):
            for item in getattr(one.node, "body", ()):
                if isinstance(item, FunctionNode) and (names := _before(item)) is not None:
                    yield item, one.module, names

    def _own(self, one: Definition) -> Iterator[SchemaField]:
        for item in getattr(one.node, "body", ()):
            if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
                if "ClassVar" in ast.unparse(item.annotation) or item.target.id == "model_config":
                    continue
                nested = self.named(item.annotation, one.module)
                yield from (SchemaField(name, nested) for name in {item.target.id, *_aliases(item.value)})

    def _class(self, name: ast.expr, module: Module) -> Definition | None:
        found = self.project.symbols.resolve(module, dotted_name(name) or "")
        return found if isinstance(found, Definition) and isinstance(found.node, ast.ClassDef) else None

    def _is_model(self, found: Definition) -> bool:
        for one in self.project.bases(found):
            for base in getattr(one.node, "bases", ()):
                plain = base.value if isinstance(base, ast.Subscript) else base
                resolved = self.project.symbols.resolve(one.module, dotted_name(plain) or "")
                if isinstance(resolved, External) and resolved.name.startswith(_HOMES):
                    return resolved.name.rpartition(".")[2] in _MODELS
        return False


def _aliases(value: ast.expr | None) -> Iterator[str]:
    """The other names under which a field is looked up."""
    if isinstance(value, ast.Call) and called(value) == "Field":
        for keyword in value.keywords:
            if keyword.arg in ("alias", "validation_alias"):
                yield from (
                    part.value
                    for part in ast.walk(keyword.value)
                    if isinstance(part, ast.Constant) and isinstance(part.value, str)
                )


def _before(function: FunctionNode) -> tuple[str, ...] | None:
    """The fields of a validator that runs before its fields are read into types; None for any other function."""
    for item in function.decorator_list:
        if not isinstance(item, ast.Call):
            continue
        name = (dotted_name(item.func) or "").rpartition(".")[2]
        given = {keyword.arg: getattr(keyword.value, "value", None) for keyword in item.keywords}
        early = given.get("mode") in ("before", "wrap", "plain") or given.get("pre") is True
        words = tuple(str(arg.value) for arg in item.args if isinstance(arg, ast.Constant))
        if name in ("field_validator", "validator") and early:
            return words
        if name in ("model_validator", "root_validator") and early:
            return ()
    return None


def is_graphql(node: ast.AST) -> bool:
    """Whether a class is a type of a GraphQL schema, whose fields are read when somebody asks for them."""
    makers = (item.func if isinstance(item, ast.Call) else item for item in getattr(node, "decorator_list", ()))
    names = {dotted_name(maker) or "" for maker in makers}
    return any(name.startswith("strawberry.") or name == "type" for name in names) and not decorated_input(names)


def decorated_input(names: set[str]) -> bool:
    """Whether the decorators make an input type, which no object is read into."""
    return any(name.endswith("input") for name in names)


__all__ = ["SchemaField", "Schemas", "is_graphql"]
