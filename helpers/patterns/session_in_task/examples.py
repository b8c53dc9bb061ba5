"""Befores and afters of the pattern, all run on both sides; those that stay have equal texts."""

from __future__ import annotations

from helpers.model import Example

_BIND = "SessionLocal.configure(bind=engine)"
_OWN = "the task reads on a session of its own"

_LATER = """\
from models import Author
from sqlalchemy.orm import Session, sessionmaker

SessionLocal = sessionmaker()


class BackgroundTasks:
    def __init__(self) -> None:
        self.waiting = []

    def add_task(self, function, *args, **kwargs) -> None:
        self.waiting.append((function, args, kwargs))

    def run(self) -> None:
        for function, args, kwargs in self.waiting:
            function(*args, **kwargs)
"""

_POOL = """\
from concurrent.futures import ThreadPoolExecutor

from models import Author, Book
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

SessionLocal = sessionmaker()
executor = ThreadPoolExecutor(max_workers=1)


def count(session: Session, author_id: int, *, archived: bool) -> int:
    mine = select(func.count(Book.id)).where(Book.author_id == author_id)
    return session.scalars(mine.where(Book.archived == archived)).one()
"""


def _stays(title: str, text: str, call: str) -> Example:
    return Example(f"stays: {title}", text, text, call, given=_BIND)


EXAMPLES: tuple[Example, ...] = (
    Example(
        "a background task gets the id of the object and opens its own session",
        _LATER
        + """\


def rename(session: Session, author: Author, name: str) -> None:
    author.name = name
    session.commit()


def answer(session: Session) -> str:
    background = BackgroundTasks()
    author = session.get(Author, 1)
    background.add_task(rename, session, author, name="Ann")
    session.commit()
    background.run()
    session.expire_all()
    return author.name
""",
        _LATER
        + """\


def rename(session: Session, author: Author, name: str) -> None:
    author.name = name
    session.commit()


def rename_in_own_session(author_id: int, name: str) -> None:
    \"\"\"Run `rename` on a session of its own: the caller's is not there for it.\"\"\"
    with SessionLocal() as session:
        author = session.get(Author, author_id)
        if author is None:  # deleted meanwhile
            return
        rename(session, author, name=name)


def answer(session: Session) -> str:
    background = BackgroundTasks()
    author = session.get(Author, 1)
    background.add_task(rename_in_own_session, author.id, name="Ann")
    session.commit()
    background.run()
    session.expire_all()
    return author.name
""",
        "answer(session)",
        given=_BIND,
        same_sql=_OWN,
    ),
    Example(
        "a thread of a pool that only reads",
        _POOL
        + """\


def answer(session: Session) -> int:
    author = session.get(Author, 1)
    number = author.id
    session.commit()
    waiting = executor.submit(count, session, number, archived=False)
    return waiting.result()
""",
        _POOL
        + """\


def count_in_own_session(author_id: int, archived: bool) -> int:
    \"\"\"Run `count` on a session of its own: the caller's is not there for it.\"\"\"
    with SessionLocal() as session:
        return count(session, author_id, archived=archived)


def answer(session: Session) -> int:
    author = session.get(Author, 1)
    number = author.id
    session.commit()
    waiting = executor.submit(count_in_own_session, number, archived=False)
    return waiting.result()
""",
        "answer(session)",
        given=_BIND,
        tags=("before>=2.0",),
    ),
    Example(
        "a thread of its own, its arguments in a tuple",
        """\
import threading

from models import Author
from sqlalchemy.orm import Session, sessionmaker

SessionLocal = sessionmaker()


def add(session: Session, name: str) -> None:
    session.add(Author(name=name))
    session.commit()


def answer(session: Session) -> None:
    task = threading.Thread(target=add, args=(session, "Ann"), daemon=True)
    task.start()
    task.join()
""",
        """\
import threading

from models import Author
from sqlalchemy.orm import Session, sessionmaker

SessionLocal = sessionmaker()


def add(session: Session, name: str) -> None:
    session.add(Author(name=name))
    session.commit()


def add_in_own_session(name: str) -> None:
    \"\"\"Run `add` on a session of its own: the caller's is not there for it.\"\"\"
    with SessionLocal() as session:
        add(session, name)


def answer(session: Session) -> None:
    task = threading.Thread(target=add_in_own_session, args=("Ann",), daemon=True)
    task.start()
    task.join()
""",
        "answer(session)",
        given=_BIND,
    ),
    _stays(
        "what the caller wrote is not committed when the task starts",
        _POOL
        + """\


def answer(session: Session) -> int:
    session.add(Book(title="New", author_id=1))
    session.flush()
    return count(session, 1, archived=False)


def start(session: Session) -> int:
    session.add(Book(title="New", author_id=1))
    session.flush()
    return executor.submit(count, session, 1, archived=False).result()
""",
        "answer(session)",
    ),
    _stays(
        "a task that leaves the commit to its caller",
        _LATER
        + """\


def rename(session: Session, author_id: int, name: str) -> None:
    session.get(Author, author_id).name = name


def answer(session: Session) -> str:
    background = BackgroundTasks()
    background.add_task(rename, session, 1, "Ann")
    background.run()
    session.commit()
    return session.get(Author, 1).name
""",
        "answer(session)",
    ),
    _stays(
        "a task that is given values and opens its own session",
        _LATER
        + """\


def rename(author_id: int, name: str) -> None:
    with SessionLocal() as session:
        session.get(Author, author_id).name = name
        session.commit()


def answer(session: Session) -> str:
    background = BackgroundTasks()
    background.add_task(rename, 1, "Ann")
    background.run()
    return session.get(Author, 1).name
""",
        "answer(session)",
    ),
)
