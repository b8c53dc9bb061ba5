"""AM306: which reads of a dynamic relationship run on the session, and which stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.analysis.project import load_project
from helpers.codemod.scanner import scan
from helpers.lab import samples
from helpers.migrate.rewriter import rewrite
from helpers.model import ChangeSet, Stage, Step
from helpers.patterns.dynamic_relationship import DynamicRelationship

HEAD = "from models import Author, Award\nfrom sqlalchemy import func, select\nfrom sqlalchemy.orm import Session\n\n\n"
LOAD = "    one = db.query(Author).filter_by(id=key).one()\n"


def changed(folder: Path, body: str, parameters: str = "db: Session, key") -> ChangeSet:
    """What the pattern makes of a function beside the sample models."""
    (folder / "models.py").write_text(samples.MODELS, encoding="utf-8")
    (folder / "app.py").write_text(f"{HEAD}def f({parameters}):\n{body}", encoding="utf-8")
    project = load_project(folder)
    return rewrite(project, Step(1, Stage.IMPLICIT_IO, scan(project, [DynamicRelationship])))


def statement(folder: Path, text: str) -> str:
    """What becomes of one statement behind the query that loads the author."""
    found = changed(folder, f"{LOAD}    {text}\n").changes
    after = found[0].after.decode() if found else f"{LOAD}    {text}\n"
    return after.partition(LOAD)[2].strip()


REWRITES = {
    "one.awards.all()": "db.scalars(one.awards.statement).all()",
    "one.awards.one()": "db.scalars(one.awards.statement).one()",
    "one.awards.one_or_none()": "db.scalars(one.awards.statement).one_or_none()",
    "one.awards.first()": "db.scalars(one.awards.limit(1).statement).first()",
    "one.awards.limit(3).first()": "db.scalars(one.awards.limit(3).limit(1).statement).first()",
    "one.awards.filter(Award.year > key).all()": "db.scalars(one.awards.filter(Award.year > key).statement).all()",
    "one.awards.offset(1).limit(2).all()": "db.scalars(one.awards.offset(1).limit(2).statement).all()",
    "list(one.awards)": "list(db.scalars(one.awards.statement))",
    "any(one.awards)": "any(db.scalars(one.awards.statement))",
    "[x.name for x in one.awards]": "[x.name for x in db.scalars(one.awards.statement)]",
    "for x in one.awards.order_by(Award.year): print(x)": (
        "for x in db.scalars(one.awards.order_by(Award.year).statement): print(x)"
    ),
    "one.awards.count()": (
        "db.execute(select(func.count()).select_from(one.awards.statement.subquery())).scalar_one()"
    ),
}


@pytest.mark.parametrize(("before", "wanted"), REWRITES.items())
def test_its_statement_is_run_on_the_session(before: str, wanted: str, tmp_path: Path) -> None:
    assert statement(tmp_path, before) == wanted


AS_IT_IS = {
    "to append": "one.awards.append(Award(name=key))",
    "to remove": "one.awards.remove(key)",
    "its statement": "db.scalars(one.awards.statement).all()",
    "a collection": "list(one.books)",
    "the class": "db.query(Author).join(Author.awards).all()",
    "an object of something else": "key.awards.all()",
}


@pytest.mark.parametrize("text", AS_IT_IS.values(), ids=AS_IT_IS)
def test_nothing_is_found(text: str, tmp_path: Path) -> None:
    found = changed(tmp_path, f"{LOAD}    {text}\n")
    assert (found.changes, found.skipped) == ((), ())


LEFT = {
    "handed on": "return one.awards",
    "a slice": "return one.awards[:2]",
    "an index": "return one.awards.filter(Award.year > 1)[0]",
    "kept in a name": "found = one.awards.filter(Award.year > 1)",
    "a bulk delete": "one.awards.delete()",
    "a join, whose rows may repeat": "return one.awards.join(Award.author).all()",
    "iterated later": "return (x for x in one.awards)",
    "a comment between the links": "return (one.awards.filter(Award.year > 1)  # the late ones\n    .all())",
}


@pytest.mark.parametrize("text", LEFT.values(), ids=LEFT)
def test_a_use_that_is_not_sure_is_left(text: str, tmp_path: Path) -> None:
    found = changed(tmp_path, f"{LOAD}    {text}\n")
    assert found.changes == ()
    assert [bool(skip.reason) for skip in found.skipped] == [True]


@pytest.mark.parametrize(
    ("parameters", "body", "reason"),
    [
        ("one: Author", "    return one.awards.all()\n", "holds the object"),
        ("db: Session", "    one = Author()\n    return one.awards.all()\n", "holds the object"),
        (
            "db: Session, other: Session",
            "    one = db.query(Author).one()\n    other.add(one)\n    return one.awards.all()\n",
            "which session",
        ),
    ],
)
def test_without_a_stored_object_or_one_session_it_is_left(
    parameters: str, body: str, reason: str, tmp_path: Path
) -> None:
    [skip] = changed(tmp_path, body, parameters).skipped
    assert reason in skip.reason


def test_rows_that_may_repeat_are_made_unique(tmp_path: Path) -> None:
    models = samples.MODELS.replace(
        'genres = relationship("Genre", secondary=book_genres,',
        'genres = relationship("Genre", secondary=book_genres, lazy="dynamic",',
    )
    assert models != samples.MODELS
    (tmp_path / "models.py").write_text(models, encoding="utf-8")
    text = "from models import Book\nfrom sqlalchemy.orm import Session\n\n\ndef f(db: Session):\n"
    (tmp_path / "app.py").write_text(f"{text}    return db.get(Book, 1).genres.all()\n", encoding="utf-8")
    project = load_project(tmp_path)
    [change] = rewrite(project, Step(1, Stage.IMPLICIT_IO, scan(project, [DynamicRelationship]))).changes
    assert b"db.scalars(db.get(Book, 1).genres.statement).unique().all()" in change.after


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    for before in REWRITES:
        once = statement(tmp_path, before)
        assert statement(tmp_path, once) == once
