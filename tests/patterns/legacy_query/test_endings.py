"""AM201: how a query ends: get(), count(), value(), parts of statements; what they become, what is left and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.patterns.legacy_query.statements import becomes, reason_for

REWRITES = {
    "q = db.query(Author).params(k=x).subquery()": "q = select(Author).params(k=x).subquery()",
    "db.query(Author).with_for_update().get(x)": "db.get(Author, x, with_for_update=True)",
    "db.query(Author).with_for_update(nowait=True).get(x)": 'db.get(Author, x, with_for_update={"nowait": True})',
    "db.query(Author).populate_existing().options(selectinload(Author.books)).get(x)": (
        "db.get(Author, x, options=[selectinload(Author.books)], populate_existing=True)"
    ),
    "db.query(Author).execution_options(a=1).get(x)": 'db.get(Author, x, execution_options={"a": 1})',
    "db.query(Author).value(Author.name)": "db.execute(select(Author).with_only_columns(Author.name)).scalar()",
    "list(db.query(Author).values(Author.name, Author.id))": (
        "list(db.execute(select(Author).with_only_columns(Author.name, Author.id).execution_options(yield_per=10)))"
    ),
    "q = db.query(Author).subquery()": "q = select(Author).subquery()",
    "q = db.query(Author).subquery('old')": "q = select(Author).subquery('old')",
    "q = db.query(Author).subquery(with_labels=True)": (
        "q = select(Author).set_label_style(LABEL_STYLE_TABLENAME_PLUS_COL).subquery()"
    ),
    "q = db.query(Author.id).as_scalar()": "q = select(Author.id).scalar_subquery()",
    "q = db.query(Author).statement": "q = select(Author)",
    "q = db.query(Author).whereclause": "q = select(Author).whereclause",
    "insert(Author).from_select(['id'], db.query(Book.id))": "insert(Author).from_select(['id'], select(Book.id))",
}
LEFT = {
    "q = db.query(Author.id, Book.id).statement": "two columns are named id",
    "db.query(Author).params(k=x).filter(Author.id == 1).subquery()": "params() on a statement that is not run here",
    "db.query(Author).from_statement(text('select 1')).count()": "count() after .from_statement(), which raises, is",
    "db.query(Author).autoflush(False).get(x)": "get() on a query with criteria raises: filter by",
    "db.query(Author).with_for_update().count()": "FOR UPDATE with count(), which Query repeats",
    "db.query(Author.id.label('n'), Author.name.label('n')).count()": "Query raises for its label n",
    "db.query(Author.id, Author.name.label('authors_id')).count()": "Query raises for its label authors_id",
    "q = db.query(Author.id.label('n'), Author.born.label('n')).subquery()": "Query raises for its label n",
    "db.query(Author).autoflush(False).count()": "autoflush() with count(), is not in the mapping",
    "db.query(Author).value(Author)": "value() takes one column",
    "v = db.query(Author).values(Author.name)": "values() is run when it is iterated, which is",
    "db.query(Author).join(Book).value(Author.name)": ".value() behind a join that starts from the first",
    "q = db.query(Author).subquery(reduce_columns=True)": "this form of .subquery() is Query's own: write",
    "q = db.query(Author, func.count(Book.id)).column_descriptions": "a column has no name in Query's",
    "q = str(db.query(Publisher).subquery())": "its text would show the joins of eager loading,",
    "q = db.query(Author).selectable": "`.selectable` has labels of Query's own: take",
    "q = db.query(Author).session": "`.session` of Query is not in the mapping table:",
    "db.query(Author).instances(x)": "instances() has no counterpart: run the statement",
    "db.query(Author).with_session(x).all()": "its session is another one: start from that",
    "db.query(Author).from_self().all()": "from_self() is gone in SQLAlchemy 2.0: select",
}


@pytest.mark.parametrize(("before", "wanted"), REWRITES.items())
def test_a_statement_means_the_same(before: str, wanted: str, tmp_path: Path) -> None:
    assert becomes(tmp_path, before) == wanted


@pytest.mark.parametrize(("before", "why"), LEFT.items())
def test_what_nothing_else_means_is_left_with_a_reason(before: str, why: str, tmp_path: Path) -> None:
    assert why in reason_for(tmp_path, before)
    assert becomes(tmp_path, before) == before


def test_get_that_is_handed_on_as_a_function_is_bound_to_its_entity(tmp_path: Path) -> None:
    assert becomes(tmp_path, "return map(db.query(Author).get, x)") == "return map(partial(db.get, Author), x)"


@pytest.mark.parametrize("statement", ["return map(db.query(Author).filter_by(id=x).get, y)", "return db.query(x).get"])
def test_get_without_a_call_on_more_than_an_entity_is_left(statement: str, tmp_path: Path) -> None:
    assert becomes(tmp_path, statement) == statement


def test_values_made_into_a_dict_are_rows_and_no_result(tmp_path: Path) -> None:
    statement = "select(Author).with_only_columns(Author.id, Author.name).execution_options(yield_per=10)"
    wanted = f"dict(db.execute({statement}).all())"
    assert becomes(tmp_path, "dict(db.query(Author).values(Author.id, Author.name))") == wanted


def test_a_dict_of_two_columns_of_one_name_takes_them_by_position(tmp_path: Path) -> None:
    wanted = "dict(db.execute(select(Author.id, Book.id)).all())"
    assert becomes(tmp_path, "dict(db.query(Author.id, Book.id).all())") == wanted
