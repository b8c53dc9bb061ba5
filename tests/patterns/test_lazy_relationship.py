"""AM302: what is loaded with the query, where the options go, and what is left with which reason."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from helpers.analysis.project import load_project
from helpers.analysis.trace import TRACE_FILE, LazyLoad, Loading, Place, Trace, to_document
from helpers.codemod.scanner import scan
from helpers.lab import samples
from helpers.migrate.rewriter import rewrite
from helpers.model import Applicability, ChangeSet, Stage, Step, digest
from helpers.patterns.lazy_relationship import LazyRelationship

HEAD = "from models import Author, Book, Copy, Genre, Review\nfrom sqlalchemy import select\n"
HEAD += "from sqlalchemy.orm import Session, joinedload, selectinload\n\n\n"
FACTORY = {
    "database.py": "from sqlalchemy.orm import sessionmaker\n\nSessionLocal = sessionmaker(expire_on_commit=False)\n"
}
SCHEMAS = """from pydantic import BaseModel


class ReviewOut(BaseModel):
    stars: int


class BookOut(BaseModel):
    title: str
    reviews: list[ReviewOut]


class AuthorOut(BaseModel):
    name: str
    books: list[BookOut]
"""


def changed(folder: Path, files: Mapping[str, str]) -> ChangeSet:
    """What the pattern makes of `files` beside the sample models."""
    for name, text in {"models.py": samples.MODELS, **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8", newline="")
    project = load_project(folder)
    return rewrite(project, Step(1, Stage.IMPLICIT_IO, scan(project, [LazyRelationship])))


def after(folder: Path, files: Mapping[str, str], path: str = "app.py") -> str:
    """The text of one file once the pattern was applied, its white space as single blanks."""
    done = {change.path: change.after.decode() for change in changed(folder, files).changes}
    return " ".join(done.get(path, files.get(path, samples.MODELS)).split())


def body(folder: Path, text: str, **more: str) -> str:
    """The same for the functions of one file that begins with the usual imports."""
    return after(folder, {"app.py": HEAD + text, **more})


def reasons(folder: Path, text: str, files: Mapping[str, str] | None = None) -> list[str]:
    """Why something of a file is left."""
    return [skip.reason for skip in changed(folder, {"app.py": HEAD + text, **(files or {})}).skipped]


ROUTE = """from fastapi import APIRouter, Depends
from models import Author
from schemas import AuthorOut
from sqlalchemy import select
from sqlalchemy.orm import Session

router = APIRouter()


@router.get("/authors/{author_id}", response_model=AuthorOut)
def read_author(author_id: int, db: Session = Depends()):
    return db.scalars(select(Author).where(Author.id == author_id)).one()
"""


def test_a_response_model_reads_what_its_fields_and_theirs_name(tmp_path: Path) -> None:
    text = after(tmp_path, {"app.py": ROUTE, "schemas.py": SCHEMAS})
    assert "selectinload(Author.books).selectinload(Book.reviews)" in text
    assert "from models import Author, Book" in text


def test_a_return_annotation_is_a_response_model(tmp_path: Path) -> None:
    annotated = ROUTE.replace(", response_model=AuthorOut", "").replace("Depends()):", "Depends()) -> AuthorOut:")
    assert "selectinload(Author.books)" in after(tmp_path, {"app.py": annotated, "schemas.py": SCHEMAS})


def test_without_a_response_model_nothing_is_read(tmp_path: Path) -> None:
    bare = ROUTE.replace(", response_model=AuthorOut", ", response_model=None")
    assert not changed(tmp_path, {"app.py": bare, "schemas.py": SCHEMAS}).changes


def test_a_schema_without_relationships_reads_none(tmp_path: Path) -> None:
    plain = SCHEMAS.replace("    books: list[BookOut]\n", "")
    assert not changed(tmp_path, {"app.py": ROUTE, "schemas.py": plain}).changes


@pytest.mark.parametrize(
    "call",
    [
        "AuthorOut.model_validate(author)",
        "AuthorOut.from_orm(author)",
        "TypeAdapter(AuthorOut).validate_python(author)",
        "parse_obj_as(AuthorOut, author)",
    ],
)
def test_a_schema_that_is_filled_by_hand_reads_too(tmp_path: Path, call: str) -> None:
    text = "from pydantic import TypeAdapter, parse_obj_as\nfrom schemas import AuthorOut\n" + HEAD
    text += f"def show(db: Session):\n    author = db.scalars(select(Author)).one()\n    return {call}\n"
    assert "selectinload(Author.books)" in after(tmp_path, {"app.py": text, "schemas.py": SCHEMAS})


TEMPLATE = """{% extends "base.html" %}
{% for author in people %}<h1>{{ author.name }}</h1>
{% for book in author.books %}{{ book.title }}: {{ book.reviews | length }}{% endfor %}{% endfor %}
"""
PAGE = """def page(request, db: Session):
    authors = db.scalars(select(Author)).all()
    return templates.TemplateResponse(request, "authors.html", {"people": authors, "one": 1})
