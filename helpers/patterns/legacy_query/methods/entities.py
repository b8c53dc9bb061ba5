"""How a module names the entity of a column, of a join or of a FROM."""

from __future__ import annotations

import ast

from helpers.analysis.meaning import EntityRef, MappedAttribute
from helpers.patterns.legacy_query.methods.reading import Reading
from helpers.patterns.legacy_query.refusal import Refused
from helpers.patterns.legacy_query.state import Piece, Placed


def named_entity(reading: Reading, piece: Piece, *, columns: bool = True) -> tuple[EntityRef, str] | None:
    """The entity that an argument is, or (with `columns`) is a column of, and the text that names it at the link."""
    node: ast.expr = piece.node
    meaning = reading.of(piece)
    if columns and isinstance(meaning, MappedAttribute) and isinstance(node, ast.Attribute):
        meaning, node = meaning.owner, node.value
    if not isinstance(meaning, EntityRef):
        return None
    if piece.module is not reading.placed.module and reading.meaning(node) != meaning:
        raise Refused("filter_by() stands in another module than the entity it looks at: write filter(Entity.column)")
    return meaning, ast.unparse(node)


def target_of(reading: Reading, join: Placed) -> tuple[EntityRef, str]:
    """The entity that a join adds, and how the link's module names it. Refused where nothing tells."""
    target = join.link.args[0]
    if _is_of_type(target):
        assert isinstance(target, ast.Call)
        target = target.args[0]
    named = isinstance(target, ast.Name | ast.Attribute)
    if named and (found := named_entity(reading, Piece(target, join.module), columns=False)):
        return found
    meaning = reading.project.meanings.of(target, join.module)
    if isinstance(meaning, MappedAttribute) and meaning.owner.entity is not None:
        relation = reading.project.mapped.relationship(meaning.owner.entity, meaning.name)
        if relation and relation.target and (found := _by_name(reading, relation.target)):
            return found
    raise Refused("filter_by() after this join cannot name the joined entity: write filter(Entity.column == ...)")


def _by_name(reading: Reading, name: str) -> tuple[EntityRef, str] | None:
    """The entity `name` if the link's module knows it by just that name."""
    at = reading.placed.link.node
    named = reading.meaning(ast.copy_location(ast.Name(name, ast.Load()), at))
    local = bool(reading.project.scopes(reading.placed.module).lookup(name, at))
    found = reading.project.mapped.by_name(name)
    if local or not found or not isinstance(named, EntityRef) or not named.entity:
        return None
    return (named, name) if found.key == named.entity.key else None


def _is_of_type(target: ast.expr) -> bool:
    return (
        isinstance(target, ast.Call)
        and isinstance(target.func, ast.Attribute)
        and target.func.attr == "of_type"
        and bool(target.args)
    )
