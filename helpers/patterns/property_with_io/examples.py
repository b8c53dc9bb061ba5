"""Befores and afters of the pattern, all run on both sides; those that stay have equal texts."""

from __future__ import annotations

from helpers.model import Example


def _stays(title: str, text: str, call: str) -> Example:
    return Example(f"stays: {title}", text, text, call)


EXAMPLES: tuple[Example, ...] = (
    Example(
        "a property that counts becomes a method, and its readers call it",
        """\
from models import Author, Book
from sqlalchemy import func, select
from sqlalchemy.orm import Session


class Shelf:
    def __init__(self, session: Session, author_id: int) -> None:
        self.session = session
        self.author_id = author_id

    @property
    def total(self) -> int:
        \"\"\"How many books the author has.\"\"\"
        mine = select(func.count(Book.id)).where(Book.author_id == self.author_id)
        return self.session.scalars(mine).one()

    def line(self) -> str:
        return f"{self.author_id}: " + str(self.total)


def show(session: Session) -> list[object]:
    shelves = [Shelf(session, author_id) for author_id in (1, 2, 3)]
    full = [shelf.author_id for shelf in shelves if shelf.total > 1]
    return [*full, shelves[0].line(), session.get(Author, 1).name]
""",
        """\
from models import Author, Book
from sqlalchemy import func, select
from sqlalchemy.orm import Session


class Shelf:
    def __init__(self, session: Session, author_id: int) -> None:
        self.session = session
        self.author_id = author_id

    def get_total(self) -> int:
        \"\"\"How many books the author has.\"\"\"
        mine = select(func.count(Book.id)).where(Book.author_id == self.author_id)
        return self.session.scalars(mine).one()

    def line(self) -> str:
        return f"{self.author_id}: " + str(self.get_total())


def show(session: Session) -> list[object]:
    shelves = [Shelf(session, author_id) for author_id in (1, 2, 3)]
    full = [shelf.author_id for shelf in shelves if shelf.get_total() > 1]
    return [*full, shelves[0].line(), session.get(Author, 1).name]
""",
        "show(session)",
    ),
    Example(
        "a cached property still asks once, and forgets when it is told to",
        """\
from functools import cached_property

from models import Author
from sqlalchemy.orm import Session


class Card:
    def __init__(self, session: Session) -> None:
        self.session = session

    @cached_property
    def author(self) -> Author:
        return self.session.get(Author, 1)


def show(session: Session) -> list[str]:
    card = Card(session)
    seen = [card.author.name, card.author.name]
    del card.author
    return [*seen, card.author.name]
""",
        """\
from models import Author
from sqlalchemy.orm import Session


class Card:
    def __init__(self, session: Session) -> None:
        self.session = session

    author: Author

    def get_author(self) -> Author:
        if "author" not in self.__dict__:
            self.__dict__["author"] = self._get_author()
        kept: Author = self.__dict__["author"]
        return kept

    def _get_author(self) -> Author:
        return self.session.get(Author, 1)


def show(session: Session) -> list[str]:
    card = Card(session)
    seen = [card.get_author().name, card.get_author().name]
    del card.author
    return [*seen, card.get_author().name]
""",
        "show(session)",
    ),
    Example(
        "what overrides a property changes with it",
        """\
from abc import ABC, abstractmethod

from models import Author
from sqlalchemy.orm import Session


class Named(ABC):
    def __init__(self, session: Session) -> None:
        self.session = session

    @property
    @abstractmethod
    def name(self) -> str: ...


class Fixed(Named):
    @property
    def name(self) -> str:
        return "nobody"


class Stored(Fixed):
    @property
    def name(self) -> str:
        author = self.session.get(Author, 2)
        return author.email or super().name


def show(session: Session) -> list[str]:
    kinds: list[Named] = [Fixed(session), Stored(session)]
    return [kind.name for kind in kinds]
""",
        """\
from abc import ABC, abstractmethod

from models import Author
from sqlalchemy.orm import Session


class Named(ABC):
    def __init__(self, session: Session) -> None:
        self.session = session

    @abstractmethod
    def get_name(self) -> str: ...


class Fixed(Named):
    def get_name(self) -> str:
        return "nobody"


class Stored(Fixed):
    def get_name(self) -> str:
        author = self.session.get(Author, 2)
        return author.email or super().get_name()


def show(session: Session) -> list[str]:
    kinds: list[Named] = [Fixed(session), Stored(session)]
    return [kind.get_name() for kind in kinds]
""",
        "show(session)",
    ),
    _stays(
        "a property that computes from what is loaded",
        """\
from models import Author
from sqlalchemy.orm import Session


class Label:
    def __init__(self, author: Author) -> None:
        self.author = author

    @property
    def text(self) -> str:
        return self.author.name.upper()


def show(session: Session) -> str:
    return Label(session.get(Author, 1)).text
""",
        "show(session)",
    ),
    _stays(
        "a property that is read by its name in a string",
        """\
from models import Author
from sqlalchemy.orm import Session


class Card:
    def __init__(self, session: Session) -> None:
        self.session = session

    @property
    def author(self) -> str:
        return self.session.get(Author, 1).name


def show(session: Session) -> str:
    return getattr(Card(session), "author")
""",
        "show(session)",
    ),
)
