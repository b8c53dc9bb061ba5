"""Every way in which reading an attribute emits SQL is told apart, on every version; asking for rows is not told."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy

from tools import older_sqlalchemy

RunTrace = Callable[..., Any]
VERSIONS = (*older_sqlalchemy.REQUIREMENTS, sqlalchemy.__version__)
HEAD = "from models import *\n\ndb = Session()\n"

# what runs -> kind, `Class.attribute`, and the kind and line of what had loaded the object
IMPLICIT = {
    "collection": (
        "a = db.query(Author).first()  # load\na.books  # touch\n",
        ("relationship", "Author.books", "query"),
    ),
    "many-to-one": (
        "b = db.query(Book).first()  # load\nb.author  # touch\n",
        ("relationship", "Book.author", "query"),
    ),
    "2.0-style": (
        "from sqlalchemy import select\na = db.execute(select(Author)).scalars().first()  # load\na.books  # touch\n",
        ("relationship", "Author.books", "query"),
    ),
    "by key": ("a = db.get(Author, 1)  # load\na.books  # touch\n", ("relationship", "Author.books", "query")),
    "iterated": (
        "for a in db.query(Author):  # load\n    a.books  # touch\n",
        ("relationship", "Author.books", "query"),
    ),
    "replaced": (
        "a = db.query(Author).first()  # load\na.books = []  # touch\n",
        ("relationship", "Author.books", "query"),
    ),
    "state": (
        "from sqlalchemy import inspect\na = db.query(Author).first()  # load\ninspect(a).attrs.books.value  # touch\n",
        ("relationship", "Author.books", "query"),
    ),
    "association proxy": (
        "a = db.query(Author).first()  # load\nlist(a.titles)  # touch\n",
        ("relationship", "Author.books", "query"),
    ),
    "synonym": ("a = db.query(Author).first()  # load\na.tomes  # touch\n", ("relationship", "Author.books", "query")),
    "in a lambda": (
        "a = db.query(Author).first()  # load\nsorted([a], key=lambda x: len(x.books))  # touch\n",
        ("relationship", "Author.books", "query"),
    ),
    "deferred": ("a = db.query(Author).first()  # load\na.bio  # touch\n", ("deferred", "Author.bio", "query")),
    "polymorphic": ("p = db.query(Person).first()  # load\np.car  # touch\n", ("polymorphic", "Boss.car", "query")),
    "dynamic": (
        "a = db.query(Author).first()  # load\nlist(a.dynamic)  # touch\n",
        ("dynamic", "Author.dynamic", "query"),
    ),
    "after refresh": (
        "a = Author(name='n')\ndb.add(a)\ndb.flush()\ndb.refresh(a)  # load\na.books  # touch\n",
        ("relationship", "Author.books", "refresh"),
    ),
    "made here": (
        "a = Author(name='n')\ndb.add(a)\ndb.flush()\na.books  # touch\n",
        ("relationship", "Author.books", "made"),
    ),
    "expired by commit": (
        "a = db.query(Author).first()  # load\ndb.commit()\na.name  # touch\n",
        ("expired", "Author.name", "query"),
    ),
    "expired by rollback": (
        "a = db.query(Author).first()  # load\ndb.rollback()\na.name  # touch\n",
        ("expired", "Author.name", "query"),
    ),
    "expired by hand": (
        "a = db.query(Author).first()  # load\ndb.expire(a)\na.name  # touch\n",
        ("expired", "Author.name", "query"),
    ),
    "composite of an expired object": (
        "a = db.query(Author).first()  # load\ndb.commit()\na.full  # touch\n",
        ("expired", "Author.name", "query"),
    ),
    "one column expired": (
        "a = db.query(Author).first()  # load\ndb.expire(a, ['name'])\na.name  # touch\n",
        ("partial", "Author.name", "query"),
    ),
    "own session class": (
        "from sqlalchemy import orm\n\n\nclass Mine(orm.Session):\n    def execute(self, *a, **k):\n"
        "        return super().execute(*a, **k)\n\n\ndb = Mine(engine)\na = db.query(Author).first()  # load\n"
        "a.books  # touch\n",
        ("relationship", "Author.books", "query"),
    ),
    "the nearer of two queries": (
        "def show(db):\n    a = db.query(Author).filter_by(id=1).first()  # load\n    return a.books  # touch\n\n\n"
        "kept = db.query(Author).all()\nshow(db)\n",
        ("relationship", "Author.books", "query"),
    ),
}

EXPLICIT = {
    "selectin": "db.query(Author).first().eager\n",
    "immediate": "db.query(Author).first().at_once\n",
    "joined": "db.query(Author).first().joined\n",
    "subquery": "db.query(Author).first().later\n",
    "option": "db.query(Author).options(selectinload(Author.books)).first().books\n",
    "nested options": "db.query(Author).options(selectinload(Author.books).selectinload(Book.author)).all()\n",
    "a column that was loaded": "db.query(Author).first().name\n",
    "found in the identity map": "a = db.query(Author).first()\nb = db.query(Book).first()\nb.author\n",
    "refresh itself": "a = db.query(Author).first()\ndb.refresh(a)\na.name\n",
    "commit without expiry": (
        "db = Session(expire_on_commit=False)\na = db.query(Author).first()\ndb.commit()\na.name\n"
    ),
    "merge": "a = db.query(Author).first()\ndb.expunge_all()\ndb.merge(a)\n",
    "cascade of a delete": "db.delete(db.query(Author).first())\ndb.flush()\n",
    "bulk update": "db.query(Author).update({'name': 'z'}, synchronize_session='fetch')\n",
    "core rows": "from sqlalchemy import select\ndb.execute(select(Author.name)).all()\n",
    "an own session's execute": (
        "from sqlalchemy import orm, select\n\n\nclass Mine(orm.Session):\n    def execute(self, *a, **k):\n"
        "        return super().execute(*a, **k)\n\n\nMine(engine).execute(select(Author)).unique().scalars().all()\n"
    ),
    "streamed": "[p.kind for p in db.query(Person).yield_per(1)]\n",
}


def interpreter(version: str) -> str:
    """The interpreter that has a version of SQLAlchemy."""
    return sys.executable if version == sqlalchemy.__version__ else str(older_sqlalchemy.make(version))


def as_tests(cases: dict[str, str]) -> dict[str, str]:
    """One file for each case, and an application that runs them as the tests of a suite."""
    names = {case: "case_" + "".join(c if c.isalnum() else "_" for c in case) for case in cases}
    run = (
        "import os\n\nfor name in {!r}:\n    os.environ['PYTEST_CURRENT_TEST'] = name + '::case (call)'\n"
        "    __import__(name)\n"
    )
    files = {names[case]: HEAD + text + "\ndb.close()\n" for case, text in cases.items()}
    return {**files, "app": run.format(list(names.values()))}


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    """A version of SQLAlchemy."""
    return str(request.param)


@pytest.mark.usefixtures("no_bytecode")
def test_each_implicit_load_has_its_kind_its_line_and_what_had_loaded_the_object(
    run_trace: RunTrace, version: str
) -> None:
    cases = {case: text for case, (text, _) in IMPLICIT.items()}
    seen = run_trace(python=interpreter(version), **as_tests(cases))
    assert seen.trace.sqlalchemy == (version,)
    for case, (text, (kind, name, loading)) in IMPLICIT.items():
        path = "case_" + "".join(c if c.isalnum() else "_" for c in case) + ".py"
        lines = (HEAD + text).splitlines()
        found = [load for load in seen.loads if load.place and load.place.path == path]
        assert [(load.kind, load.name, load.count) for load in found] == [(kind, name, 1)], case
        assert lines[found[0].place.line - 1].endswith("# touch"), case
        assert [source.kind for source in found[0].loaded_by] == [loading], case
        if loading != "made":
            source = found[0].loaded_by[0].place
            assert lines[source.line - 1].endswith("# load"), case
        assert found[0].tests == (path.removesuffix(".py") + "::case",)
    check = seen.trace.check
    assert check.hooked == check.listed == len(IMPLICIT)
    assert check.implicit >= check.hooked
    assert check.failed_hooks == check.cut == 0


@pytest.mark.usefixtures("no_bytecode")
def test_what_somebody_asked_for_is_no_lazy_load(run_trace: RunTrace, version: str) -> None:
    seen = run_trace(python=interpreter(version), **as_tests(EXPLICIT))
    assert seen.loads == ()
    assert seen.trace.check.hooked == seen.trace.check.failed_hooks == 0
    assert seen.trace.check.statements > len(EXPLICIT)


@pytest.mark.usefixtures("no_bytecode")
def test_eager_loaders_nested_in_a_lazy_load_are_one_load(run_trace: RunTrace, version: str) -> None:
    app = HEAD + "b = db.query(Book).first()  # load\nb.author  # touch\n"
    seen = run_trace(python=interpreter(version), app=app)
    assert (seen.only.name, seen.only.count) == ("Book.author", 1)
    assert seen.trace.check.implicit > 1  # its selectin, immediate and subquery relationships


@pytest.mark.usefixtures("no_bytecode")
def test_a_lazy_load_of_a_lazily_loaded_object_names_the_link_before_it(run_trace: RunTrace, version: str) -> None:
    app = HEAD + "b = db.query(Book).first()\na = b.author  # first\na.books  # second\n"
    seen = run_trace(python=interpreter(version), app=app)
    second = next(load for load in seen.loads if load.name == "Author.books")
    assert [(x.kind, x.attribute, x.place.line) for x in second.loaded_by] == [
        ("lazy", "Book.author", seen.marked("first").line)
    ]


@pytest.mark.usefixtures("no_bytecode")
@pytest.mark.parametrize(
    ("call", "by"), [("db.commit()", "commit"), ("db.rollback()", "rollback"), ("db.expire_all()", "")]
)
def test_an_expired_column_names_the_line_that_expired_it(
    run_trace: RunTrace, version: str, call: str, by: str
) -> None:
    app = HEAD + f"a = db.query(Author).first()\n{call}  # expire\na.name\n"
    seen = run_trace(python=interpreter(version), app=app)
    assert seen.only.by == by
    assert (seen.only.expired_at.path, seen.only.expired_at.line) == seen.marked("expire")


@pytest.mark.usefixtures("no_bytecode")
def test_a_server_default_is_fetched_after_a_flush_before_2_0_alone(run_trace: RunTrace, version: str) -> None:
    app = HEAD + "a = Author(name='n')\ndb.add(a)\ndb.flush()\na.stamp  # touch\n"
    seen = run_trace(python=interpreter(version), app=app)
    if version.startswith("1."):
        assert (seen.only.kind, seen.only.name, seen.only.place.line) == ("partial", "Author.stamp", 7)
    else:
        assert seen.loads == ()
