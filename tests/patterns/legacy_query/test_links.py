"""AM201: the links between query() and its end: what they become, and what is left with which reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.patterns.legacy_query.statements import HEAD, SETTINGS, becomes, reason_for

REWRITES = {
    "db.query(Author).with_entities(Author.id).all()": (
        "db.execute(select(Author).with_only_columns(Author.id)).all()"
    ),
    "db.query(Author).add_column(Author.id).all()": "db.execute(select(Author).add_columns(Author.id)).all()",
    "db.query(Author).add_entity(Book).all()": "db.execute(select(Author).add_columns(Book)).unique().all()",
    "db.query(Author).select_from(Book).join(Book.author).filter_by(name=x).all()": (
        "db.scalars(select(Author).select_from(Book).join(Book.author).where(Author.name == x)).unique().all()"
    ),
    "db.query(Author).join(Author.books).reset_joinpoint().filter_by(name=x).all()": (
        "db.scalars(select(Author).join(Author.books).where(Author.name == x)).unique().all()"
    ),
    "db.query(Book).with_parent(x, Author.books).all()": (
        "db.scalars(select(Book).where(with_parent(x, Author.books))).all()"
    ),
    "db.query(Author).populate_existing().all()": (
        "db.scalars(select(Author).execution_options(populate_existing=True)).all()"
    ),
    "db.query(Author).yield_per(x).all()": "db.scalars(select(Author).execution_options(yield_per=x)).all()",
    "db.query(Author).yield_per(count=5).all()": "db.scalars(select(Author).execution_options(yield_per=5)).all()",
    "db.query(Author).autoflush(x).all()": "db.scalars(select(Author).execution_options(autoflush=x)).all()",
    "db.query(Author).execution_options(stream_results=True).all()": (
        "db.scalars(select(Author).execution_options(stream_results=True)).all()"
    ),
    "db.query(Author).params(k=x).filter(Author.id == bindparam('k')).one()": (
        "db.scalars(select(Author).where(Author.id == bindparam('k')), {\"k\": x}).one()"
    ),
    "db.query(Author).params({'k': x}).one()": "db.scalars(select(Author), {'k': x}).one()",
    "db.query(Author).only_return_tuples(True).all()": "db.execute(select(Author)).all()",
    "db.query(Author).enable_assertions(False).limit(1).filter(Author.id == x).all()": (
        "db.scalars(select(Author).limit(1).where(Author.id == x)).all()"
    ),
    "db.query(Author).options(joinedload(Author.books)).enable_eagerloads(False).all()": (
        "db.scalars(select(Author)).unique().all()"
    ),
    "db.query(Publisher).enable_eagerloads(False).all()": (
        'db.scalars(select(Publisher).options(lazyload("*"))).unique().all()'
    ),
    "db.query(Author).from_statement(text('select 1')).first()": (
        "db.scalars(select(Author).from_statement(text('select 1'))).unique().first()"
    ),
    "for a, b in db.query(Author.id, Book.id): print(a, b)": (
        "for a, b in db.execute(select(Author.id, Book.id)): print(a, b)"
    ),
    "rows = db.query(Author.id, Book.id).all(); return [a + b for a, b in rows]": (
        "rows = db.execute(select(Author.id, Book.id)).all(); return [a + b for a, b in rows]"
    ),
    "db.query(Bundle('b', Author.id, single_entity=True)).all()": (
        "db.scalars(select(Bundle('b', Author.id, single_entity=True))).all()"
    ),
}
LEFT = {
    "db.query(Author).with_entities(*x).all()": ".with_entities() hides what the rows are: write",
    "db.query(Author).add_entity(Book, x).all()": "add_entity() with an alias is not in the mapping",
    "db.query(Author).filter(x).select_from(Book).all()": ".select_from() after .filter() raises in Query,",
    "db.query(Author).limit(1).select_from(Book).all()": ".select_from() after .limit() raises in Query,",
    "db.query(Book).with_parent(x).all()": ".with_parent() does not say by which",
    "db.query(Book).with_parent(x, 'books').all()": "name the relationship",
    "db.query(Author).execution_options(yield_per=5).all()": "execution_options(yield_per=...) raises in Query",
    "db.query(Author).execution_options(**x).all()": ".execution_options() from elsewhere may hold",
    "db.query(Author).params(**x).one()": ".params() from elsewhere: pass the values where",
    "db.query(Author).only_return_tuples(x).all()": ".only_return_tuples() is not in the mapping table",
    "db.query(Author).options(load_only(Author.name)).enable_eagerloads(False).all()": (
        "enable_eagerloads(False) with these options: take"
    ),
    "db.query(Author).enable_eagerloads(x).all()": ".enable_eagerloads() of a value that is made",
    "db.query(Author).from_statement(text('select 1')).filter(x).all()": (
        ".filter() after .from_statement() raises in"
    ),
    "db.query(Author).filter(x).from_statement(text('select 1')).all()": (
        ".from_statement() after .filter() raises in"
    ),
    "rows = db.query(Author.id, Book.id).all(); return rows": "two columns of the rows are named id: Query gives",
}


@pytest.mark.parametrize(("before", "wanted"), REWRITES.items())
def test_a_statement_means_the_same(before: str, wanted: str, tmp_path: Path) -> None:
    assert becomes(tmp_path, before) == wanted


@pytest.mark.parametrize(("before", "why"), LEFT.items())
def test_what_nothing_else_means_is_left_with_a_reason(before: str, why: str, tmp_path: Path) -> None:
    assert why in reason_for(tmp_path, before)
    assert becomes(tmp_path, before) == before


PARENT = "def f(db: Session, author: Author):\n    "


def test_with_parent_finds_the_only_relationship_of_an_annotated_parent(tmp_path: Path) -> None:
    wanted = "db.scalars(select(Book).where(with_parent(author, Author.books))).all()"
    assert becomes(tmp_path, "db.query(Book).with_parent(author).all()", start=PARENT) == wanted


def test_with_parent_of_a_parent_without_such_a_relationship_is_left(tmp_path: Path) -> None:
    statement = "db.query(Publisher).with_parent(author).all()"
    assert becomes(tmp_path, statement, start=PARENT) == statement
    assert "by which relationship" in reason_for(tmp_path, statement, start=PARENT)


@pytest.mark.parametrize(("version", "said"), [("2.0,<2.1", ".tuples()"), ("2.1", ""), ("1.4", "")])
def test_tuples_is_said_where_a_result_has_it(version: str, said: str, tmp_path: Path) -> None:
    settings = SETTINGS.replace(">=2.0", f">={version}")
    wanted = f"db.execute(select(Author.id)){said}.all()"
    assert becomes(tmp_path, "db.query(Author.id).tuples().all()", settings=settings) == wanted


def test_comments_between_links_that_go_stay(tmp_path: Path) -> None:
    before = (
        "x = (\n        db.query(Author)\n        # without guards\n        "
        ".enable_assertions(False)\n        .all()\n    )"
    )
    assert "# without guards" in becomes(tmp_path, before)
    assert "enable_assertions" not in becomes(tmp_path, before)


def test_a_comment_inside_a_link_that_goes_keeps_it(tmp_path: Path) -> None:
    before = "x = db.query(Author).enable_assertions(\n        False  # no guards\n    ).all()"
    assert becomes(tmp_path, before) == before


def test_rows_by_position_are_followed_through_one_name(tmp_path: Path) -> None:
    statement = "rows = db.query(Author.id, Book.id).all(); print(len(rows)); return rows[0].id"
    assert becomes(tmp_path, statement) == statement


def test_execution_options_in_a_dict_that_is_written_out_stay(tmp_path: Path) -> None:
    head = f'{HEAD}TRASH = "with_trash"\n\n\n'
    wanted = "db.scalars(select(Author).execution_options(**{TRASH: True})).all()"
    assert becomes(tmp_path, "db.query(Author).execution_options(**{TRASH: True}).all()", head=head) == wanted


@pytest.mark.parametrize("options", ["**{x: 2}", "**{'yield_per': 2}", "**{**x}"])
def test_execution_options_whose_names_may_be_yield_per_are_left(options: str, tmp_path: Path) -> None:
    statement = f"db.query(Author).execution_options({options}).all()"
    assert becomes(tmp_path, statement) == statement
