"""Befores and afters of the pattern, all run on both sides; those that stay have equal texts."""

from __future__ import annotations

from helpers.model import Example


def _stays(title: str, text: str, call: str) -> Example:
    return Example(f"stays: {title}", text, text, call)


EXAMPLES: tuple[Example, ...] = (
    Example(
        "what reads the database moves to load()",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session


class AuthorPage:
    def __init__(self, session: Session, author_id: int, limit: int = 2) -> None:
        self.session = session
        self.author = session.get(Author, author_id)  # None if unknown
        self.limit = limit

        # the cheapest first
        by_price = select(Book).order_by(Book.price).limit(limit)
        books = session.scalars(by_price.where(Book.author_id == author_id))
        self.titles = [book.title for book in books]


def show(session: Session, author_id: int) -> list[str]:
    page = AuthorPage(session, author_id)
    return [page.author.name, *page.titles]
""",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session


class AuthorPage:
    def __init__(self, session: Session, author_id: int, limit: int = 2) -> None:
        self.session = session
        self.limit = limit
        self._author_id = author_id

    def load(self) -> "AuthorPage":
        \"\"\"Load what needs the database; call it once, right after the constructor.\"\"\"
        self.author = self.session.get(Author, self._author_id)  # None if unknown

        # the cheapest first
        by_price = select(Book).order_by(Book.price).limit(self.limit)
        books = self.session.scalars(by_price.where(Book.author_id == self._author_id))
        self.titles = [book.title for book in books]
        return self


def show(session: Session, author_id: int) -> list[str]:
    page = AuthorPage(session, author_id).load()
    return [page.author.name, *page.titles]
""",
        "show(session, 1)",
    ),
    Example(
        "where every caller calls one method, that method loads",
        """\
from models import Author
from sqlalchemy.orm import Session


class Rename:
    def __init__(self, session: Session, *, author: int, name: str) -> None:
        self.session = session
        self.author = session.get(Author, author)
        self.name = name

    def execute(self) -> str:
        \"\"\"Give the author another name.\"\"\"
        old = self.author.name
        self.author.name = self.name
        self.session.commit()
        return old


def rename(session: Session, author: int) -> str:
    return Rename(session, author=author, name="Ann").execute()
""",
        """\
from models import Author
from sqlalchemy.orm import Session


class Rename:
    def __init__(self, session: Session, *, author: int, name: str) -> None:
        self.session = session
        self.name = name
        self._author = author

    def _load(self) -> None:
        \"\"\"Load what needs the database, when the instance is first used.\"\"\"
        self.author = self.session.get(Author, self._author)

    def execute(self) -> str:
        \"\"\"Give the author another name.\"\"\"
        self._load()
        old = self.author.name
        self.author.name = self.name
        self.session.commit()
        return old


def rename(session: Session, author: int) -> str:
    return Rename(session, author=author, name="Ann").execute()
""",
        "rename(session, 2)",
    ),
    Example(
        "a class and the one below it load in the same order as before",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session


def find_author(session, author_id):
    return session.get(Author, author_id)


class Page:
    def __init__(self, session: Session, author_id: int):
        self.session = session
        self.author = self.look_up(author_id)

    def look_up(self, author_id):
        return find_author(self.session, author_id)


class LongPage(Page):
    def __init__(self, session: Session, author_id: int):
        super().__init__(session, author_id)
        if self.author is None:
            self.books = []
            return
        by_author = select(Book).where(Book.author_id == self.author.id)
        found = session.scalars(by_author)
        self.books = [book.title for book in found]


def show(session: Session):
    unknown = LongPage(session, 99)
    return LongPage(session, 2).books, Page(session, 1).author.name, unknown.books
""",
        """\
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session


def find_author(session, author_id):
    return session.get(Author, author_id)


class Page:
    def __init__(self, session: Session, author_id: int):
        self.session = session
        self._author_id = author_id

    def load(self) -> "Page":
        \"\"\"Load what needs the database; call it once, right after the constructor.\"\"\"
        self.author = self.look_up(self._author_id)
        return self

    def look_up(self, author_id):
        return find_author(self.session, author_id)


class LongPage(Page):
    def __init__(self, session: Session, author_id: int):
        super().__init__(session, author_id)

    def load(self) -> "LongPage":
        \"\"\"Load what needs the database; call it once, right after the constructor.\"\"\"
        super().load()
        if self.author is None:
            self.books = []
            return self
        by_author = select(Book).where(Book.author_id == self.author.id)
        found = self.session.scalars(by_author)
        self.books = [book.title for book in found]
        return self


def show(session: Session):
    unknown = LongPage(session, 99).load()
    return LongPage(session, 2).load().books, Page(session, 1).load().author.name, unknown.books
""",
        "show(session)",
    ),
    _stays(
        "a constructor that keeps the session and reads nothing",
        """\
from models import Author
from sqlalchemy import select
from sqlalchemy.orm import Session


class Authors:
    def __init__(self, session: Session) -> None:
        self.session = session
        self.statement = select(Author).order_by(Author.id)

    def all(self) -> list[str]:
        return [author.name for author in self.session.scalars(self.statement)]


def names(session: Session) -> list[str]:
    return Authors(session).all()
""",
        "names(session)",
    ),
    _stays(
        "a class that is handed on and constructed out of sight",
        """\
from models import Author
from sqlalchemy.orm import Session


class Card:
    def __init__(self, session: Session, author_id: int) -> None:
        self.name = session.get(Author, author_id).name


KINDS = {"card": Card}


def show(session: Session) -> str:
    return KINDS["card"](session, 1).name
""",
        "show(session)",
    ),
    _stays(
        "a class that already loads by a method of its own",
        """\
from models import Author
from sqlalchemy.orm import Session


class Card:
    def __init__(self, session: Session, author_id: int) -> None:
        self.session = session
        self.author_id = author_id

    def load(self) -> "Card":
        self.name = self.session.get(Author, self.author_id).name
        return self


def show(session: Session) -> str:
    return Card(session, 1).load().name
""",
        "show(session)",
    ),
)
