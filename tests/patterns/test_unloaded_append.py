"""AM305: which changes of a collection load nothing any more, which load it by name, and which are left."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from helpers.analysis.project import load_project
from helpers.codemod.scanner import scan
from helpers.lab import samples
from helpers.migrate.rewriter import rewrite
from helpers.model import ChangeSet, Stage, Step
from helpers.patterns.unloaded_append import UnloadedAppend

HEAD = "from models import Author, Award, Book, Genre, Publisher\nfrom sqlalchemy.orm import Session\n\n\n"
AUTHOR = "    one = db.query(Author).filter_by(id=key).one()\n"
BOOK = "    one = db.query(Book).filter_by(id=key).one()\n"
MODERN = {"requirements.txt": "sqlalchemy>=2.0\n"}


def changed(folder: Path, files: Mapping[str, str]) -> ChangeSet:
    """What the pattern makes of `files` beside the sample models."""
    for name, text in {"models.py": samples.MODELS, **files}.items():
        (folder / name).write_text(text, encoding="utf-8")
    project = load_project(folder)
    return rewrite(project, Step(1, Stage.IMPLICIT_IO, scan(project, [UnloadedAppend])))


def function(folder: Path, body: str, *, parameters: str = "db: Session, key", **files: str) -> str:
    """What becomes of the statements of a function."""
    text = f"{HEAD}def f({parameters}):\n{body}"
    found = changed(folder, {"app.py": text, **MODERN, **{f"{name}.py": more for name, more in files.items()}})
    done = {change.path: change.after.decode() for change in found.changes}
    return done.get("app.py", text).partition("):\n")[2]


def left(folder: Path, body: str, *, parameters: str = "db: Session, key") -> list[str]:
    """Why changes are left to a person."""
    found = changed(folder, {"app.py": f"{HEAD}def f({parameters}):\n{body}", **MODERN})
    return [skip.reason for skip in found.skipped]


TURNED = {
    "made in place": (
        AUTHOR + "    one.books.append(Book(title=key))\n",
        AUTHOR + "    db.add(Book(title=key, author=one))\n",
    ),
    "made in place without arguments": (
        AUTHOR + "    one.books.append(Book())\n",
        AUTHOR + "    db.add(Book(author=one))\n",
    ),
    "over several lines": (
        AUTHOR + "    one.books.append(\n        Book(\n            title=key,  # its name\n        )\n    )\n",
        AUTHOR
        + "    db.add(\n        Book(\n            title=key,  # its name\n            author=one,\n        )\n    )\n",
    ),
    "a name": (
        AUTHOR + "    two = Book(title=key)\n    one.books.append(two)\n",
        AUTHOR + "    two = Book(title=key)\n    two.author = one\n    db.add(two)\n",
    ),
    "a name that is added already": (
        AUTHOR + "    two = Book(title=key)\n    db.add(two)\n    one.books.append(two)\n",
        AUTHOR + "    two = Book(title=key)\n    db.add(two)\n    two.author = one\n",
    ),
    "a parent that was flushed": (
        "    one = Author(name=key)\n    db.add(one)\n    db.flush()\n    one.books.append(Book())\n",
        "    one = Author(name=key)\n    db.add(one)\n    db.flush()\n    db.add(Book(author=one))\n",
    ),
}


@pytest.mark.parametrize(("before", "wanted"), TURNED.values(), ids=TURNED)
def test_a_new_child_gets_its_parent(before: str, wanted: str, tmp_path: Path) -> None:
    assert function(tmp_path, before) == wanted


LOADED = {
    "many to many": BOOK + "    one.genres.append(key)\n",
    "a removal": AUTHOR + "    one.books.remove(key)\n",
    "several at once": AUTHOR + "    one.books.extend([Book()])\n",
    "a replacement": AUTHOR + "    one.books = []\n",
    "an addition in place": AUTHOR + "    one.books += [Book()]\n",
    "a child that is there already": AUTHOR + "    two = db.query(Book).one()\n    one.books.append(two)\n",
    "the collection is used again": AUTHOR + "    one.books.append(Book())\n    return one.books\n",
}


@pytest.mark.parametrize("body", LOADED.values(), ids=LOADED)
def test_anything_else_is_loaded_by_name_first(body: str, tmp_path: Path) -> None:
    name = "genres" if "genres" in body else "books"
    assert f'    db.refresh(one, ["{name}"])\n    one.{name}' in function(tmp_path, body)


def test_before_sqlalchemy_two_a_key_is_refreshed_with_it(tmp_path: Path) -> None:
    text = f"{HEAD}def f(db: Session, key):\n{AUTHOR}    one.books.clear()\n"
    [change] = changed(tmp_path, {"app.py": text, "requirements.txt": "sqlalchemy>=1.4,<2\n"}).changes
    assert b'db.refresh(one, ["id", "books"])' in change.after


def test_inside_a_try_the_load_stays_where_it_was(tmp_path: Path) -> None:
    body = AUTHOR + "    try:\n        one.books.append(Book())\n    except ValueError:\n        pass\n"
    assert '        db.refresh(one, ["books"])\n        one.books.append(Book())\n' in function(tmp_path, body)


AS_IT_IS = {
    "the parent is new": "    one = Author()\n    one.books.append(Book())\n    db.add(one)\n    db.commit()\n",
    "the parent is new in a loop that flushes": (
        "    for name in key:\n        one = Author(name=name)\n        one.books.append(Book())\n        db.add(one)\n"
        "        db.flush()\n"
    ),
    "the query loads it": (
        "    one = db.query(Author).options(selectinload(Author.books)).one()\n    one.books.append(Book())\n"
    ),
    "it was touched before": AUTHOR + "    print(one.books)\n    one.books.append(Book())\n",
    "the mapping loads it": ("    one = db.query(Publisher).filter_by(id=key).one()\n    one.books.append(Book())\n"),
    "a dynamic collection": AUTHOR + "    one.awards.append(Award(name=key))\n",
    "a list of something else": "    key.books.append(Book())\n",
    "a column": AUTHOR + "    one.name = key\n",
    "what there is one of": BOOK + "    one.author = key\n",
    "the result is used": AUTHOR + "    return one.books.pop()\n",
}


@pytest.mark.parametrize("body", AS_IT_IS.values(), ids=AS_IT_IS)
def test_nothing_is_changed(body: str, tmp_path: Path) -> None:
    assert function(tmp_path, body) == body
    assert left(tmp_path, body) == []


def test_a_function_whose_query_loads_it_counts(tmp_path: Path) -> None:
    body = (
        "    one = find(db, key)\n    one.books.append(Book())\n\n\n"
        "def find(db: Session, key) -> Author:\n"
        "    return db.query(Author).options(selectinload(Author.books)).filter_by(id=key).one()\n"
    )
    assert function(tmp_path, body) == body


WATCHED = {
    "a validator": "class Mixin:\n    @validates('books')\n    def check(self, key, book): ...\n",
    "a listener": "from models import Author\n\n\n@listens_for(Author.books, 'append')\ndef check(*_): ...\n",
}


@pytest.mark.parametrize("text", WATCHED.values(), ids=WATCHED)
def test_a_collection_that_is_watched_is_not_passed_by(text: str, tmp_path: Path) -> None:
    done = function(tmp_path, TURNED["made in place"][0], watcher=text)
    assert "one.books.append" in done
    assert "refresh" in done


ELSEWHERE = "db: Session, one: Author, key"
GUARDED = """    if inspect(one).persistent and "books" in inspect(one).unloaded:
        db.refresh(one, ["books"])
    one.books.remove(key)