"""


def test_a_template_reads_what_it_shows(tmp_path: Path) -> None:
    files = {"templates/authors.html": TEMPLATE, "templates/base.html": "{{ title }}", "app.py": HEAD + PAGE}
    assert "selectinload(Author.books).selectinload(Book.reviews)" in after(tmp_path, files)


def test_a_template_that_extends_another_reads_what_that_shows(tmp_path: Path) -> None:
    base = "{% for author in people %}{{ author.mentor.name }}{% endfor %}"
    files = {"templates/authors.html": '{% extends "base.html" %}', "templates/base.html": base}
    assert "joinedload(Author.mentor)" in after(tmp_path, {**files, "app.py": HEAD + PAGE})


def test_a_template_that_cannot_be_read_tells_nothing(tmp_path: Path) -> None:
    assert not changed(tmp_path, {"templates/authors.html": "{% for %}", "app.py": HEAD + PAGE}).changes


MODELS = """from sqlalchemy import ForeignKey
from sqlalchemy.ext.associationproxy import association_proxy
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Team(Base):
    __tablename__ = "teams"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    people: Mapped[list["Person"]] = relationship(back_populates="team")
    names = association_proxy("people", "name")

    @property
    def size(self):
        return len(self.people)


class Person(Base):
    __tablename__ = "people"
    id: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))
    boss_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    name: Mapped[str]
    team: Mapped[Team] = relationship(back_populates="people")
    reports: Mapped[list["Person"]] = relationship()

    @hybrid_property
    def full(self):
        return f"{self.name} of {self.team.name}"

    def below(self):
        for person in self.reports:
            yield from person.below()

    def mates(self):
        return [person.mates() for person in self.team.people]

    def __repr__(self):
        return f"<{self.name} of {self.team.name}>"
