"""Mapped classes as the project declares them: which classes are entities, their columns and relationships."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from helpers.analysis.declarations import (
    UNREADABLE_KEY,
    Relationship,
    abstract,
    backref,
    called,
    class_value,
    declared,
    is_relationship,
    members,
    references,
    relationship,
    table_name,
)
from helpers.analysis.inheritance import is_base, is_decorated, lineage
from helpers.analysis.symbols import Definition, Symbols, dotted_name

__all__ = ["Entity", "MappedClasses", "Relationship"]
_MAPPERS = frozenset({"map_imperatively", "mapper"})


@dataclass(frozen=True, eq=False)
class Entity:
    """A mapped class. `complete` says that every base is known, so that no attribute can hide.

    `tables` names its tables and those of its bases, `references` the tables and classes its foreign keys point to.
    """

    definition: Definition
    bases: tuple[Definition, ...]
    columns: frozenset[str]
    relationships: Mapping[str, Relationship]
    others: frozenset[str]
    complete: bool
    tables: frozenset[str] = frozenset()
    references: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The class's name, which is also its key in a row."""
        return self.definition.name

    @property
    def key(self) -> str:
        """A name for it that no other class of the project has."""
        return f"{self.definition.module.path}:{getattr(self.definition.node, 'lineno', 0)}:{self.name}"

    def is_a(self, other: Entity) -> bool:
        """Whether this class is `other` or inherits from it."""
        return self.definition.node is other.definition.node or any(
            base.node is other.definition.node for base in self.bases
        )


