"""union, intersect, except_ and their _all forms: Query goes on with the result as if it were the entity (rule 8).

The statement selects from an alias of the set's subquery, and what follows names that alias.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace

from helpers.analysis.meaning import EntityRef, MappedAttribute, Meaning
from helpers.patterns.legacy_query.methods.reading import Followed, Reading
from helpers.patterns.legacy_query.refusal import Refused
from helpers.patterns.legacy_query.shape import ShapeReader
from helpers.patterns.legacy_query.state import Name, Piece, Rename, State

SETS = frozenset(["union", "union_all", "intersect", "intersect_all", "except_", "except_all"])
ALIASED: Name = ("sqlalchemy.orm", "aliased")
_BEFORE = frozenset(
    ["filter", "where", "filter_by", "join", "outerjoin", "order_by", "group_by", "having", "distinct", "limit"]
)
_NAMING = frozenset(["filter", "where", "order_by"])
_AFTER = _NAMING | {"filter_by", "limit", "offset", "slice", "distinct", "populate_existing", "autoflush"}
_OPERATORS = frozenset(
    [
        *("in_", "not_in", "notin_", "like", "ilike", "not_like", "notlike", "is_", "is_not", "isnot", "between"),
        *("startswith", "endswith", "desc", "asc", "nulls_first", "nulls_last", "nullsfirst", "nullslast"),
    ]
)
_FUNCTIONS = ("and_", "or_", "not_", "desc", "asc", "nulls_first", "nulls_last", "nullsfirst", "nullslast")


def combined(reading: Reading) -> Followed:
    """The SELECT so far and the operands become the arguments of `union(...)`; Refused where either is not plain."""
    placed, state = reading.placed, reading.state
    link, text = placed.link, placed.source.text
    if state.sets or not state.seen <= _BEFORE or not state.columns:
        raise Refused(f".{link.name}() behind more than criteria: write {link.name}(...) of two statements by hand")
    if link.keywords or not link.args or not all(is_query(arg) for arg in link.args):
        raise Refused(f".{link.name}() with a query that is made elsewhere: convert both together")
    gap = text[reading.previous : link.dot]
    if "#" in text[reading.previous : link.opening]:
        raise Refused(f".{link.name}() behind a comment: move it out")
    closing = ").subquery()))" if _entity(reading, state) else ").subquery())"
    after = State(state.columns, ending=state.ending, guarded=state.guarded, sets=link.name)
    renames = (
        Rename(reading.previous, link.opening + 1, f",{gap if gap.strip(' ') else ' '}"),
        Rename(link.closing, link.closing + 1, closing),
    )
    return after, renames


def head(state: State, columns: Meaning | None, text: str) -> tuple[str, tuple[Name, ...]]:
    """What opens the statement in front of its first column, and the names that stand in it."""
    if not state.sets:
        return "{select}", ()
    named = f"{state.named} := " if state.named else ""
    needs: tuple[Name, ...] = (("sqlalchemy", state.sets),)
    if isinstance(columns, EntityRef):
        return f"{{select}}({named}{{aliased}}({text}, {{{state.sets}}}({{select}}", (*needs, ALIASED)
    return f"{{select}}({named}{{{state.sets}}}({{select}}", needs


def retargeted(reading: Reading, state: State) -> Followed:
    """What a link behind the set names, named on the alias; Refused where a link could mean the tables themselves."""
    placed = reading.placed
    if placed.name not in _AFTER:
        raise Refused(f".{placed.name}() behind .{state.sets}(): select from the statement's subquery by hand")
    if placed.name not in _NAMING:
        return state, ()
    found: list[Rename] = []
    name = state.named or _name(reading, state)
    for arg in placed.link.args:
        for node in _criterion(reading, arg):
            found.append(Rename(*placed.source.segment(node), _on_alias(reading, state, node, name)))
    return replace(state, named=name) if found else state, tuple(found)


def _entity(reading: Reading, state: State) -> bool:
    """Whether rows are one entity; Refused for entities among columns and for columns whose names are not known."""
    meanings = [reading.of(piece) for piece in state.columns]
    if len(meanings) == 1 and isinstance(meanings[0], EntityRef):
        return True
    columns = [one for one in meanings if isinstance(one, MappedAttribute) and one.kind == "column"]
    if len(columns) < len(meanings) or len({one.name for one in columns}) < len(columns):
        raise Refused(f".{reading.placed.name}() of more than one entity or of plain columns: write it by hand")
    return False


def is_query(node: ast.expr) -> bool:
    """Whether an operand is a chain that starts with `query(...)`."""
    while isinstance(node, ast.Call | ast.Attribute):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "query":
            return True
        node = node.func if isinstance(node, ast.Call) else node.value
    return False


def _criterion(reading: Reading, node: ast.expr) -> Iterator[ast.expr]:
    """As _parts(), for what stands alone: a name could hold a criterion that names the tables."""
    if isinstance(node, ast.Name | ast.Attribute | ast.Subscript) and reading.meaning(node) is None:
        raise Refused(f"`{ast.unparse(node)}` behind .{reading.state.sets}() may name the tables: write it out")
    yield from _parts(reading, node)


def _parts(reading: Reading, node: ast.expr) -> Iterator[ast.expr]:
    """The attributes in a criterion that Query would read off the set; Refused for what may hold a statement."""
    if isinstance(node, ast.Attribute | ast.Name) and reading.meaning(node) is not None:
        yield node
        return
    if isinstance(node, ast.Call):
        method = isinstance(node.func, ast.Attribute) and node.func.attr in _OPERATORS
        function = isinstance(node.func, ast.Attribute) and reading.project.meanings.is_sqlalchemy(
            node.func.value, reading.placed.module, "func"
        )
        known = (
            method or function or reading.project.meanings.is_sqlalchemy(node.func, reading.placed.module, *_FUNCTIONS)
        )
        if not known:
            raise Refused(f".{reading.placed.name}() behind .{reading.state.sets}() of a call: name the alias by hand")
        if method:
            assert isinstance(node.func, ast.Attribute)
            yield from _parts(reading, node.func.value)
        each = _parts if method or function else _criterion
        for arg in [*node.args, *(keyword.value for keyword in node.keywords)]:
            yield from each(reading, arg)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Invert | ast.Not):
        yield from _criterion(reading, node.operand)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd | ast.BitOr):
        yield from _criterion(reading, node.left)
        yield from _criterion(reading, node.right)
    elif isinstance(node, ast.Compare | ast.BinOp | ast.UnaryOp | ast.List | ast.Tuple | ast.Set):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                yield from _parts(reading, child)
    elif not _plain(reading, node):
        raise Refused(f".{reading.placed.name}() behind .{reading.state.sets}() of more than columns: write it by hand")


def _plain(reading: Reading, node: ast.expr) -> bool:
    """Whether an operand is a value: a constant, a parameter, an attribute of one."""
    whole = node
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    if isinstance(node, ast.Constant):
        return not (isinstance(node.value, str) and reading.placed.name == "order_by")
    if not isinstance(node, ast.Name):
        return False
    bindings = reading.project.scopes(reading.placed.module).lookup(node.id, node)
    of_value = node is not whole and not ShapeReader(reading.project, reading.placed.module).is_sql(node)
    return bool(bindings) and all(_is_value(one.value) or of_value for one in bindings)


def _is_value(bound: ast.expr | None) -> bool:
    return bound is None or isinstance(bound, ast.Constant | ast.List | ast.Tuple | ast.Set | ast.Dict)


def _on_alias(reading: Reading, state: State, node: ast.expr, name: str) -> str:
    meaning, columns = reading.meaning(node), [reading.of(piece) for piece in state.columns]
    if isinstance(meaning, MappedAttribute) and meaning.kind == "column" and isinstance(node, ast.Attribute):
        if isinstance(columns[0], EntityRef) and columns[0].key == meaning.owner.key:
            return f"{name}.{node.attr}"
        if meaning in columns:
            return f"{name}.c.{node.attr}"
    raise Refused(f"`{ast.unparse(node)}` behind .{state.sets}() is not one of its columns: write it by hand")


def _name(reading: Reading, state: State) -> str:
    """A name for the alias that nothing in the module has; Refused where an expression can bind none."""
    scopes = reading.project.scopes(reading.placed.module)
    comprehensions = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
    function = scopes.function(reading.placed.link.node)
    for around in scopes.ancestors(reading.placed.link.node):
        if isinstance(around, comprehensions | ast.Lambda):
            raise Refused(f".{state.sets}() inside a comprehension: give the query a statement of its own")
        if around is function or isinstance(around, ast.ClassDef):
            break
    stem = _stem(reading, state.columns[0])
    words = set(re.findall(r"\w+", reading.placed.source.text))
    return next(name for number in range(1, 1000) if (name := f"{stem}{'' if number < 2 else number}") not in words)


def _stem(reading: Reading, piece: Piece) -> str:
    meaning = reading.of(piece)
    if not isinstance(meaning, EntityRef) or meaning.entity is None:
        return "combined"
    return f"{re.sub(r'(?<=[a-z0-9])(?=[A-Z])', '_', meaning.entity.name).lower()}_{reading.state.sets.rstrip('_')}"
