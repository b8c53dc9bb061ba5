"""The exercise of `session_factory`: an engine, a factory, and functions that open sessions and transactions."""

from __future__ import annotations

from helpers.lab.differential import Comparison
from helpers.lab.exercises import Case, Exercise, Mistake

NAMES = """from models import Author
from sqlalchemy import create_engine, func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, sessionmaker


def file_of(engine):
    return engine.url.database

"""
LEGACY = '''
def factory(file):
    """What makes the sessions on an SQLite file."""
    engine = create_engine(f"sqlite:///{file}")
    return sessionmaker(engine, expire_on_commit=False)


def authors(file):
    """How many authors there are."""
    with factory(file)() as session:
        return session.scalar(select(func.count(Author.id)))


def enter(file, name):
    """Add an author, and say its name."""
    with factory(file).begin() as session:
        author = Author(name=name)
        session.add(author)
    return author.name
'''
SOLUTION = '''
def factory(file):
    """What makes the sessions on an SQLite file."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{file}")
    return async_sessionmaker(engine, expire_on_commit=False)


async def authors(file):
    """How many authors there are."""
    async with factory(file)() as session:
        return await session.scalar(select(func.count(Author.id)))


async def enter(file, name):
    """Add an author, and say its name."""
    async with factory(file).begin() as session:
        author = Author(name=name)
        session.add(author)
    return author.name
'''
NO_SYNCHRONOUS_ENGINE = """
def create_engine(*args, **kwargs):
    raise TypeError("a synchronous engine was made")
"""


def _says(found: Comparison, *words: str) -> bool:
    failure = found.after.failure
    return failure is not None and any(word in failure.message for word in words)


def _raises(found: Comparison, name: str) -> bool:
    failure = found.after.failure
    return failure is not None and failure.type.rpartition(".")[2] == name


MISTAKES = (
    Mistake(
        "synchronous engine",
        lambda found: _says(found, "a synchronous engine was made"),
        "create_async_engine makes an engine that can be awaited; the factory takes that one.",
    ),
    Mistake(
        "synchronous driver",
        lambda found: _says(found, "requires an async driver"),
        "The driver stands in the URL, behind a plus sign. The one for SQLite that can be awaited is aiosqlite.",
    ),
    Mistake(
        "synchronous factory",
        lambda found: _says(found, "AsyncEngine", "asynchronous context manager protocol"),
        "sessionmaker makes a Session, whatever engine it is given. async_sessionmaker makes an AsyncSession.",
    ),
    Mistake(
        "plain with",
        lambda found: _says(found, "the context manager protocol", "__enter__"),
        "An asynchronous session is entered with `async with`, in an `async def`. So is a transaction.",
    ),
    Mistake(
        "expired",
        lambda found: _raises(found, "MissingGreenlet") or _raises(found, "DetachedInstanceError"),
        "Behind the commit the name would be read again, where nothing can be awaited: keep expire_on_commit=False.",
    ),
    Mistake(
        "result not awaited",
        lambda found: any("non-checked-in connection" in warning.message for warning in found.after.warnings),
        "What is returned un-awaited runs when the session is closed already: await it inside the `async with`.",
    ),
)

EXERCISE = Exercise(
    name="session_factory",
    names=NAMES,
    legacy=LEGACY,
    functions=("factory", "authors", "enter"),
    cases=(
        Case("a question", "authors(file_of(engine))"),
        Case("a transaction", "enter(file_of(engine), 'Ann')"),
    ),
    mistakes=MISTAKES,
    hints=(
        "Nudge: three things make the colour of a session: the driver, the engine, and the factory.",
        "Where to look: the factory itself does no IO, so it stays a `def`. What opens a session or a transaction "
        "does, when it closes it at the latest.",
        'Nearly there: create_async_engine(f"sqlite+aiosqlite:///{file}"), async_sessionmaker with the same options, '
        "`async with factory(file)() as session`, and an await for scalar().",
    ),
    solution=SOLUTION,
    unchecked="Not checked: style, type annotations, and that an application makes one engine, not one for each call.",
    given=NO_SYNCHRONOUS_ENGINE,
)
