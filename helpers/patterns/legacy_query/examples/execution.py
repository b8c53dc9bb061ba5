"""How a query runs: options, locks, parameters, whole statements."""

from __future__ import annotations

from helpers.model import Example

EXAMPLES: tuple[Example, ...] = (
    Example(
        "populate_existing() refreshes what is loaded",
        """\
from models import Author
from sqlalchemy.orm import Session


def fresh(session: Session):
    author = session.get(Author, 1)
    author.name = "Nobody"
    with session.no_autoflush:
        session.query(Author).populate_existing().all()
    return author.name
""",
        """\
from models import Author
from sqlalchemy import select
from sqlalchemy.orm import Session


def fresh(session: Session):
    author = session.get(Author, 1)
    author.name = "Nobody"
    with session.no_autoflush:
        session.scalars(select(Author).execution_options(populate_existing=True)).all()
    return author.name
""",
        "fresh(session)",
    ),
    Example(
        "autoflush(False) leaves what is pending",
        """\
from models import Author
from sqlalchemy.orm import Session


def saved(session: Session):
    session.add(Author(id=9, name="New"))
    return session.query(Author.id).autoflush(False).order_by(Author.id).all()
""",
        """\
from models import Author
from sqlalchemy import select
from sqlalchemy.orm import Session


def saved(session: Session):
    session.add(Author(id=9, name="New"))
    return session.execute(
        select(Author.id).execution_options(autoflush=False).order_by(Author.id)
    ).all()
""",
        "saved(session)",
    ),
    Example(
        "yield_per() removes no repeated entity",
        """\
from models import Author, Book
from sqlalchemy.orm import Session


def writers(session: Session):
    return [author.id for author in session.query(Author).join(Author.books).order_by(Book.id).yield_per(2)]
""",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session


def writers(session: Session):
    return [author.id for author in session.scalars(
        select(Author)
        .join(Author.books)
        .order_by(Book.id)
        .execution_options(yield_per=2)
    )]
""",
        "writers(session)",
    ),
    Example(
        "a row that is locked",
        """\
from models import Author
from sqlalchemy.orm import Session


def lock(session: Session):
    return session.query(Author).with_for_update().filter_by(id=1).one()


def lock_by_key(session: Session):
    return session.query(Author).with_for_update(nowait=True).get(2)


def both(session: Session):
    return lock(session), lock_by_key(session)
""",
        """\
from models import Author
from sqlalchemy import select
from sqlalchemy.orm import Session


def lock(session: Session):
    return session.scalars(select(Author).with_for_update().filter_by(id=1)).one()


def lock_by_key(session: Session):
    return session.get(Author, 2, with_for_update={"nowait": True})


def both(session: Session):
    return lock(session), lock_by_key(session)
""",
        "both(session)",
    ),
    Example(
        "parameters go to the call",
        """\
from models import Author
from sqlalchemy import bindparam
from sqlalchemy.orm import Session


def one(session: Session, key: int):
    return session.query(Author).filter(Author.id == bindparam("key")).params(key=key).one()
""",
        """\
from models import Author
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session


def one(session: Session, key: int):
    return session.scalars(
        select(Author).where(Author.id == bindparam("key")), {"key": key}
    ).one()
""",
        "one(session, 4)",
    ),
    Example(
        "a whole statement has no limit",
        """\
from models import Author
from sqlalchemy import text
from sqlalchemy.orm import Session


def first(session: Session):
    return session.query(Author).from_statement(text("SELECT * FROM authors ORDER BY id DESC")).first()
""",
        """\
from models import Author
from sqlalchemy import select, text
from sqlalchemy.orm import Session


def first(session: Session):
    return session.scalars(
        select(Author).from_statement(text("SELECT * FROM authors ORDER BY id DESC"))
    ).unique().first()
""",
        "first(session)",
    ),
    Example(
        "rows of a single entity",
        """\
from models import Author
from sqlalchemy.orm import Session


def rows(session: Session):
    return session.query(Author).only_return_tuples(True).order_by(Author.id).all()
""",
        """\
from models import Author
from sqlalchemy import select
from sqlalchemy.orm import Session


def rows(session: Session):
    return session.execute(select(Author).order_by(Author.id)).all()
""",
        "rows(session)",
    ),
    Example(
        "nothing is loaded eagerly",
        """\
from models import Publisher
from sqlalchemy.orm import Session


def names(session: Session):
    return session.query(Publisher).enable_eagerloads(False).order_by(Publisher.id).all()
""",
        """\
from models import Publisher
from sqlalchemy import select
from sqlalchemy.orm import Session, lazyload


def names(session: Session):
    return session.scalars(
        select(Publisher).order_by(Publisher.id).options(lazyload("*"))
    ).unique().all()
""",
        "names(session)",
    ),
    Example(
        "guards that are turned off",
        """\
from models import Author
from sqlalchemy.orm import Session


def some(session: Session):
    return session.query(Author).limit(3).enable_assertions(False).filter(Author.id > 1).order_by(Author.id).all()
""",
        """\
from models import Author
from sqlalchemy import select
from sqlalchemy.orm import Session


def some(session: Session):
    return session.scalars(select(Author).limit(3).where(Author.id > 1).order_by(Author.id)).all()
""",
        "some(session)",
    ),
    Example(
        "value() and values()",
        """\
from models import Author
from sqlalchemy.orm import Session


def name(session: Session):
    return session.query(Author).filter(Author.id == 1).value(Author.name)


def names(session: Session):
    return [born for born, in session.query(Author).order_by(Author.id).values(Author.born)]


def both(session: Session):
    return name(session), names(session)
""",
        """\
from models import Author
from sqlalchemy import select
from sqlalchemy.orm import Session


def name(session: Session):
    return session.execute(
        select(Author).where(Author.id == 1).with_only_columns(Author.name)
    ).scalar()


def names(session: Session):
    return [born for born, in session.execute(
        select(Author)
        .order_by(Author.id)
        .with_only_columns(Author.born)
        .execution_options(yield_per=10)
    )]


def both(session: Session):
    return name(session), names(session)
""",
        "both(session)",
    ),
)
