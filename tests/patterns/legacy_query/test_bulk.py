"""AM201: update() and delete() of a query: what they become, and what is left with which reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.patterns.legacy_query.statements import HEAD, SETTINGS, becomes, reason_for

REWRITES = {
    "db.query(Author).filter(Author.id == x).update({'name': y})": (
        "db.execute(update(Author).where(Author.id == x).values({'name': y}))"
    ),
    "n = db.query(Author).filter(Author.id == x).update({'name': y}, synchronize_session=False)": (
        "n = db.execute(update(Author).where(Author.id == x).values({'name': "
        "y}).execution_options(synchronize_session=False)).rowcount"
    ),
    "n = db.query(Author).update({'name': y}, 'fetch')": (
        "n = db.execute(update(Author).values({'name': y}).execution_options(synchronize_session='fetch')).rowcount"
    ),
    "n = db.query(Author).update(values={'name': y}, synchronize_session=x)": (
        "n = db.execute(update(Author).values({'name': y}).execution_options(synchronize_session=x)).rowcount"
    ),
    "db.query(Author).update([(Author.name, x)], update_args={'preserve_parameter_order': True})": (
        "db.execute(update(Author).ordered_values((Author.name, x)))"
    ),
    "db.query(Author).delete()": "db.execute(delete(Author))",
    "return db.query(Author).filter_by(id=x).delete()": "return db.execute(delete(Author).filter_by(id=x)).rowcount",
    "return db.query(Author).filter_by(id=x).delete(False)": (
        "return db.execute(delete(Author).filter_by(id=x).execution_options(synchronize_session=False)).rowcount"
    ),
    "db.query(Author).autoflush(False).populate_existing().filter_by(id=x).delete(synchronize_session='fetch')": (
        "db.execute(delete(Author).filter_by(id=x).execution_options(synchronize_session='fetch'))"
    ),
    "db.query(Author).filter(Author.id == Book.author_id).filter_by(id=x).delete(synchronize_session=False)": (
        "db.execute(delete(Author).where(Author.id == Book.author_id).where(Author.id == "
        "x).execution_options(synchronize_session=False))"
    ),
    "db.query(Author).filter(Author.id == bindparam('k')).params(k=x).delete()": (
        "db.execute(delete(Author).where(Author.id == bindparam('k')), {\"k\": x})"
    ),
}
LEFT = {
    "db.query(Author).update({'name': y}, **x)": ".update() hides its arguments: write them out",
    "db.query(Author).update({'name': y}, update_args={'mysql_limit': 1})": (
        "update() with update_args of a dialect: write"
    ),
    "db.query(Author).update(synchronize_session=False, values=x)": (
        "update() names its values behind other arguments:"
    ),
    "db.query(Author).delete(delete_args={'mysql_limit': 1})": "delete() with arguments of a dialect: write",
    "db.query(Author).join(Author.books).update({'name': y})": ".update() after .join() raises in Query, not in",
    "db.query(Author).order_by(Author.id).delete()": ".delete() after .order_by() raises in Query, not",
    "db.query(Author).having(x).delete()": ".delete() drops what .having() says, and delete()",
    "db.query(Author).options(x).delete()": ".delete() drops what .options() says, and",
    "db.query(Author.id).delete()": ".delete() needs one mapped class in query()",
    "db.query(Author, Book).delete()": ".delete() needs one mapped class in query()",
}


@pytest.mark.parametrize(("before", "wanted"), REWRITES.items())
def test_a_statement_means_the_same(before: str, wanted: str, tmp_path: Path) -> None:
    assert becomes(tmp_path, before) == wanted


@pytest.mark.parametrize(("before", "why"), LEFT.items())
def test_what_nothing_else_means_is_left_with_a_reason(before: str, why: str, tmp_path: Path) -> None:
    assert why in reason_for(tmp_path, before)
    assert becomes(tmp_path, before) == before


TYPED = SETTINGS + "\n[tool.mypy]\nstrict = true\n"


def test_a_row_count_has_its_type_where_types_are_checked(tmp_path: Path) -> None:
    statement = "return db.query(Author).delete()"
    wanted = 'return cast("CursorResult[Any]", db.execute(delete(Author))).rowcount'
    assert becomes(tmp_path, statement, settings=TYPED) == wanted


def test_a_count_that_nobody_reads_needs_no_type(tmp_path: Path) -> None:
    assert becomes(tmp_path, "db.query(Author).delete()", settings=TYPED) == "db.execute(delete(Author))"


def test_lines_in_parentheses_stay_where_they_are(tmp_path: Path) -> None:
    before = (
        "n = (\n        db.query(Author)  # all of them\n        .filter(Author.id > x)\n"
        "        .update(\n            {'name': y},  # theirs\n            synchronize_session=False,\n        )\n    )"
    )
    wanted = (
        "n = db.execute(\n        update(Author)  # all of them\n        .where(Author.id > x)\n"
        "        .values(\n            {'name': y},  # theirs\n        )\n"
        "        .execution_options(synchronize_session=False)\n    ).rowcount"
    )
    assert "holds a comment between its arguments" in reason_for(tmp_path, before)
    plain = before.replace("  # theirs", "")
    assert becomes(tmp_path, plain) == wanted.replace("  # theirs", "")


def test_delete_on_a_line_of_its_own_leaves_none_behind(tmp_path: Path) -> None:
    before = "(\n        db.query(Author)\n        .filter(Author.id > x)\n        .delete()\n    )"
    wanted = "db.execute(\n        delete(Author)\n        .where(Author.id > x)\n    )"
    assert becomes(tmp_path, before) == wanted


def test_a_query_in_the_values_is_rewritten_with_them(tmp_path: Path) -> None:
    statement = "db.query(Author).update({'born': db.query(func.max(Book.id)).scalar_subquery()})"
    wanted = "db.execute(update(Author).values({'born': select(func.max(Book.id)).scalar_subquery()}))"
    assert becomes(tmp_path, statement) == wanted


def test_a_query_in_an_argument_that_would_move_is_not_lost(tmp_path: Path) -> None:
    statement = "db.query(Author).update({'born': 1}, synchronize_session=db.query(Author).first())"
    assert "holds" in reason_for(tmp_path, statement) or "hold a comment or a query" in reason_for(tmp_path, statement)


def test_functions_of_these_names_keep_them(tmp_path: Path) -> None:
    head = HEAD + "def delete(x):\n    return x\n\n\n"
    assert becomes(tmp_path, "db.query(Author).delete()", head=head) == "db.execute(sa_delete(Author))"


def test_the_class_of_a_column_in_a_loop_is_an_entity(tmp_path: Path) -> None:
    head = f"{HEAD}OWNED = (Book.author_id, Book.publisher_id)\n\n\n"
    statement = "for column in OWNED: db.query(column.class_).filter(column == x).update({column: y})"
    wanted = "for column in OWNED: db.execute(update(column.class_).where(column == x).values({column: y}))"
    assert becomes(tmp_path, statement, head=head) == wanted


def test_the_class_of_anything_else_is_not_known(tmp_path: Path) -> None:
    statement = "for column in x: db.query(column.class_).delete()"
    assert becomes(tmp_path, statement) == statement
