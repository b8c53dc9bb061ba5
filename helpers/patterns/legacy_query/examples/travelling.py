"""Queries that are returned, passed on, and kept by an object."""

from __future__ import annotations

from helpers.model import Example

EXAMPLES: tuple[Example, ...] = (
    Example(
        "returned by a helper",
        """\
from models import Author, Book
from sqlalchemy.orm import Session


def about(session: Session, title: str):
    return session.query(Book).filter(Book.title == title)


def first(session: Session):
    return about(session, "Tides").order_by(Book.id).first()


def prices(db: Session):
    return [book.price for book in about(db, "Tides")]
""",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session


def about(session: Session, title: str):
    return select(Book).where(Book.title == title)


def first(session: Session):
    return session.scalars(about(session, "Tides").order_by(Book.id).limit(1)).first()


def prices(db: Session):
    return [book.price for book in db.scalars(about(db, "Tides"))]
""",
        "first(session), prices(session)",
    ),
    Example(
        "a method, a property and an override",
        """\
from models import Author, Book
from sqlalchemy.orm import Query, Session


class Shelf:
    def __init__(self, session: Session):
        self.session = session

    def base(self) -> Query:
        return self.session.query(Book)

    @property
    def cheap(self) -> "Query":
        return self.base().filter(Book.price < 1000)

    def titles(self):
        return [book.title for book in self.base().order_by(Book.id)]


class Current(Shelf):
    def base(self) -> Query:
        return super().base().filter(Book.archived.is_(False))


def look(session: Session):
    return Shelf(session).titles()


def current(session: Session):
    shelf = Current(session)
    return shelf.cheap.count(), shelf.titles()
""",
        """\
from models import Author, Book
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlalchemy.sql import Select


class Shelf:
    def __init__(self, session: Session):
        self.session = session

    def base(self) -> Select:
        return select(Book)

    @property
    def cheap(self) -> "Select":
        return self.base().where(Book.price < 1000)

    def titles(self):
        return [book.title for book in self.session.scalars(
            self.base().order_by(Book.id)
        )]


class Current(Shelf):
    def base(self) -> Select:
        return super().base().where(Book.archived.is_(False))


def look(session: Session):
    return Shelf(session).titles()


def current(session: Session):
    shelf = Current(session)
    return shelf.session.execute(
        select(func.count()).select_from(shelf.cheap.subquery())
    ).scalar_one(), shelf.titles()
""",
        "current(session)",
    ),
    Example(
        "a paginating helper gets the session",
        """\
from models import Author, Book
from sqlalchemy.orm import Session


def paginate(query, page: int, size: int = 2):
    return {
        "total": query.count(),
        "items": query.limit(size).offset(page * size).all(),
    }


def named(query, name):
    return query if name is None else query.filter(Author.name == name)


def authors(session: Session, name):
    return paginate(named(session.query(Author).order_by(Author.id), name), 0)


def books(db: Session):
    return paginate(db.query(Book).order_by(Book.id), page=1, size=3)
""",
        """\
from models import Author, Book
from sqlalchemy import func, select
from sqlalchemy.orm import Session


def paginate(query, page: int, size: int = 2, *, session: Session):
    return {
        "total": session.execute(
            select(func.count()).select_from(query.subquery())
        ).scalar_one(),
        "items": session.scalars(query.limit(size).offset(page * size)).all(),
    }


def named(query, name):
    return query if name is None else query.where(Author.name == name)


def authors(session: Session, name):
    return paginate(named(select(Author).order_by(Author.id), name), 0, session=session)


def books(db: Session):
    return paginate(select(Book).order_by(Book.id), page=1, size=3, session=db)
""",
        "authors(session, 'Ines Okoro'), books(session)",
    ),
    Example(
        "an attribute beside the session",
        """\
from models import Author, Book
from sqlalchemy.orm import Session


class Report:
    def __init__(self, session: Session):
        self.session = session
        self.query = session.query(Author).order_by(Author.id)

    def only(self, name: str):
        self.query = self.query.filter(Author.name == name)
        return self

    def rows(self):
        return self.query.all()


def run(session: Session):
    return [author.id for author in Report(session).only("Ines Okoro").rows()]
""",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session


class Report:
    def __init__(self, session: Session):
        self.session = session
        self.query = select(Author).order_by(Author.id)

    def only(self, name: str):
        self.query = self.query.where(Author.name == name)
        return self

    def rows(self):
        return self.session.scalars(self.query).all()


def run(session: Session):
    return [author.id for author in Report(session).only("Ines Okoro").rows()]
""",
        "run(session)",
    ),
    Example(
        "a nested function and a walrus",
        """\
from models import Author, Book
from sqlalchemy.orm import Session


def counts(db: Session):
    query = db.query(Author)

    def born_in(year: int) -> int:
        return query.filter(Author.born == year).count()

    n = (old := query.filter(Author.born < 1970)).count()
    return n, born_in(1975), [author.id for author in old]
""",
        """\
from models import Author, Book
from sqlalchemy import func, select
from sqlalchemy.orm import Session


def counts(db: Session):
    query = select(Author)

    def born_in(year: int) -> int:
        return db.execute(
            select(func.count()).select_from(
                query.where(Author.born == year).subquery()
            )
        ).scalar_one()

    n = db.execute(select(func.count()).select_from((old := query.where(Author.born < 1970)).subquery())).scalar_one()
    return n, born_in(1975), [author.id for author in db.scalars(old)]
""",
        "counts(session)",
    ),
)
