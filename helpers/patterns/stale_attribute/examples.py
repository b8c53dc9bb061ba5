"""Handlers that read what their rollback expired, expiries, and columns that the database computes."""

from helpers.model import Example

_HEAD = """\
from models import Author, Book
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session


"""
_ROLLBACK = f"""{_HEAD}\
def add(db: Session, author_id, email):
    author = db.query(Author).filter(Author.id == author_id).one()
    db.add(Author(name="Twin", email=email))
    try:
        db.flush()
    except IntegrityError:
        db.rollback()
        {{refresh}}return f"{{{{author.name}}}} has it, {{{{author.id}}}}"
    return author.name
"""
_GIVEN = f"""{_HEAD}\
def add(db: Session, author: Author, email):
    db.add(Author(name="Twin", email=email))
    try:
        db.flush()
    except IntegrityError:
        db.rollback()
        {{refresh}}return f"{{{{author.name}}}} has it"
    return author.name
"""
_EXPIRE_ALL = f"""{_HEAD}\
def born(db: Session, author_id):
    author = db.query(Author).filter(Author.id == author_id).one()
    db.expire_all()
    {{refresh}}return author.born
"""
_EXPIRE = f"""{_HEAD}\
def born(db: Session, author_id):
    author = db.query(Author).filter(Author.id == author_id).one()
    other = db.query(Author).filter(Author.id == 3).one()
    db.expire(author)
    {{refresh}}return author.born, other.name
"""
_NEW = f"""{_HEAD}\
def add(db: Session, name):
    author = Author(name=name)
    db.add(author)
    db.flush()
    db.rollback()
    return author.name
"""
_ONUPDATE = """\
from sqlalchemy import Column, Integer, String, literal_column, select
from sqlalchemy.orm import Session, declarative_base

Base = declarative_base()


class Author(Base):
    __tablename__ = "authors"

    id = Column(Integer, primary_key=True)
    name = Column(String)
    born = Column(Integer, onupdate=literal_column("born + 1"))


def rename(db: Session, author_id, name):
    author = db.execute(select(Author).where(Author.id == author_id)).scalar_one()
    author.name = name
    db.flush()
    {refresh}return author.born
"""
_VALUES = f"""{_HEAD}\
def add(db: Session, author_id, email):
    author = db.query(Author).filter(Author.id == author_id).one()
    name = author.name
    db.add(Author(name="Twin", email=email))
    try:
        db.flush()
    except IntegrityError:
        db.rollback()
        return name
    return author.name
"""
_REFRESH = "db.refresh(author)\n    "

EXAMPLES: tuple[Example, ...] = (
    Example(
        "a handler reads what its rollback expired",
        _ROLLBACK.format(refresh=""),
        _ROLLBACK.format(refresh="db.refresh(author)\n        "),
        'add(session, 1, "bram@shop.example")',
    ),
    Example(
        "an object of the session is handed over",
        _GIVEN.format(refresh=""),
        _GIVEN.format(refresh="if author in db:\n            db.refresh(author)\n        "),
        'add(session, session.get(Author, 1), "bram@shop.example")',
    ),
    Example(
        "an object of another session is handed over",
        _GIVEN.format(refresh=""),
        _GIVEN.format(refresh="if author in db:\n            db.refresh(author)\n        "),
        'add(session, Session(session.get_bind()).get(Author, 1), "bram@shop.example")',
    ),
    Example(
        "everything was expired",
        _EXPIRE_ALL.format(refresh=""),
        _EXPIRE_ALL.format(refresh=_REFRESH),
        "born(session, 1)",
    ),
    Example(
        "one object was expired, the other was not",
        _EXPIRE.format(refresh=""),
        _EXPIRE.format(refresh=_REFRESH),
        "born(session, 1)",
    ),
    Example(
        "a column that the database computes at each update",
        _ONUPDATE.format(refresh=""),
        _ONUPDATE.format(refresh='db.refresh(author, ["born"])\n    '),
        'rename(session, 1, "Ines")',
    ),
    Example("an object that was new is not expired by the rollback", _NEW, _NEW, 'add(session, "Ada")'),
    Example("the value was read before", _VALUES, _VALUES, 'add(session, 1, "bram@shop.example")'),
)
