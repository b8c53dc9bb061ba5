"""Criteria: filter, where, filter_by, having, group_by, order_by and with_parent."""

from __future__ import annotations

import ast
import re
from dataclasses import replace

from helpers.analysis.mapping import Relationship
from helpers.analysis.meaning import EntityRef, MappedAttribute
from helpers.patterns.legacy_query.methods.entities import named_entity, target_of
from helpers.patterns.legacy_query.methods.reading import Followed, Reading
from helpers.patterns.legacy_query.refusal import Refused
from helpers.patterns.legacy_query.state import Piece, Rename, State, argument


def filter_(reading: Reading) -> Followed:
    """`filter(...)` becomes `where(...)`, which means the same."""
    state, placed = reading.state, reading.placed
    after = replace(state, criteria=(*state.criteria, *placed.pieces))
    return after, (reading.renamed("where"),) if placed.name == "filter" else ()


def columns(reading: Reading) -> Followed:
    """`order_by(False)` and its like take back what was said before, which select() does by None."""
    placed = reading.placed
    found = []
    for arg in placed.link.args:
        if isinstance(arg, ast.Constant) and arg.value is False and placed.name != "having":
            found.append(Rename(*placed.source.segment(arg), "None"))
        for node in ast.walk(arg):
            if isinstance(node, ast.Call) and reading.project.meanings.is_sqlalchemy(
                node.func, placed.module, "text", "literal_column"
            ):
                _raw(reading, node)
    return reading.state, tuple(found)


def _raw(reading: Reading, node: ast.Call) -> None:
    """Raw SQL may name the `table_column` labels that only Query writes."""
    value, name = node.args[0] if node.args else None, reading.placed.name
    if not isinstance(value, ast.Constant) or not isinstance(value.value, str):
        raise Refused(f".{name}() takes raw SQL that is made elsewhere and may name Query's column labels")
    words = set(re.findall(r"\w+", value.value))
    for entity in reading.project.mapped.all:
        if not entity.tables or any(word.startswith(f"{table}_") for table in entity.tables for word in words):
            raise Refused(f".{name}() takes raw SQL that may name Query's column labels: name the column itself")


def filter_by(reading: Reading) -> Followed:
    """Keep filter_by on the only FROM; where there are more 2.0 and 2.1 disagree, so write where() (rule 7)."""
    state, placed = reading.state, reading.placed
    if not (state.joins or state.froms) and _one_from(reading, state) and not _bulk_of_several(reading, state):
        return state, ()
    ref, text = _looked_at(reading, state)
    found = [reading.renamed("where")]
    for keyword in placed.link.keywords:
        found += equality(reading, keyword, ref, text)
    return state, tuple(found)


def _one_from(reading: Reading, state: State) -> bool:
    if len(state.columns) == 1:
        return True
    owners = set()
    for piece in state.columns:
        meaning = reading.of(piece)
        ref = meaning.owner if isinstance(meaning, MappedAttribute) else meaning
        owners.add(ref.key if isinstance(ref, EntityRef) else None)
    return len(owners) == 1 and None not in owners


def _bulk_of_several(reading: Reading, state: State) -> bool:
    """Whether an UPDATE or DELETE names other tables in its criteria: 2.1 looks into all of them."""
    if state.ending not in ("update", "delete") or not state.criteria:
        return False
    owner = reading.of(state.columns[0]) if state.columns else None
    own = owner.key if isinstance(owner, EntityRef) else None
    for piece in state.criteria:
        for node in ast.walk(piece.node):
            meaning = reading.project.meanings.of(node, piece.module) if isinstance(node, ast.expr) else None
            ref = meaning.owner if isinstance(meaning, MappedAttribute) else meaning
            if ref is not None and getattr(ref, "key", None) != own:
                return True
    return False


def _looked_at(reading: Reading, state: State) -> tuple[EntityRef, str]:
    """The entity whose attributes filter_by() names: the last one joined, what select_from() named, the first one."""
    if state.joint is not None:
        return target_of(reading, state.joint)
    pieces = state.froms or state.columns
    if pieces and (found := named_entity(reading, pieces[0], columns=not state.froms)):
        return found
    raise Refused("filter_by() has several FROMs to choose from: write filter(Entity.column == ...)")


