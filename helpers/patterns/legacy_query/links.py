"""The mapping table: which of Query's methods have a counterpart on a statement, and what must change inside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from helpers.analysis.project import Project
from helpers.patterns.legacy_query.methods import columns, criteria, execution, joins, sets
from helpers.patterns.legacy_query.methods.reading import Followed, Reading
from helpers.patterns.legacy_query.refusal import Refused
from helpers.patterns.legacy_query.state import Placed, Rename, State

__all__ = ["LAST", "LINKS", "TERMINALS", "follow", "read", "start"]


def _same(reading: Reading) -> Followed:
    """The statement has the method too, and it means the same."""
    return reading.state, ()


_TABLE: Mapping[str, Callable[[Reading], Followed]] = {
    "filter": criteria.filter_,
    "where": criteria.filter_,
    "filter_by": criteria.filter_by,
    "with_parent": criteria.with_parent,
    "order_by": criteria.columns,
    "group_by": criteria.columns,
    "having": criteria.columns,
    "distinct": _same,
    "limit": _same,
    "offset": _same,
    "slice": _same,
    "prefix_with": _same,
    "suffix_with": _same,
    "with_hint": _same,
    "with_statement_hint": _same,
    "with_for_update": _same,
    "correlate": _same,
    "join": joins.join,
    "outerjoin": joins.join,
    "select_from": joins.select_from,
    "reset_joinpoint": joins.reset_joinpoint,
    "with_entities": columns.with_entities,
    "add_columns": columns.add_columns,
    "add_column": columns.add_columns,
    "add_entity": columns.add_entity,
    "options": execution.options,
    "execution_options": execution.execution_options,
    "populate_existing": execution.populate_existing,
    "yield_per": execution.yield_per,
    "autoflush": execution.autoflush,
    "params": execution.params,
    "only_return_tuples": execution.tuples,
    "tuples": execution.tuples,
    "enable_assertions": execution.enable_assertions,
    "enable_eagerloads": execution.enable_eagerloads,
    **dict.fromkeys(sets.SETS, sets.combined),
    "from_statement": lambda reading: (replace(reading.state, whole=True), ()),
}
LINKS = frozenset(_TABLE)
PARTS = frozenset(["subquery", "cte", "scalar_subquery", "as_scalar", "label"])
READ = frozenset(["statement", "column_descriptions", "whereclause"])
BULK = frozenset(["update", "delete"])
VALUES = frozenset(["value", "values"])
_RUN = frozenset(["first", "all", "one", "one_or_none", "scalar", "get", "count", "exists"])
TERMINALS = _RUN | PARTS | BULK | VALUES
# what these give is no Query any more: whatever follows them belongs to the code around
LAST = TERMINALS | READ

_LIMITED = frozenset(["limit", "offset", "slice"])
_AFTER_LIMIT = frozenset(
    ["filter", "filter_by", "where", "order_by", "group_by", "having", "join", "outerjoin", "with_parent"]
)
_FIRST = frozenset(["select_from", "from_statement"])
_CRITERIA = (_AFTER_LIMIT | _LIMITED | _FIRST | {"distinct"}) - {"having"}
_BEHIND_STATEMENT = frozenset(["options", "execution_options", "populate_existing", "yield_per", "autoflush", "params"])
_REASONS = {
    "with_session": "its session is another one: start from that session",
    "from_self": "from_self() is gone in SQLAlchemy 2.0: select from a subquery",
    "with_transformation": "with_transformation() is gone in SQLAlchemy 2.0: call the function",
    "instances": "instances() has no counterpart: run the statement itself",
    "merge_result": "merge_result() has no counterpart: use merge() of the session",
    "selectable": "`.selectable` has labels of Query's own: take `.statement` or `.subquery()`",
}


def start(head: Placed, *, ending: str = "") -> State:
    """The state behind `query(...)`; Refused for keywords, which Query does not have."""
    if head.link.keywords:
        raise Refused("query() is called with keywords, which Query does not have")
    return State(head.pieces, ending=ending)


def follow(project: Project, state: State, placed: Placed, previous: int) -> Followed:
    """The state behind one more link, and what changes inside the link.

    `previous` is where the link before it ends. Refused, with the reason, for a link that is not in the mapping table
    or stands where Query would raise.
    """
    handler = _TABLE.get(placed.name)
    if handler is None or placed.link.call is None:
        raise Refused(_unknown(placed))
    _guards(state, placed.name)
    _on_1_4(project, state, placed.name)
    reading = Reading(project, state, placed, previous)
    after, renames = handler(reading)
    if state.sets:
        after, named = sets.retargeted(reading, after)
        renames = (*renames, *named)
    if after.sets and not state.sets:  # what stands inside the set limits and names nothing outside
        return replace(after, links=(placed,)), renames
    limited = state.limited or (placed.name if placed.name in _LIMITED else "")
    return replace(after, limited=limited, links=(*state.links, placed)), renames


def read(project: Project, placed: Sequence[Placed], *, ending: str = "") -> tuple[State, tuple[Rename, ...]]:
    """The state behind links that follow each other in one text, `query(...)` first, and what changes inside them."""
    head, *rest = placed
    found: list[Rename] = []
    state, previous = start(head, ending=ending), head.link.stop
    for one in rest:
        state, renames = follow(project, state, one, previous)
        found += renames
        previous = one.link.stop
    return state, tuple(found)


def _unknown(placed: Placed) -> str:
    if placed.name in _REASONS:
        return _REASONS[placed.name]
    if placed.name in TERMINALS and placed.link.call is None:
        return f"`.{placed.name}` of Query without a call is handed on as a function: write one that runs select()"
    if placed.name in TERMINALS:
        return f".{placed.name}() is followed by more of Query's methods: split the chain in two"
    what = f".{placed.name}()" if placed.link.call else f"`.{placed.name}`"
    return f"{what} of Query is not in the mapping table: rewrite it by hand"


def _guards(state: State, name: str) -> None:
    """Query's own guards, which a statement does not have."""
    if state.whole and name not in _BEHIND_STATEMENT:
        raise Refused(f".{name}() after .from_statement() raises in Query, not in select(): decide what is meant")
    if not state.guarded:
        return
    if state.limited and name in _AFTER_LIMIT:
        raise Refused(
            f".{name}() after .{state.limited}() raises in Query, not in select(): decide which rows are meant"
        )
    if name in _FIRST and (before := next((one.name for one in state.links if one.name in _CRITERIA), "")):
        raise Refused(f".{name}() after .{before}() raises in Query, not in select(): name the FROM first")


def _on_1_4(project: Project, state: State, name: str) -> None:
    """What Query did on SQLAlchemy 1.4 alone, for an application that may run on it."""
    version = project.sqlalchemy
    if version is not None and version >= (2, 0):
        return
    if {"distinct", "order_by"} <= state.seen | {name}:
        reason = "Query on SQLAlchemy 1.4 adds ORDER BY columns to SELECT DISTINCT and select() does not"
        raise Refused(f"{reason}: pin SQLAlchemy 2.0 or add the columns by hand")
