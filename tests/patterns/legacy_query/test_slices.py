"""AM201: slices and indexes: what they become, and what is left with which reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.patterns.legacy_query.statements import HEAD, becomes, reason_for

REWRITES = {
    "db.query(Author)[:2]": "db.scalars(select(Author).slice(None, 2)).all()",
    "db.query(Author)[2:]": "db.scalars(select(Author).slice(2, None)).all()",
    "db.query(Author)[0]": "db.scalars(select(Author).slice(0, 1)).all()[0]",
    "db.query(Author)[0].name": "db.scalars(select(Author).slice(0, 1)).all()[0].name",
    "db.query(Author)[0:4:2]": "db.scalars(select(Author).slice(0, 4)).all()[::2]",
    "(db.query(Author))[1:3]": "(db.scalars(select(Author).slice(1, 3)).all())",
    "db.query(Author).join(Author.books)[1:3]": (
        "db.scalars(select(Author).join(Author.books).slice(1, 3)).unique().all()"
    ),
    "db.query(Author)[len(x):]": "db.scalars(select(Author).slice(len(x), None)).all()",
}
LEFT = {
    "db.query(Author)[x:y]": "Query raises for a negative index and gives []",
    "db.query(Author)[x]": "Query raises for a negative index and gives []",
    "db.query(Author)[-1]": "Query raises for a negative index and gives []",
    "db.query(Author)[1:1]": "an empty slice gives [] without asking the",
    "db.query(Author)[::0]": "the step of the slice is made elsewhere: slice",
    "db.query(Author)[:2] = x": "a query cannot be assigned to by index",
    "db.query(Author).from_statement(x)[0]": "a slice of .from_statement() raises in Query, not",
}


@pytest.mark.parametrize(("before", "wanted"), REWRITES.items())
def test_a_statement_means_the_same(before: str, wanted: str, tmp_path: Path) -> None:
    assert becomes(tmp_path, before) == wanted


@pytest.mark.parametrize(("before", "why"), LEFT.items())
def test_what_nothing_else_means_is_left_with_a_reason(before: str, why: str, tmp_path: Path) -> None:
    assert why in reason_for(tmp_path, before)
    assert becomes(tmp_path, before) == before


KNOWN = {
    "a constant": "n = 2; return db.query(Author)[:n]",
    "a counter": "return [db.query(Author)[i] for i in range(3)]",
    "steps of a range": "return [db.query(Author)[i:i + 2] for i in range(0, 9, 2)]",
    "the greater of two": "n = max(x, 0); return db.query(Author)[n:]",
    "the length of something": "n = len(x); return db.query(Author)[n:n + 2]",
    "a product": "n = len(x) * 3; return db.query(Author)[n:n + 3]",
}


@pytest.mark.parametrize("statement", KNOWN.values(), ids=KNOWN)
def test_bounds_that_cannot_be_negative_become_a_slice_of_the_statement(statement: str, tmp_path: Path) -> None:
    assert ".slice(" in becomes(tmp_path, statement)


UNKNOWN = {
    "a difference": "n = len(x) - 3; return db.query(Author)[n:]",
    "a range that goes down": "return [db.query(Author)[i] for i in range(2, -3, -1)]",
    "a name that is bound twice": "n = 1; n = x; return db.query(Author)[n:]",
    "an end before its start": "n = len(x); return db.query(Author)[n:2]",
    "the least of two": "n = min(x, 3); return db.query(Author)[n:]",
    "a product of unknown signs": "n = x * 3; return db.query(Author)[:n]",
    "a call as an index": "return db.query(Author)[len(x)]",
}


@pytest.mark.parametrize("statement", UNKNOWN.values(), ids=UNKNOWN)
def test_bounds_that_may_be_negative_are_left(statement: str, tmp_path: Path) -> None:
    assert becomes(tmp_path, statement) == statement
    assert reason_for(tmp_path, statement)


def test_a_parameter_declared_not_to_be_negative_is_a_bound(tmp_path: Path) -> None:
    head = f"from typing import Annotated\n\nfrom fastapi import Query\n{HEAD}"
    start = "def f(db: Session, skip: int = Query(0, ge=0), size: Annotated[int, Query(gt=0)] = 9):\n    "
    statement = "return db.query(Author)[skip:skip + size]"
    wanted = "return db.scalars(select(Author).slice(skip, skip + size)).all()"
    assert becomes(tmp_path, statement, head=head, start=start) == wanted


def test_a_parameter_that_only_has_an_upper_bound_is_none(tmp_path: Path) -> None:
    start = "def f(db: Session, skip: int = Query(0, le=9)):\n    "
    statement = "return db.query(Author)[skip:]"
    assert becomes(tmp_path, statement, head=f"from fastapi import Query\n{HEAD}", start=start) == statement


def test_a_slice_stays_a_list_for_the_type_checker(tmp_path: Path) -> None:
    start = "def f(db: Session) -> list[Author]:\n    "
    wanted = "return list(db.scalars(select(Author).slice(None, 2)))"
    assert becomes(tmp_path, "return db.query(Author)[:2]", start=start) == wanted