"""


def team(folder: Path, reads: str, entity: str = "Team") -> str:
    """The text after the pattern where a function reads something of the one team (or person)."""
    text = "from models import Person, Team\nfrom sqlalchemy import select\nfrom sqlalchemy.orm import Session\n\n\n"
    text += f"def show(db: Session):\n    x = db.scalars(select({entity})).one()\n    return {reads}\n"
    return after(folder, {"models.py": MODELS, "app.py": text})


@pytest.mark.parametrize(
    ("reads", "entity", "option"),
    [
        ("x.size", "Team", "selectinload(Team.people)"),
        ("x.names", "Team", "selectinload(Team.people)"),
        ("x.full", "Person", "joinedload(Person.team)"),
        ("repr(x)", "Person", "joinedload(Person.team)"),
        ("f'{x!r}'", "Person", "joinedload(Person.team)"),
        ("str(x)", "Person", "joinedload(Person.team)"),
        ("getattr(x, 'team').name", "Person", "joinedload(Person.team)"),
        ("[p.full for p in x.people]", "Team", "selectinload(Team.people).joinedload(Person.team)"),
        ("x.mates()", "Person", "joinedload(Person.team).selectinload(Team.people)"),
        ("list(x.below())", "Person", "selectinload(Person.reports, recursion_depth=-1)"),
    ],
)
def test_code_of_the_model_reads_for_its_caller(tmp_path: Path, reads: str, entity: str, option: str) -> None:
    assert option in team(tmp_path, reads, entity)


@pytest.mark.parametrize("reads", ["x.name", "x.id", "len(x.name)", "x", "Team.people", "type(x).people"])
def test_what_is_no_reading_adds_no_option(tmp_path: Path, reads: str) -> None:
    assert ".options(" not in team(tmp_path, reads)


def test_recursion_has_no_option_before_2_0(tmp_path: Path) -> None:
    text = "from models import Person\nfrom sqlalchemy import select\n\n\n"
    text += "def show(db):\n    return list(db.scalars(select(Person)).one().below())\n"
    found = changed(tmp_path, {"models.py": MODELS, "app.py": text, "requirements.txt": "sqlalchemy==1.4.46\n"})
    assert not found.changes
    assert "to any depth" in found.skipped[0].reason


def test_an_option_list_of_get_is_continued(tmp_path: Path) -> None:
    text = "def f(db: Session):\n    book = db.get(Book, 1, options=[selectinload(Book.genres)])\n"
    text += "    return book.genres, book.reviews\n"
    assert "options=[selectinload(Book.genres), selectinload(Book.reviews)]" in body(tmp_path, text)


def test_options_that_are_made_elsewhere_are_left(tmp_path: Path) -> None:
    text = "def f(db: Session, given):\n    return db.get(Book, 1, options=given).reviews\n"
    assert "made elsewhere" in reasons(tmp_path, text)[0]


@pytest.mark.parametrize(
    "statement",
    ["select(Book).options(joinedload(Book.author))", "select(Book).options(selectinload(Book.author))"],
)
def test_what_hangs_on_a_given_option_keeps_it(tmp_path: Path, statement: str) -> None:
    text = f"def f(db: Session):\n    return db.scalars({statement}).one().author.mentor.name\n"
    found = body(tmp_path, text)
    assert "defaultload(Book.author).joinedload(Author.mentor)" in found
    assert statement.partition(".")[2] in found


@pytest.mark.parametrize("link", [".with_for_update()", ".distinct()", ".group_by(Book.id)"])
def test_no_join_where_it_changes_what_the_statement_does(tmp_path: Path, link: str) -> None:
    text = f"def f(db: Session):\n    return db.scalars(select(Book){link}).first().author.name\n"
    assert "selectinload(Book.author)" in body(tmp_path, text)


def test_a_statement_that_loses_its_entity_takes_no_options(tmp_path: Path) -> None:
    text = "def f(db: Session):\n    s = select(Book)\n    n = db.scalars(s.with_only_columns(Book.id)).all()\n"
    text += "    return n, db.scalars(s).first().reviews\n"
    assert "takes no eager options" in reasons(tmp_path, text)[0]


def test_a_dependency_hands_its_object_to_the_route(tmp_path: Path) -> None:
    text = "from fastapi import Depends\n" + HEAD + "def current(db: Session) -> Author:\n"
    text += "    return db.scalars(select(Author)).one()\n\n\n"
    text += "def route(author: Author = Depends(current)):\n    return [book.title for book in author.books]\n"
    assert "select(Author).options(selectinload(Author.books))" in after(tmp_path, {"app.py": text})


def test_readers_and_loaders_in_other_files(tmp_path: Path) -> None:
    service = HEAD + "def find(db, key):\n    return db.get(Book, key)\n"
    view = "from service import find\n\n\ndef show(db, key):\n    return [r.stars for r in find(db, key).reviews]\n"
    assert "options=[selectinload(Book.reviews)]" in after(
        tmp_path, {"service.py": service, "view.py": view}, "service.py"
    )


SHARED = """def find(db: Session, key: int) -> Book:
    return db.scalars(select(Book).where(Book.id == key)).one()


def title(db: Session, key: int) -> str:
    return find(db, key).title


def everything(db: Session, key: int) -> list[object]:
    book = find(db, key)
    return [book.copies, book.genres, book.reviews]
