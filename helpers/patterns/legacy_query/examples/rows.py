"""Rows: one, all, the first, the only one, which of them repeat, and how many there are."""

from __future__ import annotations

from helpers.model import Example

EXAMPLES: tuple[Example, ...] = (
    Example(
        "first() replaces a limit",
        """\
from models import Author
from sqlalchemy.orm import Session


def find(session: Session, name: str):
    return session.query(Author).filter(Author.name == name).limit(5).first()
""",
        """\
from models import Author
from sqlalchemy import select
from sqlalchemy.orm import Session


def find(session: Session, name: str):
    return session.scalars(
        select(Author).where(Author.name == name).limit(5).limit(1)
    ).first()
""",
        "find(session, 'Ann')",
    ),
    Example(
        "all() over lines keeps its comments",
        """\
from models import Book
from sqlalchemy.orm import Session


def cheap(session: Session, most: int):
    books = (
        session.query(Book)
        .filter(Book.price <= most)  # in cents
        # the newest first
        .order_by(Book.published.desc(), Book.id)
        .all()
    )
    return [book.title for book in books]
""",
        """\
from models import Book
from sqlalchemy import select
from sqlalchemy.orm import Session


def cheap(session: Session, most: int):
    books = session.scalars(
        select(Book)
        .where(Book.price <= most)  # in cents
        # the newest first
        .order_by(Book.published.desc(), Book.id)
    ).all()
    return [book.title for book in books]
""",
        "cheap(session, 2000)",
    ),
    Example(
        "a join repeats its entities, and Query does not",
        """\
from models import Author, Book
from sqlalchemy.orm import Session


def writers(session: Session, most: int):
    return session.query(Author).join(Author.books).filter(Book.price <= most).order_by(Author.id).all()
""",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session


def writers(session: Session, most: int):
    return session.scalars(
        select(Author).join(Author.books).where(Book.price <= most).order_by(Author.id)
    ).unique().all()
""",
        "writers(session, 5000)",
    ),
    Example(
        "a second FROM by a criterion repeats entities as well",
        """\
from models import Author, Book
from sqlalchemy.orm import Session


def writers(session: Session):
    return session.query(Author).filter(Author.id == Book.author_id).all()
""",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session


def writers(session: Session):
    return session.scalars(
        select(Author).where(Author.id == Book.author_id)
    ).unique().all()
""",
        "writers(session)",
    ),
    Example(
        "a collection that the mapping joins",
        """\
from models import Publisher
from sqlalchemy.orm import Session


def house(session: Session, ident: int):
    return session.query(Publisher).filter_by(id=ident).one_or_none()
""",
        """\
from models import Publisher
from sqlalchemy import select
from sqlalchemy.orm import Session


def house(session: Session, ident: int):
    return session.scalars(select(Publisher).filter_by(id=ident)).unique().one_or_none()
""",
        "house(session, 1)",
    ),
    Example(
        "a joined collection in the options",
        """\
from models import Author
from sqlalchemy.orm import Session, joinedload


def with_books(session: Session, ident: int):
    return session.query(Author).options(joinedload(Author.books)).filter(Author.id == ident).one()
""",
        """\
from models import Author
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload


def with_books(session: Session, ident: int):
    return session.scalars(
        select(Author).options(joinedload(Author.books)).where(Author.id == ident)
    ).unique().one()
""",
        "with_books(session, 1)",
    ),
    Example(
        "a many-to-one join in the options repeats nothing",
        """\
from models import Book
from sqlalchemy.orm import Session, joinedload


def with_author(session: Session, ident: int):
    return session.query(Book).options(joinedload(Book.author)).filter(Book.id == ident).one()
""",
        """\
from models import Book
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload


def with_author(session: Session, ident: int):
    return session.scalars(
        select(Book).options(joinedload(Book.author)).where(Book.id == ident)
    ).one()
""",
        "with_author(session, 1)",
    ),
    Example(
        "columns come as rows, repeated ones too",
        """\
from models import Author
from sqlalchemy.orm import Session


def names(session: Session):
    return session.query(Author.id, Author.name).order_by(Author.id).all()
""",
        """\
from models import Author
from sqlalchemy import select
from sqlalchemy.orm import Session


def names(session: Session):
    return session.execute(select(Author.id, Author.name).order_by(Author.id)).all()
""",
        "names(session)",
    ),
    Example(
        "an entity and a column in one row",
        """\
from models import Author, Book
from sqlalchemy.orm import Session


def titles(session: Session):
    return [(author.name, title) for author, title in session.query(Author, Book.title).join(Author.books)]
""",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session


def titles(session: Session):
    return [(author.name, title) for author, title in session.execute(
        select(Author, Book.title).join(Author.books)
    ).unique()]
""",
        "titles(session)",
    ),
    Example(
        "scalar() refuses a second row",
        """\
from models import Author
from sqlalchemy.orm import Session


def ident(session: Session, name: str):
    return session.query(Author.id).filter(Author.name == name).scalar()
""",
        """\
from models import Author
from sqlalchemy import select
from sqlalchemy.orm import Session


def ident(session: Session, name: str):
    return session.execute(
        select(Author.id).where(Author.name == name)
    ).scalar_one_or_none()
""",
        "ident(session, 'nobody')",
    ),
    Example(
        "scalar() of a count is never None",
        """\
from models import Book
from sqlalchemy import func
from sqlalchemy.orm import Session


def stock(session: Session, most: int):
    return session.query(func.count(Book.id)).filter(Book.price <= most).scalar()
""",
        """\
from models import Book
from sqlalchemy import func, select
from sqlalchemy.orm import Session


def stock(session: Session, most: int):
    return session.execute(
        select(func.count(Book.id)).where(Book.price <= most)
    ).scalar_one()
""",
        "stock(session, 2000)",
    ),
    Example(
        "count() counts the rows of the statement, limit and all",
        """\
from models import Book
from sqlalchemy.orm import Session


def at_most(session: Session, number: int):
    return session.query(Book).filter(Book.price > 0).limit(number).count()
""",
        """\
from models import Book
from sqlalchemy import func, select
from sqlalchemy.orm import Session


def at_most(session: Session, number: int):
    return session.execute(
        select(func.count()).select_from(
            select(Book).where(Book.price > 0).limit(number).subquery()
        )
    ).scalar_one()
""",
        "at_most(session, 3)",
    ),
)
