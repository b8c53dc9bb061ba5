"""AM302: relationships that a `backref` elsewhere declares, which are there once mappers are configured."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from mypy import api

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
FIRST = """

if __name__ == "__main__":
    from sqlalchemy import create_engine

    from tables import Base

    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    print(count(Session(engine)))
"""
CHECKED = "[tool.mypy]\nstrict = true\n"


def after(folder: Path, text: str) -> str:
    """The function as the pattern leaves it."""
    return Rewriting(LazyRelationship, folder).after(text, tables=TABLES)


@pytest.mark.parametrize("settings", ["", CHECKED])
def test_a_backref_is_named_so_that_the_mappers_are_configured_first(settings: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(settings, encoding="utf-8")
    text = after(tmp_path, READS)
    assert 'selectinload(inspect(Shelf).relationships["items"].class_attribute)' in text
    assert "from sqlalchemy import inspect, select" in text


@pytest.mark.parametrize("statement", ["select(Shelf)", "select(Item)"])
def test_the_query_is_the_first_thing_that_its_process_does(statement: str, tmp_path: Path) -> None:
    read = "len(item.shelf.items)" if "Item" in statement else "len(shelf.items)"
    reads = READS.replace("len(shelf.items)", read).replace("select(Shelf)", statement)
    reads = reads.replace("shelf in", "item in") if "Item" in statement else reads
    text = after(tmp_path, reads)
    assert "class_attribute" in text
    (tmp_path / "app.py").write_text(text + FIRST, encoding="utf-8")
    done = subprocess.run([sys.executable, "app.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_a_type_checker_finds_nothing_in_how_a_backref_is_named(tmp_path: Path) -> None:
    text = after(tmp_path, READS)
    (tmp_path / "app.py").write_text(text.replace("(db: Session):", "(db: Session) -> list[int]:"), encoding="utf-8")
    found, _, _ = api.run(["--strict", "--no-incremental", str(tmp_path / "app.py")])
    told = [line for line in found.splitlines() if "app.py" in line and '"items"' not in line]
    assert told == []


def test_a_second_look_sees_what_the_option_loads(tmp_path: Path) -> None:
    done = after(tmp_path, READS)
    assert after(tmp_path, done) == done


def test_a_backref_that_the_project_names_by_its_mapper_is_loaded_already(tmp_path: Path) -> None:
    given = "select(Shelf).options(selectinload(inspect(Shelf).relationships.items.class_attribute))"
    reads = READS.replace("select(Shelf)", given).replace("import select\n", "import inspect, select\n")
    reads = reads.replace("import Session", "import Session, selectinload")
    assert after(tmp_path, reads) == reads


def test_the_backref_of_an_alias_is_left_to_a_person(tmp_path: Path) -> None:
    reads = READS.replace("select(Shelf)", "select(other)").replace(
        "    return", "    other = aliased(Shelf)\n    return"
    )
    reads = reads.replace("import Session", "import Session, aliased")
    rewriting = Rewriting(LazyRelationship, tmp_path)
    assert rewriting.after(reads, tables=TABLES) == reads
    assert any("back_populates" in reason for reason in rewriting.reasons(reads, tables=TABLES))


def test_the_side_that_is_declared_is_named_by_its_class(tmp_path: Path) -> None:
    text = after(
        tmp_path,
        READS.replace("len(shelf.items)", "item.shelf.id")
        .replace("shelf in", "item in")
        .replace("select(Shelf)", "select(Item)"),
    )
    assert "joinedload(Item.shelf)" in text
    assert "inspect" not in text