"""


def test_who_needs_more_passes_options_and_the_function_takes_them(tmp_path: Path) -> None:
    text = body(tmp_path, SHARED)
    assert "def find(db: Session, key: int, *, options: Sequence[ORMOption] = ()) -> Book:" in text
    assert "*options" in text
    assert "find(db, key, options=[" in text
    assert "find(db, key).title" in text


def test_at_most_one_statement_is_in_vain(tmp_path: Path) -> None:
    text = body(tmp_path, SHARED)
    loaded = text[text.index("select(Book)") : text.index("*options")]
    assert loaded.count("selectinload") == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("def title(db", "HANDED = [find]\n\n\ndef title(db"),
        ("def find(db", "@cache\ndef find(db"),
        ("key: int) -> Book", "key: int, **options: int) -> Book"),
    ],
)
def test_a_function_that_is_more_than_called_keeps_its_parameters(tmp_path: Path, old: str, new: str) -> None:
    text = SHARED.replace(old, new, 1)
    found = changed(tmp_path, {"app.py": "from functools import cache\n" + HEAD + text})
    assert "ORMOption" not in "".join(change.after.decode() for change in found.changes)
    assert any("others that load by this line" in skip.reason for skip in found.skipped)


MADE = """def add(db: Session) -> Book:
    book = Book(title="Kelp", author_id=1)
    db.add(book)
    db.commit()
    return book


def announce(db: Session) -> str:
    return add(db).author.name
