"""AM401, AM402 and AM501 together on a small FastAPI application: the same requests get the same answers afterwards."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from helpers.analysis.project import load_project
from helpers.codemod.pattern import Pattern
from helpers.codemod.scanner import scan
from helpers.migrate.rewriter import rewrite
from helpers.model import Applicability, Step
from helpers.patterns.init_with_io import InitWithIo
from helpers.patterns.property_with_io import PropertyWithIo
from helpers.patterns.session_in_task import SessionInTask

FILES = {
    "shop/__init__.py": "",
    "shop/database.py": """
from collections.abc import Iterator

from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

engine = create_engine("sqlite:///shop.db")
SessionLocal = sessionmaker(engine)


class Base(DeclarativeBase):
    pass


class Book(Base):
    __tablename__ = "books"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    seen: Mapped[int] = mapped_column(default=0)


def get_db() -> Iterator[Session]:
    db = SessionLocal()
    try:
        yield db
    finally:
        db.close()
""",
    "shop/services.py": """
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shop.database import Book


class Shelf:
    def __init__(self, db: Session, first: str):
        self.db = db
        book = db.scalars(select(Book).where(Book.title.startswith(first))).first()
        if book is None:
            raise LookupError(first)
        self.book = book

    @property
    def size(self) -> int:
        return self.db.scalars(select(func.count(Book.id))).one()

    def describe(self) -> dict[str, object]:
        return {"title": self.book.title, "size": self.size}


def count_seen(db: Session, book: Book, times: int = 1) -> None:
    book.seen += times
    db.commit()
""",
    "shop/main.py": """
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException
from sqlalchemy import select
from sqlalchemy.orm import Session

from shop import services
from shop.database import Base, Book, engine, get_db
from shop.services import Shelf

Base.metadata.create_all(engine)
app = FastAPI()
Db = Annotated[Session, Depends(get_db)]


@app.post("/books")
def add(title: str, db: Db) -> dict[str, int]:
    book = Book(title=title)
    db.add(book)
    db.commit()
    return {"id": book.id}


@app.get("/shelf")
def shelf(first: str, db: Db, background: BackgroundTasks) -> dict[str, object]:
    try:
        found = Shelf(db, first)
    except LookupError:
        raise HTTPException(404) from None
    background.add_task(services.count_seen, db, found.book, times=2)
    return {**found.describe(), "again": found.size}


@app.get("/seen")
def seen(db: Db) -> list[int]:
    return [book.seen for book in db.scalars(select(Book).order_by(Book.id))]
""",
}
REQUESTS = """
from fastapi.testclient import TestClient
from shop.main import app

client = TestClient(app)
for title in ("Tides", "Salt"):
    print(client.post("/books", params={"title": title}).json())
for first in ("T", "S", "T", "X"):
    answer = client.get("/shelf", params={"first": first})
    print(answer.status_code, answer.json())
print(client.get("/seen").json())
"""
EXPECTED = (
    "{'id': 1}\n{'id': 2}\n200 {'title': 'Tides', 'size': 2, 'again': 2}\n"
    "200 {'title': 'Salt', 'size': 2, 'again': 2}\n"
    "200 {'title': 'Tides', 'size': 2, 'again': 2}\n404 {'detail': 'Not Found'}\n[4, 2]\n"
)


def answers(folder: Path) -> str:
    """What the requests get, on a new database."""
    (folder / "shop.db").unlink(missing_ok=True)
    done = subprocess.run([sys.executable, "-c", REQUESTS], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def apply(folder: Path, pattern: type[Pattern]) -> int:
    """Write what one pattern changes; how many findings that were."""
    project = load_project(folder)
    done = rewrite(project, Step(1, pattern.STAGE, scan(project, [pattern])))
    assert not [skip.reason for skip in done.skipped if skip.finding.applicability is not Applicability.MANUAL]
    for change in done.changes:
        (folder / change.path).write_bytes(change.after)
    return len(done.applied)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """The application in a folder of its own."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text.removeprefix("\n"), encoding="utf-8")
    return tmp_path


def test_the_application_answers_as_expected_before(shop: Path) -> None:
    assert answers(shop) == EXPECTED


@pytest.mark.parametrize("pattern", [InitWithIo, PropertyWithIo, SessionInTask])
def test_each_pattern_alone_keeps_every_answer(shop: Path, pattern: type[Pattern]) -> None:
    assert apply(shop, pattern)
    assert answers(shop) == EXPECTED


def test_all_in_order_keep_every_answer_and_types(shop: Path) -> None:
    assert [bool(apply(shop, pattern)) for pattern in (InitWithIo, PropertyWithIo, SessionInTask)] == [True] * 3
    assert answers(shop) == EXPECTED
    assert "Shelf(db, first).load()" in (shop / "shop/main.py").read_text(encoding="utf-8")
    checked = [
        [sys.executable, "-m", "mypy", "--no-incremental", "shop"],
        [sys.executable, "-m", "ruff", "check", "-q", "shop"],
    ]
    for command in checked:
        done = subprocess.run(command, cwd=shop, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-2000:]
