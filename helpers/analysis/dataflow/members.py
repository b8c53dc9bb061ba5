"""What an attribute of a mapped object is: a relationship, a proxy through one, code, a column, or nothing known."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from helpers.analysis.dataflow.values import Step
from helpers.analysis.declarations import Relationship, called, class_value, is_deferred
from helpers.analysis.mapping import Entity
from helpers.analysis.parameters import FunctionNode
from helpers.analysis.symbols import Definition, Module

if TYPE_CHECKING:
    from helpers.analysis.project import Project

_REFUSES = frozenset({"raise", "raise_on_sql"})


@dataclass(frozen=True, eq=False)
class Code:
    """A property, hybrid or method of a mapped class; its first parameter is the object."""

    function: FunctionNode
    module: Module
    owner: Entity


@dataclass(frozen=True)
class Proxy:
    """An association proxy: attribute `attribute` of what relationship `relation` leads to."""

    relation: str
    attribute: str


Member = Step | Code | Proxy
# loaded with the owner, or never loaded into it
_NEVER = frozenset({"noload", "dynamic", "write_only"})


@dataclass(frozen=True, eq=False)
class Members:
    """Answers for the mapped classes of one project."""

    project: Project
    _known: dict[tuple[str, str], tuple[Member, ...] | None] = field(default_factory=dict, repr=False)

    def of(self, entity: Entity, name: str) -> tuple[Member, ...] | None:
        """What attribute `name` may be on an object of `entity`, its subclasses included.

        An empty answer is a plain value; None says that the class has no such attribute.
        """
        key = (entity.key, name)
        if key not in self._known:
            self._known[key] = self._read(entity, name)
        return self._known[key]

    def relations(self, entity: Entity) -> Iterator[Relationship]:
        """Every relationship of an entity, those that a backref elsewhere gives it included."""
        mapped = self.project.mapped
        names = {entity.name, *(base.name for base in entity.bases)}
        yield from entity.relationships.values()
        yield from (back for name in names for back in mapped.backrefs.get(name, ()))

    def step(self, entity: Entity, name: str) -> Step | None:
        """The step along relationship `name`."""
        relation = self.project.mapped.relationship(entity, name)
        if relation is None:
            return None
        target = self.project.mapped.by_name(relation.target) if relation.target else None
        owner = self._declaring(entity, name)
        many = self.project.mapped.many(entity, relation) is not False
        return Step(owner, name, target, many, "relationship", owner.key)

    def lazy(self, step: Step) -> str:
        """The loading strategy that the mapping gives a relationship."""
        relation = self.project.mapped.relationship(step.owner, step.name)
        return relation.lazy if relation else "select"

    def is_eager(self, step: Step) -> bool:
        """Whether the mapping loads a relationship with its owner, or keeps it a query of its own."""
        return self.comes_with_its_owner(step) or (step.kind == "relationship" and self.lazy(step) in _NEVER)

    def comes_with_its_owner(self, step: Step) -> bool:
        """Whether the query that loads an object, or a whole refresh of it, loads the relationship."""
        relation = self.project.mapped.relationship(step.owner, step.name)
        return step.kind == "relationship" and relation is not None and relation.with_its_owner

    def refuses(self, step: Step) -> bool:
        """Whether touching the relationship raises where it would have to be loaded."""
        return step.kind == "relationship" and self.lazy(step) in _REFUSES

    def later(self, entity: Entity) -> Iterator[str]:
        """The columns that are not loaded with the objects of a class: deferred ones, and those of a subclass."""
        for one in (entity.definition, *entity.bases):
            names = (name for name in entity.columns if is_deferred(class_value(one.node, name)))
            yield from names
            above = self.project.mapped.entity(one) if one is not entity.definition else None
            yield from entity.columns - above.columns if above else ()

    def own_column(self, entity: Entity, name: str) -> Step | None:
        """The step to a column that a subclass has and its mapped bases have not."""
        above = [found for base in entity.bases if (found := self.project.mapped.entity(base))]
        if not above or name not in entity.columns or any(name in one.columns for one in above):
            return None
        return Step(entity, name, None, kind="subclass", key=entity.key)

    def _declaring(self, entity: Entity, name: str) -> Entity:
        """The mapped class that an attribute comes from: the class itself or the furthest above that has it."""
        found = entity
        for base in entity.bases:
            above = self.project.mapped.entity(base)
            if above and self.project.mapped.relationship(above, name):
                found = above
        return found

    def _read(self, entity: Entity, name: str) -> tuple[Member, ...] | None:
        own = self._own(entity, name)
        found = list(own or ())
        unknown = own is None
        for below in self.project.mapped.subclasses(entity):
            more = self._own(below, name)
            if more is None:
                continue
            unknown = False
            if own is None and not more:  # a column that only the subclass has
                found.append(Step(below, name, None, kind="subclass", key=below.key))
            found += [member for member in more if member not in found and not _same_code(member, found)]
        return None if unknown else tuple(found)

    def _own(self, entity: Entity, name: str) -> tuple[Member, ...] | None:
        if step := self.step(entity, name):
            return (step,)
        for one in (entity.definition, *entity.bases):
            if isinstance(one.node, ast.ClassDef) and (found := self._declared(entity, one, name)) is not None:
                return found
        return () if name in entity.columns or name in entity.others else None

    def _declared(self, entity: Entity, one: Definition, name: str) -> tuple[Member, ...] | None:
        """What the body of one class says of a name; None when it says nothing."""
        value = class_value(one.node, name)
        if called(value) == "association_proxy" and isinstance(value, ast.Call):
            words = [item.value for item in value.args[:2] if isinstance(item, ast.Constant)]
            return (Proxy(str(words[0]), str(words[1])),) if len(words) == 2 else ()
        if is_deferred(value):
            owner = self.project.mapped.entity(one) or entity
            return (Step(owner, name, None, kind="deferred", key=owner.key),)
        for item in getattr(one.node, "body", ()):
            if isinstance(item, FunctionNode) and item.name == name:
                return (Code(item, one.module, entity),)
        return () if value is not None else None


def _same_code(member: Member, found: list[Member]) -> bool:
    return isinstance(member, Code) and any(
        isinstance(other, Code) and other.function is member.function for other in found
    )
