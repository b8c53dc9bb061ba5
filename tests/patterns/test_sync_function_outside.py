"""AM601: what something outside the project runs without awaiting it stays as it is, with who that is."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.model import Applicability
from tests.patterns.flipping import HEAD, flipped, found

WORK = "def work(s: Session):\n    s.commit()\n"
VERSION = 'revision = "1"\ndown_revision = None\n\n\ndef upgrade():\n    with Session() as s:\n        s.commit()\n'
CASE = "    s: Session\n\n    def {}(self):\n        self.s.commit()\n"

RESOLVER = (
    "import strawberry\nfrom strawberry.fastapi import GraphQLRouter\n"
    + HEAD
    + "@strawberry.type\nclass Query:\n    @strawberry.mutation\n    def author(self, info) -> str:\n"
    + "        s: Session = info.context\n        return s.get(Author, 1).name\n"
)

LEFT = {
    "a version script of Alembic": ({"versions/one.py": HEAD + VERSION}, "Alembic calls upgrade()"),
    "what a version script calls": (
        {
            "versions/one.py": "from service import work\n" + HEAD + VERSION.replace("s.commit()", "work(s)"),
            "versions/__init__.py": "",
            "service.py": HEAD + WORK,
        },
        "Alembic calls upgrade()",
    ),
    "a hook of pytest": (
        {"conftest.py": HEAD + "def pytest_sessionstart(session):\n    with Session() as s:\n        s.commit()\n"},
        "pytest_sessionstart is a hook",
    ),
    "what pytest sets up by name": (
        {"test_a.py": HEAD + "def setup_module():\n    with Session() as s:\n        s.commit()\n"},
        "pytest calls setup_module",
    ),
    "a test of unittest that another calls": (
        {
            "test_a.py": "from unittest import TestCase\n\n"
            + HEAD
            + "class TestA(TestCase):\n"
            + CASE.format("test_a")
            + "\n    def test_b(self):\n        self.test_a()\n"
        },
        "`TestCase`, a base from outside, calls test_a",
    ),
    "a method of the library that a subclass extends": (
        {
            "app.py": "from library import Job\n\n"
            + HEAD
            + "class Mine(Job):\n    s: Session\n\n"
            + "    def finish(self):\n        super().finish()\n        self.s.commit()\n\n"
            + "    def go(self):\n        self.finish()\n"
        },
        "`Job`, a base from outside, may call it",
    ),
    "a thread that is also run by hand": (
        {
            "app.py": "import threading\n\n"
            + HEAD
            + "class Mine(threading.Thread):\n"
            + CASE.format("run")
            + "\n\ndef go(one: Mine):\n    one.run()\n"
        },
        "`Thread`, a base from outside, calls run",
    ),
    "a class whose decorator may wrap it": (
        {"app.py": "from library import traced\n\n" + HEAD + "@traced\nclass Mine:\n" + CASE.format("go")},
        "the decorator `traced` of its class",
    ),
    "an entry point": (
        {"app.py": HEAD + WORK, "pyproject.toml": '[project.scripts]\nwork = "app:work"\n'},
        "pyproject.toml names it",
    ),
    "a line of a script": (
        {"app.py": HEAD + WORK, "start.sh": 'python -c "from app import work; work(None)"\n'},
        "start.sh names it",
    ),
    "a dotted text": (
        {"app.py": HEAD + WORK, "jobs.py": 'JOBS = ["app.work"]\n'},
        "jobs.py:1 names it in a text",
    ),
    "a name that is looked up": (
        {"app.py": HEAD + WORK, "jobs.py": 'import app\n\nrun = getattr(app, "work")\n'},
        "jobs.py:3 looks 'work' up",
    ),
    "a name that is put together": (
        {"app.py": HEAD + WORK, "jobs.py": 'import app\n\n\ndef run(kind):\n    getattr(app, f"wor{kind}")()\n'},
        "jobs.py:5 puts the name",
    ),
    "a command of Typer": (
        {"app.py": "import typer\n\ncli = typer.Typer()\n\n" + HEAD + "@cli.command()\n" + WORK},
        "the decorator `cli.command`",
    ),
    "a task of Celery": (
        {"app.py": "from celery import shared_task\n\n" + HEAD + "@shared_task\n" + WORK},
        "the task is given a session in `s`",
    ),
    "a job of a scheduler": (
        {"app.py": HEAD + WORK + "\n\ndef start(scheduler):\n    scheduler.add_job(work, 'interval')\n"},
        "handed to `scheduler.add_job`",
    ),
    "a thread's target": (
        {"app.py": "import threading\n\n" + HEAD + WORK + "\n\ndef start():\n    threading.Thread(target=work)\n"},
        "handed to `threading.Thread`",
    ),
    "an executor's work, in a partial": (
        {
            "app.py": "from functools import partial\n\n"
            + HEAD
            + WORK
            + "\n\ndef start(pool, s):\n    pool.submit(partial(work, s))\n"
        },
        "handed to `pool.submit`",
    ),
    "a sort key": (
        {"app.py": HEAD + WORK + "\n\ndef order(rows):\n    rows.sort(key=work)\n"},
        "handed to `rows.sort`",
    ),
    "what runs at exit": ({"app.py": "import atexit\n\n" + HEAD + WORK + "\n\natexit.register(work)\n"}, "atexit"),
    "a handler of a signal": (
        {"app.py": "import signal\n\n" + HEAD + WORK + "\n\nsignal.signal(signal.SIGTERM, work)\n"},
        "handed to `signal.signal`",
    ),
    "a filter of templates": (
        {"app.py": HEAD + WORK + '\n\ndef register(env):\n    env.filters["work"] = work\n'},
        "kept as a value",
    ),
    "a queue that has an add_task of its own": (
        {"app.py": HEAD + WORK + "\n\ndef start(queue):\n    queue.add_task(work)\n"},
        "handed to `queue.add_task`",
    ),
    "a method handed on of something unknown": (
        {
            "app.py": HEAD
            + "class Shelf:\n"
            + CASE.format("store")
            + "\n\ndef start(pool, it):\n    pool.submit(it.store)\n"
        },
        "store",
    ),
    "a resolver of a schema that is run synchronously": (
        {"app.py": RESOLVER + "\n\ndef run(schema):\n    schema.execute_sync('{}')\n"},
        "the decorator `strawberry.mutation`",
    ),
    "a resolver of a schema that nobody is seen to serve": (
        {"app.py": RESOLVER.replace("from strawberry.fastapi import GraphQLRouter\n", "")},
        "the decorator `strawberry.mutation`",
    ),
    "a hook of Gunicorn": ({"gunicorn_conf.py": HEAD + WORK.replace("work", "post_fork")}, "Gunicorn calls post_fork"),
}


@pytest.mark.parametrize(("files", "reason"), LEFT.values(), ids=LEFT)
def test_what_runs_without_being_awaited_is_left(files: dict[str, str], reason: str, tmp_path: Path) -> None:
    told = found(tmp_path, files)
    assert {item.applicability for item in told} <= {Applicability.MANUAL}
    assert any(reason in item.message for item in told), [item.message for item in told]


FOLLOWS = {
    "a resolver that an asynchronous server runs": {"app.py": RESOLVER},
    "a field that is made of a function": {
        "app.py": "import strawberry\nfrom strawberry.fastapi import GraphQLRouter\n"
        + HEAD
        + WORK
        + "\n\n@strawberry.type\nclass Query:\n    done: str = strawberry.mutation(resolver=work)\n"
    },
    "a background task": {
        "app.py": "from fastapi import BackgroundTasks\n\n"
        + HEAD
        + WORK
        + "\n\ndef start(tasks: BackgroundTasks):\n    tasks.add_task(work)\n"
    },
    "a text that names another function of that name": {"app.py": HEAD + WORK, "jobs.py": 'JOBS = ["other.work"]\n'},
    "a text that names the function of another module in sight": {
        "shop/__init__.py": "",
        "shop/tasks.py": "def work():\n    pass\n",
        "jobs.py": 'JOBS = ["shop.tasks.work"]\n',
        "app.py": HEAD + WORK,
    },
    "a piece of code in a text of another file": {
        "app.py": HEAD + WORK,
        "cases.toml": 'find = "tasks.add(app.work, s)"\nreplace = "        return app.work"\n',
    },
    "a file that names another module's": {"app.py": HEAD + WORK, "Makefile": "run:\n\tpython -m other:work\n"},
    "a function that is called upgrade elsewhere": {"app.py": HEAD + WORK.replace("work", "upgrade")},
    "a method that only the project calls": {
        "app.py": "from library import Base\n\n"
        + HEAD
        + "class Mine(Base):\n"
        + CASE.format("store")
        + "\n\ndef go(one: Mine):\n    one.store()\n"
    },
    "a route in a class that a decorator serves": {
        "app.py": "from fastapi import APIRouter\nfrom library import Base, controller\n\n"
        + HEAD
        + "router = APIRouter()\n\n\n@controller(router)\nclass Mine(Base):\n    s: Session\n\n"
        + '    @router.get("/")\n    def go(self):\n        self.s.commit()\n'
    },
    "a class with a plain decorator": {
        "app.py": "from dataclasses import dataclass\n\n" + HEAD + "@dataclass\nclass Mine:\n" + CASE.format("go")
    },
}


@pytest.mark.parametrize("files", FOLLOWS.values(), ids=FOLLOWS)
def test_what_is_awaited_or_no_ones_but_the_project_s_follows(files: dict[str, str], tmp_path: Path) -> None:
    after = flipped(tmp_path, files)
    assert "    async def " in after["app.py"] or "\nasync def " in after["app.py"], after["app.py"]
