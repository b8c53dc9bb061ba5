"""Tasks of queues and schedulers stay synchronous and run what they did in a loop of their own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from helpers.model import Applicability
from tests.patterns.flipping import MODELS, flipped, found

DATABASE = """\
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker
from sqlalchemy.pool import NullPool


def build(url, **options):
    return create_engine(url, echo=False, **options)


engine = build("sqlite:///app.db", poolclass=NullPool)
WorkerSession = sessionmaker(bind=engine, expire_on_commit=False)
"""
SERVICES = """\
from sqlalchemy.orm import Session

from models import Author


def rename(db: Session, key: int, name: str) -> str:
    author = db.get(Author, key)
    author.name += name
    db.commit()
    return author.name
"""
TASKS = '''\
import os

from celery import Celery

from database import WorkerSession
from services import rename

celery_app = Celery("app", broker="memory://", backend="db+sqlite:///results.db")
celery_app.set_default()
celery_app.conf.update(
    broker_transport_options={"polling_interval": 0.02},
    beat_schedule={"often": {"task": "tasks.touch", "schedule": 60.0}},
    include=["tasks"],
)


@celery_app.task(bind=True, autoretry_for=(OSError,), retry_backoff=False, default_retry_delay=0, max_retries=2)
def write(self, key: int, name: str = "?", *, loud: bool = False) -> str:
    """Write a name down."""
    # the first attempt fails
    with WorkerSession() as db:
        done = rename(db, key, name.upper() if loud else name)
        if self.request.retries == 0:
            raise OSError("not yet")
        return done


@celery_app.task
def touch(key: int) -> None:
    with WorkerSession() as db:
        rename(db, key, "!")


@celery_app.task
def fails(key: int) -> str:
    with WorkerSession() as db:
        rename(db, key, "#")
        raise KeyError(key)
'''
MAIN = """\
from fastapi import Depends, FastAPI
from sqlalchemy.orm import Session

from database import WorkerSession
from models import Author
from tasks import fails, touch, write

app = FastAPI()


def get_db():
    with WorkerSession() as db:
        yield db


@app.post("/{key}")
def start(key: int, db: Session = Depends(get_db)) -> list[str]:
    author = db.get(Author, key)
    return [author.name, write.delay(key, "b", loud=True).id, fails.apply_async((key,)).id]


def later(key):
    return touch.s(key)
"""
RUN = """\
import inspect
import logging
import sqlite3
import threading
import time

logging.disable(logging.CRITICAL)
with sqlite3.connect("app.db") as connection:
    connection.executescript(
        "DROP TABLE IF EXISTS authors; CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT NOT NULL);"
        "INSERT INTO authors VALUES (1, 'a'), (2, 'x')"
    )
from celery.result import AsyncResult
from celery.worker import WorkController
from fastapi.testclient import TestClient

import main
import tasks

quiet = dict(without_heartbeat=True, without_mingle=True, without_gossip=True)
worker = WorkController(app=tasks.celery_app, pool_cls="solo", concurrency=1, hostname="one@test", **quiet)
threading.Thread(target=worker.start, daemon=True).start()
first, *started = TestClient(main.app).post("/1").json()
results = [AsyncResult(one, app=tasks.celery_app) for one in (*started, tasks.touch.delay(2).id)]
ends = time.monotonic() + 40
while not all(one.ready() for one in results) and time.monotonic() < ends:
    time.sleep(0.02)
told = [(one.state, one.result) for one in results]
with sqlite3.connect("app.db") as connection:
    rows = connection.execute("SELECT name FROM authors ORDER BY id").fetchall()
