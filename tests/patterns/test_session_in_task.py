"""AM501: what is handed to tasks instead of a session, and what is left with which reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.patterns.session_in_task import SessionInTask
from tests.patterns.rewriting import Rewriting

HEAD = (
    "import asyncio\nimport threading\nfrom concurrent.futures import ThreadPoolExecutor\n\n"
    "from fastapi import Depends\nfrom models import Author, Book\nfrom sqlalchemy import select\n"
    "from sqlalchemy.orm import Session, sessionmaker\n\n"
    "SessionLocal = sessionmaker()\nexecutor = ThreadPoolExecutor()\n\n\n"
    "def get_db():\n    with SessionLocal() as db:\n        yield db\n\n\n"
)
NOTIFY = (
    HEAD
    + "def notify(db: Session, number: int, *, loud: bool = False) -> None:\n    print(db.get(Author, number))\n\n\n"
)
WRAPPED = (
    "def notify_in_own_session(number: int) -> None:\n"
    '    """Run `notify` on a session of its own: the caller\'s is not there for it."""\n'
    "    with SessionLocal() as db:\n"
    "        notify(db, number)\n"
)


@pytest.fixture
def on(tmp_path: Path) -> Rewriting:
    """The pattern on files of a folder of its own."""
    return Rewriting(SessionInTask, tmp_path)


HANDED = {
    "background.add_task(notify, db, 1)": "background.add_task(notify_in_own_session, 1)",
    "background.add_task(notify, db=db, number=1)": "background.add_task(notify_in_own_session, number=1)",
    "threading.Thread(target=notify, args=(db, 1))": "threading.Thread(target=notify_in_own_session, args=(1,))",
    "threading.Thread(None, notify, args=[db, 1]).start()": (
        "threading.Thread(None, notify_in_own_session, args=[1]).start()"
    ),
    "executor.submit(notify, db, 1)": "executor.submit(notify_in_own_session, 1)",
    "loop.run_in_executor(None, notify, db, 1)": "loop.run_in_executor(None, notify_in_own_session, 1)",
    "asyncio.to_thread(notify, db, 1)": "asyncio.to_thread(notify_in_own_session, 1)",
    "scheduler.add_job(notify, args=[db, 1])": "scheduler.add_job(notify_in_own_session, args=[1])",
}


@pytest.mark.parametrize(("before", "expected"), HANDED.items(), ids=HANDED)
def test_every_way_to_hand_over_is_given_values_alone(on: Rewriting, before: str, expected: str) -> None:
    text = on.after(NOTIFY + f"def route(background, loop, scheduler, db: Session = Depends(get_db)):\n    {before}\n")
    assert f"    {expected}\n" in text
    call = "notify(db=db, number=number)" if "db=db" in before else "notify(db, number)"
    assert WRAPPED.replace("notify(db, number)", call) in text


def test_a_partial_keeps_what_it_binds(on: Rewriting) -> None:
    text = on.after(
        NOTIFY
        + "from functools import partial\ndef route(loop, db: Session = Depends(get_db)):\n"
        + "    loop.run_in_executor(None, partial(notify, db, loud=True), 1)\n"
    )
    assert "partial(notify_in_own_session, loud=True), 1)" in text
    assert "notify(db, number, loud=loud)" in text


def test_a_coroutine_gets_a_coroutine(on: Rewriting) -> None:
    text = on.after(
        NOTIFY.replace("def notify", "async def notify")
        + "async def route(db: Session = Depends(get_db)):\n    asyncio.create_task(notify(db, 1))\n"
    )
    assert "asyncio.create_task(notify_in_own_session(1))" in text
    assert "async def notify_in_own_session(number: int) -> None:" in text
    assert "        await notify(db, number)\n" in text


def test_a_task_of_another_module_gets_its_wrapper_there(on: Rewriting) -> None:
    done = on.files(
        {
            "database.py": "from sqlalchemy.orm import sessionmaker\n\nSessionLocal = sessionmaker()\n",
            "tasks.py": "from sqlalchemy.orm import Session\n\n\n"
            "def notify(db: Session, number: int) -> None:\n    db.get(int, number)\n",
            "app.py": "import tasks\nfrom database import SessionLocal\n\n\ndef route(background):\n"
            "    with SessionLocal() as db:\n        background.add_task(tasks.notify, db, 1)\n",
        }
    )
    assert "background.add_task(tasks.notify_in_own_session, 1)" in done["app.py"]
    assert "from database import SessionLocal\n" in done["tasks.py"]
    assert WRAPPED in done["tasks.py"]


