"""Queries that are run for their rows: all, first, one, one_or_none, scalar, iteration, slices and indexes."""

from __future__ import annotations

import ast
from dataclasses import replace

from helpers.codemod.chains import Link
from helpers.patterns.legacy_query.endings.eager import without_eager
from helpers.patterns.legacy_query.endings.parameters import arguments
from helpers.patterns.legacy_query.endings.slices import Sliced, sliced
from helpers.patterns.legacy_query.lists import Lists
from helpers.patterns.legacy_query.names import check_names
from helpers.patterns.legacy_query.outcome import Conversion, Ending
from helpers.patterns.legacy_query.refusal import Refused
from helpers.patterns.legacy_query.rendered import rendered
from helpers.patterns.legacy_query.repeats import can_repeat
from helpers.patterns.legacy_query.shape import Shape, starts_a_statement
from helpers.patterns.legacy_query.usage import Usage

_COUNTED = frozenset(["filter", "filter_by", "where", "join", "outerjoin", "options", "select_from"])


def run(ending: Ending) -> Conversion:
    """The statement run by the session, and what takes its result apart. Refused where nothing does the same."""
    usage = Usage(ending.project, ending.module)
    chain, terminal = ending.chain, ending.terminal
    part = sliced(ending) if terminal is None else None
    node = part.node if part else chain.node
    shown = terminal is None and part is None and rendered(ending.project, ending.module, node)
    if terminal is None and part is None and not shown and not usage.iterated(node):
        raise Refused(f"the query {usage.kept_in(node)} and not run here: convert it together with all its uses")
    shape = ending.shape
    check_names(ending, shape, node)
    name = terminal.name if terminal else ""
    repeats = name != "first" or ending.state.whole
    unique = repeats and not ending.state.yields and can_repeat(ending.project, ending.state, shape)
    head, needs = ending.head
    conversion = Conversion(
        chain,
        "scalars" if shape.bare else "execute",
        head=head,
        needs=needs,
        after=".limit(1)" if name == "first" and not ending.state.whole else "",
        arguments=arguments(ending),
        filters=f"{'.unique()' if unique else ''}{_tuples(ending, name)}",
        result=_result(ending, name, shape),
        ends_with=terminal,
        renames=ending.renames,
        parentheses=ending.parentheses,
    )
    if shown or (terminal is None and part is None and usage.made_into_dict(node)):
        # dict() would take a result's keys() for those of a mapping; a template may ask how long it is
        conversion = replace(conversion, tail=".all()")
    return without_eager(ending, shape, _listed(ending, conversion, part))


def _listed(ending: Ending, conversion: Conversion, part: Sliced | None) -> Conversion:
    """Rows that must stay a list by type do; a slice is taken on the statement."""
    lists = Lists(ending.project, ending.module)
    if part is None:
        listed = conversion.result == "all" and lists.needed(ending.chain.node)
        return replace(conversion, wrap="list(") if listed else conversion
    conversion = replace(
        conversion,
        after=part.after,
        tail=f".all(){part.taken}",
        renames=(*conversion.renames, part.removed),
        parentheses=None,
    )
    if not part.taken and lists.needed(part.node):
        return replace(conversion, wrap="list(", tail="")
    return conversion


def _tuples(ending: Ending, name: str) -> str:
    """`.tuples()` says by type what rows are, on SQLAlchemy 2.0 alone."""
    version = ending.project.sqlalchemy
    said = "tuples" in ending.state.seen and version is not None and (2, 0) <= version < (2, 1)
    return ".tuples()" if said and name != "scalar" else ""


def _result(ending: Ending, name: str, shape: Shape) -> str:
    if name != "scalar":
        return name
    if _exactly_one(ending):
        return "scalar_one"
    return "one_or_none" if shape.bare else "scalar_one_or_none"


def _exactly_one(ending: Ending) -> bool:
    """count() without GROUP BY, or EXISTS without FROM, gives one row always: it is not optional by type."""
    links, columns = ending.state.seen, ending.state.columns
    call = columns[0].node if len(columns) == 1 else None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return False
    if call.func.attr == "count" and ending.project.meanings.is_sqlalchemy(call.func.value, columns[0].module, "func"):
        return links <= _COUNTED
    return not links and call.func.attr == "exists" and starts_a_statement(call.func.value)


def no_arguments(terminal: Link | None) -> None:
    """Refused when a terminal that takes none has arguments."""
    if terminal and (terminal.args or terminal.keywords):
        raise Refused(f".{terminal.name}() takes no arguments here: look at what is meant")
