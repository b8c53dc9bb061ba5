"""AM302: what the options of a query load already, also where they come from elsewhere, is not asked for again."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.analysis.project import load_project
from helpers.codemod.scanner import scan
from helpers.lab import samples
from helpers.migrate.rewriter import rewrite
from helpers.model import ChangeSet, Stage, Step
from helpers.patterns.lazy_relationship import LazyRelationship

HEAD = "from models import Author, Book, Review\nfrom sqlalchemy import select\n"
HEAD += "from sqlalchemy.orm import Session, joinedload, selectinload\n\n\n"


def changed(folder: Path, files: dict[str, str]) -> ChangeSet:
    """What the pattern makes of `files` beside the sample models."""
    for name, text in {"models.py": samples.MODELS, **files}.items():
        (folder / name).write_text(text, encoding="utf-8", newline="")
    project = load_project(folder)
    return rewrite(project, Step(1, Stage.IMPLICIT_IO, scan(project, [LazyRelationship])))


def reading(options: str, above: str = "") -> str:
    """A file whose function reads the reviews of books that a statement loads with these options."""
    text = f"def show(db: Session):\n    found = select(Book).options({options})\n"
    return f"{HEAD}{above}{text}    return [book.reviews for book in db.scalars(found)]\n"


RETURNED = "def loads():\n    return {value}\n\n\n"
KNOWN = {
    "a constant": ("*LOADS", "LOADS = (selectinload(Book.reviews),)\n\n\n"),
    "a list of a name": ("LOADS[0], *LOADS", "LOADS = [selectinload(Book.reviews)]\n\n\n"),
    "a function": ("*loads()", RETURNED.format(value="(selectinload(Book.reviews),)")),
    "a function that returns one": ("loads()", RETURNED.format(value="selectinload(Book.reviews)")),
    "a tuple of a list": ("*loads()", RETURNED.format(value="tuple([selectinload(Book.reviews)])")),
    "two lists": ("*loads()", RETURNED.format(value="[joinedload(Book.author)] + [selectinload(Book.reviews)]")),
    "a function of a function": (
        "*more()",
        RETURNED.format(value="[selectinload(Book.reviews)]") + "def more():\n    return (*loads(),)\n\n\n",
    ),
}


@pytest.mark.parametrize(("options", "above"), KNOWN.values(), ids=KNOWN)
def test_options_that_a_name_or_a_function_gives_are_read(options: str, above: str, tmp_path: Path) -> None:
    found = changed(tmp_path, {"app.py": reading(options, above)})
    assert (found.changes, found.skipped) == ((), ())


def test_options_of_another_file_are_read_there(tmp_path: Path) -> None:
    loads = HEAD + RETURNED.format(value="(selectinload(Book.reviews),)")
    found = changed(tmp_path, {"loads.py": loads, "app.py": reading("*loads()", "from loads import loads\n\n\n")})
    assert (found.changes, found.skipped) == ((), ())


def test_what_a_function_does_not_load_is_added_beside_it(tmp_path: Path) -> None:
    above = RETURNED.format(value="(joinedload(Book.author),)")
    [change] = changed(tmp_path, {"app.py": reading("*loads()", above)}).changes
    assert "select(Book).options(selectinload(Book.reviews)).options(*loads())" in change.after.decode()


UNREAD = {
    "it grows": ("*LOADS", "LOADS = []\nLOADS.append(selectinload(Book.reviews))\n\n\n"),
    "two results": (
        "*loads()",
        "def loads():\n    if HEAD:\n        return ()\n    return (selectinload(Book.reviews),)\n\n\n",
    ),
    "imported from outside": ("*loads.BOOKS", "import loads\n\n\n"),
    "made in a loop": ("*LOADS", "for LOADS in SETS:\n    pass\n\n\n"),
}


@pytest.mark.parametrize(("options", "above"), UNREAD.values(), ids=UNREAD)
def test_beside_options_that_cannot_be_read_nothing_is_added(options: str, above: str, tmp_path: Path) -> None:
    found = changed(tmp_path, {"app.py": reading(options, above)})
    assert found.changes == ()
    assert ["options that are made elsewhere" in skip.reason for skip in found.skipped] == [True]


def test_unread_options_below_one_relationship_hold_back_what_lies_below_it_alone(tmp_path: Path) -> None:
    text = reading("joinedload(Book.author).options(*loads.AUTHORS)", "import loads\n\n\n")
    [change] = changed(tmp_path, {"app.py": text}).changes
    assert "selectinload(Book.reviews)" in change.after.decode()


SUBCLASSES = """from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Group(Base):
    __tablename__ = "groups"
    id: Mapped[int] = mapped_column(primary_key=True)
    type: Mapped[str]
    __mapper_args__ = {"polymorphic_on": "type", "polymorphic_identity": "group"}


