"""One step over the face: what it writes in and around a function, and what it leaves for a later one."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.analysis.project import load_project
from helpers.codemod.flip.findings import step_findings
from helpers.codemod.flip.slices import Slices
from helpers.migrate.rewriter import rewrite
from helpers.model import Stage, Step

DATABASE = """\
from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

SessionLocal = sessionmaker(bind=create_engine("sqlite://"))


def get_db():
    with SessionLocal() as session:
        yield session
"""
HEAD = """\
from fastapi import APIRouter, Depends
from models import Author
from sqlalchemy.orm import Session

from database import SessionLocal, get_db

router = APIRouter()


"""
MODELS = """\
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Author(Base):
    __tablename__ = "authors"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
"""
FIND = "def find(db: Session, key: int):\n    return db.get(Author, key)\n\n\n"
ROUTE = '@router.get("/")\ndef show(key: int, db: Session = Depends(get_db)):\n'


def step(folder: Path, code: str, *symbols: str) -> tuple[str, list[str]]:
    """The code behind the usual head when these functions become asynchronous, and why they do not."""
    files = {"database.py": DATABASE, "models.py": MODELS, "app.py": HEAD + code}
    for path, text in files.items():
        (folder / path).write_text(text, encoding="utf-8")
    project = load_project(folder)
    named = {one.symbol: node for node, one in project.callgraph.functions.items() if one.module.path == "app.py"}
    outcome = Slices(project).outcome([named[symbol] for symbol in symbols])
    found = tuple(step_findings(project, outcome, "step"))
    change_set = rewrite(project, Step(1, Stage.SLICES, found))
    after = next((change.after for change in change_set.changes if change.path == "app.py"), None)
    text = files["app.py"] if after is None else after.decode()
    return text.partition("router = APIRouter()\n\n\n")[2], [skip.reason for skip in change_set.skipped]


def test_what_stays_synchronous_is_called_over_a_bridge(tmp_path: Path) -> None:
    after, _ = step(tmp_path, FIND + ROUTE + "    return find(db, key=key)\n", "show")
    assert after == FIND + (
        '@router.get("/")\nasync def show(key: int, db: AsyncSession = Depends(get_async_db)):\n'
        "    return await db.run_sync(lambda s: find(s, key=key))\n"
    )


def test_the_value_of_a_bridge_is_read_outside_of_it(tmp_path: Path) -> None:
    after, _ = step(tmp_path, FIND + ROUTE + "    return find(db, key).name\n", "show")
    assert "    return (await db.run_sync(lambda s: find(s, key))).name\n" in after


def test_the_session_inside_has_a_name_that_the_call_does_not_use(tmp_path: Path) -> None:
    after, _ = step(tmp_path, FIND + ROUTE + "    s = key\n    return find(db, s)\n", "show")
    assert "    return await db.run_sync(lambda inner: find(inner, s))\n" in after


def test_a_bridge_is_taken_down_with_the_step_of_what_it_leads_to(tmp_path: Path) -> None:
    bridged = (
        "from sqlalchemy.ext.asyncio import AsyncSession\n\n\n" + FIND + '@router.get("/")\n'
        "async def show(key: int, other: AsyncSession = Depends()):\n"
        "    return (await other.run_sync(lambda s: find(s, key=key))).name\n"
    )
    after, _ = step(tmp_path, bridged, "find")
    assert "async def find(db: AsyncSession, key: int):\n    return await db.get(Author, key)\n" in after
    assert "    return (await other.run_sync" not in after
    assert "    return (await find(other, key=key)).name\n" in after


def test_both_in_one_step_are_awaited_plainly(tmp_path: Path) -> None:
    after, _ = step(tmp_path, FIND + ROUTE + "    return find(db, key)\n", "show", "find")
    assert "    return await find(db, key)\n" in after
    assert "run_sync" not in after


def test_a_program_runs_what_it_cannot_await(tmp_path: Path) -> None:
    seed = "\n\ndef seed():\n    with SessionLocal() as session:\n        print(find(session, 1).name)\n"
    code = FIND + ROUTE + "    return find(db, key)\n" + seed
    after, _ = step(tmp_path, code, "show", "find")
    assert "        print(run(find(AsyncFace(session), 1)).name)\n" in after
    assert "\n\ndef seed():\n" in after


REFUSED = {
    "what the call is given is IO": (
        FIND + ROUTE + "    return find(db, db.get(Author, key).id)\n",
        "the call is given what the session reads: keep that in a variable first",
    ),
    "what the call is given is another function's": (
        FIND + ROUTE + "    return find(db, find(db, key).id)\n",
        "the call is given what another function reads: keep that in a variable first",
    ),
    "a lambda calls it": (
        FIND + ROUTE + "    return sorted([key], key=lambda one: find(db, one).id)\n",
        "it stands in a lambda, which cannot await",
    ),
    "a generator is not read to its end": (
        "def names(db: Session):\n    yield from db.scalars(Author)\n\n\n" + ROUTE + "    return next(names(db))\n",
        "app:names is a generator that is not read to its end where it is called".removeprefix("app:"),
    ),
    "it opens a session of its own": (
        '@router.get("/")\ndef show():\n    with SessionLocal() as db:\n        return db.get(Author, 1)\n',
        "is no parameter: it changes with the engine",
    ),
    "a function inside uses its session": (
        ROUTE + "    def later():\n        return db.get(Author, key)\n\n    db.commit()\n    return later\n",
        "a function inside uses its session: it changes with the engine",
    ),
    "the session is kept in an object": (
        "class Shelf:\n    def __init__(self, db: Session):\n        self.db = db\n\n\n"
        + ROUTE
        + "    shelf = Shelf(db)\n    db.commit()\n    return shelf\n",
        "the session is given to Shelf.__init__, which keeps it",
    ),
    "a thread runs what it hands its session to": (
        FIND
        + ROUTE.replace("def ", "async def ")
        + "    import asyncio\n\n    return await asyncio.to_thread(find, db, key)\n",
        "what becomes of `db` here changes with the engine",
    ),
    "its session is bound to a function beforehand": (
        "from functools import partial\n\n\n"
        + FIND
        + ROUTE
        + "    search = partial(find, db)\n    db.commit()\n    return search(key)\n",
        "what becomes of `db` here changes with the engine",
    ),
    "the transaction is the engine's to begin": (
        ROUTE + "    with db.begin():\n        db.add(Author())\n",
        "here changes with the engine",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_bridged_or_put_on_the_face_is_left_as_it_is(tmp_path: Path, case: str) -> None:
    code, reason = REFUSED[case]
    after, reasons = step(tmp_path, code, "show")
    assert after == code
    assert len(reasons) == 1
    assert reason in reasons[0]


def test_a_function_waits_for_a_synchronous_one_on_the_way_of_a_request(tmp_path: Path) -> None:
    code = FIND + ROUTE + "    return find(db, key)\n"
    after, reasons = step(tmp_path, code, "find")
    assert after == code
    assert reasons == ["app:show calls it and is not asynchronous yet"]


def test_what_a_thread_runs_waits_for_the_one_that_hands_it_over(tmp_path: Path) -> None:
    code = FIND + ROUTE.replace("def ", "async def ")
    code += "    import asyncio\n\n    return await asyncio.to_thread(find, db, key)\n"
    after, reasons = step(tmp_path, code, "find")
    assert after == code
    assert reasons == ["app:show runs it on a thread and is not asynchronous yet"]


CACHE = """\
class cached:
    def __init__(self, function):
        self.function = function

    def __call__(self, db: Session, key: int):
        return self.function(db, key)


