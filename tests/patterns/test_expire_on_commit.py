"""AM301: which factories keep their objects, where a refresh is written, and where nothing or a person decides."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from helpers.analysis.project import load_project
from helpers.codemod.scanner import scan
from helpers.lab import samples
from helpers.migrate.rewriter import rewrite
from helpers.model import Applicability, ChangeSet, Stage, Step
from helpers.patterns.expire_on_commit import ExpireOnCommit

FACTORY = "from sqlalchemy.orm import sessionmaker\n\nSessionLocal = sessionmaker()\n"
HEAD = "from models import Author, Book\nfrom sqlalchemy import select\nfrom sqlalchemy.orm import Session\n\n\n"


def changed(folder: Path, files: Mapping[str, str]) -> ChangeSet:
    """What the pattern makes of `files` beside the sample models."""
    for name, text in {"models.py": samples.MODELS, **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8", newline="")
    return rewrite(load_project(folder), Step(1, Stage.IMPLICIT_IO, scan(load_project(folder), [ExpireOnCommit])))


def after(folder: Path, text: str, files: Mapping[str, str] | None = None) -> str:
    """The text of `app.py` once the pattern was applied."""
    done = {change.path: change.after.decode() for change in changed(folder, {**(files or {}), "app.py": text}).changes}
    return done.get("app.py", text)


def function(folder: Path, body: str, *, parameters: str = "db: Session, key") -> str:
    """What becomes of the statements of a function, in an application whose sessions expire."""
    text = f"{HEAD}def f({parameters}):\n{body}"
    return after(folder, text, {"database.py": FACTORY}).partition("):\n")[2]


def left(folder: Path, body: str, *, parameters: str = "db: Session, key") -> list[str]:
    """Why uses behind a commit are left to a person."""
    text = f"{HEAD}def f({parameters}):\n{body}"
    skipped = changed(folder, {"database.py": FACTORY, "app.py": text}).skipped
    return [skip.reason for skip in skipped if skip.finding.path == "app.py"]


ORM = "from sqlalchemy.orm import Session, scoped_session, sessionmaker\n"
KEEPS = {
    "sessionmaker()": "sessionmaker(expire_on_commit=False)",
    "sessionmaker(engine)": "sessionmaker(engine, expire_on_commit=False)",
    "sessionmaker(bind=engine,)": "sessionmaker(bind=engine, expire_on_commit=False)",
    "sessionmaker(engine, expire_on_commit=True)": "sessionmaker(engine, expire_on_commit=False)",
    "sessionmaker[Session](engine)": "sessionmaker[Session](engine, expire_on_commit=False)",
    "scoped_session(sessionmaker(engine))": "scoped_session(sessionmaker(engine, expire_on_commit=False))",
    "Session((engine))": "Session((engine), expire_on_commit=False)",
    "sessionmaker(\n    engine,\n)": "sessionmaker(\n    engine,\n    expire_on_commit=False,\n)",
    "sessionmaker(\n    engine\n)": "sessionmaker(\n    engine,\n    expire_on_commit=False,\n)",
    "sessionmaker(\n    engine,  # ours\n)": "sessionmaker(\n    engine,  # ours\n    expire_on_commit=False,\n)",
    "sessionmaker(engine,\n             autoflush=False)": (
        "sessionmaker(engine,\n             autoflush=False, expire_on_commit=False)"
    ),
    "sessionmaker(bind=engine, autoflush=False, info={'of': 'the application', 'and': 'all'})": (
        "sessionmaker(\n    bind=engine, autoflush=False, info={'of': 'the application', 'and': 'all'}, "
        "expire_on_commit=False\n)"
    ),
}


@pytest.mark.parametrize(("before", "wanted"), KEEPS.items())
def test_a_factory_gets_the_keyword_in_its_own_layout(before: str, wanted: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.black]\nline-length = 104\n")
    assert after(tmp_path, f"{ORM}\nmade = {before}\n") == f"{ORM}\nmade = {wanted}\n"


OTHER_MAKERS = {
    "from sqlmodel import Session\n\ndb = Session(engine)\n": "Session(engine, expire_on_commit=False)",
    "import sqlalchemy.orm as so\n\nmade = so.sessionmaker(engine)\n": "sessionmaker(engine, expire_on_commit=False)",
    "from sqlalchemy.ext.asyncio import async_sessionmaker\n\nmade = async_sessionmaker(engine)\n": (
        "async_sessionmaker(engine, expire_on_commit=False)"
    ),
}


@pytest.mark.parametrize(("text", "wanted"), OTHER_MAKERS.items())
def test_the_factories_of_sqlmodel_and_of_asyncio_count(text: str, wanted: str, tmp_path: Path) -> None:
    assert wanted in after(tmp_path, text)


def test_the_factory_of_a_test_fixture_counts(tmp_path: Path) -> None:
    text = f"import pytest\n{ORM}\n\n@pytest.fixture\ndef db():\n    yield sessionmaker(engine)()\n"
    [change] = changed(tmp_path, {"tests/conftest.py": text}).changes
    assert b"sessionmaker(engine, expire_on_commit=False)()" in change.after


ALONE = {
    "it says so already": f"{ORM}made = sessionmaker(engine, expire_on_commit=False)\n",
    "it is configured later": f"{ORM}made = sessionmaker()\nmade.configure(bind=engine, expire_on_commit=False)\n",
    "a session of another library": "import requests\nmade = requests.Session()\n",
    "a class of the application": "class Session: ...\nmade = Session()\n",
    "an annotation": f"{ORM}def f(db: Session): ...\n",
}


@pytest.mark.parametrize("text", ALONE.values(), ids=ALONE)
def test_nothing_is_found(text: str, tmp_path: Path) -> None:
    found = changed(tmp_path, {"app.py": text})
    assert (found.changes, found.skipped) == ((), ())


NOT_DECIDED = {
    "made elsewhere": f"{ORM}made = sessionmaker(**options)\n",
    "by decision": f"{ORM}made = sessionmaker(engine, expire_on_commit=settings.EXPIRES)\n",
    "a session class of the project": f"{ORM}class Own(Session): ...\nmade = Own(engine)\n",
    "the extension makes the sessions": "from flask_sqlalchemy import SQLAlchemy\ndb = SQLAlchemy()\n",
}


@pytest.mark.parametrize(("reason", "text"), NOT_DECIDED.items())
def test_a_factory_is_left_with_its_reason(reason: str, text: str, tmp_path: Path) -> None:
    found = changed(tmp_path, {"app.py": text})
    assert [reason in skip.reason for skip in found.skipped] == [True]
    assert found.changes == ()


LOAD = "    one = db.query(Author).filter_by(id=key).one()\n"
REFRESHED = {
    "a returned object": (LOAD + "    db.commit()\n    return one\n", "    db.refresh(one)\n    return one\n"),
    "in front of the first use": (
        LOAD + "    db.commit()\n    print(key)\n    return one.name\n",
        "    print(key)\n    db.refresh(one)\n    return one.name\n",
    ),
    "behind the commit where something was changed meanwhile": (
        LOAD + "    db.commit()\n    key.seen = True\n    return one.name\n",
        "    db.commit()\n    db.refresh(one)\n    key.seen = True\n",
    ),
    "before the object is changed again": (
        LOAD + "    db.commit()\n    one.name = key\n    return one.born\n",
        "    db.commit()\n    db.refresh(one)\n    one.name = key\n",
    ),
    "in the only branch that reads it": (
        LOAD + "    db.commit()\n    if key:\n        return one.name\n    return None\n",
        "    if key:\n        db.refresh(one)\n        return one.name\n",
    ),
    "in front of a condition that reads it": (
        LOAD + "    db.commit()\n    if one.born:\n        return key\n    return None\n",
        "    db.refresh(one)\n    if one.born:\n",
    ),
    "a commit in a branch": (
        LOAD + "    if key:\n        db.commit()\n    return one.name\n",
        "        db.commit()\n        db.refresh(one)\n    return one.name\n",
    ),
    "a commit in a loop": (
        LOAD + "    for title in key:\n        print(one.name)\n        db.commit()\n",
        "        db.commit()\n        db.refresh(one)\n",
    ),
    "behind a try that is left on errors": (
        LOAD + "    try:\n        db.commit()\n    except ValueError:\n        raise\n    return one.name\n",
        "        raise\n    db.refresh(one)\n    return one.name\n",
    ),
    "in the else of a try that goes on": (
        LOAD
        + "    try:\n        db.commit()\n    except ValueError:\n        pass\n    else:\n        return one.name\n",
        "    else:\n        db.refresh(one)\n        return one.name\n",
    ),
    "an object that was added": (
        "    one = Author(name=key)\n    db.add(one)\n    db.commit()\n    return one\n",
        "    db.commit()\n    db.refresh(one)\n    return one\n",
    ),
    "an object that a collection took in": (
        LOAD + "    two = Book(title=key)\n    one.books.append(two)\n    db.commit()\n    return two.title\n",
        "    db.refresh(two)\n    return two.title\n",
    ),
    "found or made": (
        "    one = db.get(Author, key)\n    if one is None:\n        one = Author(name=key)\n        db.add(one)\n"
        "    db.commit()\n    return one\n",
        "    db.commit()\n    db.refresh(one)\n    return one\n",
    ),
    "None was ruled out": (
        "    one = db.get(Author, key)\n    if not one:\n        return None\n    db.commit()\n    return one\n",
        "    db.refresh(one)\n    return one\n",
    ),
    "an attribute was set before": (
        "    one = db.get(Author, key)\n    one.name = key\n    db.commit()\n    return one\n",
        "    db.refresh(one)\n    return one\n",
    ),
    "a transaction that ends with its block": (
        LOAD + "    with db.begin():\n        one.name = key\n    return one\n",
        "    db.refresh(one)\n    return one\n",
    ),
}


@pytest.mark.parametrize(("body", "wanted"), REFRESHED.values(), ids=REFRESHED)
def test_the_reload_is_written_out(body: str, wanted: str, tmp_path: Path) -> None:
    done = function(tmp_path, body)
    assert wanted in done
    assert done.count("refresh") == 1


AS_IT_IS = {
    "only its key is read": LOAD + "    db.commit()\n    return one.id\n",
    "it is only changed": LOAD + "    db.commit()\n    one.name = key\n    db.commit()\n",
    "it is refreshed": LOAD + "    db.commit()\n    db.refresh(one)\n    return one.name\n",
    "all are expired": LOAD + "    db.commit()\n    db.expire_all()\n    return one.name\n",
    "the session is closed": LOAD + "    db.commit()\n    db.close()\n    return one.name\n",
    "it is loaded behind the commit": "    db.commit()\n" + LOAD + "    return one.name\n",
    "it is loaded again": LOAD + "    db.commit()\n" + LOAD + "    return one.name\n",
    "the branch with the commit is left": LOAD
    + "    if key:\n        db.commit()\n        return 1\n    return one.name\n",
    "it is bound behind the commit, in a loop": (
        "    if key:\n        db.commit()\n    for two in key:\n        for one in db.query(Author):\n"
        "            print(one.name)\n"
    ),
    "it may not be bound": (
        "    for one in db.query(Author):\n        print(one.name)\n    db.commit()\n"
        "    if key:\n        print(one.name)\n"
    ),
    "it was deleted": LOAD + "    db.delete(one)\n    db.commit()\n    return one\n",
    "a name of a comprehension": LOAD + "    db.commit()\n    return [one for one in key]\n",
    "plain values": "    one = db.query(Author).count()\n    db.commit()\n    return one\n",
    "a savepoint does not expire": LOAD + "    db.begin_nested().commit()\n    return one.name\n",
    "another transaction": LOAD + "    key.commit()\n    return one.name\n",
}


@pytest.mark.parametrize("body", AS_IT_IS.values(), ids=AS_IT_IS)
def test_nothing_is_refreshed(body: str, tmp_path: Path) -> None:
    assert function(tmp_path, body) == body
    assert left(tmp_path, body) == []


DOUBTFUL = {
    "may be None": "    one = db.get(Author, key)\n    db.commit()\n    return one\n",
    "nothing tells that `db` holds it": "    one = Author(name=key)\n    db.commit()\n    return one\n",
    "each object of `all`": "    all = db.query(Author).all()\n    db.commit()\n    return all\n",
    "a function inside reads it": LOAD + "    db.commit()\n    def g():\n        return one.name\n    return g\n",
    "used behind a yield": LOAD + "    db.commit()\n    yield key\n    print(one.name)\n",
    "may be deleted before": LOAD + "    db.commit()\n    key.delete('/authors/1')\n    return one.name\n",
    "there is no line of its own": LOAD + "    db.commit(); return one\n",
}


@pytest.mark.parametrize(("reason", "body"), DOUBTFUL.items())
def test_a_doubtful_use_is_left_with_its_place_and_reason(reason: str, body: str, tmp_path: Path) -> None:
    assert function(tmp_path, body) == body
    assert [reason in one for one in left(tmp_path, body)] == [True]


def test_a_parameter_is_refreshed_when_every_caller_passes_a_stored_object(tmp_path: Path) -> None:
    caller = "\n\ndef g(db: Session):\n    return f(db, db.query(Author).one())\n"
    body = "    db.commit()\n    return one.name\n"
    assert "refresh" in function(tmp_path, body + caller, parameters="db: Session, one: Author")
    assert "refresh" not in function(tmp_path, body, parameters="db: Session, one: Author")


GONE = "\n\ndef clear(db: Session, one):\n    db.expunge_all()\n\n\nclass Turn:\n    def run(self, db: Session):\n"
GONE += "        clear(db, self)\n"
TAKEN_OUT = {
    "by itself": "    db.expunge_all()\n    db.commit()\n    return one.name\n",
    "by a function": "    clear(db, one)\n    db.commit()\n    return one.name\n",
    "by a method": "    Turn().run(db)\n    db.commit()\n    return one.name\n",
    "the next time": "    for key in [1]:\n        db.commit()\n        print(one.name)\n        clear(db, one)\n",
}


@pytest.mark.parametrize("body", TAKEN_OUT.values(), ids=TAKEN_OUT)
def test_what_may_have_been_taken_out_of_the_session_is_not_refreshed(body: str, tmp_path: Path) -> None:
    assert "refresh" not in function(tmp_path, LOAD + body + GONE)
    assert any("take it out of the session" in reason for reason in left(tmp_path, LOAD + body + GONE))


@pytest.mark.parametrize("first", ["    clear(db, key)\n" + LOAD, LOAD + "    key.expunge_cache()\n"])
def test_what_is_taken_out_before_the_object_is_loaded_does_not_matter(first: str, tmp_path: Path) -> None:
    assert "refresh(one)" in function(tmp_path, first + "    db.commit()\n    return one.name\n" + GONE)


def test_the_object_of_another_session_is_left_alone(tmp_path: Path) -> None:
    body = "    one = other.query(Author).one()\n    db.commit()\n    return one.name\n"
    assert function(tmp_path, body, parameters="db: Session, other: Session") == body


def test_a_function_that_commits_counts_for_its_caller(tmp_path: Path) -> None:
    helper = "\n\ndef save(db: Session):\n    db.flush()\n    db.commit()\n"
    body = LOAD + "    save(db)\n    return one.name\n"
    assert "    save(db)\n    db.refresh(one)\n" in function(tmp_path, body + helper)


def test_a_function_that_may_not_commit_does_not(tmp_path: Path) -> None:
    helper = "\n\ndef save(db: Session, now):\n    if now:\n        db.commit()\n"
    body = LOAD + "    save(db, key)\n    return one.name\n" + helper
    assert function(tmp_path, body) == body


def test_a_block_that_commits_at_its_end_counts_and_one_that_commits_before_does_not(tmp_path: Path) -> None:
    head = "\n\nfrom contextlib import contextmanager\n\n\n@contextmanager\ndef saved(db: Session):\n"
    body = LOAD + "    with saved(db):\n        one.name = key\n    return one.name\n"
    assert "    db.refresh(one)\n    return" in function(tmp_path, body + head + "    yield\n    db.commit()\n")
    assert "refresh" not in function(tmp_path, body + head + "    db.commit()\n    yield\n")


def test_factory_and_refreshes_go_together_or_not_at_all(tmp_path: Path) -> None:
    body = f"{HEAD}def f(db: Session, key):\n{LOAD}    db.commit()\n    return one\n"
    for name, text in {"models.py": samples.MODELS, "database.py": FACTORY, "app.py": body}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    project = load_project(tmp_path)
    found = scan(project, [ExpireOnCommit])
    here, there = ([one for one in found if one.path == path] for path in ("database.py", "app.py"))
    half = rewrite(project, Step(1, Stage.IMPLICIT_IO, tuple(here)), absent=there)
    assert (len(here), len(there), half.changes) == (1, 1, ())
    assert {finding.applicability for finding in found} == {Applicability.REVIEW}


def test_equal_commits_of_one_function_have_fingerprints_of_their_own(tmp_path: Path) -> None:
    body = LOAD + "    db.commit()\n    print(one.name)\n    db.commit()\n    print(one.name)\n"
    done = changed(tmp_path, {"database.py": FACTORY, "app.py": f"{HEAD}def f(db: Session, key):\n{body}"})
    marks = [finding.fingerprint for finding in done.applied]
    assert len(marks) == len(set(marks)) == 3


EAGER = "select(Author).options(selectinload(Author.books))"
AGAIN = f"    one = db.scalars({EAGER}.where(Author.id == key)).one()\n    return one\n"
RENAMES = (
    "\n\nclass Rename:\n    def __init__(self, db: Session):\n        self.db = db\n\n    def run(self) -> None:\n"
)
RENAMES += "        self.db.commit()\n\n\ndef rename(db: Session) -> None:\n    Rename(db).run()\n"
READ_AGAIN = {
    "behind a commit": LOAD + "    db.commit()\n" + AGAIN,
    "behind a function that commits": LOAD + "    rename(db)\n" + AGAIN,
    "behind a method that commits": LOAD + "    Rename(db).run()\n" + AGAIN,
    "behind a branch that commits": LOAD + "    if key:\n        db.commit()\n" + AGAIN,
    "in a loop that commits": "    for key in [1]:\n"
    + AGAIN.replace("    ", "        ").replace("return one", "db.commit()"),
}
AGAIN_TOLD = "expire that object first"


@pytest.mark.parametrize("body", READ_AGAIN.values(), ids=READ_AGAIN)
def test_a_query_with_options_behind_a_commit_is_named_and_left(body: str, tmp_path: Path) -> None:
    assert any(AGAIN_TOLD in reason for reason in left(tmp_path, body + RENAMES))
    assert "populate_existing" not in function(tmp_path, body + RENAMES)


READ_ONCE = {
    "before the commit": AGAIN.replace("    return one\n", "    db.commit()\n"),
    "behind a branch that commits and leaves": "    if key:\n        db.commit()\n        return None\n" + AGAIN,
    "behind a function that does not commit": "    print(key)\n" + AGAIN,
    "it says so": "    db.commit()\n" + AGAIN.replace(".where(", ".execution_options(populate_existing=True).where("),
    "without options": "    db.commit()\n" + AGAIN.replace(".options(selectinload(Author.books))", ""),
    "with options that load nothing": "    db.commit()\n" + AGAIN.replace("selectinload", "raiseload"),
}


@pytest.mark.parametrize("body", READ_ONCE.values(), ids=READ_ONCE)
def test_any_other_query_is_not_named(body: str, tmp_path: Path) -> None:
    assert not any(AGAIN_TOLD in reason for reason in left(tmp_path, body + RENAMES))


UNSEEN = {
    "an UPDATE that the session does not follow": (
        "db.execute(update(Author).values(name='x'), execution_options={'synchronize_session': False})"
    ),
    "the same by an option of the statement": (
        "db.execute(update(Author).values(name='x').execution_options(synchronize_session=False))"
    ),
    "a legacy query's update": "db.query(Author).update({'name': 'x'}, synchronize_session=False)",
    "SQL text": "db.execute(text(' UPDATE authors SET name = 1'))",
}
SEEN = {
    "an UPDATE that the session follows": "db.execute(update(Author).values(name='x'))",
    "another way of following": "db.query(Author).update({'name': 'x'}, synchronize_session='fetch')",
    "SQL text that reads": "db.execute(text('SELECT name FROM authors'))",
    "SQL text that nobody has here": "db.execute(text(key))",
    "another option": "db.execute(update(Author).values(name='x'), execution_options={'yield_per': 1})",
}
MORE = "from sqlalchemy import text, update\n"
AGAIN = {
    "get": ("db.get(Author, key)", "db.get(Author, key, populate_existing=True)"),
    "scalars": (
        "db.scalars(select(Author)).all()",
        'db.scalars(select(Author), execution_options={"populate_existing": True}).all()',
    ),
    "execute": (
        "db.execute(select(Author)).scalars().all()",
        'db.execute(select(Author), execution_options={"populate_existing": True}).scalars().all()',
    ),
    "a statement that a name holds": (
        "db.scalars(asked.limit(1)).first()",
        'db.scalars(asked.limit(1), execution_options={"populate_existing": True}).first()',
    ),
    "a legacy query": ("db.query(Author).first()", "db.query(Author).populate_existing().first()"),
    "a legacy query that a name holds": ("query.limit(1).first()", "query.limit(1).populate_existing().first()"),
}


def requeried(folder: Path, body: str) -> str:
    """What becomes of a function that loads an author, in a module that knows `update` and `text`."""
    start = "    asked = select(Author)\n    query = db.query(Author)\n    author = db.get(Author, key)\n"
    text = f"{MORE}{HEAD}def f(db: Session, key):\n{start}{body}"
    return after(folder, text, {"database.py": FACTORY}).partition("):\n")[2].removeprefix(start)


@pytest.mark.parametrize("unseen", UNSEEN.values(), ids=UNSEEN)
@pytest.mark.parametrize(("before", "wanted"), AGAIN.values(), ids=AGAIN)
def test_what_the_session_did_not_follow_is_read_again_behind_the_commit(
    unseen: str, before: str, wanted: str, tmp_path: Path
) -> None:
    found = requeried(tmp_path, f"    {unseen}\n    db.commit()\n    return {before}\n")
    assert found == f"    {unseen}\n    db.commit()\n    return {wanted}\n"


def test_each_of_two_equal_queries_behind_a_commit_reads_again(tmp_path: Path) -> None:
    twice = "    first = db.get(Author, key)\n    second = db.get(Author, key)\n"
    found = requeried(tmp_path, f"    {UNSEEN['SQL text']}\n    db.commit()\n{twice}")
    assert found.count("db.get(Author, key, populate_existing=True)") == 2


@pytest.mark.parametrize("seen", SEEN.values(), ids=SEEN)
def test_a_query_behind_a_commit_stays_where_the_session_followed_everything(seen: str, tmp_path: Path) -> None:
    body = f"    {seen}\n    db.commit()\n    return db.get(Author, key)\n"
    assert requeried(tmp_path, body) == body


STAYS = {
    "no commit before the query": "    {}\n    return db.get(Author, key)\n",
    "the query before the commit": "    {}\n    again = db.get(Author, key)\n    db.commit()\n",
    "nothing but columns": "    {}\n    db.commit()\n    return db.execute(select(Author.name)).all()\n",
    "another session": "    {}\n    db.commit()\n    return other.get(Author, key)\n",
    "a write": "    {}\n    db.commit()\n    db.execute(update(Author).values(name='y'))\n",
}


@pytest.mark.parametrize("body", STAYS.values(), ids=STAYS)
def test_what_a_commit_did_not_expire_is_not_read_again(body: str, tmp_path: Path) -> None:
    whole = body.format(UNSEEN["SQL text"])
    assert requeried(tmp_path, whole) == whole


BY_HAND = {
    "an_object_that_changes_before": ("    author.name = 'y'\n", "db.get(Author, key)", "must not be lost"),
    "options_of_its_own": ("", "db.get(Author, key, execution_options={})", "options of its own"),
}


@pytest.mark.parametrize(("between", "again", "reason"), BY_HAND.values(), ids=BY_HAND)
def test_a_query_is_left_that_cannot_simply_read_again(between: str, again: str, reason: str, tmp_path: Path) -> None:
    body = f"    author = db.get(Author, key)\n    {UNSEEN['SQL text']}\n    db.commit()\n{between}    return {again}\n"
    text = f"{MORE}{HEAD}def f(db: Session, key):\n{body}"
    skipped = changed(tmp_path, {"database.py": FACTORY, "app.py": text}).skipped
    assert any(reason in skip.reason for skip in skipped)


REQUEST = """\
def test_it(client, db: Session):
    author = Author(name="Ada")
    db.add(author)
    db.commit()
{}    client.put({})
    assert db.get(Author, 1).name == "Bob"
