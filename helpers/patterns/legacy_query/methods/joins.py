"""Joins and FROM: join, outerjoin, select_from, reset_joinpoint."""

from __future__ import annotations

import ast
from dataclasses import replace

from helpers.analysis.meaning import MappedAttribute
from helpers.patterns.legacy_query.methods.reading import Followed, Reading
from helpers.patterns.legacy_query.refusal import Refused


def join(reading: Reading) -> Followed:
    """One target and its ON clause stay; every other form is Query's own."""
    placed, state = reading.placed, reading.state
    link = placed.link
    keywords = {keyword.arg for keyword in link.keywords}
    if not keywords <= {"isouter", "full", "onclause"} or not 1 <= len(link.args) <= 2:
        raise Refused(f"this form of .{link.name}() is Query's own: write one target, and its ON clause, per join")
    target, *on = link.args
    by_name = isinstance(target, ast.Constant | ast.Tuple | ast.Starred)
    if by_name or any(isinstance(item, ast.Constant | ast.Starred) for item in on):
        raise Refused(f".{link.name}() by name or by tuple is gone in SQLAlchemy 2.0: name the relationship")
    second = reading.meaning(on[0]) if on else None
    if isinstance(reading.meaning(target), MappedAttribute) and isinstance(second, MappedAttribute):
        raise Refused(f".{link.name}() of two relationships is two joins in SQLAlchemy 1.4 and one in 2.0: write two")
    if _old(reading) and any(ast.dump(target) == ast.dump(one.link.args[0]) for one in state.joins):
        reason = "Query on SQLAlchemy 1.4 joins a relationship once that is joined twice and select() does not"
        raise Refused(f"{reason}: take the second join out")
    return replace(state, joins=(*state.joins, placed), joint=placed), ()


def _old(reading: Reading) -> bool:
    version = reading.project.sqlalchemy
    return version is None or version < (2, 0)


def select_from(reading: Reading) -> Followed:
    """The FROM stays as it is; Query refuses it behind criteria, which select() would accept."""
    placed, state = reading.placed, reading.state
    if placed.link.keywords or not placed.link.args:
        raise Refused("this form of .select_from() is not in the mapping table: write its arguments out")
    return replace(state, froms=(*state.froms, *placed.pieces)), ()


def reset_joinpoint(reading: Reading) -> Followed:
    """Goes: what filter_by() looks at is written out."""
    return replace(reading.state, joint=None), (reading.removed(),)