"""


def test_the_collection_of_somebody_elses_object_is_loaded_where_nothing_has_loaded_it(tmp_path: Path) -> None:
    assert function(tmp_path, "    one.books.remove(key)\n", parameters=ELSEWHERE) == GUARDED
    assert function(tmp_path, GUARDED, parameters=ELSEWHERE) == GUARDED


def with_its_owner(body: str, parameters: str) -> str:
    """A function beside models that load an author's books with the author."""
    return f"{HEAD}def f({parameters}):\n{body}"


EAGER = samples.MODELS.replace('cascade="all, delete-orphan")', 'lazy="selectin")')


def test_what_the_mapping_loads_is_not_loaded_for_an_object_that_may_have_been_made(tmp_path: Path) -> None:
    text = with_its_owner("    one.books.clear()\n    return one.books\n", ELSEWHERE)
    [change] = changed(tmp_path, {"app.py": text, "models.py": EAGER, **MODERN}).changes
    assert GUARDED.partition("\n")[0] in change.after.decode()


def test_what_the_mapping_loads_is_there_for_an_object_of_a_query(tmp_path: Path) -> None:
    text = with_its_owner(AUTHOR + "    one.books.clear()\n", "db: Session, key")
    assert changed(tmp_path, {"app.py": text, "models.py": EAGER, **MODERN}).changes == ()


QUIET = f"""{HEAD}def quiet(db: Session, one: Author):
    with db.no_autoflush:
        deeper(db, one)


def deeper(db: Session, one: Author):
    f(db, one, None)


"""


@pytest.mark.parametrize(("called", "guarded"), [("deeper", False), ("print", True)])
def test_a_function_that_is_reached_where_flushes_are_held_back_is_left(
    called: str, guarded: bool, tmp_path: Path
) -> None:
    text = f"{QUIET.replace('deeper(db', f'{called}(db', 1)}def f({ELSEWHERE}):\n    one.books.remove(key)\n"
    assert bool(changed(tmp_path, {"app.py": text, **MODERN}).changes) is guarded


def test_the_object_of_somebody_else_is_left_where_a_session_may_not_have_flushed(tmp_path: Path) -> None:
    factory = "from sqlalchemy.orm import sessionmaker\nSessionLocal = sessionmaker(autoflush=False)\n"
    body = "    one.books.remove(key)\n"
    assert function(tmp_path, body, parameters=ELSEWHERE, factory=factory) == body


def test_without_one_session_it_is_left(tmp_path: Path) -> None:
    [reason] = left(tmp_path, "    one.books.append(Book())\n", parameters="one: Author")
    assert "which session" in reason


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    for body in (TURNED["a name"][0], LOADED["a removal"]):
        once = function(tmp_path, body)
        assert function(tmp_path, once) == once