"""


def test_a_new_object_is_refreshed_before_it_is_handed_on(tmp_path: Path) -> None:
    text = body(tmp_path, MADE, **FACTORY)
    assert 'db.commit() db.refresh(book, ["author"]) return book' in text


def test_what_the_constructor_was_given_is_there(tmp_path: Path) -> None:
    given = MADE.replace("author_id=1", "author=db.get(Author, 1)")
    assert "refresh" not in body(tmp_path, given, **FACTORY)


def test_what_was_assigned_before_it_was_stored_is_there(tmp_path: Path) -> None:
    given = MADE.replace("    db.add(book)\n", "    book.author = db.get(Author, 1)\n    db.add(book)\n")
    assert "refresh" not in body(tmp_path, given, **FACTORY)


def test_an_object_that_is_not_stored_yet_needs_nothing(tmp_path: Path) -> None:
    assert not changed(tmp_path, {"app.py": HEAD + MADE.replace("    db.commit()\n", ""), **FACTORY}).changes


def test_what_lies_deeper_than_a_refresh_reaches_is_selected_again(tmp_path: Path) -> None:
    deeper = MADE.replace("add(db).author.name", "add(db).author.mentor.name")
    text = body(tmp_path, deeper, **FACTORY)
    again = "select(Book) .where(Book.id == book.id) .options(joinedload(Book.author).joinedload(Author.mentor))"
    assert f"db.scalars( {again} ).one() return book" in text


@pytest.mark.parametrize("reads", ["add(db).author.name", "add(db).author.mentor.name"])
def test_what_was_refreshed_is_not_refreshed_again(tmp_path: Path, reads: str) -> None:
    first = changed(tmp_path, {"app.py": HEAD + MADE.replace("add(db).author.name", reads), **FACTORY})
    [done] = first.changes
    assert not changed(tmp_path, {"app.py": done.after.decode(), **FACTORY}).changes


def test_a_refresh_of_relationships_does_not_exist_in_1_4(tmp_path: Path) -> None:
    old = {"requirements.txt": "sqlalchemy==1.4.46\n"}
    text = body(tmp_path, MADE, **FACTORY, **old)
    assert "refresh" not in text
    assert "select(Book).where(Book.id == book.id).options(joinedload(Book.author))" in text.replace(" .", ".")


def test_a_commit_that_expires_is_said_to_come_first(tmp_path: Path) -> None:
    [reason] = reasons(tmp_path, MADE)
    assert "expire_on_commit (AM301)" in reason
    assert "app.py:14" in reason


def test_a_resolver_reads_only_when_it_is_asked(tmp_path: Path) -> None:
    text = "import strawberry\n" + HEAD
    text += "@strawberry.type\nclass Node:\n    row: strawberry.Private[Book]\n\n"
    text += "    @strawberry.field\n    def stars(self):\n        return [r.stars for r in self.row.reviews]\n\n"
    text += "    @strawberry.field\n    def genres(self):\n        return [g.name for g in self.row.genres]\n\n\n"
    text += "def resolve(db: Session) -> Node:\n    return Node(row=db.scalars(select(Book)).one())\n"
    [skip] = changed(tmp_path, {"app.py": text}).skipped
    assert "DataLoader" in skip.reason


def test_options_are_safe_and_what_changes_a_signature_is_for_review(tmp_path: Path) -> None:
    plain = changed(tmp_path / "a", {"app.py": HEAD + "def f(db: Session):\n    return db.get(Book, 1).reviews\n"})
    assert {finding.applicability for finding in plain.applied} == {Applicability.SAFE}
    shared = changed(tmp_path / "b", {"app.py": HEAD + SHARED})
    assert {finding.applicability for finding in shared.applied} == {Applicability.REVIEW}
    assert len({finding.fix.group for finding in shared.applied if finding.fix}) == 1


def test_a_class_that_imports_this_file_is_not_imported_back(tmp_path: Path) -> None:
    files = {
        "base.py": "from sqlalchemy.orm import DeclarativeBase\n\n\nclass Base(DeclarativeBase):\n    pass\n",
        "house.py": "from base import Base\nfrom sqlalchemy import select\n"
        "from sqlalchemy.orm import Mapped, mapped_column, relationship\n\n\nclass House(Base):\n"
        "    __tablename__ = 'houses'\n    id: Mapped[int] = mapped_column(primary_key=True)\n"
        "    rooms: Mapped[list['Room']] = relationship()\n\n\ndef colours(db):\n"
        "    return [room.colour.name for house in db.scalars(select(House)) for room in house.rooms]\n",
        "room.py": "from base import Base\nfrom house import House\nfrom sqlalchemy import ForeignKey\n"
        "from sqlalchemy.orm import Mapped, mapped_column, relationship\n\n\nclass Colour(Base):\n"
        "    __tablename__ = 'colours'\n    id: Mapped[int] = mapped_column(primary_key=True)\n    name: Mapped[str]\n"
        "\n\nclass Room(Base):\n    __tablename__ = 'rooms'\n    id: Mapped[int] = mapped_column(primary_key=True)\n"
        "    house_id: Mapped[int] = mapped_column(ForeignKey('houses.id'))\n"
        "    colour_id: Mapped[int] = mapped_column(ForeignKey('colours.id'))\n"
        "    colour: Mapped[Colour] = relationship()\n",
    }
    found = changed(tmp_path, files)
    assert not found.changes
    assert "its module imports this one" in found.skipped[0].reason


def traced(folder: Path, files: Mapping[str, str], *loads: LazyLoad) -> ChangeSet:
    """What the pattern makes of `files` with a trace that lists `loads`."""
    changed(folder, files)
    kept = {name: digest((folder / name).read_bytes()) for name in files}
    trace = Trace("now", ("pytest",), 0, 1, files=kept, lazy_loads=loads)
    (folder / TRACE_FILE).parent.mkdir(parents=True)
    (folder / TRACE_FILE).write_text(json.dumps(to_document(trace)), encoding="utf-8")
    project = load_project(folder)
    return rewrite(project, Step(1, Stage.IMPLICIT_IO, scan(project, [LazyRelationship])))


OPAQUE = HEAD + "def find(db: Session):\n    return db.scalars(select(Book)).all()\n\n\n"
OPAQUE += "def show(view, books):\n    view(books)\n"
SEEN = LazyLoad("models.Book", "models.Book", "reviews", Place("app.py", 11, "show"), count=4)


def test_a_trace_supplies_what_the_text_does_not_show(tmp_path: Path) -> None:
    load = Loading("query", Place("app.py", 7, "find"), "all")
    [change] = traced(tmp_path, {"app.py": OPAQUE}, LazyLoad(**{**vars(SEEN), "loaded_by": (load,)})).changes
    assert "select(Book).options(selectinload(Book.reviews))" in change.after.decode()


def test_objects_from_everywhere_are_loaded_with_what_is_read(tmp_path: Path) -> None:
    load = Loading("refresh", Place("app.py", 7, "find"), "refresh")
    files = {"app.py": OPAQUE, "models.py": samples.MODELS}
    [change] = traced(tmp_path, files, LazyLoad(**{**vars(SEEN), "loaded_by": (load,)})).changes
    assert change.path == "models.py"
    text = " ".join(change.after.decode().split())
    assert 'back_populates="book", order_by="Review.id", lazy="selectin")' in text


def test_of_an_object_that_nothing_loaded_no_mapping_helps(tmp_path: Path) -> None:
    files = {"app.py": OPAQUE, "models.py": samples.MODELS}
    found = traced(tmp_path, files, LazyLoad(**{**vars(SEEN), "loaded_by": (Loading("made", None),)}))
    assert found.changes == ()
    assert "refresh it once it is stored" in found.skipped[0].reason


ROUND = {
    "Book.reviews": LazyLoad("models.Book", "models.Book", "reviews", Place("app.py", 11, "show"), count=4),
    "Review.book": LazyLoad("models.Review", "models.Review", "book", Place("app.py", 11, "show"), count=4),
}


def circled(folder: Path, first: Loading, then: Loading) -> str:
    """The models once the reviews of a book, and the book of a review, were seen loaded from everywhere."""
    files = {"app.py": OPAQUE, "models.py": samples.MODELS}
    loads = [
        LazyLoad(**{**vars(load), "loaded_by": (by,)}) for load, by in zip(ROUND.values(), (first, then), strict=True)
    ]
    [change] = traced(folder, files, *loads).changes
    return " ".join(change.after.decode().split())


def test_a_relationship_that_leads_back_to_where_it_was_loaded_from_gets_a_depth(tmp_path: Path) -> None:
    refreshed, after = Loading("refresh", Place("app.py", 7, "find")), Loading("lazy", None, "", "Book.reviews")
    text = circled(tmp_path, refreshed, after)
    assert 'back_populates="reviews", lazy="selectin", join_depth=2)' in text
    assert 'back_populates="book", order_by="Review.id", lazy="selectin")' in text


def test_two_relationships_that_nobody_follows_round_get_no_depth(tmp_path: Path) -> None:
    refreshed = Loading("refresh", Place("app.py", 7, "find"))
    assert "join_depth" not in circled(tmp_path, refreshed, refreshed)


def test_what_a_trace_saw_of_the_tests_own_code_is_not_the_applications(tmp_path: Path) -> None:
    load = LazyLoad(**{**vars(SEEN), "origin": "tests", "loaded_by": (Loading("query", Place("app.py", 7)),)})
    assert not traced(tmp_path, {"app.py": OPAQUE}, load).changes


def test_a_second_run_finds_nothing_more_in_what_a_trace_supplied(tmp_path: Path) -> None:
    text = OPAQUE.replace("select(Book)", "select(Book).options(selectinload(Book.reviews))")
    load = Loading("query", Place("app.py", 7, "find"), "all")
    assert not traced(tmp_path, {"app.py": text}, LazyLoad(**{**vars(SEEN), "loaded_by": (load,)})).changes


ADDED = """def add(db: Session, key: int) -> Book:
    book = db.scalars(select(Book).where(Book.id == key)).one()
    db.add(Review(book_id=book.id, reader="Ada"))
    db.commit()
    return book


