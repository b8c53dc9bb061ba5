"""Ends: what nobody awaits, and no request leads to, stays synchronous and runs what it did in a loop of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from helpers.model import Applicability
from tests.patterns.flipping import MODELS, flipped, found

HEAD = """\
import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from logging import Handler

from fastapi import APIRouter
from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session, sessionmaker

from models import Author, Base

router = APIRouter()
"""
ENGINE = """\
engine = create_engine("sqlite:///authors.db")
SessionLocal = sessionmaker(engine, expire_on_commit=False)

"""
ROUTE = """
@router.get("/authors")
def count() -> int:
    with SessionLocal() as db:
        return db.scalar(select(func.count(Author.id)))


def names() -> list[str]:
    with SessionLocal() as db:
        return list(db.scalars(select(Author.name)))

"""
HANDLER = '''
class Stored(Handler):
    def emit(self, record) -> None:
        """Keep the message."""
        # one row each
        with SessionLocal() as db:
            db.add(Author(name=record.getMessage()))
            db.commit()
'''
HANDED = """
def fill(name: str = "Ada", *more: str, last: str) -> int:
    with SessionLocal() as db:
        db.add_all([Author(name=one) for one in (name, *more, last)])
        db.commit()
    return len(names())


def start(last: str) -> None:
    multiprocessing.Process(target=fill, kwargs={"last": last}).start()
"""
CALLED_BELOW = """
def fill() -> int:
    with SessionLocal() as db:
        db.add(Author(name="Ada"))
        db.commit()
    return 1


def main() -> None:
    fill()


def start() -> None:
    multiprocessing.Process(target=main).start()
"""


def app(folder: Path, rest: str, head: str = HEAD + ENGINE + ROUTE) -> str:
    """The application as the flip leaves it."""
    return flipped(folder, {"app.py": head + rest})["app.py"]


def reasons(folder: Path, rest: str, head: str = HEAD + ENGINE + ROUTE) -> list[str]:
    """Why the application is left."""
    left = found(folder, {"app.py": head + rest})
    return [one.message for one in left if one.applicability is Applicability.MANUAL]


def run(folder: Path, text: str, code: str) -> str:
    """What a program prints that has the application at hand, with its tables made."""
    (folder / "run").mkdir()
    (folder / "run" / "app.py").write_text(text)
    (folder / "run" / "models.py").write_text(MODELS)
    tables = "from sqlalchemy import create_engine\nfrom models import Base\n"
    tables += "Base.metadata.create_all(create_engine('sqlite:///authors.db'))\n"
    code = tables + "import asyncio, logging, app\n" + code
    command = [sys.executable, "-W", "error::RuntimeWarning", "-c", code]
    done = subprocess.run(command, cwd=folder / "run", capture_output=True, text=True, timeout=60, check=False)
    assert not done.returncode and not done.stderr, done.stderr
    return done.stdout


def test_what_a_base_from_outside_calls_runs_its_body_in_a_loop_of_its_own(tmp_path: Path) -> None:
    after = app(tmp_path, HANDLER)
    assert '"""Keep the message."""\n        run_in_own_loop(self._emit(record))\n\n' in after
    assert "    async def _emit(self, record) -> None:\n        # one row each\n        async with" in after
    assert after.count("def run_in_own_loop") == 1
    assert "async def count" in after and "async def names" in after
    code = "log = logging.getLogger(); log.addHandler(app.Stored()); log.warning('Ada')\n"
    code += "async def main():\n    log.warning('Bo')\n    return sorted(await app.names()), await app.count()\n"
    code += "print(asyncio.run(main()))\n"
    assert run(tmp_path, after, code) == "(['Ada', 'Bo'], 2)\n"


def test_what_a_process_is_given_keeps_its_parameters_and_its_result(tmp_path: Path) -> None:
    after = app(tmp_path, HANDED)
    assert "    return run_in_own_loop(_fill(name, *more, last=last))\n" in after
    assert "async def _fill(name: str, *more: str, last: str) -> int:\n" in after
    assert "    return len(await names())" in after
    assert run(tmp_path, after, "print(app.fill(last='Cleo'), app.fill('Bo', 'Di', last='Ed'))\n") == "2 5\n"


def test_the_last_function_that_no_request_leads_to_is_the_end(tmp_path: Path) -> None:
    after = app(tmp_path, CALLED_BELOW)
    assert "def fill() -> int:\n    return run_in_own_loop(_fill())" in after
    assert "\ndef main() -> None:\n    fill()\n" in after


def test_what_a_scheduler_out_of_sight_is_given_is_an_end(tmp_path: Path) -> None:
    start = "def start(scheduler) -> None:\n    scheduler.add_job(main)\n"
    after = app(tmp_path, CALLED_BELOW[: CALLED_BELOW.index("def start")] + start)
    assert "def fill() -> int:\n    return run_in_own_loop(_fill())" in after and start in after


def test_an_exception_comes_out_of_an_end(tmp_path: Path) -> None:
    after = app(tmp_path, CALLED_BELOW.replace("    return 1", "    raise KeyError('gone')"))
    code = "try:\n    app.main()\nexcept KeyError as error:\n    print(error)\n"
    assert run(tmp_path, after, code) == "'gone'\n"


TABLES = """
def make(url: str) -> sessionmaker[Session]:
    engine = create_engine(f"sqlite:///{url}")
    Base.metadata.create_all(engine)
    return sessionmaker(engine, expire_on_commit=False)


