"""AM302: relationships that a `backref` elsewhere declares, with a type checker and without one."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.patterns.lazy_relationship import LazyRelationship
from tests.patterns.rewriting import Rewriting

TABLES = """from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Shelf(Base):
    __tablename__ = "shelves"
    id: Mapped[int] = mapped_column(primary_key=True)


class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    shelf_id: Mapped[int] = mapped_column(ForeignKey("shelves.id"))
    shelf: Mapped[Shelf] = relationship(backref="items")
"""
READS = """from sqlalchemy import select
from sqlalchemy.orm import Session

from tables import Item, Shelf


def count(db: Session):
    return [len(shelf.items) for shelf in db.scalars(select(Shelf))]
"""
CHECKED = "[tool.mypy]\nstrict = true\n"


def after(folder: Path, text: str) -> str:
    """The function as the pattern leaves it."""
    return Rewriting(LazyRelationship, folder).after(text, tables=TABLES)


def test_a_backref_that_no_type_checker_sees_is_named_behind_a_cast(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(CHECKED, encoding="utf-8")
    text = after(tmp_path, READS)
    assert 'selectinload(cast("Any", Shelf).items)' in text
    assert "from typing import Any, cast" in text


def test_a_second_look_sees_what_stands_behind_the_cast(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(CHECKED, encoding="utf-8")
    done = after(tmp_path, READS)
    assert after(tmp_path, done) == done


def test_without_a_type_checker_a_backref_is_named_as_any_other(tmp_path: Path) -> None:
    text = after(tmp_path, READS)
    assert "selectinload(Shelf.items)" in text
    assert "cast" not in text


@pytest.mark.parametrize("settings", ["", CHECKED])
def test_the_side_that_is_declared_needs_no_cast(settings: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(settings, encoding="utf-8")
    text = after(
        tmp_path,
        READS.replace("len(shelf.items)", "item.shelf.id")
        .replace("shelf in", "item in")
        .replace("select(Shelf)", "select(Item)"),
    )
    assert "joinedload(Item.shelf)" in text
    assert "cast" not in text
