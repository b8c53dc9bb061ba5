"""AM201: union() and its like: what they become, and what is left with which reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.patterns.legacy_query.statements import becomes, reason_for

REWRITES = {
    "db.query(Author).union(db.query(Author)).all()": (
        "db.scalars(select(aliased(Author, union(select(Author), select(Author)).subquery()))).all()"
    ),
    "db.query(Author).union_all(db.query(Author).filter(Author.id == x)).order_by(Author.id).all()": (
        "db.scalars(select(author_union_all := aliased(Author, union_all(select(Author), "
        "select(Author).where(Author.id == "
        "x)).subquery())).order_by(author_union_all.id)).unique().all()"
    ),
    "db.query(Author.id).intersect(db.query(Book.id)).filter(Author.id > 1).count()": (
        "db.execute(select(func.count()).select_from(select(combined := intersect(select(Author.id), "
        "select(Book.id)).subquery()).where(combined.c.id > 1).subquery())).scalar_one()"
    ),
}
LEFT = {
    "db.query(Author).union(db.query(Author)).filter(x).all()": "`x` behind .union() may name the tables: write it",
    "db.query(Author).union(db.query(Author)).filter(Book.id == 1).all()": (
        "`Book.id` behind .union() is not one of its"
    ),
    "db.query(Author).union(db.query(Author)).join(Author.books).all()": ".join() behind .union(): select from the",
    "db.query(Author).union(db.query(Author)).union(db.query(Author)).all()": (
        ".union() behind more than criteria: write"
    ),
    "db.query(Author).union(db.query(Author)).subquery()": ".union() as part of another statement: its",
    "db.query(Author).options(x).union(db.query(Author)).all()": ".union() behind more than criteria: write",
    "db.query(Author, Book).union(db.query(Author, Book)).all()": ".union() of more than one entity or of plain",
    "[db.query(Author).union(db.query(Author)).order_by(Author.id).all() for z in x]": (
        ".union() inside a comprehension: give the query a"
    ),
    "db.query(Author).union(db.query(Author)).exists()": "exists() behind .union(), which Query joins to",
}


@pytest.mark.parametrize(("before", "wanted"), REWRITES.items())
def test_a_statement_means_the_same(before: str, wanted: str, tmp_path: Path) -> None:
    assert becomes(tmp_path, before) == wanted


@pytest.mark.parametrize(("before", "why"), LEFT.items())
def test_what_nothing_else_means_is_left_with_a_reason(before: str, why: str, tmp_path: Path) -> None:
    assert why in reason_for(tmp_path, before)
    assert becomes(tmp_path, before) == before


def test_a_union_over_lines_is_written_without_an_overlap(tmp_path: Path) -> None:
    before = (
        "return [\n        (db.query(Author)\n            .union(db.query(Author).filter(Author.id > 2)))[0:2]\n    ]"
    )
    assert "union(select(Author)" in becomes(tmp_path, before)
    assert ".query(" not in becomes(tmp_path, before)


def test_a_recursive_cte_that_takes_its_own_name_is_rewritten_whole(tmp_path: Path) -> None:
    before = (
        "t = db.query(Author.id).cte(recursive=True)\n"
        "    t = t.union_all(db.query(Author.id).join(t, Author.mentor_id == t.c.id))\n"
        "    return db.query(t.c.id).all()"
    )
    assert ".query(" not in becomes(tmp_path, before)
