"""Whether rows with an entity can repeat: then `.unique()` does what Query did unasked (semantics, rules 1 and 2)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from helpers.analysis.meaning import EntityRef, MappedAttribute, Selectable, SelectableColumn
from helpers.analysis.project import Project
from helpers.analysis.symbols import Module
from helpers.patterns.legacy_query.shape import Shape, ShapeReader, single_value, starts_a_statement
from helpers.patterns.legacy_query.state import State

# what these bring into FROM stands in text, or in an entity that is no longer among the columns
_ELSEWHERE = frozenset({"prefix_with", "suffix_with", "with_entities"})
_JOINED = frozenset({"joinedload", "contains_eager"})
_THROUGH = frozenset({"Load", "defaultload"})
_APART = frozenset(
    [
        "selectinload",
        "subqueryload",
        "immediateload",
        "lazyload",
        "raiseload",
        "noload",
        "load_only",
        "defer",
        "undefer",
        "undefer_group",
        "with_loader_criteria",
        "with_expression",
        "selectin_polymorphic",
        "joinedload_all",
        "set_relationship_caching",
    ]
) - {"joinedload_all"}


def can_repeat(project: Project, state: State, shape: Shape) -> bool:
    """Whether two rows may hold the same entity; True as well where that cannot be known."""
    if not shape.has_entity:
        return False
    if state.sets.endswith("_all"):
        return True
    if state.joins or state.froms or state.whole or state.seen & _ELSEWHERE:
        return True
    found: list[EntityRef | Selectable] = []
    for pieces, reads in ((state.columns, Froms.value), (state.criteria, Froms.criterion)):
        for piece in pieces:
            froms = Froms(project, piece.module)
            reads(froms, piece.node)
            found += froms.refs
            if froms.opaque:
                return True
    entities = shape.entities
    if any(not _within(ref, entities) for ref in found) or len({_root(ref, found) for ref in found}) > 1:
        return True
    if any(ref.entity is None or project.mapped.joins_a_collection(ref.entity) is not False for ref in entities):
        return True
    return any(Options(project, piece.module).joins_a_collection(piece.node) for piece in state.options)


def loads_by_join(project: Project, state: State, shape: Shape) -> bool:
    """Whether a statement joins what it loads eagerly, by its options or by the mapping; True where it may."""
    if state.options:
        return True
    entities = [ref.entity for ref in shape.entities]
    return any(entity is None or project.mapped.joins_anything(entity) is not False for entity in entities)


def _within(ref: EntityRef | Selectable, entities: tuple[EntityRef, ...]) -> bool:
    """Whether a criterion on `ref` stays inside the tables that the entities select from."""
    if any(ref.key == entity.key for entity in entities):
        return True
    if isinstance(ref, Selectable) or ref.alias or ref.entity is None:
        return False
    return any(own.entity is not None and own.entity.is_a(ref.entity) and not own.alias for own in entities)


def _root(ref: EntityRef | Selectable, own: list[EntityRef | Selectable]) -> str:
    """One key for a class and the classes above it among `own`: they share their tables."""
    for other in own:
        if not (isinstance(ref, EntityRef) and isinstance(other, EntityRef) and ref.entity and other.entity):
            continue
        if ref.key != other.key and not ref.alias and not other.alias and other.entity.is_a(ref.entity):
            return other.key
    return ref.key


@dataclass
class Froms:
    """Collects what an expression adds to FROM. `opaque` is set by a criterion that could add anything."""

    project: Project
    module: Module
    refs: list[EntityRef | Selectable] = field(default_factory=list)
    opaque: bool = False
    depth: int = 0

    def criterion(self, node: ast.expr) -> None:
        """Read one argument of filter() or where()."""
        match node:
            case ast.BoolOp(values=parts):
                for part in parts:
                    self.criterion(part)
            case ast.BinOp(left=left, op=ast.BitAnd() | ast.BitOr(), right=right):
                self.criterion(left)
                self.criterion(right)
            case ast.UnaryOp(operand=operand):
                self.criterion(operand)
            case ast.IfExp(body=one, orelse=two):
                self.criterion(one)
                self.criterion(two)
            case ast.Compare() | ast.Constant():
                self.value(node)
            case ast.Name():
                self._named(node)
            case _:
                self._other_criterion(node)

    def _named(self, node: ast.Name) -> None:
        found = single_value(self.project, self.module, node)
        if found is None or self.depth > 8:
            self.opaque = True
            return
        there = replace(self, module=found[0], depth=self.depth + 1)
        there.criterion(found[1])
        self.opaque = there.opaque

    def _other_criterion(self, node: ast.expr) -> None:
        if isinstance(node, ast.Call) and self.project.meanings.is_sqlalchemy(
            node.func, self.module, "and_", "or_", "not_"
        ):
            for arg in node.args:
                self.criterion(arg)
        elif isinstance(node, ast.Starred) and isinstance(node.value, ast.List | ast.Tuple):
            for item in node.value.elts:
                self.criterion(item)
        elif starts_a_statement(node) or ShapeReader(self.project, self.module).is_sql(node):
            self.value(node)
        else:
            self.opaque = True

    def value(self, node: ast.AST) -> None:
        """Read an operand: what is mapped adds its table, everything else is taken for a plain value."""
        if isinstance(node, ast.expr):
            meaning = self.project.meanings.of(node, self.module)
            if meaning is not None:
                self._add(meaning)
                return
        if isinstance(node, ast.Call):
            self._call(node)
        elif isinstance(node, ast.Name) and self.depth < 8:
            found = single_value(self.project, self.module, node)
            if found is not None and ShapeReader(self.project, found[0]).is_sql(found[1]):
                there = replace(self, module=found[0], depth=self.depth + 1)
                there.value(found[1])
                self.opaque = there.opaque
        else:
            for child in ast.iter_child_nodes(node):
                self.value(child)

    def _add(self, meaning: EntityRef | MappedAttribute | Selectable | SelectableColumn) -> None:
        ref = meaning.owner if isinstance(meaning, MappedAttribute | SelectableColumn) else meaning
        self.refs.append(ref)

    def _call(self, node: ast.Call) -> None:
        if starts_a_statement(node):
            return
        related = self._relationship(node)
        if related is not None:
            self.refs.append(related.owner)
            # a many-to-many contains() brings the association table into FROM; any() and has() are EXISTS
            self.opaque = self.opaque or getattr(node.func, "attr", "") not in ("any", "has", "is_", "is_not", "isnot")
            return
        for child in ast.iter_child_nodes(node):
            self.value(child)

    def _relationship(self, node: ast.Call) -> MappedAttribute | None:
        if not isinstance(node.func, ast.Attribute):
            return None
        meaning = self.project.meanings.of(node.func.value, self.module)
        known = isinstance(meaning, MappedAttribute) and meaning.kind in ("relationship", "unknown")
        named = node.func.attr in ("any", "has", "contains")
        if isinstance(meaning, MappedAttribute) and (meaning.kind == "relationship" or (known and named)):
            return meaning
        return None


@dataclass(frozen=True)
class Options:
    """Reads loader options."""

    project: Project
    module: Module

    def joins_a_collection(self, node: ast.expr, depth: int = 0) -> bool:
        """Whether an option joins a collection into the statement; True as well where that cannot be known."""
        if isinstance(node, ast.Name) and depth < 8 and (found := single_value(self.project, self.module, node)):
            return Options(self.project, found[0]).joins_a_collection(found[1], depth + 1)
        if not isinstance(node, ast.Call):
            return True
        for name, call in _strategies(node):
            if name in _JOINED:
                if any(self._collection(arg) for arg in call.args) or not call.args:
                    return True
            elif name in _APART:
                return False
            elif name not in _THROUGH:
                return True
        return False

    def _collection(self, node: ast.expr) -> bool:
        while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):  # User.addresses.of_type(a)
            node = node.func.value
        meaning = self.project.meanings.of(node, self.module)
        if not isinstance(meaning, MappedAttribute) or meaning.owner.entity is None:
            return True
        relation = self.project.mapped.relationship(meaning.owner.entity, meaning.name)
        if relation is None or self.project.mapped.many(meaning.owner.entity, relation) is not False:
            return True
        target = self.project.mapped.by_name(relation.target) if relation.target else None
        return target is None or self.project.mapped.joins_a_collection(target) is not False


def _strategies(node: ast.Call) -> Iterator[tuple[str, ast.Call]]:
    """`joinedload(a).selectinload(b)` as (name, call) pairs, first one first."""
    if isinstance(node.func, ast.Attribute):
        if isinstance(node.func.value, ast.Call):
            yield from _strategies(node.func.value)
        yield node.func.attr, node
    elif isinstance(node.func, ast.Name):
        yield node.func.id, node
