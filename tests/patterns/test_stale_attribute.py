"""AM304: what is refreshed behind a rollback, an expiry and an update, and what is not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from helpers.analysis.project import load_project
from helpers.codemod.scanner import scan
from helpers.lab import samples
from helpers.migrate.rewriter import rewrite
from helpers.model import ChangeSet, Stage, Step
from helpers.patterns.stale_attribute import StaleAttribute

HEAD = "from models import Author, Book\nfrom sqlalchemy.orm import Session\n\n\n"
LOAD = "    one = db.query(Author).filter_by(id=key).one()\n"
STAMPED = """\
from sqlalchemy import func
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class Note(Base):
    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]
    made: Mapped[str] = mapped_column(server_default=func.now())
    seen: Mapped[str] = mapped_column(onupdate=func.now())
    count: Mapped[int] = mapped_column(default=0, onupdate=lambda: 1)


"""
NOTE = "    note = db.get(Note, key)\n    note.text = 'x'\n"


def changed(folder: Path, files: Mapping[str, str]) -> ChangeSet:
    """What the pattern makes of `files` beside the sample models."""
    for name, text in {"models.py": samples.MODELS, **files}.items():
        (folder / name).write_text(text, encoding="utf-8")
    project = load_project(folder)
    return rewrite(project, Step(1, Stage.IMPLICIT_IO, scan(project, [StaleAttribute])))


def function(folder: Path, body: str, head: str = HEAD, files: Mapping[str, str] | None = None) -> str:
    """What becomes of the statements of a function."""
    text = f"{head}def f(db: Session, key):\n{body}"
    found = changed(folder, {"app.py": text, **(files or {})})
    done = {change.path: change.after.decode() for change in found.changes}
    return done.get("app.py", text).partition("key):\n")[2]


def left(folder: Path, body: str) -> list[str]:
    """Why uses are left to a person."""
    skipped = changed(folder, {"app.py": f"{HEAD}def f(db: Session, key):\n{body}"}).skipped
    return [skip.reason for skip in skipped if skip.finding.path == "app.py"]


REFRESHED = {
    "behind a rollback": (
        LOAD + "    db.rollback()\n    return one.name\n",
        "    db.refresh(one)\n    return one.name\n",
    ),
    "its key too": (LOAD + "    db.rollback()\n    return one.id\n", "    db.refresh(one)\n    return one.id\n"),
    "in a handler": (
        LOAD + "    try:\n        db.flush()\n    except ValueError as error:\n        db.rollback()\n"
        "        raise KeyError(one.name) from error\n",
        "        db.rollback()\n        db.refresh(one)\n        raise KeyError(one.name) from error\n",
    ),
    "before it is changed again": (
        LOAD + "    db.rollback()\n    one.name = key\n    return one.born\n",
        "    db.rollback()\n    db.refresh(one)\n    one.name = key\n",
    ),
    "in the only branch that uses it": (
        LOAD + "    db.rollback()\n    if key:\n        print(one.name)\n",
        "    if key:\n        db.refresh(one)\n        print(one.name)\n",
    ),
    "everything was expired": (LOAD + "    db.expire_all()\n    return one.name\n", "    db.refresh(one)\n"),
    "it was expired": (LOAD + "    db.expire(one)\n    return one.name\n", "    db.refresh(one)\n"),
    "a savepoint in which it was changed": (
        LOAD + "    point = db.begin_nested()\n    one.name = key\n    point.rollback()\n    return one.name\n",
        "    point.rollback()\n    db.refresh(one)\n",
    ),
    "a function that rolls back": (
        LOAD + "    undo(db)\n    return one.name\n\n\ndef undo(db: Session):\n    db.rollback()\n",
        "    undo(db)\n    db.refresh(one)\n",
    ),
}


@pytest.mark.parametrize(("body", "wanted"), REFRESHED.values(), ids=REFRESHED)
def test_what_is_used_is_refreshed(body: str, wanted: str, tmp_path: Path) -> None:
    done = function(tmp_path, body)
    assert wanted in done
    assert done.count("refresh") == 1


AS_IT_IS = {
    "nothing is used behind it": LOAD + "    db.rollback()\n",
    "the function is left": LOAD + "    db.rollback()\n    raise ValueError(key)\n",
    "the value was read before": LOAD + "    name = one.name\n    db.rollback()\n    return name\n",
    "an object that was new": "    one = Author(name=key)\n    db.add(one)\n    db.rollback()\n    return one.name\n",
    "it is only changed": LOAD + "    db.rollback()\n    one.name = key\n    db.commit()\n",
    "it is loaded again": LOAD + "    db.rollback()\n" + LOAD + "    return one.name\n",
    "it is refreshed": LOAD + "    db.rollback()\n    db.refresh(one)\n    return one.name\n",
    "another object was expired": (
        LOAD + "    two = db.query(Author).first()\n    db.expire(two)\n    return one.name\n"
    ),
    "one attribute was expired": LOAD + "    db.expire(one, ['name'])\n    return one.born\n",
    "a savepoint in which it was not changed": (
        LOAD + "    point = db.begin_nested()\n    point.rollback()\n    return one.name\n"
    ),
    "the rollback of something else": LOAD + "    key.rollback()\n    return one.name\n",
    "it is returned, and nobody in sight reads it": LOAD + "    db.rollback()\n    return one\n",
    "a commit": LOAD + "    db.commit()\n    return one.name\n",
}


@pytest.mark.parametrize("body", AS_IT_IS.values(), ids=AS_IT_IS)
def test_nothing_is_refreshed(body: str, tmp_path: Path) -> None:
    assert function(tmp_path, body) == body
    assert left(tmp_path, body) == []


DOUBTFUL = {
    "may be None": "    one = db.get(Author, key)\n    db.rollback()\n    print(one)\n",
    "new in this transaction": (
        "    one = made(db)\n    db.rollback()\n    return one.name\n\n\n"
        "def made(db: Session):\n    one = Author()\n    db.add(one)\n    return one\n"
    ),
    "each object of `all`": "    all = db.query(Author).all()\n    db.rollback()\n    print(all)\n",
    "waits for ObjectDeletedError": (
        LOAD
        + "    try:\n        db.rollback()\n        return one.name\n    except ObjectDeletedError:\n        return 0\n"
    ),
}


@pytest.mark.parametrize(("reason", "body"), DOUBTFUL.items())
def test_a_doubtful_use_is_left_with_its_reason(reason: str, body: str, tmp_path: Path) -> None:
    assert function(tmp_path, body) == body
    assert [reason in one for one in left(tmp_path, body)] == [True]


COMPUTED = {
    "it is read": (NOTE + "    db.flush()\n    return note.seen\n", '    db.refresh(note, ["seen"])\n    return'),
    "the object is handed out": (
        NOTE + "    db.flush()\n    return note\n",
        '    db.refresh(note, ["seen"])\n    return',
    ),
    "it was set by name": (
        "    note = db.query(Note).one()\n    setattr(note, key, 1)\n    db.flush()\n    return note\n",
        '    db.refresh(note, ["seen"])\n    return',
    ),
}


@pytest.mark.parametrize(("body", "wanted"), COMPUTED.values(), ids=COMPUTED)
def test_what_the_database_computes_at_an_update_is_read_by_name(body: str, wanted: str, tmp_path: Path) -> None:
    assert wanted in function(tmp_path, body, STAMPED)


NOT_COMPUTED = {
    "another column is read": NOTE + "    db.flush()\n    return note.text\n",
    "a column that Python computes": NOTE + "    db.flush()\n    return note.count\n",
    "nothing was changed": "    note = db.get(Note, key)\n    db.flush()\n    return note.seen\n",
    "it was changed behind the flush": (
        "    note = db.get(Note, key)\n    db.flush()\n    note.text = 1\n    return note\n"
    ),
    "it is refreshed": NOTE + "    db.flush()\n    db.refresh(note)\n    return note.seen\n",
    "an insert brings it back": "    note = Note()\n    db.add(note)\n    db.flush()\n    return note.made\n",
    "sessions expire at the commit, which is another pattern's": NOTE + "    db.commit()\n    return note.seen\n",
}


@pytest.mark.parametrize("body", NOT_COMPUTED.values(), ids=NOT_COMPUTED)
def test_nothing_is_read_by_name(body: str, tmp_path: Path) -> None:
    factory = "from sqlalchemy.orm import sessionmaker\nmade = sessionmaker()\n"
    assert function(tmp_path, body, STAMPED, {"database.py": factory}) == body


def test_a_class_that_asks_for_what_the_database_made_needs_nothing(tmp_path: Path) -> None:
    head = STAMPED.replace('"notes"\n', '"notes"\n    __mapper_args__ = {"eager_defaults": True}\n')
    body = NOTE + "    db.flush()\n    return note.seen\n"
    assert function(tmp_path, body, head) == body


def test_behind_a_commit_it_counts_where_sessions_keep_their_objects(tmp_path: Path) -> None:
    factory = "from sqlalchemy.orm import sessionmaker\nmade = sessionmaker(expire_on_commit=False)\n"
    body = NOTE + "    db.commit()\n    return note\n"
    done = function(tmp_path, body, STAMPED, {"database.py": factory})
    assert '    db.commit()\n    db.refresh(note, ["seen"])\n    return note\n' in done


def test_before_sqlalchemy_two_an_insert_does_not_bring_it_back(tmp_path: Path) -> None:
    body = "    note = Note(text=key)\n    db.add(note)\n    db.flush()\n    return note\n"
    done = function(tmp_path, body, STAMPED, {"requirements.txt": "sqlalchemy>=1.4,<2\n"})
    assert '    db.refresh(note, ["made"])\n    return note\n' in done


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    once = function(tmp_path, REFRESHED["in a handler"][0])
    assert function(tmp_path, once) == once


GIVEN = HEAD + "def f(db: Session, key, one: Author):\n"


def test_an_object_from_elsewhere_is_refreshed_behind_a_rollback_if_the_session_holds_it(tmp_path: Path) -> None:
    text = f"{GIVEN}    db.rollback()\n    return one.name\n"
    done = {change.path: change.after.decode() for change in changed(tmp_path, {"app.py": text}).changes}
    assert "    if one in db:\n        db.refresh(one)\n    return one.name" in done["app.py"]


def test_a_column_computed_at_an_update_is_read_of_an_object_from_elsewhere(tmp_path: Path) -> None:
    text = f"{STAMPED}def f(db: Session, note: Note):\n    note.text = 'x'\n    db.flush()\n    return note.seen\n"
    done = {change.path: change.after.decode() for change in changed(tmp_path, {"app.py": text}).changes}
    assert '    if note in db:\n        db.refresh(note, ["seen"])\n    return' in done["app.py"]


def test_an_object_from_elsewhere_that_may_be_new_is_not_refreshed_behind_expire_all(tmp_path: Path) -> None:
    done = changed(tmp_path, {"app.py": f"{GIVEN}    db.expire_all()\n    return one.name\n"})
    assert not done.changes
    assert any("nothing tells which session" in skip.reason for skip in done.skipped)


def test_what_a_try_does_when_nothing_was_raised_does_not_come_behind_its_handler(tmp_path: Path) -> None:
    body = (
        LOAD
        + "    while key:\n        print(one.name)\n        try:\n            db.flush()\n        except ValueError:\n"
        "            db.rollback()\n        else:\n            db.refresh(one)\n            return one\n"
    )
    assert "            db.rollback()\n            db.refresh(one)\n        else:" in function(tmp_path, body)