@dataclass(frozen=True, eq=False)
class MappedClasses:
    """Every mapped class of the project, made on demand and kept."""

    symbols: Symbols
    _entities: dict[ast.AST, Entity | None] = field(default_factory=dict, repr=False)
    _joins: dict[str, bool | None] = field(default_factory=dict, repr=False)

    def entity(self, found: Definition) -> Entity | None:
        """The entity that a class definition is, or None when it is not mapped."""
        if not isinstance(found.node, ast.ClassDef):
            return None
        if found.node not in self._entities:
            self._entities[found.node] = None  # a class that inherits from itself ends here
            self._entities[found.node] = self._read(found, found.node)
        return self._entities[found.node]

    @cached_property
    def all(self) -> tuple[Entity, ...]:
        """Every entity of the project."""
        return tuple(
            entity
            for module in self.symbols.modules.values()
            for node in module.nodes.of(ast.ClassDef)
            if (entity := self.entity(Definition(module, node.name, node)))
        )

    @cached_property
    def imperative(self) -> frozenset[ast.AST | str]:
        """The classes that a call maps (`map_imperatively`, `mapper`), by name where that is all that is known.

        Their attributes stand elsewhere.
        """
        found: set[ast.AST | str] = set()
        for module in self.symbols.modules.values():
            for call in module.nodes.of(ast.Call):
                name = dotted_name(call.args[0]) if call.args and called(call) in _MAPPERS else None
                if name:
                    resolved = self.symbols.resolve(module, name)
                    known = isinstance(resolved, Definition) and isinstance(resolved.node, ast.ClassDef)
                    found.add(resolved.node if known and isinstance(resolved, Definition) else name.rpartition(".")[2])
        return frozenset(found)

    @cached_property
    def attached(self) -> Mapping[ast.AST, tuple[tuple[str, ast.Call], ...]]:
        """Class to the relationships that code behind its body gives it: `User.posts = relationship(...)`."""
        found: dict[ast.AST, list[tuple[str, ast.Call]]] = {}
        for module in self.symbols.modules.values():
            for node in module.nodes.of(ast.Assign):
                target = node.targets[0]
                if (
                    isinstance(target, ast.Attribute)
                    and isinstance(node.value, ast.Call)
                    and is_relationship(node.value)
                ):
                    owner = self.symbols.resolve(module, dotted_name(target.value) or "")
                    if isinstance(owner, Definition):
                        found.setdefault(owner.node, []).append((target.attr, node.value))
        return {node: tuple(given) for node, given in found.items()}

    @cached_property
    def backrefs(self) -> Mapping[str, tuple[Relationship, ...]]:
        """Class name to the relationships that a `backref=` elsewhere puts on it."""
        found: dict[str, list[Relationship]] = {}
        for entity in self.all:
            for relation, call in self._declared(entity):
                back = backref(relation, call, entity.name)
                if back and relation.target:
                    found.setdefault(relation.target, []).append(back)
        return {name: tuple(relations) for name, relations in found.items()}

    @cached_property
    def _by_name(self) -> Mapping[str, tuple[Entity, ...]]:
        found: dict[str, tuple[Entity, ...]] = {}
        for entity in self.all:
            found[entity.name] = (*found.get(entity.name, ()), entity)
        return found

    def by_name(self, name: str) -> Entity | None:
        """The entity of that class name; None when none or more than one has it."""
        found = self._by_name.get(name.rpartition(".")[2], ())
        return found[0] if len(found) == 1 else None

    def relationship(self, entity: Entity, name: str) -> Relationship | None:
        """The relationship `name` of an entity, backrefs included."""
        if name in entity.relationships:
            return entity.relationships[name]
        names = {entity.name, *(base.name for base in entity.bases)}
        return next((back for key in names for back in self.backrefs.get(key, ()) if back.name == name), None)

    def many(self, entity: Entity, relation: Relationship) -> bool | None:
        """Whether a relationship of `entity` is a collection: it says so, or the foreign keys do. None: unknown."""
        target = self.by_name(relation.target) if relation.target else None
        if relation.many is not None or target is None or target is entity or not relation.joined_by_keys:
            return relation.many
        ours, theirs = _refers(entity, target), _refers(target, entity)
        return theirs if None not in (ours, theirs) and ours is not theirs else None

    def subclasses(self, entity: Entity) -> Iterator[Entity]:
        """The entities that inherit from `entity`, itself left out."""
        return (other for other in self.all if other is not entity and other.is_a(entity))

    def joins_a_collection(self, entity: Entity) -> bool | None:
        """Whether loading `entity` joins a collection by its mapping (`lazy="joined"`); None where nothing tells."""
        if entity.key not in self._joins:
            self._joins[entity.key] = self._joined(entity, frozenset())
        return self._joins[entity.key]

    def joins_anything(self, entity: Entity) -> bool:
        """Whether loading `entity` joins more than its own tables by its mapping, or may."""
        return not entity.complete or any(True for _ in self._eager(entity))

    def _joined(self, entity: Entity, seen: frozenset[str]) -> bool | None:
        if entity.key in seen:
            return False
        answers: set[bool | None] = {False if entity.complete else None}
        for owner, relation in self._eager(entity):
            target = self.by_name(relation.target) if relation.target else None
            deeper = self._joined(target, seen | {entity.key}) if target else None
            answers.add(True if self.many(owner, relation) is not False else deeper)
        return True if True in answers else None if None in answers else False

    def _eager(self, entity: Entity) -> Iterator[tuple[Entity, Relationship]]:
        for one in (entity, *self.subclasses(entity)):
            names = {one.name, *(base.name for base in one.bases)}
            backs = [back for name in names for back in self.backrefs.get(name, ())]
            yield from ((one, item) for item in [*one.relationships.values(), *backs] if item.lazy == "joined")

    def _read(self, found: Definition, node: ast.ClassDef) -> Entity | None:
        above = lineage(self.symbols, found)
        line = [found, *above.above]
        elsewhere = any(self._is_imperative(one) for one in line)
        mapped = above.mapped or elsewhere or is_decorated(node) or _has_table(node)
        if not mapped or abstract(node) or is_base(self.symbols, found):
            return None
        bodies = [one.node for one in line if isinstance(one.node, ast.ClassDef)]
        parts = [declared(body) for body in bodies]
        columns = {
            name for part in parts for name in part.columns | (part.annotated if above.sqlmodel else frozenset())
        }
        return Entity(
            found,
            tuple(above.above),
            frozenset(columns),
            {name: relation for body in reversed(bodies) for name, relation in self._relations(body)},
            frozenset(name for part in parts for name in part.others) - columns,
            above.complete and not elsewhere,
            frozenset(table for body in bodies if (table := table_name(body))),
            frozenset(name for body in bodies for name in references(body)),
        )

    def _is_imperative(self, found: Definition) -> bool:
        return bool(self.imperative) and (found.node in self.imperative or found.name in self.imperative)

    def _relations(self, body: ast.ClassDef) -> Iterator[tuple[str, Relationship]]:
        yield from declared(body).relationships.items()
        yield from ((name, relationship(name, None, call, body)) for name, call in self.attached.get(body, ()))

    def _declared(self, entity: Entity) -> Iterator[tuple[Relationship, ast.Call]]:
        for base in (entity.definition, *entity.bases):
            if isinstance(body := base.node, ast.ClassDef):
                given = [*members(body), *((name, None, call) for name, call in self.attached.get(body, ()))]
                for name, annotation, value in given:
                    if isinstance(value, ast.Call) and is_relationship(value):
                        yield relationship(name, annotation, value, body), value


def _has_table(node: ast.ClassDef) -> bool:
    return class_value(node, "__tablename__") is not None or class_value(node, "__table__") is not None


def _refers(entity: Entity, target: Entity) -> bool | None:
    """Whether a foreign key of `entity` points to `target`; None where one may that is not written out."""
    if entity.references & (target.tables | {target.name}):
        return True
    unnamed = bool(entity.references) and not target.tables  # its table has a name that is made elsewhere
    return None if unnamed or UNREADABLE_KEY in entity.references or not entity.complete else False
