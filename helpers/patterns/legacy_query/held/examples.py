"""Befores and afters of queries that travel, all run on both sides; those that stay have equal texts."""

from __future__ import annotations

from helpers.model import Example


def _stays(title: str, text: str, call: str) -> Example:
    return Example(f"stays: {title}", text, text, call)


HELD: tuple[Example, ...] = (
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
    found = query.with_only_columns(literal_column("1"), maintain_column_froms=True).exists()
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
    _stays(
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
    _stays(
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
    _stays(
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
    _stays(
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
    _stays(
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
    _stays(
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
    _stays(
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
    _stays(
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
    _stays(
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
    _stays(
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
    _stays(
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
