"""count() and exists()."""

from __future__ import annotations

import ast

from helpers.patterns.legacy_query.endings.parameters import arguments, no_params
from helpers.patterns.legacy_query.endings.running import no_arguments
from helpers.patterns.legacy_query.outcome import SELECT, Conversion, Ending
from helpers.patterns.legacy_query.refusal import Refused
from helpers.patterns.legacy_query.shape import RowPart
from helpers.patterns.legacy_query.state import Rename

# the SELECT around the counted one has these too
_AROUND = {
    "autoflush": "autoflush() with count()",
    "execution_options": "execution_options() with count()",
    "with_hint": "hints with count(), which Query repeats outside",
    "with_statement_hint": "hints with count(), which Query repeats outside",
    "with_for_update": "FOR UPDATE with count(), which Query repeats outside",
    "from_statement": "count() after .from_statement(), which raises",
    "correlate": "correlate() with count(), which Query takes back",
}


def count(ending: Ending) -> Conversion:
    """`select(func.count()).select_from(statement.subquery())`, exact behind limit and distinct too (rule 4)."""
    no_arguments(ending.terminal)
    columns = ending.state.columns
    if not columns or any(isinstance(piece.node, ast.Starred) for piece in columns):
        raise Refused("query() does not say what it counts: write the entities or columns out")
    for name, what in _AROUND.items():
        if name in ending.state.seen:
            raise Refused(f"{what}, is not in the mapping table: rewrite it by hand")
    head, needs = ending.head
    return Conversion(
        ending.chain,
        "execute",
        head=head,
        before="{select}({func}.count()).select_from(",
        after=".subquery())",
        arguments=arguments(ending),
        result="scalar_one",
        ends_with=ending.terminal,
        renames=ending.renames,
        needs=(*needs, ("sqlalchemy", "func")),
    )


INSIDE = frozenset(
    [
        "filter",
        "filter_by",
        "where",
        "join",
        "outerjoin",
        "with_parent",
        "group_by",
        "having",
        "order_by",
        "limit",
        "offset",
        "distinct",
        "correlate",
        "reset_joinpoint",
        "populate_existing",
        "enable_assertions",
    ]
)


def exists(ending: Ending) -> Conversion:
    """`select(literal_column("1")).select_from(Entity)...exists()`, as Query.exists() writes it."""
    no_arguments(ending.terminal)
    no_params(ending)
    state, head = ending.state, ending.chain.links[0]
    if state.sets:
        raise Refused(f"exists() behind .{state.sets}(), which Query joins to the table once more: write it by hand")
    if "options" in state.seen:
        raise Refused("exists() with loader options, which mean nothing there: take the options out")
    if not state.seen <= INSIDE:
        raise Refused(f"exists() behind .{min(state.seen - INSIDE)}(): write select(...).exists() by hand")
    shape = ending.shape
    first = shape.parts[0]
    if first.owner is None or (len(shape.parts) > 1 and (state.joins or not same_entity(shape.parts))):
        raise Refused("exists() on several columns or on an expression: write select(...).exists() by hand")
    renames = (*ending.renames, *_from(ending, head.args, first.kind))
    return Conversion(
        ending.chain,
        None,
        ends_with=ending.terminal,
        head='{select}({literal_column}("1")).select_from',
        renames=renames,
        needs=(SELECT, ("sqlalchemy", "literal_column")),
    )


def same_entity(parts: tuple[RowPart, ...]) -> bool:
    return len({part.owner.key if part.owner else None for part in parts}) == 1


def _from(ending: Ending, args: list[ast.expr], kind: str) -> list[Rename]:
    """What changes in `query(User.id, User.name)`, which becomes `select_from(User)`."""
    source, first = ending.chain.source, args[0]
    found = []
    if kind == "column":
        if not isinstance(first, ast.Attribute):
            raise Refused("exists() on an expression: name the entity in query()")
        found.append(Rename(*source.segment(first), ast.unparse(first.value)))
    if len(args) > 1:
        start, stop = source.segment(first)[1], source.segment(args[-1])[1]
        if "#" in source.text[start:stop]:
            raise Refused("exists() on several columns with comments: name the entity in query()")
        found.append(Rename(start, stop, ""))
    return found
