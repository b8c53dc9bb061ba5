"""What the comparison of two hand-written sides says."""

from __future__ import annotations

import dataclasses

import pytest

from helpers.lab.differential import compare, compare_example
from helpers.lab.runner import Side, run
from helpers.model import Example

MODULE = """\
from models import Author, Award, Book, Publisher
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session


def find(session: Session):
    {body}
"""


def example(before: str, after: str, **fields: str) -> Example:
    """An example of two function bodies that are called with the session alone."""
    texts = (MODULE.format(body=body.replace("\n", "\n    ")) for body in (before, after))
    return Example("an example", *texts, **{"call": "find(session)", **fields})


def awaiting(before: str, after: str) -> Example:
    """The same with a coroutine function as the after."""
    plain = example(before, after)
    return dataclasses.replace(plain, after=plain.after.replace("def find", "async def find"))


def outcomes(before: str, after: str, **fields: str) -> dict[str, str]:
    """The names of the checks that are not `same`, with their outcomes."""
    comparison = compare_example(example(before, after, **fields))
    return {check.check: check.outcome for check in comparison.checks if check.outcome != "same"}


def test_equal_meaning_differs_in_labels_only() -> None:
    comparison = compare_example(
        example(
            "return session.query(Author).filter(Author.born > 1960).all()",
            "return session.scalars(select(Author).where(Author.born > 1960)).all()",
        )
    )
    assert comparison.same
    assert comparison.check("SQL").detail == "up to labels"
    assert comparison.before.statements != comparison.after.statements


@pytest.mark.parametrize(
    "body",
    [
        "return session.query(Author).join(Author.books).limit(2).all()",
        "return session.query(Book.title, func.count()).group_by(Book.title).all()",
        "session.query(Book).filter(Book.price == None).delete()\nsession.commit()",
        "return session.query(Book).filter_by(id=99).one()",
        "return session.query(Publisher).first().books[0].title",
    ],
)
def test_a_side_against_itself_is_the_same(body: str) -> None:
    comparison = compare_example(example(body, body))
    assert comparison.same
    assert comparison.check("SQL").detail == ""


def test_rows_that_repeat_an_entity_are_a_different_value() -> None:
    found = outcomes(
        "return session.query(Author).join(Author.books).all()",
        "return session.scalars(select(Author).join(Author.books)).all()",
    )
    assert found == {"value": "different"}


def test_a_tuple_for_a_list_is_a_different_value() -> None:
    assert outcomes("return [1, 2]", "return (1, 2)") == {"value": "different"}


def test_true_for_one_is_a_different_value() -> None:
    assert outcomes("return 1", "return True") == {"value": "different"}


def test_an_attribute_left_unloaded_is_a_different_value() -> None:
    found = outcomes(
        "book = session.get(Book, 1)\nbook.blurb\nreturn book",
        "book = session.get(Book, 1)\nsession.scalar(select(Book.blurb).where(Book.id == 1))\nreturn book",
    )
    assert found["value"] == "different"


def test_two_objects_with_equal_contents_are_not_one_object_twice() -> None:
    found = outcomes(
        "one = Award(name='x')\nreturn [one, one]",
        "return [Award(name='x'), Award(name='x')]",
    )
    assert found == {"value": "different"}


def test_an_exception_on_one_side_only_is_different() -> None:
    found = outcomes(
        "return session.query(Author).filter(Author.born == 1975).one_or_none()",
        "return session.scalars(select(Author).where(Author.born == 1975)).first()",
    )
    assert found["exception"] == "different"
    assert found["value"] == "different"


def test_the_same_exception_on_both_sides_is_the_same() -> None:
    found = outcomes(
        "return session.query(Author).filter(Author.born == 1975).one()",
        "return session.scalars(select(Author).where(Author.born == 1975)).unique().one()",
    )
    assert found == {"value": "not applicable"}


@pytest.mark.parametrize("other", ["TypeError('x')", "ValueError('y')"])
def test_another_exception_or_message_is_different(other: str) -> None:
    assert outcomes("raise ValueError('x')", f"raise {other}")["exception"] == "different"


def test_many_rows_for_one_may_be_told_in_other_words() -> None:
    comparison = compare_example(
        example(
            "return session.query(Author.id).scalar()",
            "return session.execute(select(Author.id)).scalar_one_or_none()",
        )
    )
    assert comparison.same
    assert comparison.check("exception").detail == "in other words"


def test_a_row_may_answer_to_more_names() -> None:
    comparison = compare_example(
        example(
            "return session.query(Book.title, func.count()).group_by(Book.title).all()",
            "return session.execute(select(Book.title, func.count()).group_by(Book.title)).all()",
        )
    )
    assert comparison.same
    assert comparison.check("value").detail == "rows have more names"


