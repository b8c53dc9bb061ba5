"""What is written: imports, names, parentheses, lists; with get() and queries inside queries."""

from __future__ import annotations

from helpers.model import Example

EXAMPLES: tuple[Example, ...] = (
    Example(
        "get() keeps the identity map",
        """\
from models import Author
from sqlalchemy.orm import Session


def author(session: Session, ident: int):
    known = session.query(Author).get(ident)
    return known is session.query(Author).get(ident), known
""",
        """\
from models import Author
from sqlalchemy.orm import Session


def author(session: Session, ident: int):
    known = session.get(Author, ident)
    return known is session.get(Author, ident), known
""",
        "author(session, 1)",
    ),
    Example(
        "get() with options",
        """\
from models import Author
from sqlalchemy.orm import Session, selectinload


def author(session: Session, ident: int):
    return session.query(Author).options(selectinload(Author.books)).get(ident)
""",
        """\
from models import Author
from sqlalchemy.orm import Session, selectinload


def author(session: Session, ident: int):
    return session.get(Author, ident, options=[selectinload(Author.books)])
""",
        "author(session, 1)",
    ),
    Example(
        "a query inside a query's argument",
        """\
from models import Author, Book
from sqlalchemy.orm import Session


def without_books(session: Session):
    known = Book.author_id.isnot(None)
    return session.query(Author).filter(Author.id.notin_(session.query(Book.author_id).filter(known))).count()
""",
        """\
from models import Author, Book
from sqlalchemy import func, select
from sqlalchemy.orm import Session


def without_books(session: Session):
    known = Book.author_id.isnot(None)
    return session.execute(
        select(func.count()).select_from(
            select(Author)
            .where(Author.id.notin_(select(Book.author_id).where(known)))
            .subquery()
        )
    ).scalar_one()
""",
        "without_books(session)",
    ),
    Example(
        "exists() correlates as before",
        """\
from models import Author, Book
from sqlalchemy.orm import Session


def published(session: Session):
    return session.query(Author).filter(session.query(Book).filter(Book.author_id == Author.id).exists()).all()
""",
        """\
from models import Author, Book
from sqlalchemy import literal_column, select
from sqlalchemy.orm import Session


def published(session: Session):
    return session.scalars(
        select(Author)
        .where(select(literal_column("1")).select_from(Book).where(Book.author_id == Author.id).exists())
    ).all()
""",
        "published(session)",
    ),
    Example(
        "iterating runs the query",
        """\
from models import Book
from sqlalchemy.orm import Session


def prices(session: Session):
    return {book.id: book.price for book in session.query(Book).order_by(Book.id)}
""",
        """\
from models import Book
from sqlalchemy import select
from sqlalchemy.orm import Session


def prices(session: Session):
    return {book.id: book.price for book in session.scalars(
        select(Book).order_by(Book.id)
    )}
""",
        "prices(session)",
    ),
    Example(
        "filter_by() behind a join means the entity joined last",
        """\
from models import Author, Book
from sqlalchemy.orm import Session


def writers(session: Session, title: str):
    return session.query(Author).join(Author.books).filter_by(title=title, archived=False).first()
""",
        """\
from models import Author, Book
from sqlalchemy import false, select
from sqlalchemy.orm import Session


def writers(session: Session, title: str):
    return session.scalars(
        select(Author)
        .join(Author.books)
        .where(Book.title == title, Book.archived == false())
        .limit(1)
    ).first()
""",
        "writers(session, 'Tides')",
    ),
    Example(
        "grouped rows with names",
        """\
from models import Author, Book
from sqlalchemy import func
from sqlalchemy.orm import Session


def shelf(session: Session):
    number = func.count(Book.id).label("number")
    return [row.number for row in session.query(Author.name, number).join(Author.books).group_by(Author.id)]
""",
        """\
from models import Author, Book
from sqlalchemy import func, select
from sqlalchemy.orm import Session


def shelf(session: Session):
    number = func.count(Book.id).label("number")
    return [row.number for row in session.execute(
        select(Author.name, number).join(Author.books).group_by(Author.id)
    )]
""",
        "shelf(session)",
    ),
    Example(
        "the module's own style of import",
        """\
import sqlalchemy as sa
from models import Author
from sqlalchemy.orm import Session


def oldest(session: Session):
    return session.query(Author).order_by(sa.asc(Author.born), Author.id).first()
""",
        """\
import sqlalchemy as sa
from models import Author
from sqlalchemy.orm import Session


def oldest(session: Session):
    return session.scalars(
        sa.select(Author).order_by(sa.asc(Author.born), Author.id).limit(1)
    ).first()
""",
        "oldest(session)",
    ),
    Example(
        "a name that is taken",
        """\
from models import Author
from sqlalchemy.orm import Session


def select(items, index):
    return items[index]


def second(session: Session):
    return select(session.query(Author).order_by(Author.id).all(), 1)
""",
        """\
from models import Author
from sqlalchemy import select as sa_select
from sqlalchemy.orm import Session


def select(items, index):
    return items[index]


def second(session: Session):
    return select(session.scalars(sa_select(Author).order_by(Author.id)).all(), 1)
""",
        "second(session)",
    ),
    Example(
        "parentheses and a backslash",
        """\
from models import Author
from sqlalchemy.orm import Session


def found(session: Session, ident: int):
    one = (session.query(Author).filter(Author.id == ident)).one()
    two = session.query(Author) \\
        .filter(Author.id == ident) \\
        .one()
    return one is two
""",
        """\
from models import Author
from sqlalchemy import select
from sqlalchemy.orm import Session


def found(session: Session, ident: int):
    one = session.scalars(select(Author).where(Author.id == ident)).one()
    two = session.scalars(
        select(Author)
        .where(Author.id == ident)
    ).one()
    return one is two
""",
        "found(session, 1)",
    ),
    Example(
        "a list stays a list for the type checker",
        """\
from models import Author
from sqlalchemy.orm import Session


def everyone(session: Session) -> list:
    return session.query(Author).order_by(Author.id).all()
""",
        """\
from models import Author
from sqlalchemy import select
from sqlalchemy.orm import Session


def everyone(session: Session) -> list:
    return list(session.scalars(select(Author).order_by(Author.id)))
""",
        "everyone(session)",
    ),
)