def equality(reading: Reading, keyword: ast.keyword, ref: EntityRef, text: str) -> list[Rename]:
    """`name=value` of filter_by() as `Entity.name == value`."""
    if keyword.arg is None:
        raise Refused("filter_by(**...) after a join: write filter(Entity.column == ...)")
    entity, source = ref.entity, reading.placed.source
    known = entity and (
        keyword.arg in entity.columns
        or reading.project.mapped.relationship(entity, keyword.arg)
        or keyword.arg in entity.others
    )
    if not known:
        raise Refused(f"filter_by({keyword.arg}=...) after a join: `{text}` has no such attribute in sight")
    start = source.offset(keyword.lineno, keyword.col_offset)
    value, stop = source.segment(keyword.value)
    opening = source.text[start + len(keyword.arg) : value].partition("=")[2].strip()
    constant = keyword.value.value if isinstance(keyword.value, ast.Constant) else ...
    column = f"{text}.{keyword.arg}"
    if constant is None and not opening:
        return [Rename(start, stop, f"{column}.is_(None)")]
    if isinstance(constant, bool) and not opening:  # true() compiles to what True does, and no linter minds it
        name = str(constant).lower()
        return [Rename(start, stop, f"{column} == {{{name}}}()", (("sqlalchemy", name),))]
    closing = _needs_parentheses(keyword.value)
    ending = [Rename(stop, stop, closing)] if closing else []
    return [Rename(start, value, f"{column} == {opening}{'(' if closing else ''}"), *ending]


def _needs_parentheses(value: ast.expr) -> str:
    loose = (ast.Compare, ast.BoolOp, ast.IfExp, ast.Lambda, ast.NamedExpr, ast.UnaryOp, ast.Await, ast.Yield)
    negative = isinstance(value, ast.UnaryOp) and not isinstance(value.op, ast.Not)
    return ")" if isinstance(value, loose) and not negative else ""


def with_parent(reading: Reading) -> Followed:
    """`with_parent(user, User.addresses)` becomes `where(with_parent(user, User.addresses))`."""
    reading.only("property", "from_entity", most=3)
    placed, state = reading.placed, reading.state
    instance, given = argument(placed, 0, "instance"), argument(placed, 1, "property")
    here = reading.of(state.columns[0]) if len(state.columns) == 1 else None
    plain = isinstance(here, EntityRef) and not here.alias
    if instance is None or argument(placed, 2, "from_entity") is not None or not plain:
        raise Refused("this form of .with_parent() is Query's own: write filter(with_parent(...))")
    attribute = placed.text(given) if given is not None else _leads_here(reading, instance, state.columns[0])
    if given is not None and not _leads_to(reading, given, here):
        raise Refused(".with_parent() by what is not an attribute that leads to the entity: name the relationship")
    text = f"where({{with_parent}}({placed.text(instance)}, {attribute}))"
    return state, (reading.replaced(text, (("sqlalchemy.orm", "with_parent"),)),)


def _leads_to(reading: Reading, given: ast.expr, here: object) -> bool:
    """Whether an attribute is a relationship to the entity of the query."""
    meaning = reading.meaning(given)
    if not isinstance(meaning, MappedAttribute) or not meaning.owner.entity or not isinstance(here, EntityRef):
        return False
    relation = reading.project.mapped.relationship(meaning.owner.entity, meaning.name)
    return relation is not None and here.entity is not None and relation.target == here.entity.name


def _leads_here(reading: Reading, instance: ast.expr, target: Piece) -> str:
    """The only relationship from the class of `instance` to the entity of the query, as an attribute."""
    owner, here = _class_of(reading, instance), reading.of(target)
    entity = owner[0].entity if owner else None
    if owner and entity and entity.complete and isinstance(here, EntityRef) and here.entity and not here.alias:
        classes = (entity.name, *(base.name for base in entity.bases))
        backs = [back for name in classes for back in _backs(reading, name)]
        names = {name for name, one in entity.relationships.items() if one.target == here.entity.name}
        names |= {back.name for back in backs if back.target == here.entity.name}
        if len(names) == 1:
            return f"{owner[1]}.{names.pop()}"
    raise Refused(".with_parent() does not say by which relationship: name it, as in with_parent(user, User.addresses)")


def _backs(reading: Reading, name: str) -> tuple[Relationship, ...]:
    return reading.project.mapped.backrefs.get(name, ())


def _class_of(reading: Reading, instance: ast.expr) -> tuple[EntityRef, str] | None:
    """The class of `user`, by its annotation or by the `session.get(User, ...)` that gave it, and its text."""
    if not isinstance(instance, ast.Name):
        return None
    bindings = reading.project.scopes(reading.placed.module).lookup(instance.id, instance)
    if len(bindings) != 1:
        return None
    bound, value = bindings[0].node, bindings[0].value
    named = bound.annotation if isinstance(bound, ast.arg | ast.AnnAssign) else None
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr == "get":
        named = value.args[0] if value.args else None
    meaning = reading.meaning(named) if named is not None else None
    return (meaning, ast.unparse(named)) if named is not None and isinstance(meaning, EntityRef) else None
