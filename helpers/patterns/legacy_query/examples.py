"""Befores and afters of the pattern, all run on both sides; those that stay have equal texts."""

from __future__ import annotations

from helpers.model import Example


def _stays(title: str, text: str, call: str) -> Example:
    return Example(f"stays: {title}", text, text, call)


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
            select(Author).where(Author.id.notin_(select(Book.author_id).where(known))).subquery()
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
        select(Author).where(select(literal_column("1")).select_from(Book).where(Book.author_id == Author.id).exists())
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
        select(Author).join(Author.books).where(Book.title == title, Book.archived == false()).limit(1)
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
    _stays(
        "a query that is kept and grown",
        """\
from models import Author
from sqlalchemy.orm import Session


def search(session: Session, name):
    query = session.query(Author)
    if name is not None:
        query = query.filter(Author.name == name)
    return query.all()
""",
        "search(session, 'Ann')",
    ),
    _stays(
        "criteria behind a limit, which Query forbids",
        """\
from models import Author
from sqlalchemy.orm import Session


def late(session: Session):
    return session.query(Author).limit(2).filter(Author.id > 1).all()
""",
        "late(session)",
    ),
    _stays(
        "two columns of one name",
        """\
from models import Author, Book
from sqlalchemy.orm import Session


def pairs(session: Session):
    return session.query(Author.id, Book.id).join(Author.books).all()
""",
        "pairs(session)",
    ),
    _stays(
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
    _stays(
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
    _stays(
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
)