def test_a_method_takes_its_object_along(on: Rewriting) -> None:
    text = on.after(
        HEAD
        + "class Mailer:\n    def send(self, db: Session, number: int) -> None:\n        db.get(Author, number)\n\n\n"
        + "def route(background, mailer: Mailer, db: Session = Depends(get_db)):\n"
        + "    background.add_task(mailer.send, db, 1)\n"
    )
    assert "background.add_task(send_in_own_session, mailer, 1)" in text
    assert "def send_in_own_session(service: Mailer, number: int) -> None:" in text
    assert "        service.send(db, number)\n" in text


def test_an_object_alone_is_loaded_again(on: Rewriting) -> None:
    text = on.after(
        HEAD
        + "def greet(author: Author) -> None:\n    print(author.name)\n\n\n"
        + "def route(background, db: Session = Depends(get_db)):\n"
        + "    author = db.get(Author, 1)\n    background.add_task(greet, author=author)\n"
    )
    assert "background.add_task(greet_in_own_session, author_id=author.id)" in text
    assert "        author = session.get(Author, author_id)\n        if author is None:" in text


COMMITTED = {
    "right before": "db.add(Author())\n    db.commit()\n    X",
    "by a function": "save(db)\n    X",
    "in a with block around": "with open('f'):\n        db.add(Author())\n        db.commit()\n        X",
    "nothing was written": "db.get(Author, 2)\n    X",
    "behind, for a task that waits for the answer": "db.add(Author())\n    X\n    db.commit()",
}


@pytest.mark.parametrize("body", COMMITTED.values(), ids=COMMITTED)
def test_what_is_committed_is_seen_by_the_task(on: Rewriting, body: str) -> None:
    save = "def save(db: Session):\n    db.add(Author())\n    db.commit()\n\n\n"
    call = "background.add_task(notify, db, 1)"
    text = on.after(
        NOTIFY + save + f"def route(background, db: Session = Depends(get_db)):\n    {body.replace('X', call)}\n"
    )
    assert "background.add_task(notify_in_own_session, 1)" in text


OPEN = {
    "an addition": "db.add(Author())\n    X",
    "a flush": "db.flush()\n    X",
    "an attribute of an object": "author = db.get(Author, 1)\n    author.name = 'x'\n    X",
    "a bulk update": "db.query(Author).update({'name': 'x'})\n    X",
    "an addition by a function": "add(db)\n    X",
    "a commit that may not happen": "db.add(Author())\n    if background: db.commit()\n    X",
    "an addition behind the commit": "db.commit()\n    db.add(Author())\n    X",
}


@pytest.mark.parametrize(
    "call", ["background.add_task(notify, db, 1)", "threading.Thread(target=notify, args=(db, 1)).start()"]
)
@pytest.mark.parametrize("body", OPEN.values(), ids=OPEN)
def test_what_may_not_be_committed_keeps_the_session(on: Rewriting, body: str, call: str) -> None:
    add = "def add(db: Session):\n    db.add(Author())\n\n\n"
    [reason] = on.reasons(
        NOTIFY + add + f"def route(background, db: Session = Depends(get_db)):\n    {body.replace('X', call)}\n"
    )
    assert "may not be committed" in reason


def test_a_thread_does_not_wait_for_a_commit_behind_it(on: Rewriting) -> None:
    body = "db.add(Author())\n    threading.Thread(target=notify, args=(db, 1)).start()\n    db.commit()\n"
    [reason] = on.reasons(NOTIFY + f"def route(db: Session = Depends(get_db)):\n    {body}")
    assert "may not be committed" in reason