def stars(db: Session, key: int) -> list[int]:
    return [review.stars for review in add(db, key).reviews]
"""


@pytest.mark.parametrize(
    "write",
    [
        'db.add(Review(book_id=book.id, reader="Ada"))',
        "db.execute(delete(Review).where(Review.book_id == book.id))",
        "db.query(Review).filter(Review.book_id == book.id).update({Review.stars: 5})",
        "db.delete(db.get(Review, 1))",
        "helper(db)",
    ],
)
def test_what_is_written_in_between_is_read_afterwards(tmp_path: Path, write: str) -> None:
    text = "def helper(db: Session):\n    db.add(Review())\n\n\n" + ADDED.replace(
        'db.add(Review(book_id=book.id, reader="Ada"))', write
    )
    found = after(tmp_path, {"app.py": "from sqlalchemy import delete\n" + HEAD + text, **FACTORY})
    assert 'db.refresh(book, ["reviews"]) return book' in found
    assert ".options(" not in found


def test_a_foreign_key_that_is_set_in_between_is_followed_afterwards(tmp_path: Path) -> None:
    text = "def move(db: Session) -> Book:\n    book = db.get(Book, 1)\n    book.author_id = 2\n    db.commit()\n"
    text += "    return book\n\n\ndef show(db: Session) -> str:\n    return move(db).author.name\n"
    assert 'db.refresh(book, ["author"]) return book' in body(tmp_path, text, **FACTORY)


BULK = "def move(db: Session) -> list[str]:\n    books = db.scalars(select(Book)).all()\n    {}\n"
BULK += "    return [book.author.name for book in books]\n"


@pytest.mark.parametrize(
    "write",
    [
        'db.query(Book).update({"author_id": 2})',
        "db.query(Book).update({Book.author_id: 2})",
        "db.execute(update(Book).values(author_id=2))",
        "db.execute(update(Book).where(Book.id == 1).values(new_values()))",
    ],
)
def test_foreign_keys_that_are_set_in_bulk_in_between_are_followed_afterwards(tmp_path: Path, write: str) -> None:
    text = "from sqlalchemy import update\n" + HEAD + BULK.format(write)
    assert ".options(" not in after(tmp_path, {"app.py": text, **FACTORY})


@pytest.mark.parametrize(
    "write", ['db.query(Book).update({"title": "New"})', "db.execute(update(Author).values(new_values()))"]
)
def test_other_columns_that_are_set_in_bulk_change_nothing(tmp_path: Path, write: str) -> None:
    text = "from sqlalchemy import update\n" + HEAD + BULK.format(write)
    assert "select(Book).options(joinedload(Book.author))" in after(tmp_path, {"app.py": text, **FACTORY})


def test_what_is_written_elsewhere_changes_nothing_here(tmp_path: Path) -> None:
    text = ADDED.replace('Review(book_id=book.id, reader="Ada")', 'Genre(name="Maps")')
    found = body(tmp_path, text, **FACTORY)
    assert "selectinload(Book.reviews)" in found
    assert "refresh" not in found


def test_a_second_look_decides_as_the_first_what_is_too_much_for_some_callers(tmp_path: Path) -> None:
    text = (
        f"{HEAD}def load(db: Session):\n    return db.scalars(select(Author)).first()\n\n\n"
        "def one(db: Session):\n    author = load(db)\n"
        "    return author.books, [(book.reviews, book.copies) for book in author.books]\n\n\n"
        "def two(db: Session):\n    return load(db).books\n\n\n"
        "CALLS = {'load': load}\n"
    )
    first = changed(tmp_path, {"app.py": text})
    assert first.changes
    [written] = [change.after.decode() for change in first.changes]
    assert not changed(tmp_path, {"app.py": written}).changes


BOATS = """from sqlalchemy import Column, ForeignKey, Integer, String
from sqlalchemy.orm import declarative_base, relationship

