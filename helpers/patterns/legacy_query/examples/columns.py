"""What rows are made of, and what they are selected from."""

from __future__ import annotations

from helpers.model import Example

EXAMPLES: tuple[Example, ...] = (
    Example(
        "with_entities() in place of the entity",
        """\
from models import Author, Book
from sqlalchemy.orm import Session


def titles(session: Session):
    return session.query(Author).join(Author.books).with_entities(Book.title).order_by(Book.id).all()
""",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session


def titles(session: Session):
    return session.execute(
        select(Author)
        .join(Author.books)
        .with_only_columns(Book.title)
        .order_by(Book.id)
    ).all()
""",
        "titles(session)",
    ),
    Example(
        "columns beside an entity",
        """\
from models import Author, Book
from sqlalchemy.orm import Session


def pairs(session: Session):
    return session.query(Author).add_columns(Book.title).join(Author.books).order_by(Book.id).all()
""",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session


def pairs(session: Session):
    return session.execute(
        select(Author).add_columns(Book.title).join(Author.books).order_by(Book.id)
    ).unique().all()
""",
        "pairs(session)",
    ),
    Example(
        "columns one by one",
        """\
from models import Author
from sqlalchemy.orm import Session


def rows(session: Session):
    return session.query().add_columns(Author.id, Author.name).order_by(Author.id).all()
""",
        """\
from models import Author
from sqlalchemy import select
from sqlalchemy.orm import Session


def rows(session: Session):
    return session.execute(
        select().add_columns(Author.id, Author.name).order_by(Author.id)
    ).all()
""",
        "rows(session)",
    ),
    Example(
        "an entity beside an entity",
        """\
from models import Author, Book
from sqlalchemy.orm import Session


def pairs(session: Session):
    return session.query(Author).add_entity(Book).join(Author.books).order_by(Book.id).first()
""",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session


def pairs(session: Session):
    return session.execute(
        select(Author).add_columns(Book).join(Author.books).order_by(Book.id).limit(1)
    ).first()
""",
        "pairs(session)",
    ),
    Example(
        "select_from() and filter_by()",
        """\
from models import Author, Book
from sqlalchemy.orm import Session


def titles(session: Session):
    return session.query(Book.title).select_from(Author).join(Author.books).filter_by(price=1200).all()
""",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session


def titles(session: Session):
    return session.execute(
        select(Book.title)
        .select_from(Author)
        .join(Author.books)
        .where(Book.price == 1200)
    ).all()
""",
        "titles(session)",
    ),
    Example(
        "reset_joinpoint() and filter_by()",
        """\
from models import Author
from sqlalchemy.orm import Session


def writers(session: Session):
    return session.query(Author).join(Author.books).reset_joinpoint().filter_by(name="Ines Okoro").all()
""",
        """\
from models import Author
from sqlalchemy import select
from sqlalchemy.orm import Session


def writers(session: Session):
    return session.scalars(
        select(Author).join(Author.books).where(Author.name == "Ines Okoro")
    ).unique().all()
""",
        "writers(session)",
    ),
    Example(
        "with_parent() names its relationship",
        """\
from models import Author, Book
from sqlalchemy.orm import Session


def shelf(session: Session, author: Author):
    return session.query(Book).with_parent(author).order_by(Book.id).all()
""",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session, with_parent


def shelf(session: Session, author: Author):
    return session.scalars(
        select(Book).where(with_parent(author, Author.books)).order_by(Book.id)
    ).all()
""",
        "shelf(session, session.get(Author, 1))",
    ),
    Example(
        "two columns of one name, taken apart by position",
        """\
from models import Author, Book
from sqlalchemy.orm import Session


def pairs(session: Session):
    return [(writer, book) for writer, book in session.query(Author.id, Book.id).join(Author.books)]
""",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session


def pairs(session: Session):
    return [(writer, book) for writer, book in session.execute(
        select(Author.id, Book.id).join(Author.books)
    )]
""",
        "pairs(session)",
    ),
    Example(
        "aliases",
        """\
from models import Author
from sqlalchemy.orm import Session, aliased


def pupils(session: Session):
    mentor = aliased(Author)
    return session.query(Author.name, mentor.name.label("by")).join(mentor, Author.mentor).order_by(Author.id).all()
""",
        """\
from models import Author
from sqlalchemy import select
from sqlalchemy.orm import Session, aliased


def pupils(session: Session):
    mentor = aliased(Author)
    return session.execute(
        select(Author.name, mentor.name.label("by"))
        .join(mentor, Author.mentor)
        .order_by(Author.id)
    ).all()
""",
        "pupils(session)",
    ),
)