TASKS = {
    "it gives objects back": (
        "def work(db: Session): return db.get(Author, 1)\n",
        "x = executor.submit(work, db)",
        "may give back objects",
    ),
    "it writes and does not commit": (
        "def work(db: Session): db.add(Author())\n",
        "background.add_task(work, db)",
        "let it commit",
    ),
    "its caller waits and goes on": (
        "def work(db: Session) -> None:\n    db.add(Author())\n    db.commit()\n",
        "await asyncio.to_thread(work, db)",
        "its caller goes on",
    ),
    "it is decorated": (
        "@cache\ndef work(db: Session): db.get(Author, 1)\n",
        "background.add_task(work, db)",
        "decorated",
    ),
    "it is a generator": (
        "def work(db: Session): yield db.get(Author, 1)\n",
        "background.add_task(work, db)",
        "generator",
    ),
    "it is unknown": ("", "background.add_task(work, db)", "not one known function"),
    "it takes anything": (
        "def work(*args): args[0].get(Author, 1)\n",
        "background.add_task(work, db)",
        "any arguments",
    ),
    "its arguments are spread": (
        "def work(db: Session, x): db.get(Author, x)\n",
        "background.add_task(work, db, *xs)",
        "told one by one",
    ),
    "it is a lambda": ("", "background.add_task(lambda: db.get(Author, 1))", "reads `db` from around it"),
    "it is defined inside": (
        "",
        "def work(): db.get(Author, 1)\n    background.add_task(work)",
        "reads `db` from around it",
    ),
    "it is the session's own": ("", "await asyncio.to_thread(db.commit)", "a method of the session itself"),
    "several run together": (
        "async def work(db: Session, x): db.get(Author, x)\n",
        "await asyncio.gather(*(work(db, x) for x in xs))",
        "one after the other",
    ),
    "an object keeps the session": (
        "class Dao:\n    def __init__(self, db: Session): self.db = db\ndef work(dao: Dao): dao.db.get(Author, 1)\n",
        "background.add_task(work, Dao(db))",
        "keeps a session in `self.db`",
    ),
    "it uses the session of its surroundings": (
        "current = SessionLocal()\nasync def work(x): current.get(Author, x)\n",
        "asyncio.create_task(work(1))",
        "uses `current`, which the task shares",
    ),
    "a queue": (
        "@app.task\ndef work(author): print(author)\n",
        "work.delay(db.get(Author, 1))",
        "another process",
    ),
}


@pytest.mark.parametrize(("task", "call", "reason"), TASKS.values(), ids=TASKS)
def test_a_task_that_a_wrapper_would_change_is_left(on: Rewriting, task: str, call: str, reason: str) -> None:
    found = on.reasons(HEAD + task + f"async def route(background, xs, db: Session = Depends(get_db)):\n    {call}\n")
    assert [one for one in found if reason in one], found


def test_a_session_that_tests_replace_is_left(on: Rewriting) -> None:
    [reason] = on.reasons(
        NOTIFY + "def route(background, db: Session = Depends(get_db)):\n    background.add_task(notify, db, 1)\n",
        test_app="from app import get_db, app\napp.dependency_overrides[get_db] = lambda: None\n",
    )
    assert "test_app.py:2 replaces get_db in tests" in reason


OBJECTS = {
    "it may be none": ("author: Author | None = db.get(Author, 1)", "pass", "may be None"),
    "it is new": ("author = Author()", "pass", "may not be stored yet"),
    "it carries more than is stored": (
        "author = db.get(Author, 1)\n    author.token = 'x'\n    db.commit()",
        "pass",
        "is no column",
    ),
    "the task asks whether it is there": ("author = db.get(Author, 1)", "if author: pass", "looks whether `author`"),
}


@pytest.mark.parametrize(("made", "body", "reason"), OBJECTS.values(), ids=OBJECTS)
def test_an_object_that_its_id_does_not_stand_for_is_left(on: Rewriting, made: str, body: str, reason: str) -> None:
    note = "Author | None" if "None" in made else "Author"
    task = f"def work(author: {note}) -> None:\n    {body}\n\n\n"
    route = (
        f"def route(background, db: Session = Depends(get_db)):\n    {made}\n    background.add_task(work, author)\n"
    )
    [found] = on.reasons(HEAD + task + route)
    assert reason in found


UNKNOWN = ["find(db)", "things", "things[0]", "[find(db)]", "other.author"]
KNOWN = ["'x'", "3 + 4", "author.name", "number", "f'{things}'", "str(things)", "[1, number]", "LIMIT"]


@pytest.mark.parametrize("value", UNKNOWN)
def test_an_argument_that_may_be_an_object_keeps_the_session(on: Rewriting, value: str) -> None:
    call = f"background.add_task(work, db, {value})"
    route = f"def route(background, things, other, db: Session = Depends(get_db)):\n    {call}\n"
    [reason] = on.reasons(HEAD + "def find(db): ...\ndef work(db: Session, x): db.get(Author, x)\n" + route)
    assert "may be an object of the session" in reason