class Role(Group):
    __tablename__ = "roles"
    id: Mapped[int] = mapped_column(ForeignKey("groups.id"), primary_key=True)
    level: Mapped[int]
    __mapper_args__ = {"polymorphic_identity": "role"}


class Team(Group):
    __tablename__ = "teams"
    id: Mapped[int] = mapped_column(ForeignKey("groups.id"), primary_key=True)
    size: Mapped[int]
    __mapper_args__ = {"polymorphic_identity": "team"}
"""
GROUPS = """from models import Group, Role, Team
from sqlalchemy import select
from sqlalchemy.orm import Session, selectin_polymorphic, with_polymorphic


def show(db: Session):
    return [size(group) for group in db.scalars({statement})]


def size(group: Group):
    return group.size if isinstance(group, Team) else 0
"""


def groups(folder: Path, statement: str) -> ChangeSet:
    """What becomes of a function that reads a column of a subclass."""
    return changed(folder, {"models.py": SUBCLASSES, "app.py": GROUPS.format(statement=statement)})


def test_the_columns_of_a_subclass_are_asked_for_once(tmp_path: Path) -> None:
    [change] = groups(tmp_path, "select(Group)").changes
    assert b".options(selectin_polymorphic(Group,[Team]))" in b"".join(change.after.split()).replace(b",)", b")")


@pytest.mark.parametrize("classes", ["Team", "Role, Team"])
def test_a_subclass_that_is_named_already_is_not_named_again(classes: str, tmp_path: Path) -> None:
    found = groups(tmp_path, f"select(Group).options(selectin_polymorphic(Group, [{classes}]))")
    assert (found.changes, found.skipped) == ((), ())


def test_a_second_set_of_subclasses_is_left_since_two_contradict(tmp_path: Path) -> None:
    found = groups(tmp_path, "select(Group).options(selectin_polymorphic(Group, [Role]))")
    assert found.changes == ()
    assert "selectin_polymorphic is there already: name `Team` in it too" in found.skipped[0].reason


def test_an_entity_with_the_columns_of_its_subclasses_needs_no_option(tmp_path: Path) -> None:
    found = groups(tmp_path, "select(with_polymorphic(Group, [Role, Team]))")
    assert (found.changes, found.skipped) == ((), ())


def test_an_entity_without_a_name_takes_no_options(tmp_path: Path) -> None:
    found = groups(tmp_path, "select(with_polymorphic(Group, [Role]))")
    assert found.changes == ()
    assert "give it one" in found.skipped[0].reason


REFUSING = samples.MODELS.replace(
    'back_populates="book", order_by', 'back_populates="book", lazy="raise_on_sql", order_by'
)


def test_a_relationship_that_refuses_to_be_loaded_by_touching_it_is_no_lazy_one(tmp_path: Path) -> None:
    assert REFUSING != samples.MODELS
    found = changed(tmp_path, {"models.py": REFUSING, "app.py": reading("joinedload(Book.author)")})
    assert (found.changes, found.skipped) == ((), ())


def test_what_lies_behind_a_relationship_that_refuses_and_is_not_loaded_is_not_asked_for(tmp_path: Path) -> None:
    text = reading("joinedload(Book.author)").replace("[book.reviews", "[[one.book for one in book.reviews]")
    found = changed(tmp_path, {"models.py": REFUSING, "app.py": text})
    assert (found.changes, found.skipped) == ((), ())


def test_what_lies_behind_a_relationship_that_refuses_is_loaded_with_it(tmp_path: Path) -> None:
    text = reading("selectinload(Book.reviews)").replace("[book.reviews", "[[one.book for one in book.reviews]")
    [change] = changed(tmp_path, {"models.py": REFUSING, "app.py": text}).changes
    assert "Review.book" in change.after.decode()


AUDIT = """from models import Author, Book, Review
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session


class Entry(BaseModel):
    book: dict
    reviews: list


class BookOut(BaseModel):
    reviews: list


class Shown(BaseModel):
    book: BookOut


def show(db: Session):
    book = db.scalars(select(Book)).one()
    return {shown}


def dumps(data: dict[str, object]):
    return Entry.model_validate(data)
"""


@pytest.mark.parametrize("shown", ['dumps({"book": book, "reviews": []})', 'Entry.model_validate({"book": book})'])
def test_a_schema_reads_the_items_of_a_dictionary_and_not_their_attributes(shown: str, tmp_path: Path) -> None:
    found = changed(tmp_path, {"app.py": AUDIT.replace("{shown}", shown)})
    assert (found.changes, found.skipped) == ((), ())


def test_the_schema_of_one_item_reads_what_the_dictionary_holds_there(tmp_path: Path) -> None:
    [change] = changed(tmp_path, {"app.py": AUDIT.replace("{shown}", 'Shown.model_validate({"book": book})')}).changes
    assert "select(Book).options(selectinload(Book.reviews))" in change.after.decode()