class Store:
    def __init__(self, url: str):
        self.sessions = make(url)


class Authors:
    sessions: sessionmaker[Session]

    def use(self, sessions: sessionmaker[Session]) -> None:
        self.sessions = sessions

    def count(self) -> int:
        with self.sessions() as db:
            return db.scalar(select(func.count(Author.id)))


authors = Authors()


@router.get("/authors")
def count() -> int:
    return authors.count()


def start() -> None:
    authors.use(Store("authors.db").sessions)
"""


def test_tables_that_a_constructor_leads_to_are_made_in_a_loop_of_their_own(tmp_path: Path) -> None:
    after = app(tmp_path, TABLES, HEAD)
    assert "    in_a_loop_of_its_own(engine, Base.metadata.create_all)\n" in after
    assert "\ndef make(url: str)" in after and "        self.sessions = make(url)\n" in after
    assert run(tmp_path, after, "app.start()\nprint(asyncio.run(app.count()))\n") == "0\n"


POSTGRESQL = ENGINE.replace("sqlite:///authors.db", "postgresql://h/db")
LEFT = {
    "no request gains by it": (HEAD + ENGINE + ROUTE.replace('@router.get("/authors")\n', ""), HANDLER),
    "its connections belong to one loop": (HEAD + POSTGRESQL, HANDLER),
    "it is given a session": (
        HEAD + ENGINE,
        "\ndef fill(db: Session) -> None:\n    db.add(Author(name='Ada'))\n    db.commit()\n\n\n"
        "def start(db: Session) -> None:\n    multiprocessing.Process(target=fill, args=(db,)).start()\n",
    ),
    "it gives a session": (
        HEAD + ENGINE,
        "\ndef fill():\n    db = SessionLocal()\n    db.flush()\n    return db\n\n\n"
        "def start() -> None:\n    multiprocessing.Process(target=fill).start()\n",
    ),
    "it is given an object of a session": (
        HEAD + ENGINE,
        "\ndef fill(author: Author) -> None:\n    with SessionLocal() as db:\n        db.merge(author)\n"
        "        db.commit()\n\n\ndef start(one: Author) -> None:\n"
        "    multiprocessing.Process(target=fill, args=(one,)).start()\n",
    ),
    "it starts a loop itself": (
        HEAD.replace("import multiprocessing", "import multiprocessing\n\nimport uvicorn") + ENGINE,
        "\ndef fill() -> None:\n    with SessionLocal() as db:\n        db.commit()\n    uvicorn.run(router)\n\n\n"
        "def start() -> None:\n    multiprocessing.Process(target=fill).start()\n",
    ),
    "it has the session of a module": (
        HEAD + ENGINE + "db = SessionLocal()\n\n",
        "\ndef fill() -> None:\n    db.commit()\n\n\n"
        "def start() -> None:\n    multiprocessing.Process(target=fill).start()\n",
    ),
    "it gives one item after another": (
        HEAD + ENGINE,
        "\ndef fill():\n    with SessionLocal() as db:\n        yield from db.scalars(select(Author))\n\n\n"
        "def start() -> None:\n    multiprocessing.Process(target=fill).start()\n",
    ),
    "a request leads to it": (
        HEAD + ENGINE,
        "\ndef fill() -> None:\n    with SessionLocal() as db:\n        db.commit()\n\n\n"
        "@router.post('/authors')\ndef start() -> None:\n    multiprocessing.Process(target=fill).start()\n"
        "    fill()\n",
    ),
    "it runs when the program ends": (
        "import atexit\n" + HEAD + ENGINE,
        "\ndef fill() -> None:\n    with SessionLocal() as db:\n        db.commit()\n\n\natexit.register(fill)\n",
    ),
    "what decorates it runs it when the program ends": (
        "import atexit\n" + HEAD + ENGINE,
        "\n@atexit.register\ndef fill() -> None:\n    with SessionLocal() as db:\n        db.commit()\n",
    ),
    "a handler that is closed": (HEAD + ENGINE, HANDLER.replace("emit(self, record)", "flush(self)")),
    "something else is in the way": (
        HEAD + ENGINE,
        HANDLER + "\n\ndef odd() -> object:\n    with SessionLocal() as db:\n        return db.get_bind()\n",
    ),
}


@pytest.mark.parametrize("case", LEFT)
def test_nothing_becomes_an_end(case: str, tmp_path: Path) -> None:
    head, rest = LEFT[case]
    head += "" if case == "no request gains by it" else ROUTE
    told = reasons(tmp_path, rest, head)
    assert "run_in_own_loop" not in app(tmp_path, rest, head)
    assert any("may call it and not await it" in one or "does not await it" in one for one in told), told


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    after = app(tmp_path, HANDLER + HANDED)
    again = tmp_path / "again"
    again.mkdir()
    assert not found(again, {"app.py": after})


COMMAND = """
@cli.command("fill")
{more}def fill(name: str = {default}, times: int = 1) -> None:
    \"\"\"Store a name.\"\"\"
    with SessionLocal() as db:
        db.add_all([Author(name=name) for _ in range(times)])
        db.commit()
