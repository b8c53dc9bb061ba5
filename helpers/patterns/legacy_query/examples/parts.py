"""Queries that become part of a statement."""

from __future__ import annotations

from helpers.model import Example

EXAMPLES: tuple[Example, ...] = (
    Example(
        "a subquery that is joined",
        """\
from models import Author, Book
from sqlalchemy import func
from sqlalchemy.orm import Session


def counts(session: Session):
    books = (
        session.query(Book.author_id, func.count(Book.id).label("number"))
        .group_by(Book.author_id)
        .subquery()
    )
    return (
        session.query(Author.name, books.c.number)
        .outerjoin(books, books.c.author_id == Author.id)
        .order_by(Author.id)
        .all()
    )
""",
        """\
from models import Author, Book
from sqlalchemy import func, select
from sqlalchemy.orm import Session


def counts(session: Session):
    books = (
        select(Book.author_id, func.count(Book.id).label("number"))
        .group_by(Book.author_id)
        .subquery()
    )
    return session.execute(
        select(Author.name, books.c.number)
        .outerjoin(books, books.c.author_id == Author.id)
        .order_by(Author.id)
    ).all()
""",
        "counts(session)",
    ),
    Example(
        "an entity read from a subquery",
        """\
from models import Author
from sqlalchemy.orm import Session, aliased


def early(session: Session):
    first = aliased(Author, session.query(Author).filter(Author.id < 3).subquery())
    return session.query(first).order_by(first.id).all()
""",
        """\
from models import Author
from sqlalchemy import select
from sqlalchemy.orm import Session, aliased


def early(session: Session):
    first = aliased(Author, select(Author).where(Author.id < 3).subquery())
    return session.scalars(select(first).order_by(first.id)).all()
""",
        "early(session)",
    ),
    Example(
        "a scalar subquery in a criterion",
        """\
from models import Author, Book
from sqlalchemy import func
from sqlalchemy.orm import Session


def last(session: Session):
    newest = session.query(func.max(Book.author_id)).filter(Book.author_id < 10).scalar_subquery()
    return session.query(Author).filter(Author.id == newest).one()
""",
        """\
from models import Author, Book
from sqlalchemy import func, select
from sqlalchemy.orm import Session


def last(session: Session):
    newest = select(func.max(Book.author_id)).where(Book.author_id < 10).scalar_subquery()
    return session.scalars(select(Author).where(Author.id == newest)).one()
""",
        "last(session)",
    ),
    Example(
        "a labelled query among the columns",
        """\
from models import Author, Book
from sqlalchemy import func
from sqlalchemy.orm import Session


def counts(session: Session):
    return session.query(
        Author.name,
        session.query(func.count(Book.id)).filter(Book.author_id == Author.id).label("number"),
    ).order_by(Author.id).all()
""",
        """\
from models import Author, Book
from sqlalchemy import func, select
from sqlalchemy.orm import Session


def counts(session: Session):
    return session.execute(select(
        Author.name,
        select(func.count(Book.id)).where(Book.author_id == Author.id).label("number"),
    ).order_by(Author.id)).all()
""",
        "counts(session)",
    ),
    Example(
        "a recursive CTE",
        """\
from models import Author
from sqlalchemy.orm import Session


def line(session: Session):
    pupils = session.query(Author.id).filter(Author.mentor_id.is_(None)).cte("pupils", recursive=True)
    tree = pupils.union_all(session.query(Author.id).filter(Author.mentor_id == pupils.c.id))
    return session.query(tree.c.id).order_by(tree.c.id).all()
""",
        """\
from models import Author
from sqlalchemy import select
from sqlalchemy.orm import Session


def line(session: Session):
    pupils = select(Author.id).where(Author.mentor_id.is_(None)).cte("pupils", recursive=True)
    tree = pupils.union_all(select(Author.id).where(Author.mentor_id == pupils.c.id))
    return session.execute(select(tree.c.id).order_by(tree.c.id)).all()
""",
        "line(session)",
    ),
    Example(
        "the statement of a query",
        """\
from models import Author
from sqlalchemy.orm import Session


def names(session: Session):
    return session.execute(session.query(Author.name).order_by(Author.id).statement).all()
""",
        """\
from models import Author
from sqlalchemy import select
from sqlalchemy.orm import Session


def names(session: Session):
    return session.execute(select(Author.name).order_by(Author.id)).all()
""",
        "names(session)",
    ),
    Example(
        "rows that are copied by the database",
        """\
from models import Author, Genre
from sqlalchemy import insert
from sqlalchemy.orm import Session


def copy(session: Session):
    source = insert(Genre).from_select(["id", "name"], session.query(Author.id + 10, Author.name))
    session.execute(source)
    session.commit()
""",
        """\
from models import Author, Genre
from sqlalchemy import insert, select
from sqlalchemy.orm import Session


def copy(session: Session):
    source = insert(Genre).from_select(["id", "name"], select(Author.id + 10, Author.name))
    session.execute(source)
    session.commit()
""",
        "copy(session)",
    ),
)
