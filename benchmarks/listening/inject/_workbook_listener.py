"""A pytest plugin that records driver, thread and task of statements and sessions, and coroutines never awaited.

It is all that the application's processes see of this project: the standard library, pytest and the application's own
SQLAlchemy, from 1.4 on, Python from 3.8 on. It listens to documented events, changes nothing and lets no exception
of its own out. Each process writes one file when its tests have ended.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import re
import sys
import threading
import warnings
import weakref
from collections import Counter
from typing import Any, Callable, NamedTuple

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

OUT = os.environ["WORKBOOK_LISTENER_OUT"]
ROOT = os.path.realpath(os.environ["WORKBOOK_LISTENER_ROOT"]) + os.sep
IS_TEST = re.compile(os.environ["WORKBOOK_LISTENER_TESTS"]).search
LIBRARY = re.compile(r"[/\\](?:site|dist)-packages[/\\]")


class User(NamedTuple):
    """Who does something: the thread and its kind (a loop's, the main one, a pool's), the task, and where."""

    thread: int
    kind: str
    task: int
    place: str
    side: str


class Life:
    """One session from its first use to its last."""

    def __init__(self) -> None:
        self.uses = 0
        self.asynchronous: bool | None = None
        self.first: User | None = None
        self.last: User | None = None
        self.users: set[tuple[int, str, int, str]] = set()
        self.connections: set[int] = set()


class Numbers:
    """Threads or tasks by number; the ids of Python's own are used again once one has ended."""

    def __init__(self) -> None:
        self.known: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
        self.next = 1

    def of(self, thing: Any) -> int:
        number = self.known.get(thing)
        if number is None:
            number = self.known[thing] = self.next
            self.next += 1
        return number


class Heard:
    """Everything that this process has heard."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.threads, self.tasks = Numbers(), Numbers()
        self.statements: Counter[tuple[str, bool, str, str, str]] = Counter()
        self.lives: list[Life] = []
        self.of_session: weakref.WeakKeyDictionary[Any, Life] = weakref.WeakKeyDictionary()
        self.of_connection: dict[int, Life] = {}
        self.running: dict[int, tuple[User, Any]] = {}
        self.together: Counter[tuple[str, str]] = Counter()
        self.unawaited: Counter[tuple[str, str, str]] = Counter()
        self.failures: Counter[str] = Counter()
        self.test = ""

    def user(self) -> tuple[User, Any]:
        """Who is at it, and the task itself."""
        thread = threading.current_thread()
        try:
            task = asyncio.current_task()
            kind = "loop"
        except RuntimeError:
            task = None
            kind = "main" if thread is threading.main_thread() else "pool"
        place, side = placed(sys._getframe(1))
        if not place and thread is threading.main_thread():
            side = "tests"  # a fixture's end, done by a library in a task of its own
        number = self.tasks.of(task) if task is not None else 0
        return User(self.threads.of(thread), kind, number, place, side), task

    def life(self, session: Any) -> Life:
        found = self.of_session.get(session)
        if found is None:
            found = self.of_session[session] = Life()
            self.lives.append(found)
        return found


HEARD = Heard()


def guarded(hook: Callable[..., None]) -> Callable[..., None]:
    """A hook that raises nothing: the application must not notice it."""

    def call(*arguments: Any, **keywords: Any) -> None:
        try:
            with HEARD.lock:
                hook(*arguments, **keywords)
        except Exception as error:
            HEARD.failures[f"{hook.__name__}: {error!r}"] += 1

    return call


def placed(frame: Any) -> tuple[str, str]:
    """The innermost line of the application on the stack, and whose it is: a test's where one is on it, too."""
    place = ""
    while frame is not None:
        path = os.path.realpath(frame.f_code.co_filename) if frame.f_code.co_filename[:1] != "<" else ""
        if path.startswith(ROOT) and not LIBRARY.search(path) and not path.startswith(sys.prefix + os.sep):
            relative = path[len(ROOT) :].replace(os.sep, "/")
            place = place or f"{relative}:{frame.f_lineno} {frame.f_code.co_name}"
            if IS_TEST(relative):
                return place, "tests"
        frame = above(frame)
    return place, "application" if place else "unknown"


def above(frame: Any) -> Any:
    """The caller's frame; at the end of a greenlet the frame that waits for it, as `await session.execute()` does."""
    if frame.f_back is not None or "greenlet" not in sys.modules:
        return frame.f_back
    waiting = getattr(sys.modules["greenlet"].getcurrent().parent, "gr_frame", None)
    end = waiting
    while end is not None and end.f_back is not None:
        end = end.f_back
    return None if end is frame else waiting  # the stack that waits may have been read already


def use(session: Any) -> None:
    """A session is in use."""
    life, (user, _) = HEARD.life(session), HEARD.user()
    life.uses += 1
    life.first = life.first or user
    life.last = user
    life.users.add((user.thread, user.kind, user.task, user.side))