"""
COMMANDS = {
    "of Typer": (
        "import typer\n\ncli = typer.Typer()\n",
        COMMAND.format(more="", default='typer.Option("Ada")'),
    ),
    "of Click": (
        "import click\n\n\n@click.group()\ndef cli() -> None:\n    pass\n\n",
        COMMAND.format(more='@click.option("--name")\n', default='"Ada"'),
    ),
}


@pytest.mark.parametrize("case", COMMANDS)
def test_a_command_runs_its_body_in_a_loop_of_its_own(case: str, tmp_path: Path) -> None:
    before, command = COMMANDS[case]
    after = app(tmp_path, before + command)
    assert "    run_in_own_loop(_fill(name, times))\n" in after
    assert "async def _fill(name: str, times: int) -> None:\n    async with SessionLocal() as db:\n" in after
    assert command[: command.index("    with")] in after


def test_a_decorator_that_may_change_a_function_makes_no_end(tmp_path: Path) -> None:
    before = "from somewhere import cli\n"
    told = reasons(tmp_path, before + COMMAND.format(more="", default='"Ada"'))
    assert any("the decorator `cli.command` may call it" in one for one in told), told


BASE = """
class Stored(Handler):
    def store(self, name: str) -> None:
        with SessionLocal() as db:
            db.add(Author(name=name))
            db.commit()
"""
ASKED = BASE + (
    "\n\ndef keep(handler: Handler) -> None:\n    if isinstance(handler, Stored):\n        handler.store('Ada')\n"
)


def test_a_class_that_a_condition_asks_for_is_awaited(tmp_path: Path) -> None:
    after = app(tmp_path, ASKED)
    assert "async def keep" in after and "        await handler.store('Ada')\n" in after


def test_what_is_annotated_as_a_base_from_outside_may_be_of_the_class(tmp_path: Path) -> None:
    keep = "\n\ndef keep(handler: Handler) -> None:\n    handler.store('Ada')\n"
    told = reasons(tmp_path, BASE + keep, HEAD + ENGINE)
    assert any("`handler.store`" in one and "may mean it" in one for one in told), told


def test_an_object_that_is_given_a_session_goes_with_whoever_gives_it(tmp_path: Path) -> None:
    service = (
        "\nclass Service:\n    db: Session\n\n    def end(self) -> None:\n        self.db.commit()\n\n\n"
        "def start(service: Service, db: Session) -> None:\n    service.db = db\n"
    )
    assert any("is not followed" in one for one in reasons(tmp_path, service))
    assert "        self.db.commit()\n" in app(tmp_path, service)


def test_the_bare_name_of_a_factory_says_what_all_factories_make(tmp_path: Path) -> None:
    text = (
        "from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine\n"
        "from sqlalchemy.orm import sessionmaker\n\n\ndef make() -> sessionmaker:\n"
        "    return sessionmaker(create_async_engine('sqlite+aiosqlite://'), class_=AsyncSession)\n\n\n"
        "async def end() -> None:\n    async with make()() as db:\n        await db.commit()\n"
    )
    assert not found(tmp_path, {"app.py": text})
    left = found(tmp_path, {"app.py": text + "\n\nplain = sessionmaker()\n\n\ndef count():\n    plain().commit()\n"})
    assert left