Base = declarative_base()


class Harbour(Base):
    __tablename__ = "harbours"
    id = Column(Integer, primary_key=True)
    boats = relationship("Boat")


class Boat(Base):
    __tablename__ = "boats"
    id = Column(Integer, primary_key=True)
    harbour_id = Column(ForeignKey("harbours.id"))
    kind = Column(String)
    __mapper_args__ = {"polymorphic_on": kind, "polymorphic_identity": "boat"}


class Sail(Boat):
    __tablename__ = "sails"
    id = Column(ForeignKey("boats.id"), primary_key=True)
    masts = Column(Integer)
    __mapper_args__ = {"polymorphic_identity": "sail"}


class Motor(Boat):
    __tablename__ = "motors"
    id = Column(ForeignKey("boats.id"), primary_key=True)
    power = Column(Integer)
    __mapper_args__ = {"polymorphic_identity": "motor"}
"""
LOADED_FOR_BOTH = """from boats import Harbour, Motor, Sail
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

SessionLocal = sessionmaker(expire_on_commit=False)


def load(db: Session):
    return db.scalars(select(Harbour)).first()


def counted(db: Session):
    return len(load(db).boats)


def told(db: Session):
    return [boat.masts if isinstance(boat, Sail) else boat.power for boat in load(db).boats]
