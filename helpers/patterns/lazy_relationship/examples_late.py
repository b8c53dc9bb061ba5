"""Befores and afters of what is loaded behind a check, or by a refresh that is there already."""

from __future__ import annotations

from helpers.model import Example

_REFUSED = """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session


def find(session: Session, author_id: int, book_id: int) -> Book:
    book = session.get(Book, book_id)
    if book is None or book.author_id != author_id:
        raise LookupError(f"no book {book_id}")
    return book


def title(session: Session, author_id: int, book_id: int):
    return find(session, author_id, book_id).title


def everything(session: Session, author_id: int, book_id: int):
    book = find(session, author_id, book_id)
"""
_ALL = "    return [copy.shelf for copy in book.copies], [review.stars for review in book.reviews]\n"
_STORED = """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker


def add(session: Session, title: str) -> Book:
    book = Book(title=title, author_id=1)
    session.add(book)
    session.commit()
    session.refresh(book)
    return book


def run(engine):
    with sessionmaker(engine, expire_on_commit=False)() as session:
        book = add(session, "Tides")
        return book.title, book.author.name, len(book.reviews)
"""

LATE: tuple[Example, ...] = (
    Example(
        "two collections are loaded behind the check that refuses the book",
        _REFUSED + _ALL,
        _REFUSED + '    session.refresh(book, ["copies", "reviews"])\n' + _ALL,
        "title(session, 1, 1), everything(session, 1, 1)",
        same_sql="a refresh selects the row once more, together with both collections; a refused book costs nothing",
        tags=("after>=2.0",),
    ),
    Example(
        "what is read behind a whole refresh is loaded by it",
        _STORED,
        _STORED.replace(
            "    session.refresh(book)\n",
            "    session.expire(book)\n"
            "    session.refresh(\n"
            '        book, [*inspect(book).mapper.column_attrs.keys(), "author", "reviews"]\n'
            "    )\n",
        ).replace("import select\n", "import inspect, select\n"),
        "run(engine)",
        same_sql="one refresh loads columns and relationships, in another order than they were read",
    ),
)
