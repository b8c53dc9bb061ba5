"""AM302: what the mapping loads with its owner is there for an object of a query, and not for one that was made."""

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
    items: Mapped[list["Item"]] = relationship(back_populates="shelf", lazy="selectin")


class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    shelf_id: Mapped[int] = mapped_column(ForeignKey("shelves.id"))
    shelf: Mapped[Shelf] = relationship(back_populates="items")
"""
MADE = """from sqlalchemy import select
from sqlalchemy.orm import Session

from tables import Item, Shelf


def create(db: Session):
    shelf = Shelf()
    db.add(shelf)
    db.flush()
    return len(shelf.items)
"""


def after(folder: Path, text: str, tables: str = TABLES) -> str:
    """The function as the pattern leaves it."""
    return Rewriting(LazyRelationship, folder).after(text, tables=tables)


@pytest.mark.parametrize("lazy", ["selectin", "joined", "subquery", "immediate"])
def test_of_an_object_that_was_made_it_is_loaded_once_that_is_stored(lazy: str, tmp_path: Path) -> None:
    text = after(tmp_path, MADE, TABLES.replace('"selectin"', f'"{lazy}"'))
    assert 'db.flush()\n    db.refresh(shelf, ["items"])\n' in text


@pytest.mark.parametrize("lazy", ["dynamic", "write_only", "noload"])
def test_what_is_never_loaded_by_touching_it_stays(lazy: str, tmp_path: Path) -> None:
    assert after(tmp_path, MADE, TABLES.replace('"selectin"', f'"{lazy}"')) == MADE


def test_a_whole_refresh_loads_it_with_the_object(tmp_path: Path) -> None:
    text = MADE.replace("db.flush()\n", "db.flush()\n    db.refresh(shelf)\n")
    assert after(tmp_path, text) == text


def test_a_query_loads_it_with_the_object(tmp_path: Path) -> None:
    text = MADE.replace("Shelf()", "db.scalars(select(Shelf)).one()").replace("    db.add(shelf)\n    db.flush()\n", "")
    assert after(tmp_path, text) == text


def test_behind_a_relationship_of_a_made_object_a_query_has_loaded_it(tmp_path: Path) -> None:
    text = MADE.replace("shelf = Shelf()", "item = Item(shelf_id=1)").replace("add(shelf)", "add(item)")
    text = after(tmp_path, text.replace("shelf.items", "item.shelf.items"))
    assert 'db.refresh(item, ["shelf"])' in text
    assert '"items"' not in text