@cached
def find(db: Session, key: int):
    return db.get(Author, key)


"""


def test_what_a_decorator_runs_in_a_request_starts_no_loop_of_its_own(tmp_path: Path) -> None:
    after, reasons = step(tmp_path, CACHE + ROUTE + "    return find(db, key)\n", "show", "find")
    assert "run(" not in after and any("is not asynchronous yet" in reason for reason in reasons)


DECORATED = """\
def committed(work):
    def wrapper(db: Session, key: int):
        result = work(db, key)
        db.commit()
        return result

    return wrapper


@committed
def find(db: Session, key: int):
    return db.get(Author, key)


@committed
def other(db: Session, key: int):
    return db.get(Author, key)


"""


def test_a_call_of_what_stays_and_what_does_not_waits_for_all_of_it(tmp_path: Path) -> None:
    code = DECORATED + ROUTE + "    return find(db, key), other(db, key)\n"
    after, reasons = step(tmp_path, code, "show", "find", "committed.wrapper")
    assert after == code
    assert "it calls some that stay synchronous and some that do not, in one place" in reasons


def test_all_that_one_call_may_run_goes_together(tmp_path: Path) -> None:
    code = DECORATED + ROUTE + "    return find(db, key), other(db, key)\n"
    after, reasons = step(tmp_path, code, "show", "find", "other", "committed.wrapper")
    assert "        result = await work(db, key)\n        await db.commit()\n" in after
    assert reasons == []


SLOW = "import time\n\n\ndef wait(text: str):\n    time.sleep(1)\n\n\n"
TELL = "def tell(author: Author):\n    wait(author.name)\n\n\n"


def test_what_takes_long_is_handed_to_a_thread_in_the_step_of_who_calls_it(tmp_path: Path) -> None:
    after, reasons = step(tmp_path, SLOW + ROUTE + "    wait(db.get(Author, key).name)\n", "show")
    assert "    await run_in_threadpool(wait, (await db.get(Author, key)).name)\n" in after
    assert reasons == []


def test_who_takes_long_over_an_object_goes_with_who_calls_it_or_both_wait(tmp_path: Path) -> None:
    code = SLOW + TELL + ROUTE + "    tell(db.get(Author, key))\n"
    after, reasons = step(tmp_path, code, "show")
    assert after == code
    assert reasons == ["the call is given what the session reads: keep that in a variable first"]
    after, reasons = step(tmp_path, code, "show", "tell")
    assert "async def tell(author: Author):\n    await run_in_threadpool(wait, author.name)\n" in after
    assert "    await tell(await db.get(Author, key))\n" in after