def connection_key(connection: Any) -> int:
    """What tells a connection of the database, however often SQLAlchemy wraps it."""
    fairy = connection.connection
    return id(getattr(fairy, "dbapi_connection", None) or fairy.connection)


def on_begin(session: Any, transaction: Any, connection: Any) -> None:
    """A session takes a connection."""
    life, key = HEARD.life(session), connection_key(connection)
    life.asynchronous = bool(getattr(connection.dialect, "is_async", False))
    life.connections.add(key)
    HEARD.of_connection[key] = life
    use(session)


def on_end(session: Any, transaction: Any) -> None:
    """A transaction of a session ends; with the outermost one the session gives its connections back."""
    use(session)
    if getattr(transaction, "parent", None) is None:
        life = HEARD.life(session)
        for key in life.connections:
            if HEARD.of_connection.get(key) is life:
                del HEARD.of_connection[key]
        life.connections.clear()


def on_statement(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
    """A statement is sent; another one of somebody else on the same connection may still be under way."""
    user, task = HEARD.user()
    dialect, key = connection.dialect, connection_key(connection)
    driver = f"{dialect.name}+{dialect.driver}"
    HEARD.statements[driver, bool(getattr(dialect, "is_async", False)), user.kind, user.place, user.side] += 1
    other, of_task = HEARD.running.get(key, (user, None))
    same = (other.thread, other.task) == (user.thread, user.task)
    if not same and not (of_task is not None and of_task.done()):
        HEARD.together[other.place, user.place] += 1
    HEARD.running[key] = (user, task)


def on_done(connection: Any, *_: Any) -> None:
    """A statement has been answered."""
    HEARD.running.pop(connection_key(connection), None)


def on_error(context: Any) -> None:
    """A statement has failed."""
    if context.connection is not None and not context.connection.invalidated:
        on_done(context.connection)


def on_unawaited(coroutine: Any) -> None:
    """A coroutine is thrown away."""
    code = coroutine.cr_code
    path = os.path.realpath(code.co_filename)
    place = f"{path[len(ROOT) :] if path.startswith(ROOT) else path}:{code.co_firstlineno}"
    HEARD.unawaited[coroutine.__qualname__, place, HEARD.test] += 1


def listen() -> None:
    """Listen from now on."""
    event.listen(Engine, "before_cursor_execute", guarded(on_statement))
    event.listen(Engine, "after_cursor_execute", guarded(on_done))
    event.listen(Engine, "handle_error", guarded(on_error))
    event.listen(Session, "after_begin", guarded(on_begin))
    event.listen(Session, "after_transaction_end", guarded(on_end))
    event.listen(Session, "do_orm_execute", guarded(lambda state: use(state.session)))
    event.listen(Session, "before_flush", guarded(lambda session, *_: use(session)))
    event.listen(Session, "before_attach", guarded(lambda session, _: use(session)))
    # what Python itself calls, whatever filters an application has
    warn = getattr(warnings, "_warn_unawaited_coroutine", None)
    if warn is not None:
        record = guarded(on_unawaited)

        def both(coroutine: Any) -> None:
            record(coroutine)
            warn(coroutine)

        warnings._warn_unawaited_coroutine = both  # type: ignore[attr-defined]  # typeshed leaves it out


def document() -> dict[str, Any]:
    """Everything as plain data."""
    return {
        "statements": [[*key, count] for key, count in HEARD.statements.items()],
        "sessions": [
            {
                "uses": life.uses,
                "asynchronous": life.asynchronous,
                "first": life.first,
                "last": life.last,
                "users": sorted(life.users),
            }
            for life in HEARD.lives
            if life.first is not None
        ],
        "together": [[*key, count] for key, count in HEARD.together.items()],
        "unawaited": [[*key, count] for key, count in HEARD.unawaited.items()],
        "failures": dict(HEARD.failures),
    }


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """What was imported by now stays; to look through it after each test would take most of the time."""
    gc.collect()
    gc.freeze()


def pytest_runtest_logstart(nodeid: str) -> None:
    """What is thrown away from now on belongs to this test."""
    HEARD.test = nodeid


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_teardown() -> Any:
    """A coroutine in a cycle is thrown away with the test that made it."""
    yield
    gc.collect()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """Write what was heard before pytest-xdist learns that its worker has finished: it ends it soon after that."""
    write()


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Write it again, with what was thrown away last."""
    write()


def write() -> None:
    """One file for this process; whoever ends it meanwhile leaves the last one that was whole."""
    gc.collect()
    path = os.path.join(OUT, f"heard.{os.getpid()}.json")
    with HEARD.lock:
        with open(f"{path}.new", "w", encoding="utf-8") as file:
            json.dump(document(), file)
        os.replace(f"{path}.new", path)


listen()
