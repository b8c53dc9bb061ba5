"""Applications of one file each, traced in an interpreter of their own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from helpers.analysis.trace import LazyLoad, Refresh, Trace
from helpers.lab.tracing.run import Options, trace

MODELS = """\
from sqlalchemy import Column, ForeignKey, Integer, String, create_engine
from sqlalchemy.ext.associationproxy import association_proxy
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import composite, declarative_base, deferred, relationship, selectinload, sessionmaker, synonym
from sqlalchemy.pool import StaticPool

Base = declarative_base()


class Full(object):
    def __init__(self, name, note):
        self.name, self.note = name, note

    def __composite_values__(self):
        return self.name, self.note


class Author(Base):
    __tablename__ = "author"
    id = Column(Integer, primary_key=True)
    name = Column(String)
    note = Column(String)
    bio = deferred(Column(String))
    stamp = Column(Integer, server_default="7")
    books = relationship("Book", back_populates="author")
    eager = relationship("Book", lazy="selectin", viewonly=True)
    at_once = relationship("Book", lazy="immediate", viewonly=True)
    joined = relationship("Book", lazy="joined", viewonly=True)
    later = relationship("Book", lazy="subquery", viewonly=True)
    dynamic = relationship("Book", lazy="dynamic", viewonly=True)
    titles = association_proxy("books", "title")
    tomes = synonym("books")
    full = composite(Full, name, note)

    @hybrid_property
    def size(self):
        return len(self.books)


class Book(Base):
    __tablename__ = "book"
    id = Column(Integer, primary_key=True)
    title = Column(String)
    author_id = Column(ForeignKey("author.id"))
    author = relationship(Author, back_populates="books")


class Person(Base):
    __tablename__ = "person"
    id = Column(Integer, primary_key=True)
    kind = Column(String)
    __mapper_args__ = {"polymorphic_on": kind, "polymorphic_identity": "person"}


class Boss(Person):
    __tablename__ = "boss"
    id = Column(ForeignKey("person.id"), primary_key=True)
    car = Column(String)
    __mapper_args__ = {"polymorphic_identity": "boss"}


engine = create_engine("sqlite://", connect_args={"check_same_thread": False}, poolclass=StaticPool)
Base.metadata.create_all(engine)
Session = sessionmaker(engine)


def seed():
    with Session() as db:
        db.add_all([Author(name="a", bio="b", books=[Book(title="t"), Book(title="u")]), Boss(car="c")])
        db.commit()


seed()
"""


class Line(NamedTuple):
    """Where a mark stands in the application's text: `# touch`, `# load` or any other word."""

    path: str
    line: int


class Traced(NamedTuple):
    """A trace, with the application that was traced."""

    trace: Trace
    root: Path

    def marked(self, word: str) -> Line:
        """The line that ends with `# word`."""
        for path in sorted(self.root.rglob("*")):
            lines = path.read_text().splitlines() if path.suffix in (".py", ".html") else []
            for number, text in enumerate(lines, start=1):
                if text.split("# ")[-1].split(" #}")[0] == word and "# " in text:
                    return Line(path.relative_to(self.root).as_posix(), number)
        raise LookupError(word)

    @property
    def loads(self) -> tuple[LazyLoad | Refresh, ...]:
        """The lazy loads and the refreshes."""
        return (*self.trace.lazy_loads, *self.trace.refreshes)

    @property
    def only(self) -> LazyLoad | Refresh:
        """The one load that there is."""
        assert len(self.loads) == 1, self.loads
        return self.loads[0]


RunTrace = Callable[..., Traced]


@pytest.fixture
def run_trace(tmp_path: Path) -> RunTrace:
    """Write files, run a command (or `app.py`) with them traced, and tell."""

    def call(*command: str, python: str = sys.executable, pth: Path | None = None, **files: str) -> Traced:
        root = tmp_path / "application"
        root.mkdir(exist_ok=True)
        for name, text in {"models": MODELS, **files}.items():
            path = root / (name.replace("__", "/") + ("" if "." in name else ".py"))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        log = tmp_path / "output"
        with log.open("wb") as output:
            found = trace(root.resolve(), command or (python, "app.py"), Options(output.fileno(), pth))
        assert found.exit == 0 or command, log.read_text()
        return Traced(found, root.resolve())

    return call


@pytest.fixture
def no_bytecode(monkeypatch: pytest.MonkeyPatch) -> None:
    """Applications of these tests leave nothing behind and ignore what SQLAlchemy 1.4 says of 2.0."""
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("SQLALCHEMY_SILENCE_UBER_WARNING", "1")


def python_3_8() -> Path | None:
    """A Python 3.8 of this machine."""
    for words in (["pyenv", "root"],):
        try:
            root = Path(subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip())
        except (OSError, subprocess.CalledProcessError):
            return None
        return next(iter(sorted(root.glob("versions/3.8.*/bin/python"))), None)
    return None
