"""AM901: which coroutines nobody awaits, and which somebody sees to."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent, indent

import pytest

from helpers.analysis.project import load_project
from helpers.codemod.missed_await import MissedAwait
from helpers.lab.differential import compare_example
from helpers.lab.runner import run, sides
from helpers.model import Example

HEAD = """\
import asyncio
from contextlib import asynccontextmanager

from fastapi import APIRouter, BackgroundTasks, Depends
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

router = APIRouter()
engine = create_async_engine("sqlite+aiosqlite://")
SessionLocal = async_sessionmaker(engine)


async def find(db: AsyncSession, key: int):
    return await db.scalar(select(key))


async def each(db: AsyncSession):
    yield await find(db, 1)


@asynccontextmanager
async def opened():
    async with SessionLocal() as db:
        yield db


def passes(db: AsyncSession):
    return find(db, 1)


class Shelf:
    def __init__(self, db: AsyncSession) -> None:
        self.db = db

    async def names(self):
        return []


"""


def messages(folder: Path, text: str) -> list[str]:
    """What is found in a module below the head."""
    (folder / "app.py").write_text(HEAD + text, encoding="utf-8")
    found = MissedAwait().find(load_project(folder))
    return [finding.message for finding in found if finding.line > HEAD.count("\n")]


def inside(text: str) -> str:
    """Statements as the body of an asynchronous function."""
    return "async def work(db: AsyncSession, keys: list[int], log):\n" + indent(dedent(text).strip("\n"), "    ") + "\n"


PLANTED = {
    "a statement": "find(db, 1)",
    "a condition": "if find(db, 1):\n    log()",
    "an assignment": "found = find(db, 1)\nlog(found)",
    "an argument": "log(str(find(db, 1)))",
    "a comprehension": "return [find(db, key) for key in keys]",
    "an underscore": "_ = find(db, 1)",
    "a negation": "if not find(db, 1):\n    log()",
}


@pytest.mark.parametrize("text", PLANTED.values(), ids=PLANTED)
def test_each_planted_kind_is_found(text: str, tmp_path: Path) -> None:
    (message,) = messages(tmp_path, inside(text))
    assert message.startswith("find() is not awaited: ")


LOST = {
    "a commit": ("db.commit()", "nothing is done with it"),
    "a result that is read at once": ("return db.execute(select(1)).all()", "`.all` is asked of a coroutine"),
    "an await around the chain": ("return await db.execute(select(1)).all()", "`.all` is asked of a coroutine"),
    "a comparison": ("return find(db, 1) is None", "a coroutine is compared"),
    "a text": ('return f"{find(db, 1)}"', "a coroutine is written into a text"),
    "an assertion": ("assert find(db, 1)", "a coroutine is always true"),
    "one arm of a choice": ("return (find(db, 1) if keys else None) is None", "a coroutine is compared"),
    "a default behind `or`": ("return find(db, 1) or 2", "a coroutine is always true"),
    "a return of an asynchronous function": (
        "return find(db, 1)",
        "it is returned without being awaited, so who awaits the function gets a coroutine",
    ),
    "a list that nobody awaits": (
        "found = []\nfor key in keys:\n    found.append(find(db, key))\nreturn len(found)",
        "it is put into `found`",
    ),
    "a name that is bound anew before the await": (
        "found = find(db, 1)\nfound = find(db, 2)\nawait found",
        "it is kept in `found` and never awaited",
    ),
    "two names at once": ("one, two = find(db, 1), find(db, 2)\nawait one", "it is kept in `two` and never awaited"),
    "a plain for over a generator": ("for one in each(db):\n    log(one)", "a plain `for` cannot iterate"),
    "a list of a generator": ("return list(each(db))", "list() cannot read an asynchronous generator"),
    "an async for over a coroutine": (
        "async for one in find(db, 1):\n    log(one)",
        "`async for` iterates a coroutine",
    ),
    "a plain with over a manager": ("with opened() as own:\n    log(own)", "a plain `with` enters"),
    "a plain with over a transaction": ("with db.begin():\n    log()", "a plain `with` enters"),
    "a plain with over a session": ("with SessionLocal() as own:\n    log(own)", "a plain `with` enters it"),
    "a connection that is not waited for": ("c = engine.connect()\nreturn c.info", "`.info` is asked"),
    "a method of an instance": ("shelf = Shelf(db)\nreturn shelf.names()", "it is returned without being awaited"),
    "a plain function that gives a coroutine": ("passes(db)", "nothing is done with it"),
    "a session's add of what was not loaded": ("db.add(find(db, 1))", "add() takes the coroutine for the value"),
    "a sort key": ("return sorted(keys, key=lambda key: find(db, key))", "sorted() calls the lambda"),
    "a filter": ("return list(filter(find, keys))", "filter() calls it and does not await it"),
    "a map that nobody gathers": ("return list(map(find, keys))", "it is returned"),
    "a walrus in a condition": ("if not (found := find(db, 1)):\n    log.spawn(found.name)", "is always False"),
    "a sleep": ("asyncio.sleep(1)", "nothing is done with it"),
}


@pytest.mark.parametrize(("text", "how"), LOST.values(), ids=LOST)
def test_what_is_lost_is_told_with_what_becomes_of_it(text: str, how: str, tmp_path: Path) -> None:
    assert how in messages(tmp_path, inside(text))[0]


SEEN_TO = {
    "awaited": "return await find(db, 1)",
    "awaited in parentheses": "return (await db.execute(select(1))).all()",
    "gathered": "await asyncio.gather(find(db, 1), find(db, 2))",
    "gathered from a generator": "await asyncio.gather(*(find(db, key) for key in keys))",
    "gathered from a list that grew": (
        "found = []\nfor key in keys:\n    found.append(find(db, key))\nawait asyncio.gather(*found)"
    ),
    "gathered from a dict": (
        "found = {}\nfor key in keys:\n    found[key] = find(db, key)\nawait asyncio.gather(*found.values())"
    ),
    "gathered from a map": "await asyncio.gather(*map(find, keys))",
    "a task": "task = asyncio.create_task(find(db, 1))\nlog(task)",
    "a task of a group": "async with asyncio.TaskGroup() as group:\n    group.create_task(find(db, 1))",
    "waited for with a limit": "await asyncio.wait_for(find(db, 1), 2)",
    "shielded": "await asyncio.shield(find(db, 1))",
    "a future": "asyncio.ensure_future(find(db, 1))",
    "a background task": "BackgroundTasks().add_task(find, db, 1)",
    "a walrus that is awaited": "if await (found := find(db, 1)):\n    log(found)",
    "kept and awaited later": "found = find(db, 1)\nlog()\nreturn await found",
    "kept and awaited on one way": "found = find(db, 1)\nif keys:\n    return await found\nfound.close()",
    "awaited in a loop": "found = [find(db, key) for key in keys]\nfor one in found:\n    log(await one)",
    "awaited in a comprehension": "found = [find(db, key) for key in keys]\nreturn [await one for one in found]",
    "one of two": "found = find(db, 1) if keys else find(db, 2)\nreturn await found",
    "passed to a function that awaits it": "return await timed(find(db, 1))",
    "passed on with a star": "return await together(find(db, 1), find(db, 2))",
    "passed to an unknown scheduler": "log.schedule_soon(find(db, 1))",
    "run in another thread": "log.submit(asyncio.run, find(db, 1))",
    "iterated": "async for one in each(db):\n    log(one)",
    "a stream of an answer": "return log.StreamingResponse(each(db))",
    "entered": "async with opened() as own, own.begin():\n    log()",
    "entered later": "manager = opened()\nasync with manager as own:\n    log(own)",
    "on an exit stack": "return await log.enter_async_context(opened())",
    "a connection": "async with engine.connect() as c:\n    await c.run_sync(log)",
    "only noted by the session": "db.add(log)\ndb.expunge(log)",
    "of a plain name that others have too": "log.names()\nlog.post()",
    "a lambda for a task": "log.call(lambda: find(db, 1))",
}
AWAITING = """
async def timed(work):
    return await work