def test_a_name_that_gives_another_column_is_a_different_value() -> None:
    found = outcomes(
        "return session.query(Author.id, Book.id).join(Author.books).all()",
        "return session.execute(select(Author.id, Book.id).join(Author.books)).all()",
    )
    assert found == {"value": "different"}


def test_a_name_that_is_gone_is_a_different_value() -> None:
    found = outcomes(
        "return session.query(Book.id.label('number')).all()",
        "return session.execute(select(Book.id.label('nr'))).all()",
    )
    assert found["value"] == "different"


def test_a_missing_commit_is_a_difference_in_the_rows_written() -> None:
    body = "session.add(Award(author_id=5, name='x'))\nsession.flush()"
    found = outcomes(f"{body}\nsession.commit()", body)
    assert found == {"rows written": "different"}


def test_rolled_back_rows_are_not_written() -> None:
    body = "session.add(Award(author_id=5, name='x'))\nsession.flush()\nsession.rollback()"
    assert compare_example(example(body, body)).after.written == ()


def test_a_lost_criterion_is_named() -> None:
    comparison = compare_example(
        example(
            "return session.query(Book.id).filter(Book.id > 0).order_by(Book.id).all()",
            "return session.execute(select(Book.id).order_by(Book.id)).all()",
        )
    )
    assert comparison.check("value").outcome == "same"
    assert comparison.check("SQL").outcome == "different"
    assert comparison.check("clauses lost").detail == "WHERE"


def test_a_lost_row_lock_is_seen_although_sqlite_has_none() -> None:
    found = outcomes(
        "return session.query(Book.id).with_for_update().all()",
        "return session.execute(select(Book.id)).all()",
    )
    assert found == {"clauses lost": "different"}


def test_a_reason_excuses_other_sql() -> None:
    sides = "return session.query(Book).count()", "return session.scalar(select(func.count()).select_from(Book))"
    assert outcomes(*sides)["SQL"] == "different"
    assert outcomes(*sides, same_sql="counts without a subquery")["SQL"] == "not applicable"


def test_a_reason_for_other_sql_does_not_excuse_another_value() -> None:
    found = outcomes("return session.query(Book).count()", "return 6", same_sql="none at all")
    assert found["value"] == "different"


def test_a_warning_that_the_rewrite_ends_is_welcome() -> None:
    found = outcomes("return session.query(Author).get(1)", "return session.get(Author, 1)")
    assert found == {}


def test_a_warning_that_the_rewrite_brings_is_different() -> None:
    found = outcomes("return session.get(Author, 1)", "return session.query(Author).get(1)")
    assert found == {"warnings": "different"}


@pytest.mark.parametrize("broken", ["import no_such_module", "def find(:", "raise SystemExit(3)"])
def test_two_modules_that_fail_alike_prove_nothing(broken: str) -> None:
    side = run(Side(broken, "find(session)"))
    comparison = compare(side, side)
    assert not comparison.same
    assert comparison.check("ran").outcome == "different"


def test_an_asynchronous_after_is_awaited() -> None:
    comparison = compare_example(
        awaiting(
            "return session.query(Author).filter(Author.id == 1).first()",
            "return (await session.scalars(select(Author).where(Author.id == 1).limit(1))).first()",
        )
    )
    assert comparison.after.asynchronous
    assert comparison.check("value").outcome == "same"


def test_a_forgotten_await_is_told() -> None:
    comparison = compare_example(awaiting("session.query(Author).all()", "session.commit()"))
    assert comparison.after.never_awaited
    assert comparison.check("warnings").outcome == "different"


def test_a_lazy_load_under_asyncio_is_a_missing_greenlet() -> None:
    lazy = "return session.get(Book, 1).author.name"
    comparison = compare_example(awaiting(lazy, lazy.replace("session.get(Book, 1)", "(await session.get(Book, 1))")))
    assert comparison.after.failure
    assert comparison.after.failure.type == "sqlalchemy.exc.MissingGreenlet"
    assert not comparison.after.never_awaited


def test_text_is_the_same_on_every_run() -> None:
    shown = example("return [object(), session.query(Publisher).all(), Author]", "return [object(), session]")
    texts = {compare_example(shown).text() for _ in range(2)}
    assert len(texts) == 1
    assert "0x" not in texts.pop().replace("0x>", "")


def test_text_marks_what_differs_and_what_differs_in_labels_only() -> None:
    text = compare_example(
        example(
            "return session.query(Award.id).first()",
            "return session.execute(select(Award.id).limit(1).offset(0)).all()",
        )
    ).text()
    assert "row                                              ! list of 1\n" in text
    assert " ~ 1. SELECT awards.id FROM awards" in text
    assert text.endswith("verdict       different")


@pytest.mark.parametrize("width", [60, 100, 160])
def test_no_line_of_the_columns_is_wider_than_asked(width: int) -> None:
    text = compare_example(example("return session.query(Book).all()", "return None")).text(width)
    columns = text.partition("\n\n")[0].splitlines()
    assert max(map(len, columns)) <= width
