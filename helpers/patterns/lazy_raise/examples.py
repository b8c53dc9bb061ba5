"""Models of their own over the sample tables: what may refuse, what is read, what has a strategy already."""

from helpers.model import Example

_MODELS = """\
from sqlalchemy import Column, ForeignKey, Integer, String, select
from sqlalchemy.orm import {names}

Base = declarative_base()


class Author(Base):
    __tablename__ = "authors"

    id = Column(Integer, primary_key=True)
    name = Column(String)
    books = relationship({books})


class Book(Base):
    __tablename__ = "books"

    id = Column(Integer, primary_key=True)
    title = Column(String)
    author_id = Column(ForeignKey("authors.id"))
    author = relationship({author})


"""
_TITLES = """\
def titles(session):
    authors = session.execute(select(Author)).scalars().all()
    return [author.name for author in authors]
"""
_READ = """\
def titles(session):
    books = session.execute(select(Book)).scalars().all()
    return [book.author.name for book in books if book.author]
"""
_DELETE = """\
def forget(session):
    session.delete(session.get(Author, 2))
    session.commit()
"""
_BOTH = {"books": '"Book", back_populates="author"', "author": '"Author", back_populates="books"'}
_RAISE = ', lazy="raise_on_sql"'


def _models(rest: str, *, names: str = "declarative_base, relationship", **given: str) -> str:
    return _MODELS.format(names=names, **given) + rest


EXAMPLES: tuple[Example, ...] = (
    Example(
        "nothing reads them from an object",
        _models(_TITLES, **_BOTH),
        _models(_TITLES, **{name: text + _RAISE for name, text in _BOTH.items()}),
        "titles(session)",
    ),
    Example(
        "one of them is read and stays, for a person to load it with the query",
        _models(_READ, **_BOTH),
        _models(_READ, books=_BOTH["books"] + _RAISE, author=_BOTH["author"]),
        "titles(session)",
    ),
    Example(
        "before 2.0 the cascade of a delete would raise: a collection stays where nothing tells the version",
        _models(_DELETE, books='"Book", back_populates="author", cascade="all"', author=_BOTH["author"]),
        _models(_DELETE, books='"Book", back_populates="author", cascade="all"', author=_BOTH["author"] + _RAISE),
        "forget(session)",
    ),
    Example(
        "a strategy of their own stays",
        _models(_TITLES, books='"Book", lazy="selectin", viewonly=True', author='"Author", lazy="joined"'),
        _models(_TITLES, books='"Book", lazy="selectin", viewonly=True', author='"Author", lazy="joined"'),
        "titles(session)",
    ),
)
