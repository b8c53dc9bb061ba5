"""The flip of methods of mapped classes, which are called on what a query or a relationship gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.lab import samples
from helpers.lab.differential import compare_example
from helpers.model import Example
from tests.patterns.flipping import flipped

TABLES = """from sqlalchemy import ForeignKey, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, object_session, relationship


class Base(DeclarativeBase):
    pass


class Writer(Base):
    __tablename__ = "authors"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]

    def titles(self) -> int:
        db = object_session(self)
        assert db is not None
        return db.scalar(select(func.count()).select_from(Work).where(Work.author_id == self.id))

    @property
    def kept(self) -> bool:
        db = object_session(self)
        return db is not None and self in db


class Work(Base):
    __tablename__ = "books"
    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"))
    writer: Mapped[Writer] = relationship(lazy="joined")


"""
CALLED = {
    "on what a relationship of a parameter gives": (
        "def count(s: Session, work: Work):\n    return work.writer.titles()\n\n\n"
        "def name(s: Session):\n    return count(s, s.get(Work, 1))\n",
        "return await work.writer.titles()",
    ),
    "on what a relationship of a loaded object gives": (
        "def name(s: Session):\n    work = s.scalars(select(Work).where(Work.id == 1)).first()\n"
        "    return work.writer.titles()\n",
        "return await work.writer.titles()",
    ),
    "on what a query gives": (
        "def name(s: Session):\n    writer = s.get(Writer, 1)\n    return writer.titles(), writer.kept\n",
        "return await writer.titles(), writer.kept",
    ),
}


@pytest.mark.parametrize(("text", "wanted"), CALLED.values(), ids=CALLED)
def test_a_method_that_asks_its_object_for_the_session_is_awaited(text: str, wanted: str, tmp_path: Path) -> None:
    before = TABLES + text
    after = flipped(tmp_path, {"app.py": before}, samples.MODELS)["app.py"]
    assert wanted in after
    assert "db = async_object_session(self)" in after
    comparison = compare_example(Example("the flip", before, after, "name(session)"))
    assert comparison.same, comparison.text()
    assert comparison.after.asynchronous and not comparison.after.failure, comparison.text()


def test_what_asks_for_the_session_of_an_object_is_left_with_what_makes_sessions(tmp_path: Path) -> None:
    factory = (
        "from sqlalchemy import create_engine\nfrom sqlalchemy.orm import sessionmaker\n\n"
        "SessionLocal = sessionmaker(create_engine('sqlite://', creator=print))\n"
    )
    files = {"tables.py": TABLES, "database.py": factory}
    assert flipped(tmp_path, files) == files


def test_a_method_of_the_same_name_on_another_class_is_not_awaited(tmp_path: Path) -> None:
    shelf = "class Shelf:\n    def titles(self) -> int:\n        return 3\n\n\n"
    text = f"{shelf}def count(shelf: Shelf):\n    return shelf.titles()\n"
    after = flipped(tmp_path, {"app.py": TABLES, "shelf.py": text})
    assert after["shelf.py"] == text
    assert "async def titles" in after["app.py"]