kinds = [inspect.iscoroutinefunction(one) for one in (main.start, tasks.write.run)]
print(kinds, first, told, rows, tasks.write.__doc__, sorted(n for n in tasks.celery_app.tasks if n[:2] == "ta"))
"""


def application(**changed: str) -> dict[str, str]:
    """The files of the application, some of them changed."""
    files = {"database.py": DATABASE, "services.py": SERVICES, "tasks.py": TASKS, "main.py": MAIN}
    return files | {f"{name}.py": text for name, text in changed.items()}


def run(folder: Path, files: Mapping[str, str]) -> str:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    done = subprocess.run([sys.executable, "-c", RUN], cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_worker_does_the_same_before_and_after(tmp_path: Path) -> None:
    after = flipped(tmp_path, application())
    was, now = run(tmp_path, application()), run(tmp_path, after)
    told = (
        "a [('SUCCESS', 'aB#B'), ('FAILURE', KeyError(1)), ('SUCCESS', None)] [('aB#B',), ('x!',)] Write a name down."
    )
    assert was == f"[False, False] {told} ['tasks.fails', 'tasks.touch', 'tasks.write']\n"
    assert now == f"[True, False] {told} ['tasks.fails', 'tasks.touch', 'tasks.write']\n"


FROM = "from database import WorkerSession\nfrom services import rename\n"
HEAD = f"from celery import Celery\n\n{FROM}\ncelery_app = Celery()\n"
WITH = "    with WorkerSession() as db:\n        rename(db, key, 'x')\n"
TASK = f"\n\n@celery_app.task\ndef work(key):\n{WITH}"
POOLED = DATABASE + (
    "pooled = create_engine('sqlite:///app.db')\nSessionLocal = sessionmaker(bind=pooled, expire_on_commit=False)\n"
)
LEFT = {
    "an engine with a pool": (
        application(
            database=POOLED,
            tasks=HEAD.replace("WorkerSession", "SessionLocal") + TASK.replace("WorkerSession", "SessionLocal"),
        ),
        "poolclass=NullPool",
    ),
    "a service with a session of another factory": (
        application(
            database=POOLED,
            services=SERVICES.replace(
                "    db.commit", "    with SessionLocal() as own:\n        own.get(Author, 1)\n    db.commit"
            )
            + "\n\nfrom database import SessionLocal\n",
            tasks=HEAD + TASK,
        ),
        "`SessionLocal` at services.py:9 has connections that outlive the loop",
    ),
    "a factory that is bound again": (
        application(database=DATABASE + "WorkerSession.configure(bind=engine)\n", tasks=HEAD + TASK),
        "poolclass=NullPool",
    ),
    "a pool that a function does not pass on": (
        application(
            database=DATABASE.replace(", **options)", ")"),
            tasks=HEAD + TASK,
        ),
        "poolclass=NullPool",
    ),
    "a route that calls the task": (
        application(
            tasks=HEAD + TASK,
            main=MAIN.replace("import fails, touch, write", "import work").split("\n    author")[0]
            + "\n    work(key)\n    return db.get(Author, key)\n",
        ),
        "main.py:18 calls the task itself, where a loop runs",
    ),
    "a route that has the task done at once": (
        application(
            tasks=HEAD + TASK,
            main=MAIN.replace("import fails, touch, write", "import work").split("\n    author")[0]
            + "\n    work.apply((key,))\n    return db.get(Author, key)\n",
        ),
        "calls the task itself, where a loop runs",
    ),
    "a task that calls another": (
        application(tasks=HEAD + TASK + f"\n\n@celery_app.task\ndef more(key):\n    work(key)\n{WITH}"),
        "calls the task itself, where a loop runs",
    ),
    "tasks that are done at once": (
        application(tasks=HEAD + "celery_app.conf.task_always_eager = True\n" + TASK),
        "tasks.py:7 may have the queue run its tasks at once",
    ),
    "tasks that may be done at once": (
        application(
            tasks=HEAD + "import os\n\ncelery_app.conf.update(task_always_eager=os.environ.get('EAGER'))\n" + TASK
        ),
        "tasks.py:9 may have the queue run its tasks at once",
    ),
    "a session that the task is given": (
        application(
            tasks=HEAD
            + "\n\n@celery_app.task\ndef work(db: Session):\n    db.commit()\n\n\nfrom sqlalchemy.orm import Session\n"
        ),
        "the task is given a session in `db`",
    ),
    "a generator": (application(tasks=HEAD + TASK + "        yield 1\n"), "the task is a generator function"),
    "a limit that interrupts": (
        application(
            tasks="from celery.exceptions import SoftTimeLimitExceeded\n"
            + HEAD
            + "\n\n@celery_app.task\ndef work(key):\n    try:\n        with WorkerSession() as db:\n"
            "            rename(db, key, 'x')\n    except SoftTimeLimitExceeded:\n        pass\n"
        ),
        "SoftTimeLimitExceeded interrupts the loop",
    ),
    "a loop of its own": (
        application(
            tasks="import asyncio\n" + HEAD + TASK + "    asyncio.run(other())\n\n\nasync def other():\n    pass\n"
        ),
        "runs a loop in the task",
    ),
    "a body beside the head": (
        application(
            tasks=HEAD
            + "\n\n@celery_app.task\ndef work(key): WorkerSession().get(Author, key)\n\n\nfrom models import Author\n"
        ),
        "no lines of its own for its body",
    ),
    "a decorator of that name from elsewhere": (
        application(tasks=HEAD.replace("celery import Celery", "library import Celery") + TASK),
        "the decorator `celery_app.task`",
    ),
}


@pytest.mark.parametrize(("files", "reason"), LEFT.values(), ids=LEFT)
def test_what_may_not_run_in_a_loop_of_its_own_is_left(files: dict[str, str], reason: str, tmp_path: Path) -> None:
    told = found(tmp_path, files)
    left = [item.message for item in told if item.applicability is Applicability.MANUAL]
    assert any(reason in message for message in left), left
    assert not any(item.fix for item in told if item.path == "tasks.py")


PLAIN = f"def work(key):\n{WITH}"
FOLLOWS = {
    "a shared task": "from celery import shared_task\n" + FROM + f"\n\n@shared_task(ignore_result=True)\n{PLAIN}",
    "a task under another decorator": "from functools import cache\n" + HEAD + "\n\n@celery_app.task\n@cache\n" + PLAIN,
    "an actor": "import dramatiq\n"
    + FROM
    + f"\n\n@dramatiq.actor(max_retries=3)\n{PLAIN}\n\ndef put():\n    work.send(1)\n",
    "a job of RQ": "from rq import Queue\n"
    + FROM
    + f"\n\n{PLAIN}\n\nqueue = Queue()\n\n\ndef put():\n    queue.enqueue(work, 1)\n",
    "a job of a scheduler": "from apscheduler.schedulers.background import BackgroundScheduler\n"
    + FROM
    + f"\nscheduler = BackgroundScheduler()\n\n\n{PLAIN}\n\nscheduler.add_job(work, 'interval', seconds=1)\n",
    "a scheduled job": "from apscheduler.schedulers.blocking import BlockingScheduler\n"
    + FROM
    + f"\nscheduler = BlockingScheduler()\n\n\n@scheduler.scheduled_job('cron')\n{PLAIN}",
    "a task that a text names": HEAD + TASK + "\n\ncelery_app.send_task('tasks.work')\nNAMES = ['tasks.work']\n",
    "a task that a program calls": HEAD + TASK + "\n\nif __name__ == '__main__':\n    work(1)\n",
}


@pytest.mark.parametrize("text", FOLLOWS.values(), ids=FOLLOWS)
def test_a_task_runs_its_body_in_a_loop_of_its_own(text: str, tmp_path: Path) -> None:
    after = flipped(tmp_path, application(tasks=text, main=""))["tasks.py"]
    split = (
        "def work(key):\n    return asyncio.run(_work(key))\n\n\nasync def _work(key):\n"
        "    async with WorkerSession() as db:\n        await rename(db, key, 'x')\n"
    )
    assert split in after, after
    around = text.split(PLAIN if PLAIN in text else TASK.split("\n\n", 1)[1])
    assert all(part in after.replace("import asyncio\n", "") for part in around), after


def test_what_a_task_is_named_by_stays_free(tmp_path: Path) -> None:
    after = flipped(tmp_path, application(tasks=HEAD + TASK + "\n\ndef _work(key):\n    pass\n"))["tasks.py"]
    assert "asyncio.run(work_in_a_loop(key))" in after


def test_a_task_that_needs_no_session_is_as_it_was(tmp_path: Path) -> None:
    text = HEAD + TASK + "\n\n@celery_app.task\ndef plain(key):\n    return key\n"
    after = flipped(tmp_path, application(tasks=text))["tasks.py"]
    assert "\n\n@celery_app.task\ndef plain(key):\n    return key\n" in after


def test_the_report_tells_a_task_as_a_bridge(tmp_path: Path) -> None:
    bridges = [(item.path, item.symbol, item.bridge) for item in found(tmp_path, application()) if item.bridge]
    assert bridges == [("tasks.py", "write", "loop"), ("tasks.py", "touch", "loop"), ("tasks.py", "fails", "loop")]


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    after = flipped(tmp_path, application())
    again = tmp_path / "again"
    assert flipped(again, after) == after
    assert not [item for item in found(again, after, MODELS) if item.fix]


def test_a_sync_test_that_calls_the_task_stays_one(tmp_path: Path) -> None:
    test = "from tasks import work\n\n\ndef test_it():\n    assert work(1) is None\n"
    after = flipped(tmp_path, {**application(tasks=HEAD + TASK, main=""), "tests/test_it.py": test})
    assert after["tests/test_it.py"] == test
    assert "asyncio.run(_work(key))" in after["tasks.py"]


def test_a_folder_of_the_application_may_have_the_name_of_the_library(tmp_path: Path) -> None:
    files = {**application(tasks=HEAD + TASK, main=""), "integrations/celery/__init__.py": "", "app/__init__.py": ""}
    assert "asyncio.run(_work(key))" in flipped(tmp_path, files)["tasks.py"]
