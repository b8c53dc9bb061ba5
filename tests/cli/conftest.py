"""A small application to run the command line on, in this process or in one of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from helpers.cli import main

ROOT = Path(__file__).resolve().parents[2]

MODELS = """\
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
"""

USERS = """\
from typing import Any

from sqlalchemy.orm import Session

from shop.models import User


def everyone(db: Session) -> list[User]:
    return db.query(User).all()


def anything(db: Session, *columns: Any) -> Any:
    return db.query(*columns).all()
"""

ADMIN = """\
from sqlalchemy.orm import Session

from shop.models import User


def first(db: Session) -> User | None:
    return db.query(User).first()  # any of them
"""


LAZY = """\
import asyncio

from sqlalchemy import ForeignKey, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    posts: Mapped[list["Post"]] = relationship()


class Post(Base):
    __tablename__ = "posts"
    id: Mapped[int] = mapped_column(primary_key=True)
    author: Mapped[int] = mapped_column(ForeignKey(User.id))


async def main():
    print("output of the tests")
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as db:
        db.add(User(name="Wen", posts=[Post()]))
        db.commit()
        db.expunge_all()
        user = db.query(User).one()
        print(user.posts)
        db.commit()
        print(user.name)


asyncio.run(main())
"""


class Outcome(NamedTuple):
    """What a finished command left behind."""

    code: int
    out: str
    err: str


Run = Callable[..., Outcome]
Bytes = dict[str, bytes]


@pytest.fixture
def application(tmp_path: Path) -> Path:
    """Three files: two fixes in two of them, and one chain that is left."""
    root = tmp_path / "application"
    (root / "shop").mkdir(parents=True)
    for name, text in (("__init__", ""), ("models", MODELS), ("users", USERS), ("admin", ADMIN)):
        (root / "shop" / f"{name}.py").write_text(text, encoding="utf-8")
    return root


@pytest.fixture
def lazy(tmp_path: Path) -> Path:
    """One file, `app.py`, that loads lazily once, reads an expired column once, and does so on an event loop."""
    root = tmp_path / "lazy"
    root.mkdir()
    (root / "app.py").write_text(LAZY, encoding="utf-8")
    return root


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line in this process."""

    def call(*words: str | Path) -> Outcome:
        capsys.readouterr()
        code = main([str(word) for word in words])
        return Outcome(code, *capsys.readouterr())

    return call


@pytest.fixture
def run_process() -> Run:
    """Run the command line as a person does; `prepare` is Python that runs first in its process."""

    def call(*words: str | Path, prepare: str = "") -> Outcome:
        start = f"{prepare}\nimport sys\nfrom helpers.cli import main\nsys.exit(main())"
        command = ["-c", start] if prepare else ["-m", "helpers"]
        done = subprocess.run(
            [sys.executable, *command, *map(str, words)], cwd=ROOT, capture_output=True, text=True, check=False
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    return call


@pytest.fixture
def files() -> Callable[[Path], Bytes]:
    """Every file below a folder, by its path, as bytes."""

    def read(root: Path) -> Bytes:
        return {path.relative_to(root).as_posix(): path.read_bytes() for path in _below(root)}

    return read


def _below(root: Path) -> Iterator[Path]:
    return (path for path in sorted(root.rglob("*")) if path.is_file())