"""


def test_each_subclass_is_a_statement_that_a_caller_without_need_of_it_does_not_run(tmp_path: Path) -> None:
    text = after(tmp_path, {"boats.py": BOATS, "app.py": LOADED_FOR_BOTH})
    assert "select(Harbour).options( selectinload(Harbour.boats), *options, )" in text
    assert "len(load(db).boats)" in text
    assert "defaultload(Harbour.boats).selectin_polymorphic" not in text
    assert "selectin_polymorphic(Boat, [Motor, Sail])" in text.partition("def told")[2]


def test_two_ways_to_one_object_are_one_refresh_of_what_either_needs(tmp_path: Path) -> None:
    text = (
        "def got(db: Session, key: int) -> Book:\n    book = db.get(Book, key)\n    if book is None:\n"
        "        book = Book(title='New')\n        db.add(book)\n    return book\n\n\n"
        "def kept(db: Session, key: int) -> Book:\n    book = got(db, key)\n    book.author_id = 2\n    db.commit()\n"
        "    return book\n\n\ndef show(db: Session) -> object:\n    book = kept(db, 1)\n"
        "    return book.author.name, book.reviews\n"
    )
    found = body(tmp_path, text, **FACTORY)
    assert found.count("db.refresh(") == 1
    assert 'db.refresh(book, ["author", "reviews"]) return book' in found


PERHAPS_NEW = """\
def grow(name: str, db: Session):
    author = db.scalars(select(Author).where(Author.name == name)).one_or_none()
    {}
    book = Book(title="Ends", author_id=1)
    author.books.append(book)
    db.add(author)
    db.commit()
"""


def test_an_object_that_may_be_new_is_refreshed_before_it_is_read_if_it_is_stored(tmp_path: Path) -> None:
    text = PERHAPS_NEW.format("if not author:\n        author = Author(name=name)")
    guard = 'if inspect(author).persistent and "books" in inspect(author).unloaded: db.refresh(author, ["books"])'
    assert f"{guard} author.books.append(book)" in body(tmp_path, text, **FACTORY)


def test_an_object_that_is_stored_is_refreshed_before_it_is_read(tmp_path: Path) -> None:
    text = PERHAPS_NEW.format("if not author:\n        return")
    assert 'db.refresh(author, ["books"]) author.books.append(book)' in body(tmp_path, text, **FACTORY)


LOOKED_UP = """\
def lookup(db: Session, key: int):
    book = db.scalars(select(Book).where(Book.id == key).limit(1)).first()
    if book is None:
        return None
    db.add(Review(book_id=book.id, reader="Ada"))
    db.commit()
    return book


def show(db: Session, key: int) -> list[int]:
    book = lookup(db, key)
{}    return [review.stars for review in book.reviews]


def other(db: Session) -> str:
    return lookup(db, 1).title
"""


def test_an_object_that_may_be_none_is_refreshed_behind_the_test_for_that(tmp_path: Path) -> None:
    found = body(tmp_path, LOOKED_UP.format("    if book is None:\n        raise KeyError(key)\n"), **FACTORY)
    assert 'book = lookup(db, key) if book is None: raise KeyError(key) db.refresh(book, ["reviews"])' in found


def test_an_object_that_may_be_none_and_is_not_tested_is_not_refreshed(tmp_path: Path) -> None:
    assert "refresh(" not in body(tmp_path, LOOKED_UP.format(""), **FACTORY)
