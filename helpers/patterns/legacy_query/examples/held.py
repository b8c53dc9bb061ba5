"""Queries that are kept in a variable, and grown there."""

from __future__ import annotations

from helpers.model import Example

EXAMPLES: tuple[Example, ...] = (
    Example(
        "grown under if, counted and paged",
        """\
from models import Author, Book
from sqlalchemy.orm import Session


def search(session: Session, name, page: int):
    query = session.query(Author)
    if name is not None:
        query = query.filter(Author.name == name)
    total = query.count()
    rows = query.order_by(Author.id).limit(2).offset(page * 2).all()
    return total, [author.id for author in rows]
""",
        """\
from models import Author, Book
from sqlalchemy import func, select
from sqlalchemy.orm import Session


def search(session: Session, name, page: int):
    query = select(Author)
    if name is not None:
        query = query.where(Author.name == name)
    total = session.execute(
        select(func.count()).select_from(query.subquery())
    ).scalar_one()
    rows = session.scalars(query.order_by(Author.id).limit(2).offset(page * 2)).all()
    return total, [author.id for author in rows]
""",
        "search(session, 'Ines Okoro', 0), search(session, None, 1)",
    ),
    Example(
        "a conditional expression, iterated",
        """\
from models import Author, Book
from sqlalchemy.orm import Session


def names(session: Session, old: bool):
    query = session.query(Author).filter(Author.born < 1970) if old else session.query(Author)
    return [author.name for author in query.order_by(Author.id)]
""",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session


def names(session: Session, old: bool):
    query = select(Author).where(Author.born < 1970) if old else select(Author)
    return [author.name for author in session.scalars(query.order_by(Author.id))]
""",
        "names(session, True), names(session, False)",
    ),
    Example(
        "a join on one way repeats entities on that way",
        """\
from models import Author, Book
from sqlalchemy.orm import Session


def writers(session: Session, most):
    query = session.query(Author)
    if most is not None:
        query = query.join(Author.books).filter(Book.price <= most)
    return [author.id for author in query.order_by(Author.id)]
""",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session


def writers(session: Session, most):
    query = select(Author)
    if most is not None:
        query = query.join(Author.books).where(Book.price <= most)
    return [author.id for author in session.scalars(query.order_by(Author.id)).unique()]
""",
        "writers(session, 5000), writers(session, None)",
    ),
    Example(
        "filter_by() behind a join that was made earlier",
        """\
from models import Author, Book
from sqlalchemy.orm import Session


def writers(session: Session):
    query = session.query(Author).join(Author.books)
    return query.filter_by(title="Tides").all()
""",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session


def writers(session: Session):
    query = select(Author).join(Author.books)
    return session.scalars(query.where(Book.title == "Tides")).unique().all()
""",
        "writers(session)",
    ),
    Example(
        "an update and a delete through the same criteria",
        """\
from models import Author, Book
from sqlalchemy.orm import Session


def clear(session: Session, most: int):
    cheap = session.query(Book).filter(Book.price <= most)
    ids = [book.id for book in cheap]
    changed = cheap.update({Book.price: 1}, synchronize_session="fetch")
    gone = session.query(Book).filter(Book.price == 1).filter(Book.archived.is_(True))
    removed = gone.delete(synchronize_session=False)
    return sorted(ids), changed, removed
""",
        """\
from models import Author, Book
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session


def clear(session: Session, most: int):
    cheap = select(Book).where(Book.price <= most)
    ids = [book.id for book in session.scalars(cheap)]
    changed = session.execute(
        update(Book)
        .where(cheap.whereclause)
        .values({Book.price: 1})
        .execution_options(synchronize_session="fetch")
    ).rowcount
    gone = select(Book).where(Book.price == 1).where(Book.archived.is_(True))
    removed = session.execute(
        delete(Book)
        .where(gone.whereclause)
        .execution_options(synchronize_session=False)
    ).rowcount
    return sorted(ids), changed, removed
""",
        "clear(session, 950)",
    ),
    Example(
        "None until it is made",
        """\
from models import Author, Book
from sqlalchemy.orm import Session


def maybe(session: Session, wanted: bool):
    query = None
    if wanted:
        query = session.query(Author)
    if query:
        return query.order_by(Author.id).first()
    return None
""",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session


def maybe(session: Session, wanted: bool):
    query = None
    if wanted:
        query = select(Author)
    if query is not None:
        return session.scalars(query.order_by(Author.id).limit(1)).first()
    return None
""",
        "maybe(session, True), maybe(session, False)",
    ),
    Example(
        "columns, a slice, a subquery and an operand",
        """\
from models import Author, Book
from sqlalchemy.orm import Session


def several(session: Session):
    ids = session.query(Book.author_id).filter(Book.price > 1000)
    first = ids.order_by(Book.id)[:2]
    written = session.query(Author).filter(Author.id.in_(ids)).order_by(Author.id).all()
    part = ids.subquery()
    return first, [author.id for author in written], session.query(part).count()
""",
        """\
from models import Author, Book
from sqlalchemy import func, select
from sqlalchemy.orm import Session


def several(session: Session):
    ids = select(Book.author_id).where(Book.price > 1000)
    first = session.execute(ids.order_by(Book.id).slice(None, 2)).all()
    written = session.scalars(
        select(Author).where(Author.id.in_(ids)).order_by(Author.id)
    ).all()
    part = ids.subquery()
    return first, [author.id for author in written], session.execute(
        select(func.count()).select_from(select(part).subquery())
    ).scalar_one()
""",
        "several(session)",
    ),
    Example(
        "exists() of a kept query",
        """\
from models import Author, Book
from sqlalchemy.orm import Session


def known(session: Session, name: str):
    query = session.query(Author).filter(Author.name == name)
    found = query.exists()
    return session.query(found).scalar()
""",
        """\
from models import Author, Book
from sqlalchemy import literal_column, select
from sqlalchemy.orm import Session


def known(session: Session, name: str):
    query = select(Author).where(Author.name == name)
    found = query.with_only_columns(
        literal_column("1"), maintain_column_froms=True
    ).exists()
    return session.execute(select(found)).scalar_one_or_none()
""",
        "known(session, 'Wen Li'), known(session, 'Nobody')",
    ),
    Example(
        "rows of two sources in one loop",
        """\
from models import Author, Book
from sqlalchemy.orm import Session


def both(session: Session):
    found = []
    for title in ("Tides", "Salt"):
        query = session.query(Book).filter(Book.title == title)
        found.append([book.id for book in query.order_by(Book.id)])
    query = session.query(Author.id, Author.name)
    found += [tuple(row) for row in query.order_by(Author.id)]
    return found
""",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session


def both(session: Session):
    found = []
    for title in ("Tides", "Salt"):
        query = select(Book).where(Book.title == title)
        found.append([book.id for book in session.scalars(query.order_by(Book.id))])
    query = select(Author.id, Author.name)
    found += [tuple(row) for row in session.execute(query.order_by(Author.id))]
    return found
""",
        "both(session)",
    ),
    Example(
        "an update through the fields of a named tuple",
        """\
from typing import NamedTuple

from models import Author, Book
from sqlalchemy.orm import Session


class Key(NamedTuple):
    author_id: int
    published: int


def raise_price(session: Session, key: Key):
    query = session.query(Book).filter_by(**key._asdict())
    return query.update({Book.price: Book.price + 1}, synchronize_session=False)
""",
        """\
from typing import NamedTuple

from models import Author, Book
from sqlalchemy import select, update
from sqlalchemy.orm import Session


class Key(NamedTuple):
    author_id: int
    published: int


def raise_price(session: Session, key: Key):
    query = select(Book).filter_by(**key._asdict())
    return session.execute(
        update(Book)
        .where(query.whereclause)
        .values({Book.price: Book.price + 1})
        .execution_options(synchronize_session=False)
    ).rowcount
""",
        "raise_price(session, Key(1, 2009)), raise_price(session, Key(1, 1900))",
    ),
)