"""


def test_a_request_of_a_test_changes_what_its_session_holds(tmp_path: Path) -> None:
    for text in ('"/authors/1"', 'f"/authors/{1}"'):
        files = {"database.py": FACTORY, "tests/test_it.py": HEAD + REQUEST.format("", text)}
        done = {one.path: one.after.decode() for one in changed(tmp_path, files).changes if one.after}
        assert "assert db.get(Author, 1, populate_existing=True).name ==" in done["tests/test_it.py"]


NO_REQUEST = {
    "the object is read before it": ("tests/test_it.py", "    assert author.id == 1\n", '"/authors/1"'),
    "it is read for it": ("tests/test_it.py", "", 'f"/authors/{author.id}"'),
    "no path is asked for": ("tests/test_it.py", "", '"authors"'),
    "no test asks": ("app.py", "", '"/authors/1"'),
}


@pytest.mark.parametrize(("path", "between", "text"), NO_REQUEST.values(), ids=NO_REQUEST)
def test_what_a_request_could_not_change_is_not_read_again(path: str, between: str, text: str, tmp_path: Path) -> None:
    files = {"database.py": FACTORY, path: HEAD + REQUEST.format(between, text)}
    assert not any(b"populate_existing" in (one.after or b"") for one in changed(tmp_path, files).changes)
