"""What an expression stands for in a statement: an entity, an alias of one, a mapped attribute, a table or subquery."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from helpers.analysis.mapping import Entity
from helpers.analysis.symbols import Definition, External, Module, dotted_name

if TYPE_CHECKING:
    from helpers.analysis.project import Project

_ALIASES = frozenset({"aliased", "with_polymorphic"})
_SELECTABLES = frozenset({"subquery", "cte", "alias", "lateral", "tablesample", "table_valued"})
_TABLES = frozenset({"Table", "table", "values"})
_TYPES = frozenset({"type", "Type"})


@dataclass(frozen=True)
class EntityRef:
    """A mapped class or an alias of one; `key` names its place in FROM.

    `entity` is None where nothing but its being one is known.
    """

    key: str
    entity: Entity | None
    alias: bool = False


@dataclass(frozen=True)
class MappedAttribute:
    """A column or relationship of an entity; `kind` is what the mapping says of it."""

    owner: EntityRef
    name: str
    kind: str


@dataclass(frozen=True)
class Selectable:
    """A table, a subquery or a CTE; `key` names its place in FROM."""

    key: str


@dataclass(frozen=True)
class SelectableColumn:
    """A column of a table or a subquery."""

    owner: Selectable
    name: str


Meaning = EntityRef | MappedAttribute | Selectable | SelectableColumn


@dataclass(frozen=True)
class Meanings:
    """Answers for all expressions of one project."""

    project: Project

    def of(self, node: ast.expr, module: Module, depth: int = 0) -> Meaning | None:
        """What `node` stands for; None for values and for what cannot be told."""
        if depth > 12:
            return None
        if isinstance(node, ast.Name):
            return self._name(node, module, depth)
        if isinstance(node, ast.Attribute):
            return self._attribute(node, module, depth)
        if isinstance(node, ast.Call):
            return self._call(node, module, depth)
        return None

    def external(self, node: ast.expr, module: Module) -> str:
        """The dotted name that `node` has outside the project (`sqlalchemy.orm.aliased`), or an empty string."""
        name = dotted_name(node)
        if not name:
            return ""
        scopes = self.project.scopes(module)
        for binding in scopes.lookup(name.partition(".")[0], node):
            if not isinstance(binding.node, ast.Import | ast.ImportFrom):
                return ""
        found = self.project.resolve(module, name, node)
        return found.name if isinstance(found, External) else ""

    def is_sqlalchemy(self, node: ast.expr, module: Module, *names: str) -> bool:
        """Whether `node` is one of SQLAlchemy's (or SQLModel's) functions or classes `names`."""
        name = self.external(node, module)
        return name.partition(".")[0] in ("sqlalchemy", "sqlmodel") and name.rpartition(".")[2] in names

    def _name(self, node: ast.Name, module: Module, depth: int) -> Meaning | None:
        bindings = self.project.scopes(module).lookup(node.id, node)
        if not bindings:
            found = self.project.symbols.resolve(module, node.id)
            return self._definition(found, depth) if isinstance(found, Definition) else None
        bindings = tuple(one for one in bindings if not _grown(one.value, node.id)) or bindings
        meanings = [self._bound(binding.node, binding.value, node, module, depth) for binding in bindings]
        first = meanings[0]
        if len(meanings) > 1 and all(isinstance(meaning, Selectable) for meaning in meanings):
            return Selectable(f"{module.path}:{node.id}")  # `tree = tree.union_all(...)`: a subquery all the same
        return first if all(meaning == first for meaning in meanings) else None

    def _bound(
        self, bound: ast.AST, value: ast.expr | None, name: ast.Name, module: Module, depth: int
    ) -> Meaning | None:
        if isinstance(bound, ast.arg):
            return self._parameter(bound, module, depth)
        if isinstance(bound, ast.Import | ast.ImportFrom):
            found = self.project.resolve(module, name.id, name)
            return self._definition(found, depth) if isinstance(found, Definition) else None
        if isinstance(bound, ast.For | ast.comprehension) and isinstance(bound.target, ast.Name):
            return self._one_of(bound, module, depth)
        if value is None or not isinstance(bound, ast.Assign | ast.AnnAssign | ast.NamedExpr):
            return None
        return self._renamed(self.of(value, module, depth + 1), f"{module.path}:{value.lineno}:{value.col_offset}")

    def _one_of(self, loop: ast.For | ast.comprehension, module: Module, depth: int) -> Meaning | None:
        """What a loop over a list of mapped attributes binds: an attribute of a class that is not known."""
        items, where = loop.iter, module
        if isinstance(items, ast.Name) and not self.project.scopes(module).lookup(items.id, items):
            found = self.project.symbols.resolve(module, items.id)
            if isinstance(found, Definition) and isinstance(found.node, ast.expr):
                items, where = found.node, found.module
        if not isinstance(items, ast.List | ast.Tuple) or not items.elts:
            return None
        if not all(isinstance(self.of(item, where, depth + 1), MappedAttribute) for item in items.elts):
            return None
        owner = EntityRef(f"{module.path}:{loop.target.lineno}:{loop.target.col_offset}", None, alias=True)
        return MappedAttribute(owner, "", "unknown")

    def _renamed(self, meaning: Meaning | None, key: str) -> Meaning | None:
        if isinstance(meaning, EntityRef) and meaning.alias and not meaning.key:
            return EntityRef(key, meaning.entity, alias=True)
        return Selectable(key) if isinstance(meaning, Selectable) and not meaning.key else meaning

    def _parameter(self, argument: ast.arg, module: Module, depth: int) -> Meaning | None:
        annotation = argument.annotation
        if (
            not isinstance(annotation, ast.Subscript)
            or (dotted_name(annotation.value) or "").rpartition(".")[2] not in _TYPES
        ):
            return None
        inner = self.of(annotation.slice, module, depth + 1)
        return EntityRef(
            f"{module.path}:{argument.lineno}:{argument.arg}",
            inner.entity if isinstance(inner, EntityRef) else None,
            alias=True,
        )

    def _definition(self, found: Definition, depth: int) -> Meaning | None:
        if isinstance(found.node, ast.ClassDef):
            entity = self.project.mapped.entity(found)
            return EntityRef(entity.key, entity) if entity else None
        if isinstance(found.node, ast.expr):
            place = f"{found.module.path}:{found.node.lineno}:{found.node.col_offset}"
            return self._renamed(self.of(found.node, found.module, depth + 1), place)
        return None

    def _attribute(self, node: ast.Attribute, module: Module, depth: int) -> Meaning | None:
        owner = self.of(node.value, module, depth + 1)
        if isinstance(owner, EntityRef):
            return self._mapped_attribute(owner, node.attr)
        if isinstance(owner, Selectable):
            return Selectable(owner.key) if node.attr in ("c", "columns") else SelectableColumn(owner, node.attr)
        if isinstance(owner, MappedAttribute) and node.attr == "class_":
            return owner.owner
        if owner is not None:
            return None
        found = self.project.resolve(module, dotted_name(node) or "", node)
        if isinstance(found, Definition):
            return self._definition(found, depth)
        return self._of_self(node, module, depth)

    def _mapped_attribute(self, owner: EntityRef, name: str) -> Meaning:
        if name == "__table__":
            return Selectable(owner.key)
        entity = owner.entity
        if entity is None:
            return MappedAttribute(owner, name, "unknown")
        if name in entity.columns:
            return MappedAttribute(owner, name, "column")
        if self.project.mapped.relationship(entity, name):
            return MappedAttribute(owner, name, "relationship")
        return MappedAttribute(owner, name, "other" if name in entity.others else "unknown")

    def _of_self(self, node: ast.Attribute, module: Module, depth: int) -> Meaning | None:
        """`self.model`: what every assignment to it in the class says, where they all say the same."""
        found = [
            self._assigned(one.value, one.annotation, one.module, depth) for one in self.project.assigned(node, module)
        ]
        if not found or any(meaning is None for meaning in found):
            return None
        entities = {meaning.entity.key if meaning.entity else "" for meaning in found if isinstance(meaning, EntityRef)}
        if not all(isinstance(meaning, EntityRef) for meaning in found):
            return None
        first = found[0]
        assert isinstance(first, EntityRef)
        key = f"{module.path}:{ast.unparse(node)}"
        return EntityRef(key, first.entity if len(entities) == 1 else None, alias=True)

    def _assigned(
        self, value: ast.expr | None, annotation: ast.expr | None, module: Module, depth: int
    ) -> Meaning | None:
        if value is not None:
            return self.of(value, module, depth + 1)
        return (
            self._parameter(ast.arg("self", annotation, lineno=0, col_offset=0), module, depth) if annotation else None
        )

    def _call(self, node: ast.Call, module: Module, depth: int) -> Meaning | None:
        if node.args and self.is_sqlalchemy(node.func, module, *_ALIASES):
            inner = self.of(node.args[0], module, depth + 1)
            if not isinstance(inner, EntityRef):
                return None
            plain = self.is_sqlalchemy(node.func, module, "with_polymorphic") and not _aliasing(node)
            return inner if plain else EntityRef("", inner.entity, alias=True)
        if self.is_sqlalchemy(node.func, module, *_TABLES):
            return Selectable("")
        if isinstance(node.func, ast.Attribute) and node.func.attr in _SELECTABLES:
            return Selectable("")
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("union", "union_all"):  # of a recursive CTE
            return Selectable("") if isinstance(self.of(node.func.value, module, depth + 1), Selectable) else None
        return None


def _grown(value: ast.expr | None, name: str) -> bool:
    """Whether a value is `name.union_all(...)`, as a recursive CTE of that name grows."""
    function = value.func if isinstance(value, ast.Call) else None
    grows = isinstance(function, ast.Attribute) and function.attr in ("union", "union_all")
    return grows and isinstance(function, ast.Attribute) and getattr(function.value, "id", "") == name


def _aliasing(call: ast.Call) -> bool:
    return (
        any(keyword.arg in ("aliased", "flat", "selectable", None) for keyword in call.keywords) or len(call.args) > 2
    )


def subscripted(annotation: ast.expr) -> Iterator[ast.expr]:
    """The parts of `Optional[X]`, `X | None`, `Annotated[X, ...]`, `Union[...]`: what an annotation may stand for."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            annotation = ast.parse(annotation.value, mode="eval").body
        except SyntaxError:
            return
    if isinstance(annotation, ast.BinOp):
        yield from subscripted(annotation.left)
        yield from subscripted(annotation.right)
    elif isinstance(annotation, ast.Subscript):
        name = (dotted_name(annotation.value) or "").rpartition(".")[2]
        items = annotation.slice.elts if isinstance(annotation.slice, ast.Tuple) else [annotation.slice]
        if name == "Annotated":
            yield from subscripted(items[0])
        elif name in ("Optional", "Union"):
            for item in items:
                yield from subscripted(item)
        else:
            yield annotation
    else:
        yield annotation