@pytest.mark.parametrize("value", KNOWN)
def test_a_plain_value_is_handed_over(on: Rewriting, value: str) -> None:
    text = on.after(
        HEAD + "LIMIT = 5\n\n\ndef work(db: Session, x): db.get(Author, x)\n\n\n"
        "def route(background, things, number: int, author: Author, db: Session = Depends(get_db)):\n"
        f"    background.add_task(work, db, {value})\n"
    )
    assert f"background.add_task(work_in_own_session, {value})" in text


def test_an_object_that_only_the_tasks_annotation_tells_is_loaded_again(on: Rewriting) -> None:
    text = on.after(
        HEAD + "def work(author: Author) -> None:\n    print(author.name)\n\n\n"
        "def route(background, author, db: Session = Depends(get_db)):\n    background.add_task(work, author)\n"
    )
    assert "background.add_task(work_in_own_session, author.id)" in text


def test_a_new_object_that_was_added_and_committed_has_an_id(on: Rewriting) -> None:
    text = on.after(
        HEAD
        + "def work(author: Author) -> None:\n    print(author.name)\n\n\n"
        + "def route(background, db: Session = Depends(get_db)):\n    author = Author()\n    db.add(author)\n"
        + "    db.commit()\n    background.add_task(work, author)\n"
    )
    assert "background.add_task(work_in_own_session, author.id)" in text


SET_UP = {
    "a dependency without a factory": ("        yield request.state.db", "not in sight"),
    "a dependency that runs SQL first": (
        "        db = SessionLocal()\n        db.execute('SET ROLE x')\n        yield db",
        "sets its session up",
    ),
}


@pytest.mark.parametrize(("lines", "reason"), SET_UP.values(), ids=SET_UP)
def test_a_session_that_is_more_than_the_factory_makes_is_left(on: Rewriting, lines: str, reason: str) -> None:
    head = NOTIFY.replace("    with SessionLocal() as db:\n        yield db", f"    if True:\n{lines}")
    route = "def route(background, db: Session = Depends(get_db)):\n    background.add_task(notify, db, 1)\n"
    [found] = on.reasons(head.replace("def get_db()", "def get_db(request=None)") + route)
    assert reason in found


def test_sessions_of_one_tenant_are_left(on: Rewriting) -> None:
    text = "MAP = 'schema_translate_map'\n" + NOTIFY
    [found] = on.reasons(text + "def route(background, db: Session):\n    background.add_task(notify, db, 1)\n")
    assert "one tenant" in found


def test_two_factories_and_no_sign_which_are_left(on: Rewriting) -> None:
    text = (
        NOTIFY + "Other = sessionmaker()\ndef route(background, db: Session):\n    background.add_task(notify, db, 1)\n"
    )
    [reason] = on.reasons(text)
    assert "not clear (app.SessionLocal, app.Other)" in reason


NOTHING = [
    "background.add_task(notify_all, 1)",
    "background.add_task(notify_all, author_id)",
    "executor.submit(notify_all, 1)",
    "service.submit(db, 1)",
    "notify(db, 1)",
    "asyncio.gather(one(), two())",
    "form.submit(db)",
    "asyncio.create_task(opens_its_own(1))",
    "add_task(db, 1)",
]


@pytest.mark.parametrize("line", NOTHING)
def test_values_and_plain_calls_are_no_finding(on: Rewriting, line: str) -> None:
    done = on.changed(
        {
            "app.py": NOTIFY + "def notify_all(x): ...\ndef add_task(db: Session, x): ...\n"
            "async def opens_its_own(x):\n    with SessionLocal() as db:\n        db.get(Author, x)\n"
            f"def route(background, service, form, author_id: int, db: Session = Depends(get_db)):\n    {line}\n"
        }
    )
    assert not (done.applied or done.skipped)


def test_a_second_run_finds_nothing(on: Rewriting) -> None:
    once = on.after(
        NOTIFY + "def route(background, db: Session = Depends(get_db)):\n    background.add_task(notify, db, 1)\n"
    )
    done = on.changed({"app.py": once})
    assert not (done.applied or done.skipped)
