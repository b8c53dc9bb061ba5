"""Slices and indexes: LIMIT and OFFSET on the statement."""

from __future__ import annotations

from helpers.model import Example

EXAMPLES: tuple[Example, ...] = (
    Example(
        "a slice from the start",
        """\
from models import Author
from sqlalchemy.orm import Session


def some(session: Session):
    return session.query(Author).order_by(Author.id)[:3]
""",
        """\
from models import Author
from sqlalchemy import select
from sqlalchemy.orm import Session


def some(session: Session):
    return session.scalars(select(Author).order_by(Author.id).slice(None, 3)).all()
""",
        "some(session)",
    ),
    Example(
        "a slice in the middle, of repeated entities",
        """\
from models import Author, Book
from sqlalchemy.orm import Session


def some(session: Session):
    return session.query(Author).join(Author.books).order_by(Book.id)[1:4]
""",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session


def some(session: Session):
    return session.scalars(
        select(Author).join(Author.books).order_by(Book.id).slice(1, 4)
    ).unique().all()
""",
        "some(session)",
    ),
    Example(
        "every second row",
        """\
from models import Author
from sqlalchemy.orm import Session


def some(session: Session):
    return [author.name for author in session.query(Author).order_by(Author.id)[0:5:2]]
""",
        """\
from models import Author
from sqlalchemy import select
from sqlalchemy.orm import Session


def some(session: Session):
    return [author.name for author in session.scalars(
        select(Author).order_by(Author.id).slice(0, 5)
    ).all()[::2]]
""",
        "some(session)",
    ),
    Example(
        "an index, or IndexError",
        """\
from models import Author
from sqlalchemy.orm import Session


def nth(session: Session):
    return session.query(Author).order_by(Author.id)[1].name


def missing(session: Session):
    return session.query(Author).filter(Author.id > 90)[0]


def both(session: Session):
    return nth(session), missing(session)
""",
        """\
from models import Author
from sqlalchemy import select
from sqlalchemy.orm import Session


def nth(session: Session):
    return session.scalars(select(Author).order_by(Author.id).slice(1, 2)).all()[0].name


def missing(session: Session):
    return session.scalars(select(Author).where(Author.id > 90).slice(0, 1)).all()[0]


def both(session: Session):
    return nth(session), missing(session)
""",
        "both(session)",
    ),
    Example(
        "pages that cannot be negative",
        """\
from models import Author
from sqlalchemy.orm import Session


def page(session: Session, number: int):
    start = (max(number, 1) - 1) * 2
    return session.query(Author.name).order_by(Author.id)[start : start + 2]
""",
        """\
from models import Author
from sqlalchemy import select
from sqlalchemy.orm import Session


def page(session: Session, number: int):
    start = (max(number, 1) - 1) * 2
    return session.execute(
        select(Author.name).order_by(Author.id).slice(start, start + 2)
    ).all()
""",
        "page(session, 2)",
    ),
    Example(
        "slice() as a method",
        """\
from models import Author
from sqlalchemy.orm import Session


def some(session: Session):
    return session.query(Author).order_by(Author.id).slice(1, 3).all()
""",
        """\
from models import Author
from sqlalchemy import select
from sqlalchemy.orm import Session


def some(session: Session):
    return session.scalars(select(Author).order_by(Author.id).slice(1, 3)).all()
""",
        "some(session)",
    ),
)
