"""Queries that travel and stay as they are, with all their uses."""

from __future__ import annotations

from helpers.model import Example
from helpers.patterns.legacy_query.examples.make import stays

EXAMPLES: tuple[Example, ...] = (
    stays(
        "the session's name is bound again",
        """\
from models import Author, Book
from sqlalchemy.orm import Session


def other(session: Session, replica: Session):
    query = session.query(Author)
    session = replica
    return query.count()
""",
        "other(session, session)",
    ),
    stays(
        "entities on one way and columns on the other",
        """\
from models import Author, Book
from sqlalchemy.orm import Session


def some(session: Session, short: bool):
    query = session.query(Author.id) if short else session.query(Author)
    return query.count()
""",
        "some(session, True), some(session, False)",
    ),
    stays(
        "the truth of a kept query, which is always true",
        """\
from models import Author, Book
from sqlalchemy.orm import Session


def any_at_all(session: Session):
    query = session.query(Author).filter(Author.id == 99)
    if query:
        return "some"
    return "none"
""",
        "any_at_all(session)",
    ),
    stays(
        "a helper that may get something else",
        """\
from models import Author, Book
from sqlalchemy.orm import Session


def size(rows):
    return rows.count()


def use(session: Session, listed):
    return size(session.query(Author)), size(listed)
""",
        "use(session, (lambda: session.query(Book))())",
    ),
    stays(
        "a helper that is handed on as a value",
        """\
from models import Author, Book
from sqlalchemy.orm import Session


def everyone(session: Session):
    return session.query(Author)


def use(session: Session):
    return [query.count() for query in map(everyone, [session])], everyone(session).count()
""",
        "use(session)",
    ),
    stays(
        "criteria on one way behind a limit on the other",
        """\
from models import Author, Book
from sqlalchemy.orm import Session


def late(session: Session, few: bool):
    query = session.query(Author)
    if few:
        query = query.limit(2)
    return query.filter(Author.id > 1).count()
""",
        "late(session, False)",
    ),
    stays(
        "filter_by() that means another entity on each way",
        """\
from models import Author, Book
from sqlalchemy.orm import Session


def unsure(session: Session, joined: bool):
    query = session.query(Author)
    if joined:
        query = query.join(Author.books)
    return query.filter_by(id=1).count()
""",
        "unsure(session, True), unsure(session, False)",
    ),
    stays(
        "a list of queries",
        """\
from models import Author, Book
from sqlalchemy.orm import Session


def counts(session: Session):
    queries = [session.query(Author), session.query(Book)]
    return [query.count() for query in queries]
""",
        "counts(session)",
    ),
    stays(
        "a delete that may have no criteria",
        """\
from models import Author, Book
from sqlalchemy.orm import Session


def clear(session: Session, year):
    query = session.query(Book)
    if year is not None:
        query = query.filter(Book.published == year)
    return query.delete()
""",
        "clear(session, 2011)",
    ),
    stays(
        "a generator that runs later",
        """\
from models import Author, Book
from sqlalchemy.orm import Session


def lazily(session: Session):
    query = session.query(Author)
    names = (author.name for author in query)
    session.add(Author(id=9, name="Abe"))
    return sorted(names)
""",
        "lazily(session)",
    ),
    stays(
        "its SQL as text",
        """\
from models import Author, Book
from sqlalchemy.orm import Session


def text(session: Session):
    query = session.query(Author)
    return str(query)
""",
        "text(session)",
    ),
)
