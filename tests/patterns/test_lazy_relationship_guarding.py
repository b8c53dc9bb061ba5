"""AM302: what no refresh fits is loaded in front of what reads it, if nothing has loaded it by then."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.lab.differential import compare_example
from helpers.model import Example
from helpers.patterns.lazy_relationship import LazyRelationship
from tests.patterns.rewriting import Rewriting

HEAD = """from models import Author, Book, Review
from sqlalchemy import select, update
from sqlalchemy.orm import Session


"""
FACTORY = "from sqlalchemy.orm import sessionmaker\n\nSessionLocal = sessionmaker(expire_on_commit=False)\n"
MADE = """def made(db: Session, name: str) -> Author:
    author = Author(name=name)
    db.add(author)
    author.born = 1980
    return author


"""
SHOW = f"{MADE}def show(db: Session):\n    author = made(db, 'Ada')\n    db.flush()\n"
COUNT = "def count(author: Author) -> int:\n    return len(author.books)\n\n\n"
MOVED = """def moved(db: Session):
    books = db.scalars(select(Book).where(Book.author_id == 1).order_by(Book.id)).all()
    db.execute(update(Book).where(Book.author_id == 1).values(author_id=2))
    return [line(book) for book in books]
"""


def body(folder: Path, text: str, factory: str = FACTORY) -> str:
    """The functions as the pattern leaves them, white space as single blanks."""
    return " ".join(Rewriting(LazyRelationship, folder).after(HEAD + text, database=factory).split())


LOADED = {
    "in the function that has the session": (
        f"{MADE}def show(db: Session):\n    author = made(db, 'Ada')\n    label(db)\n    return len(author.books)\n\n\n"
        "def label(db: Session):\n    db.flush()\n",
        "books",
    ),
    "where a function without a session is called": (
        f"{COUNT}{SHOW}    return count(author)\n",
        "books",
    ),
}


@pytest.mark.parametrize(("text", "name"), LOADED.values(), ids=LOADED)
def test_it_is_loaded_once_and_both_sides_give_the_same(text: str, name: str, tmp_path: Path) -> None:
    after = Rewriting(LazyRelationship, tmp_path).after(HEAD + text, database=FACTORY)
    assert f'["{name}"]' in after
    comparison = compare_example(Example("a load", HEAD + text, after, "show(session)", same_sql="a refresh"))
    assert comparison.same, comparison.text()
    assert not comparison.after.failure


LOOP = """def line(book: Book) -> str:
    return f"{{book.title}} by {{book.author.name}}"


def moved(db: Session):
    {books}
    db.execute(update(Book).where(Book.author_id == 1).values(author_id=2))
    lines = []
    for book in books:
        lines.append(line(book))
    return lines
"""
BOOKS = "books = db.scalars(select(Book).where(Book.author_id == 1).order_by(Book.id)).all()"


def test_a_list_that_is_gone_through_is_loaded_in_one_statement_before_the_loop(tmp_path: Path) -> None:
    before = HEAD + LOOP.format(books=BOOKS)
    after = Rewriting(LazyRelationship, tmp_path).after(before, database=FACTORY)
    told = " ".join(after.split())
    assert "Book.id.in_([book.id for book in books])" in told
    assert "joinedload(Book.author)" in told
    assert ".all() for book in books:" in told
    comparison = compare_example(Example("a loop", before, after, "moved(session)", same_sql="one statement for all"))
    assert comparison.same, comparison.text()


def test_a_second_look_finds_nothing_more(tmp_path: Path) -> None:
    for text in (LOOP.format(books=BOOKS), *(text for text, _ in LOADED.values())):
        after = Rewriting(LazyRelationship, tmp_path).after(HEAD + text, database=FACTORY)
        assert Rewriting(LazyRelationship, tmp_path).after(after, database=FACTORY) == after


LEFT = {
    "a result that is gone through once": LOOP.format(
        books="books = db.scalars(select(Book).where(Book.author_id == 1).order_by(Book.id))"
    ),
    "in a comprehension": f"{LOOP.partition('def moved')[0].replace('{{', '{').replace('}}', '}')}{MOVED}",
}


@pytest.mark.parametrize("text", LEFT.values(), ids=LEFT)
def test_it_is_left_where_no_statement_can_stand_before_the_reading(text: str, tmp_path: Path) -> None:
    assert " ".join((HEAD + text).split()) == body(tmp_path, text)


def test_it_is_left_where_a_session_may_not_flush_before_it_loads(tmp_path: Path) -> None:
    text = LOADED["where a function without a session is called"][0]
    factory = FACTORY.replace("expire_on", "autoflush=False, expire_on")
    assert "unloaded" not in body(tmp_path, text, factory)


def test_nothing_is_loaded_of_an_object_that_may_be_none(tmp_path: Path) -> None:
    text = (
        "def found(db: Session):\n    author = db.scalars(select(Author).where(Author.id == 1)).first()\n"
        "    db.add(Book(title='New', author_id=1))\n    db.flush()\n    return author and author.books\n"
    )
    assert "unloaded" not in body(tmp_path, text)
