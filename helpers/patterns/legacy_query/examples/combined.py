"""union, intersect and except_: what follows means the result, not the tables."""

from __future__ import annotations

from helpers.model import Example

EXAMPLES: tuple[Example, ...] = (
    Example(
        "a union, ordered and filtered",
        """\
from models import Author
from sqlalchemy.orm import Session


def some(session: Session):
    return (
        session.query(Author)
        .filter(Author.id < 3)
        .union(session.query(Author).filter(Author.born > 1970))
        .filter(Author.name != "Zoe Hart")
        .order_by(Author.id.desc())
        .all()
    )
""",
        """\
from models import Author
from sqlalchemy import select, union
from sqlalchemy.orm import Session, aliased


def some(session: Session):
    return session.scalars(
        select(author_union := aliased(Author, union(select(Author)
        .where(Author.id < 3),
        select(Author).where(Author.born > 1970)).subquery()))
        .where(author_union.name != "Zoe Hart")
        .order_by(author_union.id.desc())
    ).all()
""",
        "some(session)",
    ),
    Example(
        "union_all() repeats its entities, and Query does not",
        """\
from models import Author
from sqlalchemy.orm import Session


def some(session: Session):
    return session.query(Author).union_all(session.query(Author).filter_by(id=1)).all()
""",
        """\
from models import Author
from sqlalchemy import select, union_all
from sqlalchemy.orm import Session, aliased


def some(session: Session):
    return session.scalars(
        select(aliased(Author, union_all(select(Author), select(Author).filter_by(id=1)).subquery()))
    ).unique().all()
""",
        "some(session)",
    ),
    Example(
        "a union that is counted",
        """\
from models import Author, Book
from sqlalchemy.orm import Session


def number(session: Session):
    return session.query(Author.id).union(session.query(Book.id)).count()
""",
        """\
from models import Author, Book
from sqlalchemy import func, select, union
from sqlalchemy.orm import Session


def number(session: Session):
    return session.execute(
        select(func.count()).select_from(
            select(union(select(Author.id), select(Book.id)).subquery()).subquery()
        )
    ).scalar_one()
""",
        "number(session)",
    ),
    Example(
        "an intersection of columns",
        """\
from models import Author, Book
from sqlalchemy.orm import Session


def both(session: Session):
    return session.query(Author.id).intersect(session.query(Book.author_id)).order_by(Author.id).all()
""",
        """\
from models import Author, Book
from sqlalchemy import intersect, select
from sqlalchemy.orm import Session


def both(session: Session):
    return session.execute(
        select(combined := intersect(select(Author.id), select(Book.author_id)).subquery())
        .order_by(combined.c.id)
    ).all()
""",
        "both(session)",
    ),
    Example(
        "except_() in a criterion",
        """\
from models import Author, Book
from sqlalchemy.orm import Session


def idle(session: Session):
    return session.query(Author).filter(
        Author.id.in_(session.query(Author.id).except_(session.query(Book.author_id)))
    ).all()
""",
        """\
from models import Author, Book
from sqlalchemy import except_, select
from sqlalchemy.orm import Session


def idle(session: Session):
    return session.scalars(
        select(Author).where(
            Author.id.in_(select(except_(select(Author.id), select(Book.author_id)).subquery()))
        )
    ).all()
""",
        "idle(session)",
    ),
)