async def together(*work):
    return await asyncio.gather(*work)


"""


@pytest.mark.parametrize("text", SEEN_TO.values(), ids=SEEN_TO)
def test_what_somebody_sees_to_is_not_told(text: str, tmp_path: Path) -> None:
    assert messages(tmp_path, AWAITING + inside(text)) == []


NOTHING = {
    "FastAPI awaits a dependency": "@router.get('/')\nasync def get(found=Depends(find)):\n    return found\n",
    "a program that is run": "def main():\n    asyncio.run(find(SessionLocal(), 1))\n",
    "a loop that runs it": "def main(loop):\n    return loop.run_until_complete(find(SessionLocal(), 1))\n",
    "a function that gives it to its caller": "def later(db: AsyncSession):\n    return find(db, 1)\n",
    "a decorator that runs it": (
        "def runs(function):\n    def inner(*args):\n        return asyncio.run(function(*args))\n\n"
        "    return inner\n\n\n"
        "@runs\nasync def command():\n    await find(SessionLocal(), 1)\n\n\ndef main():\n    command()\n"
    ),
    "a plain manager that gives an asynchronous session": (
        "from contextlib import contextmanager\nfrom collections.abc import Iterator\n\n\n"
        "@contextmanager\ndef looking(db: AsyncSession) -> Iterator[AsyncSession]:\n    yield db\n\n\n"
        "async def get(db: AsyncSession):\n    with looking(db) as own:\n        return await find(own, 1)\n"
    ),
    "an attribute that another method awaits": (
        "class Job:\n    def start(self, db: AsyncSession):\n        self.work = find(db, 1)\n\n"
        "    async def end(self):\n        return await self.work\n"
    ),
}


@pytest.mark.parametrize("text", NOTHING.values(), ids=NOTHING)
def test_nothing_is_told_where_another_place_awaits(text: str, tmp_path: Path) -> None:
    assert messages(tmp_path, text) == []


def test_a_plain_route_that_returns_a_coroutine_is_told(tmp_path: Path) -> None:
    text = "@router.get('/')\ndef get(db: AsyncSession):\n    return find(db, 1)\n"
    (message,) = messages(tmp_path, text)
    assert "FastAPI does not await what a plain function returns" in message


def test_an_object_whose_attributes_are_read_is_no_task(tmp_path: Path) -> None:
    text = inside("user = find(db, 1)\nlog.schedule_mail(user)\nreturn user.name")
    assert "it is kept in `user`" in messages(tmp_path, text)[0]


def test_a_call_through_another_module_is_followed(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").write_text("from shop.books import find as look\n", encoding="utf-8")
    (tmp_path / "shop" / "books.py").write_text("async def find(key):\n    return key\n", encoding="utf-8")
    text = "from shop import look\n\n\nasync def one():\n    return look(1) is None\n"
    (tmp_path / "app.py").write_text(text, encoding="utf-8")
    (finding,) = MissedAwait().find(load_project(tmp_path))
    assert (finding.path, finding.line, finding.column, finding.symbol) == ("app.py", 5, 12, "one")


def test_synchronous_code_has_none(tmp_path: Path) -> None:
    text = (
        "from sqlalchemy.orm import Session\n\n\ndef work(db: Session):\n    db.commit()\n    return db.get(int, 1)\n"
    )
    (tmp_path / "app.py").write_text(text, encoding="utf-8")
    assert list(MissedAwait().find(load_project(tmp_path))) == []


def test_a_finding_keeps_its_fingerprint_when_its_lines_move(tmp_path: Path) -> None:
    def prints(text: str) -> list[str]:
        (tmp_path / "app.py").write_text(text, encoding="utf-8")
        return [finding.fingerprint for finding in MissedAwait().find(load_project(tmp_path))]

    text = "async def find():\n    return 1\n\n\nasync def work():\n    find()\n"
    assert prints(text) == prints(f"import os\n\n{text}")


@pytest.mark.parametrize("example", MissedAwait.EXAMPLES, ids=lambda one: one.title)
def test_the_examples_do_something_else_until_they_await(example: Example, tmp_path: Path) -> None:
    assert not compare_example(example).same
    before, after = (run(side) for side in sides(example))
    assert before.never_awaited and not after.never_awaited
    for text, count in ((example.before, 1), (example.after, 0)):
        (tmp_path / "app.py").write_text(text, encoding="utf-8")
        assert len(list(MissedAwait().find(load_project(tmp_path)))) == count
