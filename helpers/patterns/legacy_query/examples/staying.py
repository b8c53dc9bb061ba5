"""What is left as it is, because nothing else means the same."""

from __future__ import annotations

from helpers.model import Example
from helpers.patterns.legacy_query.examples.make import stays

EXAMPLES: tuple[Example, ...] = (
    stays(
        "criteria behind a limit, which Query forbids",
        """\
from models import Author
from sqlalchemy.orm import Session


def late(session: Session):
    return session.query(Author).limit(2).filter(Author.id > 1).all()
""",
        "late(session)",
    ),
    stays(
        "two columns of one name",
        """\
from models import Author, Book
from sqlalchemy.orm import Session


def pairs(session: Session):
    return session.query(Author.id, Book.id).join(Author.books).all()
""",
        "pairs(session)",
    ),
    stays(
        "a union adapts what follows it",
        """\
from models import Author
from sqlalchemy.orm import Session


def some(session: Session):
    old = session.query(Author).filter(Author.born < 1950)
    return session.query(Author).filter(Author.id < 3).union(old).order_by(Author.id).all()
""",
        "some(session)",
    ),
    stays(
        "a listener that only Query fires",
        """\
from models import Author
from sqlalchemy import event
from sqlalchemy.orm import Query, Session


def counted(session: Session):
    seen = []

    def note(query):
        seen.append("compiled")

    event.listen(Query, "before_compile", note)
    session.query(Author).all()
    event.remove(Query, "before_compile", note)
    return seen
""",
        "counted(session)",
    ),
    stays(
        "another object's query()",
        """\
from models import Author
from sqlalchemy.orm import Session


class Catalogue:
    def query(self, model):
        return [model.__name__]


def names(session: Session):
    catalogue = Catalogue()
    return catalogue.query(Author)
""",
        "names(session)",
    ),
    stays(
        "delete() behind limit(), which Query forbids",
        """\
from models import Book
from sqlalchemy.orm import Session


def clear(session: Session):
    return session.query(Book).order_by(Book.id).limit(2).delete()
""",
        "clear(session)",
    ),
    stays(
        "options that update() drops",
        """\
from models import Author
from sqlalchemy.orm import Session, joinedload


def rename(session: Session, name: str):
    author = session.query(Author).options(joinedload(Author.books))
    return author.filter(Author.id == 1).update({"name": name})
""",
        "rename(session, 'Ines')",
    ),
    stays(
        "a negative index, which raises",
        """\
from models import Author
from sqlalchemy.orm import Session


def last(session: Session):
    return session.query(Author).order_by(Author.id)[-1]
""",
        "last(session)",
    ),
    stays(
        "a page whose bounds may be negative",
        """\
from models import Author
from sqlalchemy.orm import Session


def page(session: Session, start: int, stop: int):
    return session.query(Author).order_by(Author.id)[start:stop]
""",
        "page(session, 1, 3)",
    ),
    stays(
        "the text of a Query",
        """\
from models import Author
from sqlalchemy.orm import Session


def text(session: Session):
    return str(session.query(Author.id))
""",
        "text(session)",
    ),
)
